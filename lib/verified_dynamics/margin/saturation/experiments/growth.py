"""Runs on the growth of the norm: simulated laws, optimisers on noise, T5's published series, weight decay."""

import math

import numpy as np
import torch
import xarray as xr

from verified_dynamics.experiments import Profile, Tolerance, experiment
from verified_dynamics.margin.saturation import growth_laws, t5
from verified_dynamics.margin.saturation.noise_training import norm_change_under_decay, train_on_noise
from verified_dynamics.statistics import power_law_exponent

CHAPTER = "margin/saturation"
LAWS = ("aligned 0.05", "proportional 1.0", "proportional 0.7", "proportional 0.5", "constant 1.0",
        "scale-invariant 1.0", "momentum 1.0")  # fmt: skip


@experiment(
    "growth-laws",
    chapter=CHAPTER,
    smoke=Profile(grid={"law": LAWS}, seeds=16, settings={"dimension": 512, "last": 2000}),
    full=Profile(grid={"law": LAWS}, seeds=32, settings={"dimension": 2048, "last": 10_000}),
    tolerances={"squared_norm": Tolerance(rtol=1e-3)},
)
def simulated_growth(cell, seeds, device) -> xr.Dataset:
    """Weights that take random steps under each law (its constant κ after its name), from time 10 on:
    squared norm.
    """
    law, kappa = cell["law"].split()
    times = np.unique(np.geomspace(10, cell["last"], 25).astype(int))
    squared = growth_laws.simulate(
        law, seeds, kappa=float(kappa), d=cell["dimension"], times=times.tolist(),
        start=0.1 if law == "constant" else 1.0, device=device,
    )  # fmt: skip
    return xr.Dataset({"squared_norm": (("seed", "step"), squared.numpy())}, coords={"step": times})


def growth_exponent(law: str):
    """Exponent of the norm in time from step 100 on, per seed."""
    return lambda data: power_law_exponent(data.squared_norm.sel(law=law, step=slice(100, None)), "step") / 2


def aligned_ratio(data: xr.Dataset) -> xr.DataArray:
    """log(N/N₁) over its prediction 2κ(√t - √t₁) at the last step, per seed."""
    squared = data.squared_norm.sel(law="aligned 0.05")
    t = squared.step.values
    return (
        np.log(squared.isel(step=-1) / squared.isel(step=0))
        / 2
        / (0.1 * (math.sqrt(t[-1]) - math.sqrt(t[0])))
    )


def constant_step_ratio(law: str):
    """(N² - N₁²) over the sum of the squared steps at the last step, per seed; both laws take unit steps."""

    def ratio(data):
        squared = data.squared_norm.sel(law=law)
        return (squared.isel(step=-1) - squared.isel(step=0)) / float(squared.step[-1] - squared.step[0])

    return ratio


def momentum_ratio(data: xr.Dataset) -> xr.DataArray:
    """Growth of N² under momentum over its expectation with correlated steps at the last step, per seed."""
    factor = growth_laws.momentum_factor(float(data.step[-1] - data.step[0])) / float(
        data.step[-1] - data.step[0]
    )
    return constant_step_ratio("momentum 1.0")(data) / factor


def scale_invariant_ratio(data: xr.Dataset) -> xr.DataArray:
    """N⁴ over its prediction N₁⁴ + 2t at the last step, per seed."""
    fourth = data.squared_norm.sel(law="scale-invariant 1.0") ** 2
    return fourth.isel(step=-1) / (fourth.isel(step=0) + 2 * float(data.step[-1] - data.step[0]))


@experiment(
    "optimizers-on-noise",
    chapter=CHAPTER,
    smoke=Profile(grid={"optimizer": ("adafactor", "adam")}, seeds=8, settings={"width": 48, "steps": 500}),
    full=Profile(grid={"optimizer": ("adafactor", "adam")}, seeds=32, settings={"width": 96, "steps": 4000}),
    tolerances={
        "norm": Tolerance(rtol=2e-3),
        "kappa_squared": Tolerance(rtol=2e-3),
        "gained": Tolerance(atol=2e-2),
    },
)
def optimizers_on_noise(cell, seeds, device) -> xr.Dataset:
    """A square weight matrix whose gradients are white noise, under AdaFactor with step size 1/√t times the
    weights' root mean square, or under Adam with step size 1/√t: norm, mean of t‖δ‖²/N², and share of the
    growth made by ‖δ‖².
    """

    def make(parameters):
        if cell["optimizer"] == "adafactor":
            return torch.optim.Adafactor(parameters, lr=1.0, foreach=True)
        return torch.optim.Adam(parameters, lr=1.0, betas=(0.0, 0.999))

    schedule = None if cell["optimizer"] == "adafactor" else (lambda t: t**-0.5)
    size = (cell["width"], cell["width"])
    run = train_on_noise(make, seeds, shape=size, steps=cell["steps"], device=device, schedule=schedule)
    t = torch.arange(1, cell["steps"] + 1)
    squared, step = run["squared_norm"], run["squared_step"]
    gained = (step * squared[:, :-1]).sum(1) / (squared[:, -1] - squared[:, 0])
    kept = np.unique(np.geomspace(10, cell["steps"], 30).astype(int))
    return xr.Dataset(
        {
            "norm": (("seed", "step"), squared[:, kept].sqrt().numpy()),
            "kappa_squared": ("seed", (step * t)[:, 9:].mean(1).numpy()),
            "gained": ("seed", gained.numpy()),
        },
        coords={"step": kept},
    )


def noise_exponent(optimizer: str):
    """Exponent of the norm in time from step 30 on, per seed."""
    return lambda data: power_law_exponent(data.norm.sel(optimizer=optimizer, step=slice(30, None)), "step")


