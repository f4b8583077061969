"""Theories of structure: which arrangement of its representations training picks, and by which forces."""

from verified_dynamics.structure import modular_addition
from verified_dynamics.structure.modular_addition import (
    circularity,
    classify,
    grid_score,
    simulate,
    sum_clusters,
)

__all__ = [
    "circularity",
    "classify",
    "grid_score",
    "modular_addition",
    "simulate",
    "sum_clusters",
]
