"""One group after the other in the order of the network, as the method was published."""

from __future__ import annotations

import math

import numpy as np
import torch

from verified_dynamics.symmetry.path_conditioned_training.objective import Objective
from verified_dynamics.symmetry.path_conditioned_training.solution import Course, Solution


def sequential(
    objective: Objective, *, bound: float | None = None, tol: float = 1e-8, max_sweeps: int = 1000
) -> Solution:
    """The minimum of J over |z| ≤ bound by exact steps for single groups, of one network (not of a stack).

    Each step solves the quadratic of ``neuron_factor``; a sweep visits the groups in their order.  Ten sweeps give the
    published method (Lebeurrier, Vayer and Gribonval 2026, from their code).  Raises ValueError for a stack.
    """
    if objective.slope.dim() != 1:
        raise ValueError(
            "Sequential sweeps work on one network; use blocks or newton for a stack of networks."
        )
    course, point = Course(objective), objective.at(torch.zeros_like(objective.slope))
    course.note(point, 2)
    sweep = _Sweep(objective, bound)
    for number in range(1, max_sweeps + 1):
        if float(objective.residual_of(point, bound=bound)) <= tol:
            break
        sweep.run()
        z = torch.as_tensor(sweep.z[1:]).to(objective.slope.device)
        point = objective.at(z)
        course.note(point, 2 + 2 * number)  # a sweep reads each entry once by rows and once by columns
    return course.solution(point, objective.residual_of(point, bound=bound), tol)


def neuron_factor(growing: float, shrinking: float, rest: float, excess: float, count: float) -> float:
    """The positive root X of (A + n) B X² + A D X + (A − n) C: the minimiser in X = e^{z_h}, the other groups fixed.

    B ``growing``, C ``shrinking``: masses that move with X and with 1/X, at X = 1; D ``rest``: the other masses; A
    ``excess``: elements that enter minus elements that leave, |A| < n ``count``.
    """
    a, b, c = (excess + count) * growing, excess * rest, (excess - count) * shrinking
    root = math.sqrt(b * b - 4 * a * c)
    return 2 * -c / (b + root) if b > 0 else (root - b) / (2 * a)  # without the difference of equal numbers


class _Sweep:
    """The sparse matrix by rows and by columns, with the log-scales and the total mass kept up to date."""

    def __init__(self, objective: Objective, bound: float | None) -> None:
        matrix = objective.mass.to_sparse()
        self.own = matrix.diagonal()
        matrix.setdiag(0)
        matrix.eliminate_zeros()
        self.rows, self.columns = matrix.tocsr(), matrix.tocsc()
        self.z = np.zeros(matrix.shape[0])
        self.factors = np.ones(matrix.shape[0])  # e^z
        self.total = matrix.sum() + self.own.sum()
        self.slope = objective.slope.cpu().numpy()
        self.order = np.flatnonzero(objective.free.cpu().numpy()) + 1
        self.count, self.bound = float(objective.count), bound

    def run(self) -> None:
        for group in self.order:
            start, end = self.rows.indptr[group : group + 2]
            others, values = self.rows.indices[start:end], self.rows.data[start:end]
            shrinking = float(values @ self.factors[others])  # at X = 1
            start, end = self.columns.indptr[group : group + 2]
            others, values = self.columns.indices[start:end], self.columns.data[start:end]
            growing = float(values @ (1 / self.factors[others]))
            before = self.factors[group]
            rest = self.total - growing * before - shrinking / before
            after = neuron_factor(growing, shrinking, rest, -self.slope[group - 1], self.count)
            if self.bound is not None:
                after = min(max(after, math.exp(-self.bound)), math.exp(self.bound))
            self.total = rest + growing * after + shrinking / after
            self.factors[group], self.z[group] = after, math.log(after)
