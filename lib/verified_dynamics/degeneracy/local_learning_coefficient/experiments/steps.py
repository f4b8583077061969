"""What the step and the minibatches of stochastic gradient Langevin dynamics add to an estimate."""

import numpy as np
import torch
import xarray as xr
from torch import nn

from verified_dynamics.degeneracy.local_learning_coefficient import (
    balanced_point,
    block_gibbs,
    layer_product,
    local_learning_coefficients,
)
from verified_dynamics.degeneracy.local_learning_coefficient.experiments.temperatures import (
    half_squared_error,
)
from verified_dynamics.ensemble import Ensemble
from verified_dynamics.experiments import Profile, Tolerance, experiment

CHAPTER = "degeneracy/local-learning-coefficient"
STABILITIES = (0.1, 0.3, 0.8)  # εA/4
BATCHES = ("all data", "minibatches")


@experiment(
    "stationary-variance",
    chapter=CHAPTER,
    smoke=Profile(grid={"batch": BATCHES}, seeds=24, settings={"chains": 24, "draws": 750}),
    full=Profile(grid={"batch": BATCHES}, seeds=64, settings={"chains": 64, "draws": 3000}),
    tolerances={"variance": Tolerance(rtol=0.03), "exact": Tolerance(rtol=1e-9), "ideal": Tolerance(rtol=1e-9)},
    unit="runs of many chains",
)  # fmt: skip
def stationary_variance(cell, seeds, device) -> xr.Dataset:
    """Variance of the estimator's own chains on K = h w²/2 (h = 2, nβ = 50, γ = 4) at three steps, with all data and
    with minibatches of two samples, beside (1 + ε(nβ)²C/(4B))/(A(1 − εA/4)) with A = nβh + γ.

    The data are 64 numbers of mean 0 around which the loss is measured; C = h² times their variance.
    """
    curvature, n_beta, gamma, n = 2.0, 50.0, 4.0, 64
    total = n_beta * curvature + gamma
    values = torch.linspace(-1, 1, n, dtype=torch.float64, device=device)[:, None]
    noise = curvature**2 * float(values.var(correction=0))
    size = None if cell["batch"] == "all data" else 2
    steps = 4 * torch.tensor(STABILITIES, dtype=torch.float64) / total
    shape = (len(seeds), len(STABILITIES))
    places = torch.zeros(shape[0] * shape[1], 1, dtype=torch.float64, device=device)
    points = Ensemble(_Location(), {"w": places}, {}, tuple(range(len(places))))
    estimates = local_learning_coefficients(
        points, _parabola, (values,), temperature=n / n_beta, localization=gamma, step=steps.repeat(len(seeds)),
        batch_size=size, chains=cell["chains"], draws=cell["draws"], burn_in=100, untrained_loss=100.0,
        seed=5000 + seeds[0],
    )  # fmt: skip
    found = np.array([e.squares.mean() for e in estimates]).reshape(shape)
    share = 0.0 if size is None else n_beta**2 * noise / (4 * size)
    ideal = np.full(len(STABILITIES), 1 / total)
    exact = (1 + steps.numpy() * share) / (total * (1 - np.array(STABILITIES)))
    return xr.Dataset(
        {
            "variance": (("seed", "stability"), found),
            "exact": ("stability", exact),
            "ideal": ("stability", ideal),
        },
        coords={"stability": list(STABILITIES)},
    )


class _Location(nn.Module):
    """One weight, w, and no input."""

    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.zeros(1, dtype=torch.float64))

    def forward(self, values):
        return values - self.w


def _parabola(model, values):
    return model(values).square().sum(-1).mean()


def variance_over_formula(batch: str, stability: float):
    """Measured variance over the exact discrete formula, per run."""
    return lambda data: (data.variance / data.exact).sel(batch=batch, stability=stability)


def variance_over_ideal(batch: str, stability: float):
    """Measured variance over 1/A, that of infinitely small steps, per run."""
    return lambda data: (data.variance / data.ideal).sel(batch=batch, stability=stability)


def linear_network(layers) -> nn.Sequential:
    """A torch network with these layers (out, in), first layer first, without biases."""
    net = nn.Sequential(*(nn.Linear(w.shape[1], w.shape[0], bias=False, dtype=torch.float64) for w in layers))
    with torch.no_grad():
        for module, weight in zip(net, layers, strict=True):
            module.weight.copy_(weight)
    return net


