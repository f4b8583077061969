"""Transient structure: two exact algorithms for in-context regression, and which one a transformer learns when."""

from verified_dynamics.degeneracy.transient_structure.bayes_risk import (
    pool_variance,
    ridge_risk,
    ridge_risk_1d,
)
from verified_dynamics.degeneracy.transient_structure.complexity import (
    final_coefficients,
    sequence_loss,
)
from verified_dynamics.degeneracy.transient_structure.joint_trajectories import (
    along_axis,
    joint_components,
    joint_walk_spectrum,
    undirected,
)
from verified_dynamics.degeneracy.transient_structure.measures import (
    LAWS,
    Evaluation,
)
from verified_dynamics.degeneracy.transient_structure.predictors import (
    bayes_predictor,
    discrete_mmse,
    ridge,
    task_log_posterior,
)
from verified_dynamics.degeneracy.transient_structure.trade_off import (
    crossing,
    log_odds,
    nats,
)
from verified_dynamics.degeneracy.transient_structure.training import (
    Members,
    Problem,
    build,
    mean_squared_error,
    train_on_pools,
    triangle,
)

__all__ = [
    "LAWS",
    "Evaluation",
    "Members",
    "Problem",
    "along_axis",
    "bayes_predictor",
    "build",
    "crossing",
    "discrete_mmse",
    "final_coefficients",
    "joint_components",
    "joint_walk_spectrum",
    "log_odds",
    "mean_squared_error",
    "nats",
    "pool_variance",
    "ridge",
    "ridge_risk",
    "ridge_risk_1d",
    "sequence_loss",
    "task_log_posterior",
    "train_on_pools",
    "triangle",
    "undirected",
]
