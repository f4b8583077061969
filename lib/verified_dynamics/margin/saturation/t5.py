"""The norm of T5-base's encoder along its pre-training: data, the one-constant model, and its rivals."""

from importlib import resources

import numpy as np
import xarray as xr
from scipy.optimize import minimize_scalar

WARM_STEPS = 10_000  # T5's step size is 1/√max(t, 10000) times the weights' root mean square


def load() -> xr.Dataset:
    """norm (step,) and cosine_to_next (step,), whose last entry is not a number; source in the file's head."""
    text = resources.files(__package__).joinpath("t5_encoder.csv").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")][1:]
    table = np.array([[float(cell) if cell else np.nan for cell in line.split(",")] for line in lines])
    return xr.Dataset(
        {"norm": ("step", table[:, 1]), "cosine_to_next": ("step", table[:, 2])}, coords={"step": table[:, 0]}
    )


def relative_steps_squared(step: np.ndarray) -> np.ndarray:
    r"""$\int_0^t \rho_s^2\,ds$ with ρ = 1/√max(t, 10⁴): t/10⁴ up to 10⁴, then 1 + log(t/10⁴)."""
    step = np.asarray(step, float)
    return np.minimum(step / WARM_STEPS, 1) + np.log(np.maximum(step / WARM_STEPS, 1))


def one_constant(step: np.ndarray, start: float, K: float) -> np.ndarray:
    r"""Norms $N_0 \exp(\tfrac{K}{2}\int \rho^2)$: misaligned steps of length $\sqrt K \rho N$ (symbolic:
    adafactor_*).
    """
    return start * np.exp(K * relative_steps_squared(step) / 2)


def fit_one_constant(data: xr.Dataset) -> float:
    """The K that minimises the root-mean-square error of log N, with the first norm as the start."""
    step, norm = data.step.values, data.norm.values

    def loss(K):
        return np.mean(np.log(one_constant(step, norm[0], K) / norm) ** 2)

    return float(minimize_scalar(loss, bounds=(0.1, 2.0), method="bounded", options={"xatol": 1e-10}).x)


def linear_fit(x: np.ndarray, y: np.ndarray) -> tuple[float, float, float]:
    """Least squares y = a x + b: a, b and the coefficient of determination R²."""
    a, b = np.polyfit(x, y, 1)
    residual = y - (a * x + b)
    return float(a), float(b), float(1 - residual.var() / y.var())


def budget(data: xr.Dataset) -> xr.Dataset:
    r"""Per interval between checkpoints: squared step ‖δ‖², cross term 2θ·δ, and alignment cos(θ, δ).

    From ‖δ‖² = N² + N'² - 2NN' cos(θ, θ'). At this resolution the squared steps leave out whatever the
    weights travelled forth and back within an interval.
    """
    norm, cosine = data.norm.values, data.cosine_to_next.values[:-1]
    dot = norm[:-1] * norm[1:] * cosine  # θ·θ'
    squared = norm[:-1] ** 2 + norm[1:] ** 2 - 2 * dot
    cross = 2 * (dot - norm[:-1] ** 2)
    alignment = cross / (2 * norm[:-1] * np.sqrt(squared))
    values = {"squared_step": squared, "cross_term": cross, "alignment": alignment}
    return xr.Dataset(
        {name: ("step", value) for name, value in values.items()}, coords={"step": data.step[:-1]}
    )
