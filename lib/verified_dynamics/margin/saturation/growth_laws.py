"""Simulated growth of a norm under the laws of steps that Merrill et al. 2021, section 5, distinguish."""

from collections.abc import Sequence

import numpy as np
import torch
import xarray as xr
from scipy.optimize import curve_fit
from torch import Tensor

LAWS = ("aligned", "proportional", "constant", "scale-invariant", "momentum")


def _gaussian(generators: Sequence[torch.Generator], d: int, device: torch.device | str) -> Tensor:
    draws = [torch.randn(d, generator=g) for g in generators]  # in float32, which is drawn faster
    return torch.stack(draws).to(device).double()  # (s, d)


def _step(law: str, theta: Tensor, noise: Tensor, t: int, kappa: float, memory: Tensor) -> Tensor:
    """One step (s, d) of the law at time t; `memory` is the momentum buffer, changed in place."""
    d = theta.shape[1]
    norm = torch.linalg.vector_norm(theta, dim=1, keepdim=True)
    noise = noise / d**0.5  # (s, d), of length about one
    if law == "aligned":
        return kappa * theta / t**0.5
    if law == "proportional":
        return kappa * norm * noise / t**0.5
    if law == "constant":
        return kappa * noise
    if law == "scale-invariant":
        # Minus the gradient of noise·θ/‖θ‖, a loss that does not depend on the length of θ.
        unit = theta / norm
        return -kappa * (noise - (noise * unit).sum(1, keepdim=True) * unit) / norm
    # A stationary sequence of unit expected length with correlation 0.9^lag.
    memory.mul_(0.9).add_(noise, alpha=(1 - 0.9**2) ** 0.5)
    return kappa * memory


def simulate(
    law: str, seeds: Sequence[int], *, kappa: float, d: int, times: Sequence[int], start: float,
    device: torch.device | str = "cpu",
) -> Tensor:  # fmt: skip
    """Squared norms (s, times) of weights in d dimensions that take steps of the given law, from norm
    `start`.

    law: "aligned" (length κN/√t along the weights), "proportional" (the same length in a random direction,
    which in many dimensions is nearly orthogonal), "constant" (length κ, random), "scale-invariant" (the
    gradient of a random loss of the direction θ/N alone, of length κ/N), "momentum" (length κ, an
    exponential moving average with β = 0.9 of white noise, in its stationary state). times: increasing
    steps, of which the first is where time starts.
    """
    if law not in LAWS:
        raise ValueError(f"The law of the steps is one of {', '.join(LAWS)}, not {law!r}.")
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    theta = _gaussian(generators, d, device)
    theta *= start / torch.linalg.vector_norm(theta, dim=1, keepdim=True)
    memory = _gaussian(generators, d, device) / d**0.5
    wanted, records = set(times), []
    for t in range(times[0], times[-1] + 1):
        if t in wanted:
            records.append(theta.square().sum(1))
        noise = theta if law == "aligned" else _gaussian(generators, d, device)
        theta = theta + _step(law, theta, noise, t, kappa, memory)
    return torch.stack(records, dim=1).cpu()


def momentum_factor(n: np.ndarray, beta: float = 0.9) -> np.ndarray:
    """Expected squared length of the sum of n unit steps with correlation β^lag (symbolic: momentum_growth)."""
    return n * (1 + beta) / (1 - beta) - 2 * beta * (1 - beta**n) / (1 - beta) ** 2


def growth_fit(norm: xr.DataArray, *, over: str = "step") -> xr.Dataset:
    """Least-squares fit of N = a t^p + b to each replicate: variables a, p, b with the replicates'
    dimension.

    norm: dims (over,) or (over, "seed"). Points are replicates of nothing here: give intervals over seeds
    only.
    """
    t = norm[over].values.astype(float)
    scale = t.max()

    def model(x, a, p, b):
        return a * x**p + b

    def fit(y):
        begin = (float(y[-1] - y[0]), 0.5, float(y[0]))
        return curve_fit(model, t / scale, y, p0=begin, maxfev=20000)[0]

    dims = {"input_core_dims": [[over]], "output_core_dims": [["coefficient"]]}
    coefficients = xr.apply_ufunc(fit, norm, vectorize=True, **dims)
    a, p, b = (coefficients.isel(coefficient=i, drop=True) for i in range(3))
    return xr.Dataset({"a": a / scale**p, "p": p, "b": b})
