"""The declared runs of the chapter and the statistics of its claims."""

from verified_dynamics.symmetry.path_conditioned_training.experiments.kernels import (
    IDENTITIES,
    kernel_spectra,
    largest_identity_error,
    over_baseline,
    path_lifting_identities,
)
from verified_dynamics.symmetry.path_conditioned_training.experiments.magnitudes import (
    path_magnitude_histogram,
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

__all__ = [
    "IDENTITIES",
    "biased_deviation",
    "deviation_between_rules",
    "deviation_without_biases",
    "first_layer_log_scale",
    "kernel_spectra",
    "largest_identity_error",
    "layer_deviation",
    "layer_means",
    "layer_means_with_biases",
    "nine_convolutions",
    "over_baseline",
    "path_lifting_identities",
    "path_magnitude_histogram",
    "statistic_of",
]
