"""Theories of margin: where training drives the weights when the loss has no minimiser."""