def population_data(layers) -> tuple[torch.Tensor, torch.Tensor]:
    """Inputs √M e_i and the network's own outputs: the mean loss over these M samples *is* the population loss
    ½‖W − W*‖² of standard normal inputs.
    """
    width = layers[0].shape[1]
    inputs = width**0.5 * torch.eye(width, dtype=torch.float64, device=layers[0].device)
    return inputs, inputs @ layer_product(layers).T


@experiment(
    "step-inflation",
    chapter=CHAPTER,
    smoke=Profile(seeds=24, settings={"draws": 900, "n_beta": 145.0, "localization": 4.0}),
    full=Profile(seeds=128, settings={"draws": 12_000, "n_beta": 145.0, "localization": 4.0}),
    tolerances={
        "coefficient": Tolerance(rtol=0.2), "corrected": Tolerance(rtol=0.2), "exact": Tolerance(rtol=0.01),
        "formula": Tolerance(rtol=0.01), "stability": Tolerance(rtol=1e-3),
    },
    unit="chains",
)  # fmt: skip
def step_inflation(cell, seeds, device) -> xr.Dataset:
    """SGLD with all data on reduced-rank regression (5, 3, 5) of rank 1, nβ = 145 and γ = 4, at four steps, the largest
    of which is 60 % of the stable one.

    exact: the same law without a step, by block Gibbs; formula: that, plus what the step adds to a quadratic loss
    with the Hessian's curvatures at w*, Σ nβh/(2A) · (εA/4)/(1 − εA/4); corrected: λ̂ less its virial excess.
    """
    n_beta, gamma = cell["n_beta"], cell["localization"]
    steps = torch.tensor((1e-3, 2e-3, 4e-3, 8e-3), dtype=torch.float64)
    layers = tuple(layer.to(device) for layer in balanced_point((5, 3, 5), 1))
    estimates = local_learning_coefficients(
        repeated(layers, len(steps)), half_squared_error, population_data(layers), temperature=5 / n_beta,
        localization=gamma, step=steps, chains=len(seeds), draws=cell["draws"], burn_in=1200, seed=6000 + seeds[0],
    )  # fmt: skip
    exact = block_gibbs(
        layers, n_beta=n_beta, localization=gamma, chains=64, draws=300, burn_in=100, seed=6100, device=device
    ).estimate
    total = n_beta * reduced_rank_curvatures(layers) + gamma
    growth = steps[:, None].to(device) * total / 4
    added = ((total - gamma) / (2 * total) * growth / (1 - growth)).sum(1)
    parameters = sum(layer.numel() for layer in layers)
    return xr.Dataset(
        {
            "coefficient": (("step", "seed"), [e.per_chain for e in estimates]),
            "corrected": (
                ("step", "seed"), [e.per_chain - (e.virials.mean(1) - parameters) / 2 for e in estimates]
            ),
            "exact": ((), exact),
            "formula": ("step", exact + added.cpu().numpy()),
            "stability": ("step", [e.stability for e in estimates]),
        },
        coords={"step": steps.numpy()},
    )  # fmt: skip


def repeated(layers, copies: int) -> Ensemble:
    """The same linear network as the `copies` members of an ensemble."""
    net = linear_network(layers).to(layers[0].device)
    stacked = {name: p.detach().expand(copies, *p.shape).clone() for name, p in net.named_parameters()}
    return Ensemble(net, stacked, {}, tuple(range(copies)))


def reduced_rank_curvatures(layers) -> torch.Tensor:
    """Eigenvalues of the Hessian of ½‖BA − W*‖² at a minimum (A, B)."""
    first, second = layers
    across = torch.kron(first.T.contiguous(), torch.eye(len(second), dtype=first.dtype, device=first.device))
    along = torch.kron(torch.eye(first.shape[1], dtype=first.dtype, device=first.device), second.contiguous())
    jacobian = torch.cat([across, along], dim=1)  # d vec(BA) by vec(B) and vec(A)
    return torch.linalg.eigvalsh(jacobian.T @ jacobian).clamp_min(0)


def inflation_over(step: float, against: str):
    """λ̂ over the exact value ("exact") or over the quadratic formula ("formula") at a step, per chain."""
    return lambda data: (data.coefficient / data[against]).sel(step=step)


def corrected_over_exact(step: float):
    """λ̂ less its virial excess, over the exact value, per chain."""
    return lambda data: (data.corrected / data.exact).sel(step=step)
