"""Each way in which an estimate goes wrong, provoked once, and what the verdict says; chains that saturate."""

import numpy as np
import torch
import xarray as xr
from torch import nn

from verified_dynamics.degeneracy.local_learning_coefficient import (
    balanced_point,
    local_learning_coefficients,
)
from verified_dynamics.degeneracy.local_learning_coefficient.experiments.steps import (
    half_squared_error,
    linear_network,
    population_data,
)
from verified_dynamics.ensemble import Ensemble, train
from verified_dynamics.experiments import Profile, Tolerance, experiment

CHAPTER = "degeneracy/local-learning-coefficient"
# nβ, γ, ε and by how much every weight is moved off the minimum; then what is changed to provoke each failure.
SOUND = {"n_beta": 100.0, "localization": 4.0, "step": 1e-3, "shift": 0.0}
PROVOKED = {
    "nothing": {},
    "one chain": {},
    "diverged": {"step": 0.1},
    "step beyond linear stability": {"step": 0.021},
    "step too large": {"step": 0.012},
    "saturated": {"n_beta": 2.0, "localization": 0.05, "step": 0.02},
    "left the basin": {"n_beta": 20.0, "step": 3e-3},
    "negative": {"shift": 0.3},
    "not a minimum": {"shift": 0.05},
    "not mixed": {"n_beta": 1e4, "localization": 0.1, "step": 5e-7},
    "not relaxed": {"n_beta": 3e4, "localization": 0.1, "step": 1e-6},
    "localisation-dominated": {"localization": 400.0},
}
FAILURES = tuple(PROVOKED)[1:]


@experiment(
    "provoked-failures",
    chapter=CHAPTER,
    smoke=Profile(seeds=4, settings={"draws": 500}),
    full=Profile(seeds=32, settings={"draws": 1000}),
    tolerances={"reported": Tolerance(atol=1.0), "coefficient": Tolerance(rtol=1.0, atol=100.0)},
    unit="repetitions",
)
def provoked_failures(cell, seeds, device) -> xr.Dataset:
    """SGLD (8 chains) at a minimum of reduced-rank regression (5, 3, 5) of rank 1 with settings that work, and with one
    or two of them spoiled to provoke one failure of the verdict: which failures it reports.

    The zero map stands for a network that learnt nothing.
    """
    layers = tuple(w.to(device) for w in balanced_point((5, 3, 5), 1))
    many = [{**SOUND, **PROVOKED[name]} for name in PROVOKED if name != "one chain" for _ in seeds]
    lone = [SOUND for _ in seeds]
    found = [*_judged(layers, lone, 1, cell["draws"], seeds), *_judged(layers, many, 8, cell["draws"], seeds)]
    order = ["one chain", *(name for name in PROVOKED if name != "one chain")]
    reported = np.array([[float(f in e.verdict) for f in FAILURES] for e in found])
    return xr.Dataset(
        {
            "reported": (("provoked", "seed", "failure"), reported.reshape(len(order), len(seeds), -1)),
            "coefficient": (("provoked", "seed"), np.reshape([e.estimate for e in found], (len(order), -1))),
        },
        coords={"failure": list(FAILURES), "provoked": order},
    )


def _judged(layers, settings: list[dict], chains: int, draws: int, seeds):
    inputs, targets = population_data(layers)
    net = linear_network(layers).to(inputs.device)
    shift = torch.tensor([s["shift"] for s in settings], dtype=torch.float64, device=inputs.device)[
        :, None, None
    ]
    ensemble = Ensemble(
        net, {f"{k}.weight": w + shift for k, w in enumerate(layers)}, {}, tuple(range(len(settings)))
    )
    n_beta, gamma, step = (
        torch.tensor([s[name] for s in settings], dtype=torch.float64)
        for name in ("n_beta", "localization", "step")
    )
    return local_learning_coefficients(
        ensemble, half_squared_error, (inputs, targets), temperature=len(inputs) / n_beta, localization=gamma,
        step=step, chains=chains, draws=draws, burn_in=draws, seed=8000 + seeds[0],
        untrained_loss=float(targets.square().sum(-1).mean() / 2),
    )  # fmt: skip


def named(data: xr.Dataset) -> xr.DataArray:
    """Share of the provoked failures that are among those reported, per repetition."""
    return sum(data.reported.sel(provoked=f, failure=f) for f in FAILURES) / len(FAILURES)


