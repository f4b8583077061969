"""Theories of symmetry: what rescaling leaves alone, and what it does not."""
