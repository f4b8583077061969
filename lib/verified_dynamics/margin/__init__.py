"""Theories of margin: where training drives the weights when the loss has no minimiser."""

from verified_dynamics.margin import max_margin

__all__ = ["max_margin"]