def false_alarms(data: xr.Dataset) -> xr.DataArray:
    """Number of failures reported for the settings that work, per repetition."""
    return data.reported.sel(provoked="nothing").sum("failure")


def reported_by_nothing(data: xr.Dataset) -> xr.DataArray:
    """The share named if the verdict were that of the sound settings, per repetition."""
    return data.reported.sel(provoked="nothing").mean("failure")


class BoundedNetwork(nn.Sequential):
    """A network of one hidden layer with outputs in (−1, 1): (n, 1) -> (n, 1)."""

    def __init__(self, generator: torch.Generator):
        super().__init__(nn.Linear(1, 16), nn.Tanh(), nn.Linear(16, 1), nn.Tanh())
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.copy_(torch.randn(parameter.shape, generator=generator) / 2)
        self.double()


CHECKPOINTS = (0, 30, 150, 1000)


@experiment(
    "saturated-chains",
    chapter=CHAPTER,
    smoke=Profile(grid={"setting": ("loose", "tight")}, seeds=8, settings={"chains": 8, "draws": 150}),
    full=Profile(grid={"setting": ("loose", "tight")}, seeds=32, settings={"chains": 16, "draws": 1000}),
    tolerances={
        "coefficient": Tolerance(rtol=0.3, atol=1.0), "loss": Tolerance(rtol=0.05), "chain_loss": Tolerance(rtol=0.1),
        "flagged": Tolerance(atol=1.0), "n_beta": Tolerance(),
    },
    unit="trained networks",
)  # fmt: skip
def saturated_chains(cell, seeds, device) -> xr.Dataset:
    """λ̂ along the training of small networks with bounded outputs, with chains so loosely tied that they forget
    w* (γ = 0.01, large steps) and with chains that stay near it (γ = 100, small steps), nβ = 20.
    """
    generator = torch.Generator().manual_seed(8100)
    x = 4 * torch.rand(32, 1, generator=generator, dtype=torch.float64) - 2
    data = (x.to(device), (0.9 * torch.sin(2 * x)).to(device))
    ensemble = Ensemble.build(BoundedNetwork, [8100 + seed for seed in seeds], device=device)
    trajectory = train(
        ensemble, half_squared_error, data, steps=CHECKPOINTS[-1], optimizer=torch.optim.Adam, learning_rate=0.01,
        record=lambda members, step: members.parameters, record_at=CHECKPOINTS,
    )  # fmt: skip
    stacked = {name: w.transpose(0, 1).flatten(0, 1).to(device) for name, w in trajectory.values.items()}
    points = Ensemble(ensemble.module, stacked, {}, tuple(range(len(CHECKPOINTS) * len(seeds))))
    n_beta = 20.0
    tie = (
        {"localization": 1e-2, "step": 2.0}
        if cell["setting"] == "loose"
        else {"localization": 100.0, "step": 1e-3}
    )
    found = local_learning_coefficients(
        points, half_squared_error, data, temperature=32 / n_beta, chains=cell["chains"], draws=cell["draws"],
        burn_in=cell["draws"], seed=8200 + seeds[0], **tie,
    )  # fmt: skip
    columns = {
        "coefficient": lambda e: e.estimate,
        "loss": lambda e: e.baseline_loss,
        "chain_loss": lambda e: e.chain_loss,
        "flagged": lambda e: float("saturated" in e.verdict),
    }
    shape = (len(CHECKPOINTS), len(seeds))
    values = {
        name: (("checkpoint", "seed"), torch.tensor([read(e) for e in found]).reshape(shape).numpy())
        for name, read in columns.items()
    }
    return xr.Dataset({**values, "n_beta": ((), n_beta)}, coords={"checkpoint": list(CHECKPOINTS)})


def slope_against_loss(setting: str):
    """Slope of λ̂ against −nβ L(w*) over the checkpoints, per network; 1 where the chains forgot w*."""

    def slope(data: xr.Dataset) -> xr.DataArray:
        chosen = data.sel(setting=setting)
        x = -chosen.n_beta * chosen.loss
        x = x - x.mean("checkpoint")
        return (x * chosen.coefficient).sum("checkpoint") / (x**2).sum("checkpoint")

    return slope
