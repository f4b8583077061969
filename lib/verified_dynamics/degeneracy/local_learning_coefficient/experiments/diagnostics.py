"""What comes free with the draws: the paired baseline, and the slopes in temperature and localisation."""

import numpy as np
import torch
import xarray as xr

from verified_dynamics.degeneracy.local_learning_coefficient import (
    balanced_point,
    local_learning_coefficients,
    one_hidden_unit,
)
from verified_dynamics.degeneracy.local_learning_coefficient.experiments.steps import (
    half_squared_error,
    repeated,
)
from verified_dynamics.degeneracy.local_learning_coefficient.fibre_points import layer_product
from verified_dynamics.experiments import Profile, Tolerance, experiment

CHAPTER = "degeneracy/local-learning-coefficient"


@experiment(
    "paired-baseline",
    chapter=CHAPTER,
    smoke=Profile(seeds=128, settings={"samples": 2000, "draws": 40, "batch": 32}),
    full=Profile(seeds=256, settings={"samples": 20_000, "draws": 200, "batch": 64}),
    tolerances={
        "paired": Tolerance(atol=2.0), "unpaired": Tolerance(atol=100.0), "predicted_deviation": Tolerance(rtol=0.05),
    },
    unit="repetitions",
)  # fmt: skip
def paired_baseline(cell, seeds, device) -> xr.Dataset:
    """The same chains of minibatch SGLD on noisy reduced-rank regression (5, 3, 5), read with the loss at w* on the
    minibatch of the draw (paired) and with the loss at w* on other minibatches (unpaired).

    The unpaired estimate takes the chains' mean loss on their own minibatches less the mean of as many samples drawn
    anew at w*. Its noise is predicted from the samples' losses at w*: nβ sd(ℓ) √(2/(number of samples seen)).
    """
    generator = torch.Generator().manual_seed(9000)
    layers = balanced_point((5, 3, 5), 1)
    inputs = torch.randn(cell["samples"], 5, generator=generator, dtype=torch.float64)
    noise = torch.randn(cell["samples"], 5, generator=generator, dtype=torch.float64)
    targets = inputs @ layer_product(layers).T + noise
    layers = tuple(w.to(device) for w in layers)
    chains, n_beta = 4, cell["samples"] / np.log(cell["samples"])
    found = local_learning_coefficients(
        repeated(layers, len(seeds)), half_squared_error, (inputs.to(device), targets.to(device)), chains=chains,
        draws=cell["draws"], burn_in=40, step=0.1 / n_beta, localization=n_beta / 20, batch_size=cell["batch"],
        seed=9000 + seeds[0],
    )  # fmt: skip
    losses = (noise**2).sum(1) / 2
    seen = chains * cell["draws"] * cell["batch"]
    rows = [torch.Generator().manual_seed(9100 + seed) for seed in seeds]
    own, other = (
        torch.stack([losses[torch.randint(len(losses), (seen,), generator=g)].mean() for g in rows])
        for _ in "ab"
    )
    paired = np.array([e.estimate for e in found])
    return xr.Dataset(
        {
            "paired": ("seed", paired),
            "unpaired": ("seed", paired + n_beta * (own - other).numpy()),
            "predicted_deviation": ((), float(n_beta * losses.std() * (2 / seen) ** 0.5)),
        }
    )


def squared_deviation(kind: str):
    """(λ̂ − mean)² over the unpaired variance that is predicted, per repetition; 1 on average for the unpaired one."""

    def square(data: xr.Dataset) -> xr.DataArray:
        values = data[kind]
        return (values - values.mean()) ** 2 / data.predicted_deviation**2 * (values.size / (values.size - 1))

    return square


@experiment(
    "slopes-from-the-draws",
    chapter=CHAPTER,
    smoke=Profile(seeds=24, settings={"draws": 800, "n_beta": 100.0, "localization": 5.0}),
    full=Profile(seeds=64, settings={"draws": 4000, "n_beta": 100.0, "localization": 5.0}),
    tolerances={name: Tolerance(atol=0.1) for name in ("by_localization", "by_temperature")}
    | {name: Tolerance(rtol=1e-6) for name in ("exact_by_localization", "exact_by_temperature")},
    unit="estimates",
)  # fmt: skip
def slopes_from_draws(cell, seeds, device) -> xr.Dataset:
    """dλ̂/d log γ and dλ̂/d log nβ from the draws of MALA at one hidden unit (2 inputs, 3 outputs, target zero) beside
    the exact derivatives of the closed form.

    The step is a third of the usual one: far from w* the loss grows with the fourth power, and bolder proposals stick.
    """
    n_beta, gamma = cell["n_beta"], cell["localization"]
    zeros = (torch.zeros(1, 2, dtype=torch.float64), torch.zeros(3, 1, dtype=torch.float64))
    layers = tuple(w.to(device) for w in zeros)
    inputs = 2**0.5 * torch.eye(2, dtype=torch.float64, device=device)
    targets = torch.zeros(2, 3, dtype=torch.float64, device=device)
    found = local_learning_coefficients(
        repeated(layers, len(seeds)), half_squared_error, (inputs, targets), temperature=2 / n_beta,
        localization=gamma, sampler="mala", step=0.02, chains=8, draws=cell["draws"],
        burn_in=200, seed=9500 + seeds[0],
    )  # fmt: skip
    small = 1e-4
    values = one_hidden_unit(2, 3, n_beta * np.exp([small, -small]), gamma)
    by_temperature = float(values[0] - values[1]) / (2 * small)
    return xr.Dataset(
        {
            "by_localization": ("seed", [e.gamma_slope for e in found]),
            "by_temperature": ("seed", [e.temperature_slope for e in found]),
            # The value depends on nβ/γ² alone.
            "exact_by_localization": ((), -2 * by_temperature),
            "exact_by_temperature": ((), by_temperature),
        }
    )


def slope_over_exact(name: str):
    """The slope from the draws over the exact one, per estimate; name: "localization" or "temperature"."""
    return lambda data: data[f"by_{name}"] / data[f"exact_by_{name}"]
