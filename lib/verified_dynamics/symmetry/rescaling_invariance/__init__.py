"""Rescaling invariance of ReLU networks: the symmetry, what it conserves, and what breaks it."""

from verified_dynamics.symmetry.rescaling_invariance.balancing import Balance, balance, masses
from verified_dynamics.symmetry.rescaling_invariance.drift import (
    DriftTracker,
    conserved_quantities,
    step_drift,
)
from verified_dynamics.symmetry.rescaling_invariance.equivariance import (
    EQUIVARIANT,
    UPDATE_RULES,
    EquivarianceError,
    assert_equivariant,
    equivariance_error,
)
from verified_dynamics.symmetry.rescaling_invariance.lie_closure import LieCount, full_rank_formula, lie_count
from verified_dynamics.symmetry.rescaling_invariance.noether import NoetherAudit, noether_audit
from verified_dynamics.symmetry.rescaling_invariance.optimizers import (
    ExponentiatedGradient,
    MultiplicativeSign,
    Orthogonalised,
    PathSGD,
    RootFree,
    SignDescent,
)
from verified_dynamics.symmetry.rescaling_invariance.path_lifting import path_lifting, path_lifting_rank
from verified_dynamics.symmetry.rescaling_invariance.path_norm import (
    PathNormError,
    layer_norm_product,
    path_magnitudes,
    path_norm,
)
from verified_dynamics.symmetry.rescaling_invariance.rescaling import (
    Rescaling,
    rescale,
    transport_optimizer_state,
)
from verified_dynamics.symmetry.rescaling_invariance.scale_groups import (
    ParameterScale,
    Pin,
    ScaleGroupError,
    ScaleGroups,
)
from verified_dynamics.symmetry.rescaling_invariance.tracing import scale_groups

__all__ = [
    "EQUIVARIANT",
    "UPDATE_RULES",
    "Balance",
    "DriftTracker",
    "EquivarianceError",
    "ExponentiatedGradient",
    "LieCount",
    "MultiplicativeSign",
    "NoetherAudit",
    "Orthogonalised",
    "ParameterScale",
    "PathNormError",
    "PathSGD",
    "Pin",
    "Rescaling",
    "RootFree",
    "ScaleGroupError",
    "ScaleGroups",
    "SignDescent",
    "assert_equivariant",
    "balance",
    "conserved_quantities",
    "equivariance_error",
    "full_rank_formula",
    "layer_norm_product",
    "lie_count",
    "masses",
    "noether_audit",
    "path_lifting",
    "path_lifting_rank",
    "path_magnitudes",
    "path_norm",
    "rescale",
    "scale_groups",
    "step_drift",
    "transport_optimizer_state",
]
