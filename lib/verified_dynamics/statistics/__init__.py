"""Estimates from independent replicates, with intervals whose coverage is measured, and tests of equivalence."""

from verified_dynamics.statistics.decisions import equivalent, excludes
from verified_dynamics.statistics.errors import ReplicateError, StatisticsError
from verified_dynamics.statistics.estimates import Estimate, estimate
from verified_dynamics.statistics.mixing import effective_sample_size, split_r_hat
from verified_dynamics.statistics.rates import (
    exponential_rate,
    last_slope,
    linear_slope,
    local_slopes,
    logarithmic_fit,
    logarithmic_rate,
    power_law_exponent,
    shifted_logarithmic_fit,
    shifted_logarithmic_rate,
    squaring_ratio,
)
from verified_dynamics.statistics.trajectory_pca import (
    PrincipalComponents,
    principal_components,
    random_walk_spectrum,
    random_walks,
)

__all__ = [
    "Estimate",
    "PrincipalComponents",
    "ReplicateError",
    "StatisticsError",
    "effective_sample_size",
    "equivalent",
    "estimate",
    "excludes",
    "exponential_rate",
    "last_slope",
    "linear_slope",
    "local_slopes",
    "logarithmic_fit",
    "logarithmic_rate",
    "power_law_exponent",
    "principal_components",
    "random_walk_spectrum",
    "random_walks",
    "shifted_logarithmic_fit",
    "shifted_logarithmic_rate",
    "split_r_hat",
    "squaring_ratio",
]
