"""Runs on the two predictors themselves: their limit, their risks, and the gaps between them. Nothing is trained."""

from collections.abc import Sequence

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from verified_dynamics.data import TaskPool, regression_sequences
from verified_dynamics.degeneracy.transient_structure import bayes_risk
from verified_dynamics.degeneracy.transient_structure.predictors import (
    discrete_mmse,
    ridge,
    task_log_posterior,
)
from verified_dynamics.degeneracy.transient_structure.trade_off import crossing, nats
from verified_dynamics.experiments import Profile, Tolerance, experiment
from verified_dynamics.statistics import power_law_exponent

CHAPTER = "degeneracy/transient-structure"
NOISE = 0.125
POOL_SIZES = (512, 2048, 8192)


def _generators(seeds: Sequence[int], stream: int) -> list[torch.Generator]:
    words = [np.random.SeedSequence((seed % 2**64, stream)).generate_state(1, np.uint64)[0] for seed in seeds]
    return [torch.Generator().manual_seed(int(word % 2**63)) for word in words]


@experiment(
    "bayes-posteriors",
    chapter=CHAPTER,
    smoke=Profile(grid={"dimension": (1, 2, 8)}, seeds=8, settings={"sequences": 100}),
    full=Profile(grid={"dimension": (1, 2, 8)}, seeds=32, settings={"sequences": 1000}),
    tolerances={
        name: Tolerance(rtol=1e-3, atol=1e-9)
        for name in ("ridge_error", "wrong_regulariser", "first_token", "dmmse_excess", "mode_excess")
    },
)
def bayes_posteriors(cell, seeds, device) -> xr.Dataset:
    """Sequences of ten examples in one, two and eight dimensions, with Gaussian tasks and with a pool of five:
    ridge by its recursion against its normal equations, with the regulariser σ² and with σ; dMMSE's first
    prediction against the pool's mean; squared error of dMMSE and of the most probable task, less the variance
    that the posterior leaves them.
    """
    columns: dict[str, list[float]] = {name: [] for name in bayes_posteriors.tolerances}
    for generator in _generators(seeds, 1):
        gaussian = TaskPool(cell["dimension"])
        x, y, _ = regression_sequences(
            gaussian, cell["sequences"], 10, noise_variance=NOISE, generator=generator
        )
        recursive = ridge(x, y, noise_variance=NOISE)
        for name, regulariser in (("ridge_error", NOISE), ("wrong_regulariser", NOISE**0.5)):
            solved = _normal_equations(x, y, regulariser)
            columns[name].append(float((recursive - solved).abs().max()))
        pool = TaskPool(cell["dimension"], gaussian.sample(5, generator=generator))
        x, y, t = regression_sequences(pool, cell["sequences"], 10, noise_variance=NOISE, generator=generator)
        prediction = discrete_mmse(x, y, pool.tasks, noise_variance=NOISE)
        columns["first_token"].append(float((prediction[:, 0] - x[:, 0] @ pool.tasks.mean(0)).abs().max()))
        weights = task_log_posterior(x, y, pool.tasks, noise_variance=NOISE).exp()  # (n, K, M)
        candidates = x @ pool.tasks.T
        clean = torch.einsum("nkd,nd->nk", x, t)
        variance = (weights * (candidates - prediction[..., None]).square()).sum(-1)
        mode = candidates.gather(-1, weights.argmax(-1, keepdim=True))[..., 0]
        for name, guess in (("dmmse_excess", prediction), ("mode_excess", mode)):
            columns[name].append(float(((guess - clean).square() - variance)[:, 1:].mean()))
    return xr.Dataset({name: ("seed", values) for name, values in columns.items()})


def _normal_equations(x: Tensor, y: Tensor, regulariser: float) -> Tensor:
    identity = regulariser * torch.eye(x.shape[-1], dtype=x.dtype)
    predictions = []
    for k in range(x.shape[1]):
        past, outcome = x[:, :k], y[:, :k, None]
        task = torch.linalg.solve(past.mT @ past + identity, past.mT @ outcome)[..., 0]
        predictions.append((task * x[:, k]).sum(-1))
    return torch.stack(predictions, dim=1)


