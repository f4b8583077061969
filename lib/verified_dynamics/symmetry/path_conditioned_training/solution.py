"""What a solver found."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from verified_dynamics.symmetry.path_conditioned_training.objective import Objective, Point


@dataclass(frozen=True)
class Solution:
    """Log-scales ``z`` (*lead, groups) with the course of the search.

    ``iterations``: Newton steps or sweeps; ``products``: products with the mass matrix or its transpose;
    ``residual``: (*lead,) largest remaining step of one group alone in units of z; ``converged``: (*lead,) whether that
    is within the tolerance; ``imbalance`` and ``values`` (iterations + 1, *lead): before the first and after each
    iteration; ``work`` (iterations + 1,): products used by then.
    """

    z: Tensor
    iterations: int
    products: int
    residual: Tensor
    converged: Tensor
    imbalance: Tensor
    values: Tensor
    work: tuple[int, ...]


@dataclass
class Course:
    """Collects the course of a search: one entry before the first iteration and one after each."""

    objective: Objective
    imbalance: list[Tensor] = field(default_factory=list)
    values: list[Tensor] = field(default_factory=list)
    work: list[int] = field(default_factory=list)

    def note(self, point: Point, products: int) -> None:
        """Add the present point, reached after so many products."""
        self.imbalance.append(self.objective.imbalance_of(point))
        self.values.append(point.value)
        self.work.append(products)

    def solution(self, point: Point, residual: Tensor, tol: float) -> Solution:
        """The result at the last point."""
        return Solution(
            point.z,
            len(self.work) - 1,
            self.work[-1],
            residual,
            residual <= tol,
            torch.stack(self.imbalance),
            torch.stack(self.values),
            tuple(self.work),
        )
