"""Training of the in-context regression transformer, kept as an ensemble of all its checkpoints."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from verified_dynamics.degeneracy.transient_structure.training import (
    Members,
    Problem,
    build,
    train_on_pools,
)
from verified_dynamics.ensemble import Ensemble

TOKENS_HELD = 2**22  # tokens of all members that are evaluated at once


def checkpoint_steps(steps: int, *, linear: int, logarithmic: int) -> tuple[int, ...]:
    """The steps 0 ... `steps` of a union of equally spaced checkpoints and geometric ones.

    linear, logarithmic: how many of each kind are asked for; rounding to whole steps makes some coincide.
    Source: Hoogland et al. 2025, appendix on checkpoints. Raises ValueError where there is none.
    """
    if steps < 1 or linear < 1 or logarithmic < 0:
        raise ValueError(
            f"steps and linear are at least 1 and logarithmic at least 0, but they are {steps}, {linear} and "
            f"{logarithmic}."
        )
    even = np.linspace(0, steps, linear + 1)
    geometric = np.geomspace(1, steps, logarithmic) if logarithmic else []
    return tuple(sorted({round(step) for step in (*even, *geometric)}))


@dataclass(frozen=True)
class Development:
    """Every checkpoint of a training: member s * len(steps) + i of `checkpoints` is seed s at steps[i]."""

    problem: Problem
    checkpoints: Ensemble
    steps: tuple[int, ...]
    seeds: tuple[int, ...]

    def at(self, steps: Sequence[int]) -> Ensemble:
        """The checkpoints at these steps only, (seeds * len(steps)) members, seeds first.

        Raises ValueError for a step that was not recorded.
        """
        missing = sorted(set(steps) - set(self.steps))
        if missing:
            raise ValueError(f"There is no checkpoint at step {missing[0]}; the steps are {self.steps}.")
        rows = [
            s * len(self.steps) + self.steps.index(step) for s in range(len(self.seeds)) for step in steps
        ]
        return self.checkpoints.select(rows)

    def by_seed(self, values: Tensor) -> Tensor:
        """Values (seeds * checkpoints, ...) of this or of some of its checkpoints as (seeds, checkpoints, ...)."""
        return values.unflatten(0, (len(self.seeds), -1))

    def predictions(self, x: Tensor, y: Tensor) -> Tensor:
        """Predictions (seeds, checkpoints, n, K) of every checkpoint on the sequences x (n, K, D), y (n, K)."""
        held = max(1, TOKENS_HELD // (2 * y.numel()))
        rows = range(len(self.checkpoints))
        with torch.no_grad():
            parts = [
                self.checkpoints.select(rows[start : start + held]).map(_predict, x, y)
                for start in range(0, len(rows), held)
            ]
        return self.by_seed(torch.cat(parts))


def _predict(model: Callable, x: Tensor, y: Tensor) -> Tensor:
    return model(x, y)


def train_in_context(
    seeds: Sequence[int],
    problem: Problem,
    *,
    width: int,
    layers: int,
    heads: int,
    steps: int,
    batch: int,
    learning_rate: float,
    warm_up: float,
    checkpoints: Sequence[int],
    device: str | torch.device,
) -> Development:
    """Train one transformer for each seed on Gaussian tasks, with fresh sequences in every step, and keep checkpoints.

    Adam without weight decay on a one-cycle schedule, in float32. Source: Hoogland et al. 2025, section 3.2.
    """
    members = Members(problem, (float("inf"),), tuple(seeds))
    ensemble = build(members, width=width, layers=layers, heads=heads, device=device)
    trajectory = train_on_pools(
        ensemble, members, steps=steps, batch=batch, learning_rate=learning_rate, warm_up=warm_up,
        record=lambda present, step: present.parameters, record_at=checkpoints,
    )  # fmt: skip
    parameters = {name: value.flatten(0, 1).to(device) for name, value in trajectory.values.items()}
    repeated = tuple(seed for seed in members.seeds for _ in trajectory.steps)
    kept = Ensemble(ensemble.module, parameters, {}, repeated)
    return Development(problem, kept, trajectory.steps, members.seeds)
