"""Many networks trained as one: stacked tensors, ordinary optimizers, and members that do not depend on each other."""

from verified_dynamics.ensemble.ensemble import Ensemble
from verified_dynamics.ensemble.errors import EnsembleError
from verified_dynamics.ensemble.training import Trajectory, train

__all__ = ["Ensemble", "EnsembleError", "Trajectory", "train"]
