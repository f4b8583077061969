"""Path-conditioned training: the point of a rescaling orbit from which a ReLU network trains."""

from verified_dynamics.symmetry.path_conditioned_training.layer_prediction import (
    INITIALISATIONS,
    balanced,
    glorot,
    kaiming_fan_in,
    kaiming_fan_out,
    layer_optimum,
    uniform_default,
)

__all__ = [
    "INITIALISATIONS",
    "balanced",
    "glorot",
    "kaiming_fan_in",
    "kaiming_fan_out",
    "layer_optimum",
    "uniform_default",
]
