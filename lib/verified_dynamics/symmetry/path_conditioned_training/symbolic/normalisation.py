"""A rescaling that ignores BatchNorm: what both of its modes make of it (claim: batch-norm-confound)."""

import sympy as sp

from verified_dynamics.proof import Equal, Statement

scale, spread, gain = sp.symbols("lambda sigma gamma", positive=True)
x, mean, shift, v, before = sp.symbols("x m beta v b", real=True)


def training_mode_divides() -> Statement:
    """Layer and bias before BatchNorm times λ, layer behind it over λ: the neuron contributes 1/λ of what it did.

    The spread of the batch is scaled with the layer; BatchNorm's epsilon is left out.
    """
    return Equal(_normalised(scale, scale), _normalised(1, 1) / scale)


def evaluation_mode_keeps() -> Statement:
    """Running statistics 0 and 1, shift zero: the same rescaling leaves the output alone, for every input."""
    return Equal(_evaluated(scale).subs(shift, 0), _evaluated(1).subs(shift, 0))


def training_mode_keeps() -> Statement:
    """The same rescaling leaves the output in training mode alone: false."""
    return Equal(_normalised(scale, scale), _normalised(1, 1))


def evaluation_mode_with_shift() -> Statement:
    """A shift that is not zero, not rescaled: evaluation mode keeps the output: false."""
    return Equal(_evaluated(scale), _evaluated(1))


def _normalised(before_factor, after_factor) -> sp.Expr:
    """Training mode: the batch's mean and spread belong to the rescaled layer."""
    centred = (before_factor * (x + before) - before_factor * (mean + before)) / (before_factor * spread)
    return v / after_factor * sp.Max(gain * centred + shift, 0)


def _evaluated(factor) -> sp.Expr:
    """Evaluation mode with running mean 0 and running variance 1, up to epsilon."""
    return v / factor * sp.Max(gain * factor * (x + before) + shift, 0)
