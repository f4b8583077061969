"""Many networks trained as one: stacked tensors, ordinary optimizers, and members that do not depend on each other."""

from verified_dynamics.ensemble.curvature import TopEigenvalue, hessian_vector_product, top_hessian_eigenvalue
from verified_dynamics.ensemble.ensemble import Ensemble
from verified_dynamics.ensemble.errors import EnsembleError
from verified_dynamics.ensemble.training import Trajectory, train

__all__ = [
    "Ensemble",
    "EnsembleError",
    "TopEigenvalue",
    "Trajectory",
    "hessian_vector_product",
    "top_hessian_eigenvalue",
    "train",
]
