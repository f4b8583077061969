"""Degeneracy: the geometry of singular minima, and what it says about the stages of training."""
