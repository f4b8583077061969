"""The declared runs of the chapter and the statistics of its claims."""

from verified_dynamics.symmetry.path_conditioned_training.experiments.criterion import (
    criterion_identities,
)
from verified_dynamics.symmetry.path_conditioned_training.experiments.digits import digits_null
from verified_dynamics.symmetry.path_conditioned_training.experiments.images import image_race
from verified_dynamics.symmetry.path_conditioned_training.experiments.kernels import (
    IDENTITIES,
    kernel_spectra,
    largest_identity_error,
    over_baseline,
    path_lifting_identities,
)
from verified_dynamics.symmetry.path_conditioned_training.experiments.magnitudes import (
    imbalance_ratio,
    path_magnitude_histogram,
)
from verified_dynamics.symmetry.path_conditioned_training.experiments.moons import (
    moons_best_rate,
    moons_epochs,
)
from verified_dynamics.symmetry.path_conditioned_training.experiments.normalisation import (
    TREATMENTS,
    batch_norm_treatments,
    loss_ratio,
    treatment_change,
)
from verified_dynamics.symmetry.path_conditioned_training.experiments.points import (
    canonical_point,
    one_layer_distance,
    one_layer_norm,
)
from verified_dynamics.symmetry.path_conditioned_training.experiments.predictions import (
    biased_deviation,
    deviation_between_rules,
    deviation_without_biases,
    first_layer_log_scale,
    layer_deviation,
    layer_means,
    layer_means_with_biases,
    nine_convolutions,
)
from verified_dynamics.symmetry.path_conditioned_training.experiments.preservation import (
    ARCHITECTURES,
    broken_change,
    broken_conditioning,
    conditioned_function,
    imbalance_left,
    output_change,
)
from verified_dynamics.symmetry.path_conditioned_training.experiments.setting import (
    statistic_of,
)
from verified_dynamics.symmetry.path_conditioned_training.experiments.solving import (
    any_rise,
    largest_rise,
    solver_agreement,
    solver_work,
    work_ratio,
)
from verified_dynamics.symmetry.path_conditioned_training.experiments.speed import (
    at,
    best_rate,
    epochs_apart,
    epochs_at_best_rate,
    epochs_ratio,
    fails,
    ratio_at_best_rates,
    ratio_at_rate,
)
from verified_dynamics.symmetry.path_conditioned_training.experiments.starts import STARTS

__all__ = [
    "ARCHITECTURES",
    "IDENTITIES",
    "STARTS",
    "TREATMENTS",
    "any_rise",
    "at",
    "batch_norm_treatments",
    "best_rate",
    "biased_deviation",
    "broken_change",
    "broken_conditioning",
    "canonical_point",
    "conditioned_function",
    "criterion_identities",
    "deviation_between_rules",
    "deviation_without_biases",
    "digits_null",
    "epochs_apart",
    "epochs_at_best_rate",
    "epochs_ratio",
    "fails",
    "first_layer_log_scale",
    "image_race",
    "imbalance_left",
    "imbalance_ratio",
    "kernel_spectra",
    "largest_identity_error",
    "largest_rise",
    "layer_deviation",
    "layer_means",
    "layer_means_with_biases",
    "loss_ratio",
    "moons_best_rate",
    "moons_epochs",
    "nine_convolutions",
    "one_layer_distance",
    "one_layer_norm",
    "output_change",
    "over_baseline",
    "path_lifting_identities",
    "path_magnitude_histogram",
    "ratio_at_best_rates",
    "ratio_at_rate",
    "solver_agreement",
    "solver_work",
    "statistic_of",
    "treatment_change",
    "work_ratio",
]
