"""The local learning coefficient: how degenerate a minimum is, estimated, and graded against exact values."""

from verified_dynamics.degeneracy.local_learning_coefficient.block_gibbs import (
    GibbsDraws,
    block_gibbs,
)
from verified_dynamics.degeneracy.local_learning_coefficient.calibration import (
    Calibration,
    calibrate,
    calibrations,
)
from verified_dynamics.degeneracy.local_learning_coefficient.closed_forms import (
    Degeneracy,
    deep_linear,
    fibre_ranks,
    monomial,
    reachable_ranks,
    reduced_rank,
    reduced_rank_local,
    tanh_unit_sum,
)
from verified_dynamics.degeneracy.local_learning_coefficient.errors import LearningCoefficientError
from verified_dynamics.degeneracy.local_learning_coefficient.estimation import (
    local_learning_coefficient,
    local_learning_coefficients,
)
from verified_dynamics.degeneracy.local_learning_coefficient.fibre_codimension import (
    half_codimension,
    largest_strata,
)
from verified_dynamics.degeneracy.local_learning_coefficient.fibre_points import (
    balanced_point,
    factor_ranks,
    fibre_point,
    layer_product,
)
from verified_dynamics.degeneracy.local_learning_coefficient.finite_temperature import (
    bilinear_on_square,
    estimate_at_truth,
    localised_quadratic,
    one_hidden_unit,
    scalar_chain,
    two_temperature_estimate,
    with_multiplicity,
)
from verified_dynamics.degeneracy.local_learning_coefficient.learning_coefficient import LearningCoefficient
from verified_dynamics.degeneracy.local_learning_coefficient.newton_polytope import (
    monomial_ideal,
)
from verified_dynamics.degeneracy.local_learning_coefficient.singular_value_programs import (
    three_layer_program,
    two_layer_program,
)
from verified_dynamics.degeneracy.local_learning_coefficient.taylor_orders import (
    unit_sum_program,
)
from verified_dynamics.degeneracy.local_learning_coefficient.verdict import Failure, Verdict

__all__ = [
    "Calibration",
    "Degeneracy",
    "Failure",
    "GibbsDraws",
    "LearningCoefficient",
    "LearningCoefficientError",
    "Verdict",
    "balanced_point",
    "bilinear_on_square",
    "block_gibbs",
    "calibrate",
    "calibrations",
    "deep_linear",
    "estimate_at_truth",
    "factor_ranks",
    "fibre_point",
    "fibre_ranks",
    "half_codimension",
    "largest_strata",
    "layer_product",
    "local_learning_coefficient",
    "local_learning_coefficients",
    "localised_quadratic",
    "monomial",
    "monomial_ideal",
    "one_hidden_unit",
    "reachable_ranks",
    "reduced_rank",
    "reduced_rank_local",
    "scalar_chain",
    "tanh_unit_sum",
    "three_layer_program",
    "two_layer_program",
    "two_temperature_estimate",
    "unit_sum_program",
    "with_multiplicity",
]
