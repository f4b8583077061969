"""Degeneracy: the geometry of singular minima, and what it says about the stages of training."""

from verified_dynamics.degeneracy import local_learning_coefficient
from verified_dynamics.degeneracy.local_learning_coefficient import (
    LearningCoefficient,
    calibrate,
    calibrations,
    local_learning_coefficients,
)

__all__ = [
    "LearningCoefficient",
    "calibrate",
    "calibrations",
    "local_learning_coefficient",
    "local_learning_coefficients",
]
