"""Saturation: what a network becomes when all its parameters grow, and how fast they grow."""

from verified_dynamics.margin.saturation.attention_counts import (
    causal_uniform,
    future_uniform,
    head_counts,
    one_minus_cosine,
    relative_entropy,
    saturation_gap,
    split_fraction,
    tie_kinds,
    tied_sets,
)
from verified_dynamics.margin.saturation.counting import (
    blocks,
    first_confusion,
    hard,
    rejection,
    saturated,
    softmax_at,
)
from verified_dynamics.margin.saturation.degrees import DegreeRow, approach_exponent, degree_table
from verified_dynamics.margin.saturation.forward import (
    LeadingOrders,
    Saturated,
    exact_saturated_forward,
    leading_forward,
)
from verified_dynamics.margin.saturation.growth_laws import growth_fit, momentum_factor, simulate
from verified_dynamics.margin.saturation.noise_training import norm_change_under_decay, train_on_noise
from verified_dynamics.margin.saturation.norm_budget import NormBudget, NormBudgetError
from verified_dynamics.margin.saturation.orders import Order
from verified_dynamics.margin.saturation.scaling import SaturationError, homogeneity_degree, saturate

__all__ = [
    "DegreeRow",
    "LeadingOrders",
    "NormBudget",
    "NormBudgetError",
    "Order",
    "Saturated",
    "SaturationError",
    "approach_exponent",
    "blocks",
    "causal_uniform",
    "degree_table",
    "exact_saturated_forward",
    "first_confusion",
    "future_uniform",
    "growth_fit",
    "hard",
    "head_counts",
    "homogeneity_degree",
    "leading_forward",
    "momentum_factor",
    "norm_change_under_decay",
    "one_minus_cosine",
    "rejection",
    "relative_entropy",
    "saturate",
    "saturated",
    "saturation_gap",
    "simulate",
    "softmax_at",
    "split_fraction",
    "tie_kinds",
    "tied_sets",
    "train_on_noise",
]