def largest(name: str):
    """The largest value over the dimensions, per seed."""
    return lambda data: data[name].max("dimension")


def pooled(name: str):
    """The mean over the dimensions, per seed."""
    return lambda data: data[name].mean("dimension")


@experiment(
    "pools-to-ridge",
    chapter=CHAPTER,
    smoke=Profile(grid={"task_deviation": (1.0, 2.0)}, seeds=16, settings={"pools": 40}),
    full=Profile(grid={"task_deviation": (1.0, 2.0)}, seeds=64, settings={"pools": 400}),
    tolerances={"squared_error": Tolerance(rtol=1e-3), "scaled": Tolerance(rtol=1e-3)},
    unit="contexts",
)
def pools_to_ridge(cell, seeds, device) -> xr.Dataset:
    """One context of four examples and one query in two dimensions for each seed, read by dMMSE with many fresh
    pools of three sizes, drawn from N(0, I) or from N(0, 4 I): mean squared distance to ridge, and M times that
    over the variance that importance sampling predicts.
    """
    errors, scaled = [], []
    for generator in _generators(seeds, 2):
        x, y, _ = regression_sequences(TaskPool(2), 1, 5, noise_variance=NOISE, generator=generator)
        target = ridge(x, y, noise_variance=NOISE)[0, -1]
        variance = bayes_risk.pool_variance(x[0, :4], y[0, :4], x[0, 4], noise_variance=NOISE)
        row = []
        for size in POOL_SIZES:
            tasks = cell["task_deviation"] * torch.randn(
                cell["pools"] * size, 2, generator=generator, dtype=torch.float64
            )
            likelihood = task_log_posterior(x, y, tasks, noise_variance=NOISE)[0, -1]  # (pools * M,)
            weights = likelihood.reshape(cell["pools"], size).softmax(dim=1)
            guess = (weights * (tasks @ x[0, 4]).reshape(cell["pools"], size)).sum(dim=1)
            row.append(float((guess - target).square().mean()))
        errors.append(row)
        scaled.append((np.array(row) * POOL_SIZES / float(variance)).tolist())
    return xr.Dataset(
        {"squared_error": (("seed", "size"), errors), "scaled": (("seed", "size"), scaled)},
        coords={"size": list(POOL_SIZES)},
    )


def pool_exponent(deviation: float):
    """Exponent of the distance (not squared) to ridge in the pool's size, per context."""
    return lambda data: power_law_exponent(data.squared_error.sel(task_deviation=deviation), "size") / 2


def pool_constant(data: xr.Dataset) -> xr.DataArray:
    """M times the mean squared distance over its prediction at the largest size, per context."""
    return data.scaled.sel(task_deviation=1.0).isel(size=-1)


@experiment(
    "ridge-risks",
    chapter=CHAPTER,
    smoke=Profile(grid={"dimension": (1, 2, 4)}, seeds=8, settings={"designs": 4000}),
    full=Profile(grid={"dimension": (1, 2, 4)}, seeds=32, settings={"designs": 40_000}),
    tolerances={"risk": Tolerance(rtol=1e-6), "loss": Tolerance(rtol=1e-6), "exact": Tolerance(rtol=1e-9)},
)
def ridge_risks(cell, seeds, device) -> xr.Dataset:
    """Eight examples with Gaussian tasks: ridge's expected squared error given the inputs, averaged over designs,
    its realised squared error on as many sequences, and in one dimension the closed form.
    """
    risk, loss = [], []
    for generator in _generators(seeds, 3):
        pool = TaskPool(cell["dimension"])
        x, y, _ = regression_sequences(pool, cell["designs"], 8, noise_variance=NOISE, generator=generator)
        risk.append(bayes_risk.ridge_risk(x, noise_variance=NOISE).mean(0).tolist())
        loss.append((ridge(x, y, noise_variance=NOISE) - y).square().mean(0).tolist())
    exact = bayes_risk.ridge_risk_1d(8, NOISE) if cell["dimension"] == 1 else np.full(8, np.nan)
    return xr.Dataset(
        {"risk": (("seed", "token"), risk), "loss": (("seed", "token"), loss), "exact": ("token", exact)},
        coords={"token": list(range(1, 9))},
    )


