"""The declared runs of the chapter and the statistics of its claims."""

from verified_dynamics.symmetry.path_conditioned_training.experiments.magnitudes import (
    path_magnitude_histogram,
)
from verified_dynamics.symmetry.path_conditioned_training.experiments.setting import statistic_of

__all__ = ["path_magnitude_histogram", "statistic_of"]
