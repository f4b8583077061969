"""The loss at w* on the minibatch that the chains see: the paired baseline."""

import torch
from torch import Tensor

from verified_dynamics.degeneracy.local_learning_coefficient.errors import LearningCoefficientError
from verified_dynamics.degeneracy.local_learning_coefficient.problem import Problem
from verified_dynamics.degeneracy.local_learning_coefficient.stacked_loss import (
    StackedLoss,
    mapping,
)

SLICE = 2048  # samples at a time


class Baseline:
    """L(w*) of every point over all data (R,) in `whole`, and over any minibatch from the samples' losses (R, n).

    The loss is a mean over the batch, so a minibatch's baseline is the mean of its samples' losses, which are
    computed once: pairing costs nothing. Where the loss of a batch is not that mean (weights that depend on the
    batch, or samples that see each other), each minibatch's baseline is a forward pass of its own.
    """

    def __init__(self, problem: Problem, batch_size: int | None):
        self.problem = problem
        every = torch.arange(problem.points, device=problem.centre.device)
        self.stacked = StackedLoss(problem, every, batched=not problem.shared_data)
        self.table = None if batch_size is None else self._table(batch_size)
        if self.table is None:
            self.whole = self.stacked.values(problem.centre, problem.data)
        else:
            self.whole = self.table.mean(dim=1)
        bad = (~self.whole.isfinite()).nonzero().flatten().tolist()
        if bad:
            where = f" of point {bad[0]}" if problem.points > 1 else ""
            raise LearningCoefficientError(
                f"The loss{where} at the parameters given is {float(self.whole[bad[0]])}: it must be finite there."
            )

    def of(self, points: Tensor, index: Tensor | None) -> Tensor:
        """The baseline of chains at these points (chains,) on minibatches (chains or 1, b); all data where None."""
        if index is None:
            return self.whole[points]
        if self.table is not None:
            return self.table[points[:, None], index].mean(dim=1)
        return self._forward(points, index)

    def _table(self, batch_size: int) -> Tensor | None:
        """The samples' losses (R, n), or None where they do not average to the loss of a batch."""
        try:
            table = torch.stack([self._samples(point) for point in range(self.problem.points)])
        except LearningCoefficientError:
            raise
        except Exception:  # a loss that cannot be computed for a single sample is not used sample by sample
            return None
        problem = self.problem
        stride = max(1, problem.samples // batch_size)
        index = torch.arange(batch_size, device=table.device) * stride
        points = torch.arange(problem.points, device=table.device)
        expected = self._forward(points, index[None])
        found = table[:, index].mean(dim=1)
        precision = torch.finfo(table.dtype).eps ** 0.5
        return table if torch.allclose(found, expected, rtol=precision, atol=0, equal_nan=True) else None

    def _samples(self, point: int) -> Tensor:
        problem, stacked = self.problem, self.stacked
        parameters = [view[point] for view in problem.views(problem.centre)]
        rest = stacked.rest if problem.points == 1 else [tensor[point] for tensor in stacked.rest]
        data = problem.data if problem.shared_data else tuple(column[point] for column in problem.data)

        def one(*sample: Tensor) -> Tensor:
            return stacked.value(parameters, rest, *(column[None] for column in sample))

        with torch.no_grad(), mapping():
            pieces = zip(*(column.split(SLICE) for column in data), strict=True)
            return torch.cat([torch.func.vmap(one)(*piece) for piece in pieces])

    def _forward(self, points: Tensor, index: Tensor) -> Tensor:
        problem = self.problem
        if problem.shared_data and len(index) == 1:
            batch = tuple(column[index[0]] for column in problem.data)
            return self.stacked.values(problem.centre, batch)[points]
        if problem.shared_data:
            batch = tuple(column[index] for column in problem.data)
        else:
            batch = tuple(column[points[:, None], index] for column in problem.data)
        return StackedLoss(problem, points, batched=True).values(problem.centre[points], batch)
