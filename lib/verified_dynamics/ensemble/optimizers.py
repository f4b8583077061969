"""Optimizers on stacked tensors: which of them leave the members independent, found out by trial."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from verified_dynamics.ensemble.errors import EnsembleError

_SHAPES = ((4, 3), (5,))  # a matrix and a vector: some optimizers treat them differently
_SCALES = (1e-3, 1.0, 1e3)  # members so unequal that a norm over all of them would show


def check_elementwise(optimizer: Callable, options: Mapping) -> None:
    """Raise EnsembleError unless the optimizer steps stacked members exactly as it steps each alone.

    Tried on three small members with gradients of different size: this costs milliseconds, and holds for every
    optimizer, not only for those on a list.
    """
    name = getattr(optimizer, "__name__", str(optimizer))
    if "lr" in options:
        raise EnsembleError("Give the learning rate as learning_rate=, not in optimizer_options.")
    options = {key: value for key, value in options.items() if key != "capturable"}  # for CUDA only
    generator = torch.Generator().manual_seed(0)
    start = [torch.randn(len(_SCALES), *shape, generator=generator, dtype=torch.float64) for shape in _SHAPES]
    scale = torch.tensor(_SCALES, dtype=torch.float64)
    slopes = [
        [torch.randn(p.shape, generator=generator, dtype=torch.float64) * scale.view(-1, *[1] * (p.ndim - 1))
         for p in start]
        for _ in range(4)
    ]  # fmt: skip
    try:
        alone = [_stepped(optimizer, options, start, slopes, k) for k in range(len(_SCALES))]
        together = _stepped(optimizer, options, start, slopes, slice(None))
    except Exception as error:
        reason = str(error).strip().split("\n")[0]
        raise EnsembleError(f"{name} cannot step stacked parameters: {reason}") from error
    apart = [torch.stack([member[i] for member in alone]) for i in range(len(_SHAPES))]
    if not all(torch.allclose(t, a, rtol=1e-12, atol=0.0) for t, a in zip(together, apart, strict=True)):
        raise EnsembleError(
            f"{name} mixes the entries of a tensor, so the members of an ensemble would disturb each other: "
            "use an elementwise optimizer such as SGD or Adam."
        )


def _stepped(optimizer, options, start: list[Tensor], slopes: list[list[Tensor]], rows) -> list[Tensor]:
    parameters = [tensor[rows].clone().requires_grad_() for tensor in start]
    stepper = optimizer(parameters, lr=0.01, **options)
    for slope in slopes:
        for parameter, gradient in zip(parameters, slope, strict=True):
            parameter.grad = gradient[rows].clone()
        stepper.step()
    return [parameter.detach() for parameter in parameters]


class GroupedOptimizer:
    """An ordinary optimizer on stacked parameters, with one parameter group for each distinct learning rate.

    The groups' tensors are rows of the stacked ones: views where the rows are neighbours, copies that are
    written back after each step where they are not.
    """

    def __init__(self, optimizer: Callable, parameters: list[Tensor], rates: Tensor, options: Mapping):
        self.parameters = parameters
        self.rows = [_slice((rates == rate).nonzero()[:, 0]) for rate in rates.unique()]
        self.leaves = [[p.detach()[rows] for p in parameters] for rows in self.rows]
        groups = [
            {"params": leaves, "lr": float(rate)}
            for leaves, rate in zip(self.leaves, rates.unique(), strict=True)
        ]
        self.optimizer = optimizer(groups, lr=groups[0]["lr"], **options)
        self.rates = [group["lr"] for group in groups]

    def step(self, gradients: list[Tensor | None], factor: float = 1.0) -> None:
        """One step of every group on the gradients (members, *shape), each rate multiplied by `factor`."""
        for group, rate in zip(self.optimizer.param_groups, self.rates, strict=True):
            group["lr"] = rate * factor
        for rows, leaves in zip(self.rows, self.leaves, strict=True):
            for leaf, gradient in zip(leaves, gradients, strict=True):
                leaf.grad = None if gradient is None else gradient[rows]
        self.optimizer.step()
        for rows, leaves in zip(self.rows, self.leaves, strict=True):
            if not isinstance(rows, slice):
                for parameter, leaf in zip(self.parameters, leaves, strict=True):
                    parameter.detach()[rows] = leaf


def _slice(rows: Tensor) -> slice | Tensor:
    first, last = int(rows[0]), int(rows[-1])
    return slice(first, last + 1) if last - first + 1 == len(rows) else rows
