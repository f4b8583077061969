"""What is sampled, checked before the first step: the point, the parameters that move, the data."""

import fnmatch
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from verified_dynamics.degeneracy.local_learning_coefficient.errors import LearningCoefficientError
from verified_dynamics.ensemble import Ensemble
from verified_dynamics.ensemble.stacking import stack, template_of


@dataclass(frozen=True)
class Problem:
    """R points of one architecture, the loss around them, and the data.

    module: the architecture without values; names, shapes: the parameters that move; centre: their values w*
    (R, d), flattened in that order; fixed, buffers: the other tensors (R, *shape) by name; data: tensors
    (n, ...), or (R, n, ...) where not shared; samples: n.
    """

    module: nn.Module
    loss: Callable[..., Tensor]
    names: tuple[str, ...]
    shapes: tuple[torch.Size, ...]
    centre: Tensor
    fixed: dict[str, Tensor]
    buffers: dict[str, Tensor]
    data: tuple[Tensor, ...]
    shared_data: bool
    samples: int

    @property
    def points(self) -> int:
        """R."""
        return self.centre.shape[0]

    @property
    def dimension(self) -> int:
        """d, the number of sampled parameters."""
        return self.centre.shape[1]

    def select(self, rows: slice) -> "Problem":
        """The problem at these points only."""
        return replace(
            self,
            centre=self.centre[rows],
            fixed={name: tensor[rows] for name, tensor in self.fixed.items()},
            buffers={name: tensor[rows] for name, tensor in self.buffers.items()},
            data=self.data if self.shared_data else tuple(column[rows] for column in self.data),
        )

    def views(self, flat: Tensor) -> list[Tensor]:
        """The sampled parameters (members, *shape) as views of flat (members, d)."""
        pieces = flat.split([shape.numel() for shape in self.shapes], dim=1)
        return [
            piece.unflatten(1, shape) if shape else piece[:, 0]
            for piece, shape in zip(pieces, self.shapes, strict=True)
        ]


def single_problem(model: nn.Module, loss: Callable, data: Sequence[Tensor], parameters) -> Problem:
    """The problem at one network's parameters; the model is only read."""
    if not isinstance(model, nn.Module):
        raise LearningCoefficientError(f"model must be a torch.nn.Module, not {type(model).__name__}.")
    state = stack([dict(model.named_parameters())]), stack([dict(model.named_buffers())])
    return make_problem(Ensemble(template_of(model), *state, (0,)), loss, data, parameters, shared_data=True)


def make_problem(
    ensemble: Ensemble, loss: Callable, data: Sequence[Tensor], parameters, *, shared_data: bool
) -> Problem:
    """Check model, data and names; raises LearningCoefficientError with one sentence that says what to do."""
    _refuse_state(ensemble.module)
    columns = _checked_data(data, shared_data, len(ensemble))
    names = _chosen(ensemble.module, parameters)
    device = columns[0].device
    tensors = {name: p.detach().to(device) for name, p in ensemble.parameters.items()}
    moving = [tensors[name] for name in names]
    _check_dtypes(moving, names, columns)
    return Problem(
        module=ensemble.module,
        loss=loss,
        names=names,
        shapes=tuple(p.shape[1:] for p in moving),
        centre=torch.cat([p.flatten(1) if p.ndim > 1 else p[:, None] for p in moving], dim=1).clone(),
        fixed={name: p for name, p in tensors.items() if name not in set(names)},
        buffers={name: b.detach().to(device) for name, b in ensemble.buffers.items()},
        data=columns,
        shared_data=shared_data,
        samples=columns[0].shape[0 if shared_data else 1],
    )  # fmt: skip


def _refuse_state(module: nn.Module) -> None:
    for name, part in module.named_modules():
        if not part.training:
            continue
        kind = type(part).__name__
        where = f"'{name}' ({kind})" if name else f"the model ({kind})"
        if isinstance(part, nn.modules.batchnorm._NormBase) and part.track_running_stats:
            raise LearningCoefficientError(
                f"{where} is in training mode, where its batch statistics make the loss depend on the other "
                "samples of the minibatch and change at each step: call model.eval() first."
            )
        rate = part.p if isinstance(part, nn.modules.dropout._DropoutNd) else getattr(part, "dropout", 0.0)
        if isinstance(rate, float) and rate > 0:
            raise LearningCoefficientError(
                f"{where} drops units at random, so the loss at a point is not one number: call model.eval() first."
            )


def _checked_data(data: Sequence[Tensor], shared: bool, members: int) -> tuple[Tensor, ...]:
    if isinstance(data, Tensor) or not all(isinstance(column, Tensor) for column in data) or not len(data):
        raise LearningCoefficientError("data must be a tuple of at least one tensor, such as (x, y).")
    columns, leading = tuple(column.detach() for column in data), 1 if shared else 2
    if any(column.ndim < leading for column in columns):
        raise LearningCoefficientError(
            f"Each tensor of the data needs {'(n, ...)' if shared else '(members, n, ...)'}."
        )
    shapes = sorted({tuple(column.shape[:leading]) for column in columns})
    if len(shapes) > 1:
        raise LearningCoefficientError(f"The tensors of the data differ in their first dimensions: {shapes}.")
    if not shared and shapes[0][0] != members:
        raise LearningCoefficientError(
            f"Data that is not shared has the {members} members first, not {shapes[0][0]}."
        )
    if shapes[0][-1] == 0:
        raise LearningCoefficientError("There are no samples in the data: the loss needs at least one.")
    if len({column.device for column in columns}) > 1:
        raise LearningCoefficientError("The tensors of the data lie on different devices: move them to one.")
    return columns


def _chosen(module: nn.Module, patterns: str | Sequence[str] | None) -> tuple[str, ...]:
    trainable = [name for name, p in module.named_parameters() if p.requires_grad]
    names = [name for name, _ in module.named_parameters()]
    if patterns is None:
        if not trainable:
            raise LearningCoefficientError(
                "The model has no parameter that requires a gradient, so none can be sampled."
            )
        return tuple(trainable)
    patterns = [patterns] if isinstance(patterns, str) else list(patterns)
    chosen = [name for name in names if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)]
    unused = [pattern for pattern in patterns if not fnmatch.filter(names, pattern)]
    if unused or not chosen:
        raise LearningCoefficientError(
            f"parameters={unused or patterns} names no parameter of the model; there are {', '.join(names)}."
        )
    return tuple(chosen)


def _check_dtypes(moving: list[Tensor], names: Sequence[str], columns: Sequence[Tensor]) -> None:
    dtypes = {p.dtype for p in moving}
    if len(dtypes) > 1 or not all(dtype.is_floating_point for dtype in dtypes):
        raise LearningCoefficientError(
            "The sampled parameters must have one real floating-point dtype, "
            f"not {', '.join(sorted(map(str, dtypes)))}."
        )
    dtype = dtypes.pop()
    for column in columns:
        if column.is_floating_point() and column.dtype != dtype:
            raise LearningCoefficientError(
                f"The data is {column.dtype}, the parameters are {dtype}: convert one of them."
            )
    bad = [name for name, p in zip(names, moving, strict=True) if not p.isfinite().all()]
    if bad:
        raise LearningCoefficientError(f"The parameters {', '.join(bad)} are not finite at the point given.")
