"""Losses and gradients of many members at once, as one traced program without per-step overhead."""

import contextlib
from collections.abc import Iterator, Sequence

import torch
import torch.nn.attention
from torch import Tensor
from torch.fx.experimental.proxy_tensor import make_fx

from verified_dynamics.degeneracy.local_learning_coefficient.errors import LearningCoefficientError
from verified_dynamics.degeneracy.local_learning_coefficient.problem import Problem
from verified_dynamics.degeneracy.local_learning_coefficient.short_softmax import DECOMPOSITIONS
from verified_dynamics.ensemble.stacking import Member


class StackedLoss:
    """The loss of members (M,) and its gradient (M, d) at flat parameters (M, d).

    points: which of the R points each member belongs to (M,), which decides its tensors that do not move.
    batched: whether each member brings its own batch (M, b, ...), or all share one (b, ...).
    """

    def __init__(self, problem: Problem, points: Tensor, *, batched: bool):
        self.problem = problem
        self.batched = batched
        lone = problem.points == 1
        self.rest_names = (tuple(problem.fixed), tuple(problem.buffers))
        rest = [*problem.fixed.values(), *problem.buffers.values()]
        self.rest = [tensor[0] if lone else tensor[points] for tensor in rest]
        self.rest_axis = None if lone else 0

    def values(self, flat: Tensor, batch: Sequence[Tensor]) -> Tensor:
        """Losses (M,), without gradients."""
        with torch.no_grad(), mapping():
            return self._mapped(self.value)(self.problem.views(flat), self.rest, *batch)

    def value(self, parameters, rest, *batch) -> Tensor:
        """The loss of one member: its moving tensors in order, then those that stay."""
        problem = self.problem
        fixed, buffers = self.rest_names
        moving = dict(zip(problem.names, parameters, strict=True))
        still = dict(zip(fixed, rest[: len(fixed)], strict=True))
        state = dict(zip(buffers, rest[len(fixed) :], strict=True))
        value = problem.loss(Member(problem.module, {**moving, **still}, state), *batch)
        if not isinstance(value, Tensor) or value.ndim:
            shape = tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
            raise LearningCoefficientError(
                f"loss(model, *batch) must give a scalar, the mean over the batch, not {shape}."
            )
        return value

    def gradients(
        self, flat: Tensor, batch: Sequence[Tensor], out: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Losses (M,) and gradients (M, d), the latter written to `out` where it is given."""
        with mapping():
            gradients, values = self._mapped(self._gradient)(self.problem.views(flat), self.rest, *batch)
        return values, _flattened(gradients, out)

    def traced(self, flat: Tensor, batch: Sequence[Tensor]) -> "TracedGradient":
        """`gradients` for tensors of these shapes, traced once to plain tensor operations."""
        return TracedGradient(self, flat, batch)

    def hessian_products(self, flat: Tensor, vectors: Tensor, batch: Sequence[Tensor]) -> Tensor:
        """H v (M, d) of every member's loss for vectors (M, d)."""

        def along(parameters, vector, rest, *columns):
            def slope(point):
                gradient = torch.func.grad(self.value)(point, rest, *columns)
                return sum((g * v).sum() for g, v in zip(gradient, vector, strict=True))

            return torch.func.grad(slope)(parameters)

        axes = (0, 0, self.rest_axis, *self._batch_axes(batch))
        mapped = torch.func.vmap(along, in_dims=axes)
        with mapping():
            products = mapped(self.problem.views(flat), self.problem.views(vectors), self.rest, *batch)
        return _flattened(products, None)

    def _mapped(self, function):
        def call(parameters, rest, *batch):
            axes = (0, self.rest_axis, *self._batch_axes(batch))
            return torch.func.vmap(function, in_dims=axes)(parameters, rest, *batch)

        return call

    def _batch_axes(self, batch: Sequence[Tensor]) -> tuple:
        return tuple(0 if self.batched else None for _ in batch)

    def _gradient(self, parameters, rest, *batch):
        return torch.func.grad_and_value(self.value)(parameters, rest, *batch)


class TracedGradient:
    """Gradients by a program of plain tensor operations; it falls back to the mapped function where tracing fails.

    The program is checked once against the function that was traced, at the point of the trace.
    """

    def __init__(self, stacked: StackedLoss, flat: Tensor, batch: Sequence[Tensor]):
        self.stacked = stacked
        self.program = None
        views = stacked.problem.views(flat)
        count, rest = len(views), len(stacked.rest)

        def function(*tensors):
            middle = count + rest
            return stacked._mapped(stacked._gradient)(
                list(tensors[:count]), list(tensors[count:middle]), *tensors[middle:]
            )

        try:
            with mapping():
                self.program = make_fx(function, decomposition_table=DECOMPOSITIONS)(
                    *views, *stacked.rest, *batch
                )
        except LearningCoefficientError:
            raise
        except Exception:  # whatever the tracer cannot follow runs untraced, with the same result
            return
        self.program.graph.eliminate_dead_code()
        self.program.recompile()
        if not self._agrees(flat, batch):
            self.program = None

    def __call__(self, flat: Tensor, batch: Sequence[Tensor], out: Tensor) -> Tensor:
        """Losses (M,); the gradients (M, d) are written to `out`."""
        if self.program is None:
            return self.stacked.gradients(flat, batch, out)[0]
        with torch.no_grad():
            gradients, values = self.program(*self.stacked.problem.views(flat), *self.stacked.rest, *batch)
            _flattened(gradients, out)
        return values

    def _agrees(self, flat: Tensor, batch: Sequence[Tensor]) -> bool:
        gradient = torch.empty_like(flat)
        values = self(flat, batch, gradient)
        expected_values, expected = self.stacked.gradients(flat, batch)
        precision = torch.finfo(flat.dtype).eps ** 0.5
        return all(
            torch.allclose(a, b, rtol=precision, atol=precision * float(b.abs().max()), equal_nan=True)
            for a, b in ((values, expected_values), (gradient, expected))
        )


@contextlib.contextmanager
def mapping() -> Iterator[None]:
    """Attention by operations that vmap knows and that can be differentiated twice, and its refusal of random ones.

    Raises LearningCoefficientError where the loss draws random numbers.
    """
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
            yield
    except RuntimeError as error:
        if "randomness" not in str(error):
            raise
        raise LearningCoefficientError(
            "The loss draws random numbers (dropout, for instance), so it is not one number at a point: "
            "put the model in evaluation mode, or draw the noise beforehand and pass it as data."
        ) from error
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)


def _flattened(tensors: Sequence[Tensor], out: Tensor | None) -> Tensor:
    rows = [tensor.flatten(1) if tensor.ndim > 1 else tensor[:, None] for tensor in tensors]
    return torch.cat(rows, dim=1, out=out)