def risk_over_closed_form(data: xr.Dataset) -> xr.DataArray:
    """The measured risk in one dimension over the closed form, averaged over the tokens, per seed."""
    line = data.sel(dimension=1)
    return (line.risk / line.exact).mean("token")


def risk_over_mean_design(data: xr.Dataset) -> xr.DataArray:
    """The measured risk in one dimension over that of the mean design, σ² + σ²/(σ² + k - 1), per seed."""
    line = data.sel(dimension=1)
    return (line.risk / (NOISE + NOISE / (NOISE + line.token - 1))).isel(token=slice(1, None)).mean("token")


def realised_over_expected(dimension: int):
    """Realised loss over expected risk, averaged over the tokens, per seed."""
    return lambda data: (data.loss / data.risk).sel(dimension=dimension).mean("token")


GAP_SIZES = (2, 8, 32, 128, 512)


@experiment(
    "predictor-gaps",
    chapter=CHAPTER,
    smoke=Profile(grid={"tasks": ("pool", "gaussian")}, seeds=12, settings={"sequences": 400}),
    full=Profile(grid={"tasks": ("pool", "gaussian")}, seeds=64, settings={"sequences": 8000}),
    tolerances={name: Tolerance(rtol=1e-6) for name in ("ridge_loss", "dmmse_loss", "distance")},
)
def predictor_gaps(cell, seeds, device) -> xr.Dataset:
    """Four dimensions, eight examples, pools of five sizes (nested, one list for each seed): mean squared error of
    ridge and of dMMSE on the same sequences, with tasks from the pool or Gaussian, and their squared distance.
    """
    columns: dict[str, list[list[float]]] = {name: [] for name in predictor_gaps.tolerances}
    for seed, generator in zip(seeds, _generators(seeds, 4), strict=True):
        rows: dict[str, list[float]] = {name: [] for name in columns}
        for size in GAP_SIZES:
            pool = TaskPool.nested(size, 4, seed=seed % 2**63)
            law = pool if cell["tasks"] == "pool" else TaskPool(4)
            x, y, _ = regression_sequences(
                law, cell["sequences"], 8, noise_variance=NOISE, generator=generator
            )
            general = ridge(x, y, noise_variance=NOISE)
            memory = discrete_mmse(x, y, pool.tasks, noise_variance=NOISE)
            rows["ridge_loss"].append(float((general - y).square().mean()))
            rows["dmmse_loss"].append(float((memory - y).square().mean()))
            rows["distance"].append(float((general - memory).square().mean()))
        for name, row in rows.items():
            columns[name].append(row)
    return xr.Dataset(
        {name: (("seed", "size"), values) for name, values in columns.items()},
        coords={"size": list(GAP_SIZES)},
    )


def gap_over_distance(tasks: str):
    """Loss that the wrong predictor adds over its squared distance to the right one, over all sizes, per seed."""

    def statistic(data: xr.Dataset) -> xr.DataArray:
        here = data.sel(tasks=tasks)
        gap = here.ridge_loss - here.dmmse_loss
        return (gap if tasks == "pool" else -gap).sum("size") / here.distance.sum("size")

    return statistic


def gap(tasks: str, size: int):
    """Loss of ridge less that of dMMSE at one size, per seed."""
    return lambda data: (data.ridge_loss - data.dmmse_loss).sel(tasks=tasks, size=size)


def latest_crossing(size: int, parameters: int):
    """Sequences after which dMMSE must be preferred, if its coefficient is at most parameters/2, per seed.

    The gap is the squared distance of the predictors on the pool's tasks, in nats a sequence of eight examples.
    """

    def statistic(data: xr.Dataset) -> xr.DataArray:
        gap = nats(8 * data.distance.sel(tasks="pool", size=size), NOISE)
        return gap.copy(data=[crossing(float(value), parameters / 2) for value in gap.values])

    return statistic