def exponent_minus_prediction(data: xr.Dataset) -> xr.DataArray:
    """AdaFactor's exponent minus κ²/2 with the measured κ, per seed."""
    return noise_exponent("adafactor")(data) - data.kappa_squared.sel(optimizer="adafactor") / 2


T5_CURVES = ("norm", "one_constant", "unit_constant", "square_root")
T5_NUMBERS = ("constant", "step_share", "squared_linear", "root_linear", "free_exponent")


@experiment(
    "t5-norm",
    chapter=CHAPTER,
    smoke=Profile(),
    full=Profile(),
    tolerances={name: Tolerance(rtol=1e-6) for name in (*T5_CURVES, *T5_NUMBERS)}
    | {"alignment": Tolerance(atol=1e-6), "squared_step": Tolerance(rtol=1e-4)},
    unit="series",
)
def t5_norm(cell, seeds, device) -> xr.Dataset:
    """T5-base's published encoder norms: fit of the one constant K of AdaFactor's growth law, the same law
    with K = 1, the line a√t + b of the paper, coefficients of determination, and the budget of the squared
    norm between checkpoints.
    """
    data = t5.load()
    step, norm = data.step.values, data.norm.values
    constant = t5.fit_one_constant(data)
    slope, offset, root = t5.linear_fit(np.sqrt(step), norm)
    budget = t5.budget(data)
    between = {"squared_step": budget.squared_step, "alignment": budget.alignment}
    curves = (
        norm,
        t5.one_constant(step, norm[0], constant),
        t5.one_constant(step, norm[0], 1.0),
        slope * np.sqrt(step) + offset,
    )
    numbers = (
        constant,
        float(budget.squared_step.sum()) / (norm[-1] ** 2 - norm[0] ** 2),
        t5.linear_fit(step, norm**2)[2],
        root,
        float(growth_laws.growth_fit(data.norm.isel(step=slice(1, None))).p),
    )
    return xr.Dataset(
        {name: ("step", value) for name, value in zip(T5_CURVES, curves, strict=True)}
        | {name: ("interval", value.values) for name, value in between.items()}
        | dict(zip(T5_NUMBERS, numbers, strict=True)),
        coords={"step": step, "interval": step[:-1]},
    )


def largest_error(model: str, *, first: int = 0):
    """Largest |log(model/norm)| over the checkpoints from number `first` on."""
    return lambda data: abs(np.log(data[model] / data.norm)).isel(step=slice(first, None)).max()


@experiment(
    "decay-equilibrium",
    chapter=CHAPTER,
    smoke=Profile(
        grid={"decay": ("decoupled", "coupled")}, seeds=8, settings={"dimension": 2000, "steps": 400}
    ),
    full=Profile(
        grid={"decay": ("decoupled", "coupled")}, seeds=32, settings={"dimension": 20_000, "steps": 2000}
    ),
    tolerances={"ratio": Tolerance(rtol=1e-2)},
)
def decay_equilibrium(cell, seeds, device) -> xr.Dataset:
    """AdamW and Adam with an L2 penalty (η = λ = 0.1, no momentum) on noise of root mean square 0.1: squared
    norm over ηd/(2λ), averaged over the second half of the run.
    """
    rule = torch.optim.AdamW if cell["decay"] == "decoupled" else torch.optim.Adam
    run = train_on_noise(
        lambda parameters: rule(parameters, lr=0.1, betas=(0.0, 0.999), weight_decay=0.1, foreach=True), seeds,
        shape=(cell["dimension"],), steps=cell["steps"], gradient_rms=0.1, device=device,
    )  # fmt: skip
    half = run["squared_norm"][:, cell["steps"] // 2 :].mean(1)
    return xr.Dataset({"ratio": ("seed", (half / (cell["dimension"] / 2)).numpy())})


def equilibrium_ratio(decay: str):
    """Squared norm at equilibrium over ηd/(2λ), per seed."""
    return lambda data: data.ratio.sel(decay=decay)


@experiment(
    "decay-threshold",
    chapter=CHAPTER,
    smoke=Profile(
        grid={"step_size": (0.03, 0.06, 0.12)}, seeds=16, settings={"dimension": 1000, "steps": 100}
    ),
    full=Profile(
        grid={"step_size": (0.0075, 0.015, 0.03, 0.06, 0.12)},
        seeds=64,
        settings={"dimension": 20_000, "steps": 400},
    ),
    tolerances={"threshold": Tolerance(rtol=1e-3)},
)
def decay_threshold(cell, seeds, device) -> xr.Dataset:
    """Random steps of root mean square η with decoupled decay λ, from weights of root mean square 0.3: the λ
    at which the squared norm neither grows nor falls, interpolated between five values of λ.
    """
    centre = cell["step_size"] / (2 * 0.3**2)
    decays = centre * torch.logspace(-0.3, 0.3, 5, dtype=torch.float64)
    change = norm_change_under_decay(
        seeds, step_size=cell["step_size"], decays=decays, d=cell["dimension"], rms=0.3, steps=cell["steps"]
    ).numpy()  # (s, decays), falling
    threshold = [np.exp(np.interp(0.0, -row, np.log(decays.numpy()))) for row in change]
    return xr.Dataset({"threshold": ("seed", threshold)})


def threshold_exponent(data: xr.Dataset) -> xr.DataArray:
    """Power of the step size with which the threshold grows, per seed."""
    return power_law_exponent(data.threshold, "step_size")


def threshold_ratio(data: xr.Dataset) -> xr.DataArray:
    """Threshold over η/(2R²), averaged over the step sizes, per seed."""
    return (data.threshold / (data.step_size / (2 * 0.3**2))).mean("step_size")
