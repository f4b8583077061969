"""The declared runs of the chapter and the statistics of its claims."""

from verified_dynamics.symmetry.path_conditioned_training.experiments.setting import statistic_of

__all__ = ["statistic_of"]
