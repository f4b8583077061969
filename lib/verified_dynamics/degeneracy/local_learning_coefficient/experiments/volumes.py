"""How volumes of sublevel sets shrink, and the same exponent for sums of units at high inverse temperature."""

import numpy as np
import torch
import xarray as xr

from verified_dynamics.experiments import Profile, Tolerance, experiment

CHAPTER = "degeneracy/local-learning-coefficient"

# Each potential in coordinates that meet at right angles with its most degenerate point at 0.
POTENTIALS = {
    "x^2 + y^2": lambda x, y: x**2 + y**2,
    "x^4 + y^6": lambda x, y: x**4 + y**6,
    "x^4 y^2": lambda x, y: x**4 * y**2,
    "x^2 y^2": lambda x, y: x**2 * y**2,
    "(x - y)^2 + x^4": lambda x, t: t**2 + x**4,  # t = x − y, a change of variables of Jacobian one
}
EXACT = {
    "x^4 y^2": lambda e: 2 * e**0.25 - e**0.5,
    "x^2 y^2": lambda e: e**0.5 * (1 - np.log(e) / 2),
}
ACTIVATIONS = ("tanh", "linear", "relu with bias")


@experiment(
    "sublevel-volumes",
    chapter=CHAPTER,
    smoke=Profile(grid={"potential": tuple(POTENTIALS)}, seeds=16, settings={"points": 20_000, "power": 6}),
    full=Profile(grid={"potential": tuple(POTENTIALS)}, seeds=64, settings={"points": 200_000, "power": 6}),
    tolerances={"volume": Tolerance(rtol=0.05)},
    unit="samples of points",
)
def sublevel_volumes(cell, seeds, device) -> xr.Dataset:
    """Volume of {K ≤ ε} on the unit square for five potentials K, from random points that crowd towards the axes.

    A coordinate is the power `power` of a uniform number, and each point carries the Jacobian as its weight, so that
    volumes of 1e-6 have as many points as volumes of one tenth.
    """
    levels = np.geomspace(1e-10, 1e-2, 9)
    rows = []
    for seed in seeds:
        generator = torch.Generator().manual_seed(1000 + seed)
        u = torch.rand(2, cell["points"], generator=generator, dtype=torch.float64).numpy()
        weight = (cell["power"] * u ** (cell["power"] - 1)).prod(0)
        value = POTENTIALS[cell["potential"]](*u ** cell["power"])
        order = np.argsort(value)
        heaped = np.concatenate([[0.0], np.cumsum(weight[order])]) / cell["points"]
        rows.append(heaped[np.searchsorted(value[order], levels, side="right")])
    return xr.Dataset({"volume": (("seed", "level"), rows)}, coords={"level": levels})


def volume_exponent(potential: str):
    """Slope of log V in log ε over all levels, per sample of points."""

    def slope(data: xr.Dataset) -> xr.DataArray:
        volume = np.log(data.volume.sel(potential=potential))
        x = np.log(volume.level) - np.log(volume.level).mean()
        return (volume * x).sum("level") / (x**2).sum()

    return slope


def volume_over(potential: str, prediction=None):
    """V over the exact volume, or over `prediction` of ε, on average over the levels, per sample of points."""
    law = prediction or EXACT[potential]
    return lambda data: (data.volume.sel(potential=potential) / law(data.level)).mean("level")


@experiment(
    "sums-of-units",
    chapter=CHAPTER,
    smoke=Profile(
        grid={"activation": ACTIVATIONS, "hidden": (1, 2, 3, 4)}, seeds=8, settings={"points": 4000}
    ),
    full=Profile(
        grid={"activation": ACTIVATIONS, "hidden": (1, 2, 3, 4)}, seeds=32, settings={"points": 40_000}
    ),
    tolerances={"coefficient": Tolerance(rtol=0.05, atol=0.01)},
    unit="samples of points",
)
def sums_of_units(cell, seeds, device) -> xr.Dataset:
    """λ(T) of y = Σ a_j σ(b_j x), or Σ a_j σ(b_j x + c_j), at zero, with the outer weights a integrated out exactly.

    Inputs are uniform on [−1, 1], truth is zero, a is standard normal and b (and c) uniform on [−1, 1]. The inner
    weights are drawn with a common scale that is uniform in its logarithm and carry the density as their weight.
    T E[K] is the weighted mean of Σ ½ T s²/(1 + T s²) over the singular values s of the units' outputs.
    """
    temperatures = np.geomspace(1e2, 1e12, 11)
    nodes, mass = np.polynomial.legendre.leggauss(24)
    x, root = torch.from_numpy(nodes), torch.from_numpy(np.sqrt(mass / 2))
    biased = cell["activation"] == "relu with bias"
    count = cell["hidden"] * (2 if biased else 1)
    rows = []
    for seed in seeds:
        generator = torch.Generator().manual_seed(2000 + seed)
        weights, importance = _shells(count, cell["points"], generator)
        b = weights[:, : cell["hidden"], None]
        argument = b * x + (weights[:, cell["hidden"] :, None] if biased else 0)
        outputs = {"tanh": torch.tanh, "linear": lambda z: z, "relu with bias": torch.relu}[
            cell["activation"]
        ](argument)
        squares = torch.linalg.svdvals(outputs * root)[..., None] ** 2 * torch.from_numpy(temperatures)
        density = importance[:, None] * (1 + squares).prod(1).rsqrt()  # (points, T)
        mean = (squares / (1 + squares)).sum(1) / 2
        rows.append(((density * mean).sum(0) / density.sum(0)).numpy())
    return xr.Dataset({"coefficient": (("seed", "temperature"), rows)}, coords={"temperature": temperatures})


def _shells(count: int, points: int, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Points (points, count) of the cube [−1, 1]^count and their weights (points,).

    The largest coordinate is r = e^{−u} with u uniform on [0, 20], the others are uniform on [−r, r]; the weight is
    the r^count that makes the law uniform in the cube.
    """
    log_radius = -20 * torch.rand(points, generator=generator, dtype=torch.float64)
    spread = 2 * torch.rand(points, count, generator=generator, dtype=torch.float64) - 1
    largest = torch.randint(count, (points,), generator=generator)
    rows = torch.arange(points)
    spread[rows, largest] = spread[rows, largest].sign()
    return log_radius.exp()[:, None] * spread, (count * log_radius).exp()


def coefficient_of_units(activation: str, hidden: int, temperature: float = 1e12):
    """T E[K] at an inverse temperature, per sample of points."""
    return lambda data: data.coefficient.sel(activation=activation, hidden=hidden).sel(
        temperature=temperature, method="nearest"
    )
