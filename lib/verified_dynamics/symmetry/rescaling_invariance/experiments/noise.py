"""Runs with label noise on y = u·relu(wx): the rate of the drift, and where it ends."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
import xarray as xr
from torch import Tensor

from verified_dynamics.experiments import Profile, Tolerance, experiment
from verified_dynamics.symmetry.rescaling_invariance.experiments.setting import CHAPTER, generator

# Inputs are uniform on [1/2, 3/2]: E x² = 13/12.
MEAN_SQUARE_INPUT = 13 / 12


@experiment(
    "noise-decay",
    chapter=CHAPTER,
    smoke=Profile(
        grid={"noise": (0.5, 0.0), "step_size": (0.04, 0.02)},
        seeds=8,
        settings={"horizon": 20.0, "replicas": 512},
    ),
    full=Profile(
        grid={"noise": (0.5, 0.0), "step_size": (0.04, 0.02, 0.01, 0.005)},
        seeds=64,
        settings={"horizon": 20.0, "replicas": 1024},
    ),
    tolerances={"log_decay": Tolerance(rtol=1e-6, atol=1e-9)},
)
def noise_decay(cell: dict, seeds: Sequence[int], device: torch.device) -> xr.Dataset:
    """Label noise and step size vary at fixed Nη, from a minimum with u = 2, w = ½; measured is −log of u² − w²."""
    w, u = _start(seeds, cell["replicas"], 1)
    before = (u**2).sum(-1) - w**2
    for uniform in _draws(seeds, 3, round(cell["horizon"] / cell["step_size"]), cell["replicas"], 1):
        w, u = _noisy_step(w, u, uniform, cell["noise"], cell["step_size"])
    after = (u**2).sum(-1) - w**2  # (s, replicas)
    decay = -torch.log(after.mean(1) / before.mean(1))
    return xr.Dataset({"log_decay": ("seed", decay.numpy())})


def decay_rate_over_theory(noise: float):
    """Statistic: measured rate of log(u² − w²) at the smallest step over ησ²E[x²] (σ = ½ also for the control)."""

    def statistic(data: xr.Dataset) -> xr.DataArray:
        step = float(data["step_size"].min())
        return data["log_decay"].sel(noise=noise, step_size=step, drop=True) / (
            step * 0.25 * MEAN_SQUARE_INPUT * 20.0
        )

    return statistic


@experiment(
    "noise-equilibrium",
    chapter=CHAPTER,
    smoke=Profile(
        grid={"outputs": (4,)},
        seeds=8,
        settings={"step_size": 0.04, "noise": 1.0, "steps": 5000, "replicas": 64},
    ),
    full=Profile(
        grid={"outputs": (1, 2, 4, 8)},
        seeds=64,
        settings={"step_size": 0.02, "noise": 1.0, "steps": 15000, "replicas": 64},
    ),
    tolerances={"norm_ratio": Tolerance(rtol=1e-6), "gradient_ratio": Tolerance(rtol=1e-6)},
)
def noise_equilibrium(cell: dict, seeds: Sequence[int], device: torch.device) -> xr.Dataset:
    """The number k of outputs varies; measured late are E‖u‖²/E w² and the ratio of the gradients' second moments."""
    w, u = _start(seeds, cell["replicas"], cell["outputs"])
    draws = _draws(seeds, 4, cell["steps"], cell["replicas"], cell["outputs"])
    sums = torch.zeros(4, len(seeds), dtype=torch.float64)
    for step, uniform in enumerate(draws):
        before_w, before_u = w, u
        w, u = _noisy_step(w, u, uniform, cell["noise"], cell["step_size"])
        if step >= cell["steps"] * 3 // 4:
            moments = (w**2, (u**2).sum(-1), (w - before_w) ** 2, ((u - before_u) ** 2).sum(-1))
            sums += torch.stack([m.mean(1) for m in moments])
    return xr.Dataset(
        {
            "norm_ratio": ("seed", (sums[1] / sums[0]).numpy()),
            "gradient_ratio": ("seed", (sums[3] / sums[2]).numpy()),
        }
    )


def norm_ratio(outputs: int):
    """Statistic: E‖u‖²/E w² with that many outputs, per seed."""
    return lambda data: data["norm_ratio"].sel(outputs=outputs)


def gradient_ratio(outputs: int):
    """Statistic: E‖∇_u‖²/E‖∇_w‖² with that many outputs, per seed."""
    return lambda data: data["gradient_ratio"].sel(outputs=outputs)


def _start(seeds: Sequence[int], replicas: int, outputs: int) -> tuple[Tensor, Tensor]:
    """A minimum of the noiseless loss: w = ½ and ‖u‖ = 2, with targets y = x in one fixed direction."""
    w = torch.full((len(seeds), replicas), 0.5, dtype=torch.float64)
    u = torch.zeros(len(seeds), replicas, outputs, dtype=torch.float64)
    u[..., 0] = 2.0
    return w, u


def _draws(seeds: Sequence[int], stream: int, steps: int, replicas: int, outputs: int) -> Iterator[Tensor]:
    """Uniform numbers (s, r, k + 1) for each step: the input, and the signs of the label noise."""
    generators = [generator(seed, stream) for seed in seeds]
    for first in range(0, steps, 100):
        shape = (min(100, steps - first), replicas, outputs + 1)
        block = torch.stack([torch.rand(shape, generator=g, dtype=torch.float64) for g in generators], dim=1)
        yield from block


def _noisy_step(
    w: Tensor, u: Tensor, uniform: Tensor, noise: float, step_size: float
) -> tuple[Tensor, Tensor]:
    """One step on one fresh input x in [½, 3/2] and a fresh noisy label per replica; w: (s, r), u: (s, r, k)."""
    x = 0.5 + uniform[..., 0]
    signs = torch.where(uniform[..., 1:] < 0.5, -1.0, 1.0)
    hidden = torch.relu(w * x)
    target = torch.zeros_like(u)
    target[..., 0] = x
    error = u * hidden[..., None] - target - noise * signs
    slope = (error * u).sum(-1) * x * (w * x > 0)
    return w - step_size * slope, u - step_size * error * hidden[..., None]
