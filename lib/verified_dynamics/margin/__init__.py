"""Theories of margin: where training drives the weights when the loss has no minimiser."""

from verified_dynamics.margin import max_margin, saturation
from verified_dynamics.margin.saturation import (
    NormBudget,
    approach_exponent,
    degree_table,
    exact_saturated_forward,
    homogeneity_degree,
    saturate,
)

__all__ = [
    "NormBudget",
    "approach_exponent",
    "degree_table",
    "exact_saturated_forward",
    "homogeneity_degree",
    "max_margin",
    "saturate",
    "saturation",
]
