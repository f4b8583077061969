"""Max-margin: where descent on separable data goes, how fast, and with which constants."""

from verified_dynamics.margin.max_margin.closed_forms import orthogonal_pair_flow, zero_multiplier_flow
from verified_dynamics.margin.max_margin.data_sets import (
    generic_data_sets,
    orthogonal_pair,
    zero_multiplier_pair,
)
from verified_dynamics.margin.max_margin.flow import flow
from verified_dynamics.margin.max_margin.geometry import maximal_margin, normalised_margin
from verified_dynamics.margin.max_margin.hard_margin import NotSeparable, hard_margin, kkt_residual
from verified_dynamics.margin.max_margin.homogeneous import FlowPath, follow, initial_parameters, outputs
from verified_dynamics.margin.max_margin.methods import (
    DiagonalNet,
    DualAcceleration,
    GradientDescent,
    NormalisedDescent,
    Path,
    SignDescent,
    descend,
    geometric_steps,
)
from verified_dynamics.margin.max_margin.rates import RateReport, ShortHorizon, rate_report
from verified_dynamics.margin.max_margin.reference import Reference, reference

__all__ = [
    "DiagonalNet",
    "DualAcceleration",
    "FlowPath",
    "GradientDescent",
    "NormalisedDescent",
    "NotSeparable",
    "Path",
    "RateReport",
    "Reference",
    "ShortHorizon",
    "SignDescent",
    "descend",
    "flow",
    "follow",
    "generic_data_sets",
    "geometric_steps",
    "hard_margin",
    "initial_parameters",
    "kkt_residual",
    "maximal_margin",
    "normalised_margin",
    "orthogonal_pair",
    "orthogonal_pair_flow",
    "outputs",
    "rate_report",
    "reference",
    "zero_multiplier_flow",
    "zero_multiplier_pair",
]
