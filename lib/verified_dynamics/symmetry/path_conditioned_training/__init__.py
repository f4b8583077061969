"""Path-conditioned training: rescale a network once so that its path magnitudes are even, then train it."""

from verified_dynamics.symmetry.path_conditioned_training.block_updates import block_updates
from verified_dynamics.symmetry.path_conditioned_training.conditioning import path_condition
from verified_dynamics.symmetry.path_conditioned_training.layer_prediction import (
    INITIALISATIONS,
    balanced,
    glorot,
    kaiming_fan_in,
    kaiming_fan_out,
    layer_optimum,
    uniform_default,
    width_correction,
)
from verified_dynamics.symmetry.path_conditioned_training.newton import newton
from verified_dynamics.symmetry.path_conditioned_training.objective import Objective
from verified_dynamics.symmetry.path_conditioned_training.path_diagonal import path_diagonal
from verified_dynamics.symmetry.path_conditioned_training.report import PathConditioning
from verified_dynamics.symmetry.path_conditioned_training.requirements import PathConditioningError
from verified_dynamics.symmetry.path_conditioned_training.sequential import sequential
from verified_dynamics.symmetry.path_conditioned_training.solution import Solution
from verified_dynamics.symmetry.path_conditioned_training.stacked import (
    condition_ensemble,
    ensemble_objective,
    rescale_ensemble,
)

__all__ = [
    "INITIALISATIONS",
    "Objective",
    "PathConditioning",
    "PathConditioningError",
    "Solution",
    "balanced",
    "block_updates",
    "condition_ensemble",
    "ensemble_objective",
    "glorot",
    "kaiming_fan_in",
    "kaiming_fan_out",
    "layer_optimum",
    "newton",
    "path_condition",
    "path_diagonal",
    "rescale_ensemble",
    "sequential",
    "uniform_default",
    "width_correction",
]
