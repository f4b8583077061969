"""What the data sets of this package are: inputs, targets, a name and where they come from."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor


class DataMissing(FileNotFoundError):
    """A data set is neither in the local folder nor to be had from the network."""


class DataCorrupt(ValueError):
    """A file of a data set is truncated, foreign or otherwise not what it should be."""


@dataclass(frozen=True, eq=False)
class DataSet:
    """Inputs x (n, ...) with targets y (n,), a name, where they come from, and the classes' names."""

    x: Tensor
    y: Tensor
    name: str
    source: str
    classes: tuple[str, ...] = ()

    def __post_init__(self):
        if len(self.x) != len(self.y):
            raise ValueError(f"{self.name} has {len(self.x)} inputs but {len(self.y)} targets.")

    def __len__(self) -> int:
        return len(self.x)

    @property
    def flat(self) -> Tensor:
        """The inputs with all but the first dimension joined: (n, d)."""
        return self.x.flatten(1)

    def take(self, indices: Tensor | Sequence[int] | slice) -> "DataSet":
        """The same data set restricted to the given samples, in the given order."""
        if not isinstance(indices, slice):
            indices = torch.as_tensor(indices, dtype=torch.long)
        return replace(self, x=self.x[indices], y=self.y[indices])

    def split(self, first: int, *, generator: torch.Generator) -> tuple["DataSet", "DataSet"]:
        """Two disjoint parts in random order, of `first` samples and of the others."""
        if not 0 < first < len(self):
            raise ValueError(f"the first part must hold 1 to {len(self) - 1} samples, but {first} are asked.")
        order = torch.randperm(len(self), generator=generator)
        return self.take(order[:first]), self.take(order[first:])


def choose_samples(
    y: Tensor, *, name: str, classes: Sequence[int] | None, limit: int | None
) -> tuple[Tensor, Tensor]:
    """The indices of the first `limit` samples of the given classes, and their targets.

    With `classes` given, targets are renumbered 0, 1, ... in the order in which the classes are named.
    """
    present = sorted(set(y.tolist()))
    chosen = present if classes is None else list(classes)
    unknown = [label for label in chosen if label not in present]
    if unknown or len(set(chosen)) != len(chosen) or not chosen:
        raise ValueError(f"classes of {name} must be distinct ones of {present}, but they are {chosen}.")
    indices = torch.isin(y, torch.tensor(chosen)).nonzero().squeeze(1)
    available = len(indices)
    if limit is not None and (isinstance(limit, bool) or not 0 < limit <= available):
        raise ValueError(f"limit must lie between 1 and {available} for {name}, but it is {limit}.")
    indices = indices[:limit]
    targets = y[indices]
    if classes is not None:
        number = {label: position for position, label in enumerate(chosen)}
        targets = torch.tensor([number[label] for label in targets.tolist()])
    return indices, targets
