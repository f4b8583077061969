"""An ensemble: networks of one architecture whose tensors are stacked and that run as one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from verified_dynamics.ensemble.errors import EnsembleError
from verified_dynamics.ensemble.stacking import (
    Member,
    doubled,
    filled,
    over_members,
    seeded,
    stack,
    template_of,
)


@dataclass
class Ensemble:
    """Networks of one architecture: parameters and buffers (members, *shape) by name, one seed per member.

    module: the architecture without values. Member k computes the same, bit for bit on a CPU in double
    precision, in an ensemble of any size; in single precision or on another device it does so to rounding.
    """

    module: nn.Module
    parameters: dict[str, Tensor]
    buffers: dict[str, Tensor]
    seeds: tuple[int, ...]

    @classmethod
    def build(
        cls,
        make: Callable[[torch.Generator], nn.Module],
        seeds: Sequence[int],
        *,
        device: str | torch.device = "cpu",
    ) -> "Ensemble":
        """The networks make(generator), one per seed, each with its own seeded CPU generator.

        A seed means the same network on every device. Draws of PyTorch's default initialisation, which come from
        the global CPU generator, are seeded by the member's seed as well. Raises EnsembleError where members
        differ in architecture or the device is not there.
        """
        seeds = tuple(int(seed) for seed in seeds)
        if not seeds:
            raise EnsembleError("An ensemble needs at least one seed.")
        device = _present(device)
        modules = [seeded(make, seed) for seed in seeds]
        parameters = stack(dict(module.named_parameters()) for module in modules)
        buffers = stack(dict(module.named_buffers()) for module in modules)
        return cls(template_of(modules[0]), parameters, buffers, seeds).to(device)

    def __len__(self) -> int:
        return len(self.seeds)

    def __call__(self, x: Tensor, *, shared: bool = True) -> Tensor:
        """Every member's output (members, n, ...); x: (n, ...), or (members, n, ...) where it is not shared."""
        return self.map(lambda model, inputs: model(inputs), x, shared=shared)

    def map(self, function: Callable, *data: Tensor, shared: bool = True):
        """function(model, *data) for every member at once, its results stacked along the first dimension.

        model is the member as a function of its input, with its tensors in `model.parameters`. data: the same for
        all members where shared, else (members, ...). The ensemble's buffers are left as they are.
        """
        columns = self.columns(data, shared=shared)
        parameters, buffers = self.parameters, {name: b.clone() for name, b in self.buffers.items()}
        lone = len(self) == 1
        if lone:
            parameters, buffers = doubled(parameters), doubled(buffers)
            columns = tuple(torch.cat([column, column]) for column in columns)

        def one(parameters, buffers, columns):
            return function(Member(self.module, parameters, buffers), *columns)

        result = over_members(one)(parameters, buffers, columns)
        return torch.utils._pytree.tree_map(lambda t: t[:1], result) if lone else result

    def gradients(self, loss: Callable, *data: Tensor, shared: bool = True) -> dict[str, Tensor]:
        """Gradients (members, *shape) by name of every member's loss(model, *data) in its parameters."""

        def gradient(model, *columns):
            def of(parameters):
                buffers = {
                    name: b.clone() for name, b in model.buffers.items()
                }  # grad refuses to change them
                return loss(Member(self.module, parameters, buffers), *columns)

            return torch.func.grad(of)(model.parameters)

        return self.map(gradient, *data, shared=shared)

    def columns(self, data: Sequence[Tensor], *, shared: bool) -> tuple[Tensor, ...]:
        """The data with the members first (members, ...): expanded without a copy where shared."""
        if shared:
            return tuple(column.expand(len(self), *column.shape) for column in data)
        for column in data:
            if not column.ndim or column.shape[0] != len(self):
                raise EnsembleError(
                    f"Data of its own for each of {len(self)} members has them in the first dimension, "
                    f"but a tensor of shape {tuple(column.shape)} was given."
                )
        return tuple(data)

    def member(self, k: int) -> nn.Module:
        """Member k as an ordinary module with copies of its tensors."""
        if not -len(self) <= k < len(self):
            raise EnsembleError(f"There is no member {k} in an ensemble of {len(self)}.")
        parameters = {name: tensor[k] for name, tensor in self.parameters.items()}
        return filled(self.module, parameters, {name: tensor[k] for name, tensor in self.buffers.items()})

    def select(self, rows: slice | Sequence[int]) -> "Ensemble":
        """The ensemble of these members only, with copies of their tensors."""
        index = list(range(len(self)))[rows] if isinstance(rows, slice) else [int(row) for row in rows]
        parameters = {name: tensor[index] for name, tensor in self.parameters.items()}
        buffers = {name: tensor[index] for name, tensor in self.buffers.items()}
        return Ensemble(self.module, parameters, buffers, tuple(self.seeds[i] for i in index))

    def copy(self) -> "Ensemble":
        """An independent copy."""
        return self.select(slice(None))

    def to(self, device: str | torch.device) -> "Ensemble":
        """The ensemble on this device."""
        device = _present(device)
        parameters = {name: tensor.to(device) for name, tensor in self.parameters.items()}
        buffers = {name: tensor.to(device) for name, tensor in self.buffers.items()}
        return Ensemble(self.module, parameters, buffers, self.seeds)

    @property
    def device(self) -> torch.device:
        """Where the stacked tensors lie."""
        return next(iter([*self.parameters.values(), *self.buffers.values()]), torch.empty(0)).device


def _present(device: str | torch.device) -> torch.device:
    try:
        device = torch.device(device)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise EnsembleError(
            f"The device '{device}' is not there: use 'cpu' or one that torch sees."
        ) from error
    return device
