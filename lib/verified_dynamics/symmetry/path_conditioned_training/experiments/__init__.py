"""The declared runs of the chapter and the statistics of its claims."""

from verified_dynamics.symmetry.path_conditioned_training.experiments.criterion import criterion_identities
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
from verified_dynamics.symmetry.path_conditioned_training.experiments.setting import statistic_of
from verified_dynamics.symmetry.path_conditioned_training.experiments.speed import (
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
    "IDENTITIES",
    "STARTS",
    "best_rate",
    "biased_deviation",
    "criterion_identities",
    "deviation_between_rules",
    "deviation_without_biases",
    "epochs_apart",
    "epochs_at_best_rate",
    "epochs_ratio",
    "fails",
    "first_layer_log_scale",
    "imbalance_ratio",
    "kernel_spectra",
    "largest_identity_error",
    "layer_deviation",
    "layer_means",
    "layer_means_with_biases",
    "moons_best_rate",
    "moons_epochs",
    "nine_convolutions",
    "over_baseline",
    "path_lifting_identities",
    "path_magnitude_histogram",
    "ratio_at_best_rates",
    "ratio_at_rate",
    "statistic_of",
]
