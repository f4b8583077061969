"""Estimates from independent replicates, with intervals whose coverage is measured, and tests of equivalence."""

from verified_dynamics.statistics.decisions import equivalent, excludes
from verified_dynamics.statistics.errors import ReplicateError, StatisticsError
from verified_dynamics.statistics.estimates import Estimate, estimate
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

__all__ = [
    "Estimate",
    "ReplicateError",
    "StatisticsError",
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
    "shifted_logarithmic_fit",
    "shifted_logarithmic_rate",
    "squaring_ratio",
]
