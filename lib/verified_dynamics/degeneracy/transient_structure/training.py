"""Transformers trained in context on pools of several sizes: one stacked network for each pool size and seed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from verified_dynamics.data import TaskPool
from verified_dynamics.ensemble import Ensemble, Trajectory, train
from verified_dynamics.models import RegressionTransformer

_TRAINING, _IN_POOL, _GAUSSIAN, _FIRST_TASK = range(4)  # independent streams of draws of one seed


@dataclass(frozen=True)
class Problem:
    """In-context regression: D, examples K of each sequence, and the variance of the noise."""

    dimension: int
    examples: int
    noise_variance: float


@dataclass(frozen=True)
class Members:
    """Pool sizes and seeds; member number i * len(seeds) + j has sizes[i] (math.inf: Gaussian tasks) and seeds[j].

    All members of one seed start from the same parameters, see the same inputs and the same noise, and their pools
    are nested; they differ in the hidden tasks alone.
    """

    problem: Problem
    sizes: tuple[float, ...]
    seeds: tuple[int, ...]

    def pools(self) -> list[list[TaskPool]]:
        """The pools [size][seed], on the CPU; those of one seed are nested."""
        return [[self._pool(size, seed) for seed in self.seeds] for size in self.sizes]

    def _pool(self, size: float, seed: int) -> TaskPool:
        if size == float("inf"):
            return TaskPool(self.problem.dimension)
        if size != int(size):
            raise ValueError(f"the size of a pool is a whole number or math.inf, but {size} was given.")
        return TaskPool.nested(int(size), self.problem.dimension, seed=_word(seed, 0x706F6F6C))

    def training_data(
        self, batch: int, *, device: str | torch.device
    ) -> Callable[[int], tuple[Tensor, Tensor]]:
        """The fresh sequences of a step: x (members, batch, K, D) and y (members, batch, K), in float32."""
        return _Draws(self, batch, device, (_TRAINING,))

    def in_pool_sequences(self, n: int, *, device: str | torch.device) -> tuple[Tensor, Tensor]:
        """Held-out sequences with tasks from each member's own pool: x (members, n, K, D), y (members, n, K)."""
        return _Draws(self, n, device, (_IN_POOL,))(0)

    def gaussian_sequences(self, n: int, *, device: str | torch.device) -> tuple[Tensor, Tensor]:
        """Held-out sequences with tasks N(0, I) for all members, alike for the members of one seed."""
        gaussian = Members(self.problem, (float("inf"),) * len(self.sizes), self.seeds)
        return _Draws(gaussian, n, device, (_GAUSSIAN,))(0)

    def first_task_sequences(self, n: int, *, device: str | torch.device) -> tuple[Tensor, Tensor]:
        """Held-out sequences with the one task that all pools of a seed share: the probe of joint trajectories."""
        first = Members(self.problem, (1,) * len(self.sizes), self.seeds)
        return _Draws(first, n, device, (_FIRST_TASK,))(0)


class _Draws:
    """Sequences of a step as a function of (seed, step) alone, so that members do not depend on their company."""

    def __init__(self, members: Members, n: int, device: str | torch.device, stream: tuple[int, ...]):
        self.members, self.n, self.device, self.stream = members, n, torch.device(device), stream
        self.tasks = [
            [None if pool.tasks is None else pool.tasks.to(self.device, torch.float32) for pool in row]
            for row in members.pools()
        ]

    def __call__(self, step: int) -> tuple[Tensor, Tensor]:
        columns = [self._of_seed(j, seed, step) for j, seed in enumerate(self.members.seeds)]
        x = torch.stack([x for x, _ in columns])  # (seeds, n, K, D), alike for all sizes
        y = torch.stack([y for _, y in columns], dim=1)  # (sizes, seeds, n, K)
        return x.expand(len(y), *x.shape).flatten(0, 1), y.flatten(0, 1)

    def _of_seed(self, j: int, seed: int, step: int) -> tuple[Tensor, Tensor]:
        problem = self.members.problem
        # Drawn on the CPU, so that a seed means the same sequences on every device.
        generator = torch.Generator().manual_seed(_word(seed, *self.stream, step))
        options = {"generator": generator, "dtype": torch.float32}
        x = torch.randn(self.n, problem.examples, problem.dimension, **options).to(self.device)
        noise = problem.noise_variance**0.5 * torch.randn(self.n, problem.examples, **options).to(self.device)
        gaussian = torch.randn(self.n, problem.dimension, **options).to(self.device)
        place = torch.rand(self.n, generator=generator, dtype=torch.float64).to(self.device)
        hidden = [
            gaussian if row[j] is None else row[j][(place * len(row[j])).long()] for row in self.tasks
        ]  # one (n, D) for each size
        return x, torch.einsum("nkd,mnd->mnk", x, torch.stack(hidden)) + noise


def _word(*keys: int) -> int:
    return int(np.random.SeedSequence([key % 2**64 for key in keys]).generate_state(1, np.uint64)[0] % 2**63)


def mean_squared_error(model, x: Tensor, y: Tensor) -> Tensor:
    """The training loss: mean over sequences and over k of (prediction - y_k)²."""
    return (model(x, y) - y).square().mean()


def triangle(steps: int, warm_up: float) -> Callable[[int], float]:
    """One-cycle factor of the learning rate: up in a line for the share `warm_up` of the steps, then down to 0.

    Source: Raventós et al. 2023, appendix, with a share of one half.
    """
    if not 0 < warm_up < 1:
        raise ValueError(f"warm_up is a share of the steps between 0 and 1, but it is {warm_up}.")
    top = warm_up * steps
    return lambda step: min((step + 1) / max(top, 1), max(steps - step, 0) / max(steps - top, 1), 1.0)


def build(members: Members, *, width: int, layers: int, heads: int, device: str | torch.device) -> Ensemble:
    """Untrained transformers in float32, one for each pool size and seed, alike for the sizes of one seed."""
    problem = members.problem

    def make(generator: torch.Generator) -> RegressionTransformer:
        return RegressionTransformer(
            problem.dimension, problem.examples, width=width, layers=layers, heads=heads, generator=generator,
            dtype=torch.float32,
        )  # fmt: skip

    return Ensemble.build(make, members.seeds * len(members.sizes), device=device)


def train_on_pools(
    ensemble: Ensemble,
    members: Members,
    *,
    steps: int,
    batch: int,
    learning_rate: float,
    warm_up: float,
    record: Callable | None,
    record_at: Sequence[int],
    first: int = 0,
) -> Trajectory:
    """Train all members in place by Adam on fresh sequences from their own pools, on a one-cycle schedule.

    record, record_at: as in `ensemble.train`. first: the number of the first batch, where earlier ones were used.
    """
    draw = members.training_data(batch, device=ensemble.device)
    return train(
        ensemble, mean_squared_error, lambda step: draw(first + step), steps=steps,
        optimizer=torch.optim.Adam, learning_rate=learning_rate, schedule=triangle(steps, warm_up),
        shared_data=False, record=record, record_at=record_at,
    )  # fmt: skip
