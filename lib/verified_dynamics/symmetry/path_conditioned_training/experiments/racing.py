"""A race: many trainings at once, each of which leaves when its loss has crossed the threshold or never will."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
import xarray as xr
from torch import Tensor

from verified_dynamics.ensemble import Ensemble, train


def cross_entropy(model: Callable[[Tensor], Tensor], x: Tensor, y: Tensor) -> Tensor:
    """Mean cross-entropy of one network."""
    return F.cross_entropy(model(x), y)


@dataclass(frozen=True)
class Race:
    """What a race gave, for every member.

    losses: mean training loss of each epoch (members, epochs), NaN from the block on in which a member had left.
    epochs: how many epochs went before the first one below the threshold (members,), infinite where there is none.
    diverged: whether the loss ceased to be finite before that (members,).
    """

    losses: Tensor
    epochs: Tensor
    diverged: Tensor


def race(
    ensemble: Ensemble,
    data: Sequence[Tensor],
    *,
    learning_rate: float | Tensor,
    threshold: float,
    limit: int,
    floor: float | None = None,
    batch_size: int | None = None,
    shared_data: bool = True,
    block: int = 20,
) -> Race:
    """Train every member by gradient descent on the cross-entropy until it is below the threshold, `limit` epochs long.

    After every block of epochs those members leave whose loss went below `floor` (the threshold if None) or ceased to
    be finite, and under full batches those whose parameters no longer move: they would repeat themselves for ever.
    Members are independent, so that leaving changes nothing for the others. Minibatches are drawn from the seed of
    the member and the block, so that the starting points of one seed see the same ones. The ensemble is left as it is.
    """
    rates = torch.as_tensor(learning_rate, dtype=torch.float64).expand(len(ensemble))
    running, rows = ensemble.copy(), torch.arange(len(ensemble))
    losses = torch.full((len(ensemble), limit), math.nan, dtype=torch.float64)
    broken = torch.zeros(len(ensemble), dtype=torch.bool)
    length = 1 if batch_size is None else data[0].shape[0 if shared_data else 1] // batch_size
    for first in range(0, limit, block):
        epochs = min(block, limit - first)
        columns = tuple(data) if shared_data else tuple(column[rows.to(column.device)] for column in data)
        before = None if batch_size else {name: p.clone() for name, p in running.parameters.items()}
        found = train(
            running, cross_entropy, columns, steps=epochs * length, learning_rate=rates[rows],
            batch_size=batch_size, shared_data=shared_data, stream=first,
        )  # fmt: skip
        means = found.losses.double().unflatten(1, (epochs, length)).mean(dim=2)  # (running members, epochs)
        losses[rows, first : first + epochs] = means
        broken[rows] = found.diverged
        stays = ~(means < (threshold if floor is None else floor)).any(dim=1) & ~found.diverged
        if before is not None:
            stays &= _moved(before, running.parameters)
        if not stays.any():
            break
        running, rows = running.select(stays.nonzero()[:, 0].tolist()), rows[stays]
    epochs = first_below(losses, threshold)
    return Race(losses, epochs, broken & epochs.isinf())


def first_below(losses: Tensor, threshold: float) -> Tensor:
    """Index of the first loss (..., epochs) below the threshold, infinite where there is none; NaN is not below."""
    below = losses < threshold
    return torch.where(below.any(dim=-1), below.int().argmax(dim=-1).double(), math.inf)


def _moved(before: dict[str, Tensor], after: dict[str, Tensor]) -> Tensor:
    moved = [(before[name] != p).flatten(1).any(dim=1) for name, p in after.items()]
    return torch.stack(moved).any(dim=0).cpu()


def dataset(found: Race, starts: Sequence[str], *, recorded: Sequence[int] = ()) -> xr.Dataset:
    """The race of members (start, seed) as variables (seed, start), with the losses of the recorded epochs."""

    def by_seed(values: Tensor):
        return values.unflatten(0, (len(starts), -1)).transpose(0, 1).numpy()  # (seed, start, ...)

    variables = {
        "epochs": (("seed", "start"), by_seed(found.epochs)),
        "diverged": (("seed", "start"), by_seed(found.diverged).astype("int8")),
    }
    coordinates: dict = {"start": list(starts)}
    if len(recorded):
        variables["loss"] = (("seed", "start", "epoch"), by_seed(found.losses[:, list(recorded)]))
        coordinates["epoch"] = list(recorded)
    return xr.Dataset(variables, coords=coordinates)
