"""Scale groups: which parameters a rescaling multiplies, and which it divides by, the same number.

Every parameter element sits on an edge of the network's graph.  It *enters* the channel that the edge leads to and
*leaves* the channel that the edge comes from.  A scale group is a set of channels that must carry one common scale;
group 0 collects the channels whose scale is pinned at one (inputs, outputs, and all that feeds a layer that is not
positively homogeneous).  The rescaling with scales ``c`` multiplies element ``i`` by ``c[enters_i] / c[leaves_i]``.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor


class ScaleGroupError(ValueError):
    """The scales, the groups and the model do not fit together."""


@dataclass(frozen=True)
class ParameterScale:
    """The groups that one parameter tensor enters and leaves: long tensors that broadcast to its shape."""

    enters: Tensor
    leaves: Tensor


@dataclass(frozen=True)
class Pin:
    """Channels whose scale is fixed at one: the graph node that fixes them, their number, and the reason."""

    where: str
    channels: int
    reason: str

    def __str__(self) -> str:
        many = {0: "no channels", 1: "1 channel"}.get(self.channels, f"{self.channels} channels")
        return f"pinned: {many} at {self.where}, because {self.reason}"


@dataclass(frozen=True)
class ScaleGroups:
    """The rescaling symmetry of a model: ``count`` free positive numbers and how each parameter depends on them.

    ``labels[g - 1]`` names group ``g`` after the layer and channel that first carries it; ``pinned`` says which
    channels are not free and why; ``str(groups)`` is a readable report.
    """

    entries: Mapping[str, ParameterScale]
    shapes: Mapping[str, torch.Size]
    labels: tuple[str, ...]
    members: tuple[int, ...]
    pinned: tuple[Pin, ...]

    @property
    def count(self) -> int:
        """Number of free scale groups, which is the dimension of the symmetry group."""
        return len(self.labels)

    def scales(self, chosen: Tensor | Mapping[str, float]) -> Tensor:
        """Check scales and return them as float64 ``(count,)``; a mapping from labels leaves the others at one."""
        if isinstance(chosen, Mapping):
            values = torch.ones(self.count, dtype=torch.float64)
            for label, value in chosen.items():
                values[self.index(label)] = float(value)
        else:
            values = torch.as_tensor(chosen).detach().to(torch.float64)
        if values.shape != (self.count,):
            raise ScaleGroupError(
                f"The model has {self.count} free scale groups, but the scales have shape {tuple(values.shape)}; "
                f"pass a tensor of shape ({self.count},)."
            )
        wrong = ~(torch.isfinite(values) & (values > 0))
        if wrong.any():
            first = int(wrong.nonzero()[0])
            raise ScaleGroupError(
                f"The scale of group {self.labels[first]!r} is {float(values[first])}; "
                "scales must be positive and finite, because ReLU commutes with positive factors only."
            )
        return values

    def index(self, label: str) -> int:
        """Position of the group named ``label`` among the free groups."""
        if label in self.labels:
            return self.labels.index(label)
        near = difflib.get_close_matches(label, self.labels, n=1)
        hint = f"; the nearest is {near[0]!r}" if near else ""
        raise ScaleGroupError(f"There is no free scale group {label!r}{hint}.")

    def random_scales(self, generator: torch.Generator, *, spread: float = 0.7) -> Tensor:
        """Draw log-normal scales ``(count,)`` whose logarithm has standard deviation ``spread``."""
        return torch.exp(spread * torch.randn(self.count, generator=generator, dtype=torch.float64))

    def diagonal(self, scales: Tensor | Mapping[str, float]) -> dict[str, Tensor]:
        """The diagonal ``d`` of the rescaling, one float64 tensor per parameter: the action is θ ↦ d·θ."""
        padded = torch.cat([torch.ones(1, dtype=torch.float64), self.scales(scales).cpu()])
        result = {}
        for name, entry in self.entries.items():
            factor = padded[entry.enters] / padded[entry.leaves]
            result[name] = factor.expand(self.shapes[name])
        return result

    def incoming_outgoing(self, values: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Sum a quantity per parameter element over the elements that enter, and that leave, each free group.

        ``values`` maps parameter names to tensors ``(*lead, *shape)`` with common leading dimensions (stacked seeds
        for instance); both results are ``(*lead, count)``.
        """
        name = next(iter(self.entries))
        lead = values[name].shape[: values[name].dim() - len(self.shapes[name])]
        sample = values[name]
        entering = sample.new_zeros(*lead, self.count + 1)
        leaving = sample.new_zeros(*lead, self.count + 1)
        for name, entry in self.entries.items():
            flat = values[name].reshape(*lead, -1)  # (*lead, p)
            for total, index in ((entering, entry.enters), (leaving, entry.leaves)):
                if bool((index == 0).all()):
                    continue
                where = index.expand(self.shapes[name]).reshape(-1).to(flat.device)
                total.index_add_(-1, where, flat)
        return entering[..., 1:], leaving[..., 1:]

    def difference(self, values: Mapping[str, Tensor]) -> Tensor:
        """Incoming minus outgoing sum of a quantity per group, ``(*lead, count)``."""
        entering, leaving = self.incoming_outgoing(values)
        return entering - leaving

    def __str__(self) -> str:
        tied = sum(members > 1 for members in self.members)
        head = f"{self.count} free scale groups"
        if tied:
            head += f", {tied} of them tied over several channels"
        return "\n".join([head, *(str(pin) for pin in self.pinned)])
