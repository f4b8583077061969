"""Verified Dynamics: how neural networks train, with every statement derived, controlled and measured."""

__version__ = "0.1.0"
