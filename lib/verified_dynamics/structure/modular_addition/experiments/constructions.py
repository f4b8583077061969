"""Runs on read-outs that are written down: few neurons, lattices and their sums, Gromov's network, the maximum
margin.
"""

import torch
import xarray as xr

from verified_dynamics.experiments import Profile, Tolerance, experiment
from verified_dynamics.structure.modular_addition import constructions, margin, particles, sumsets

CHAPTER = "structure/modular-addition"
NEURONS = (3, 4, 5, 6, 7, 8)


@experiment(
    "few-neurons",
    chapter=CHAPTER,
    smoke=Profile(grid={"neurons": NEURONS}, seeds=16, settings={"largest": 151}),
    full=Profile(grid={"neurons": NEURONS}, seeds=32, settings={"largest": 351}),
    tolerances={
        "accuracy": Tolerance(atol=1e-6),
        "first_failure": Tolerance(),
        "bound": Tolerance(rtol=1e-6),
    },
    unit="offsets",
)
def few_neurons(cell, seeds, device) -> xr.Dataset:
    """H bias-free ReLU neurons at equally spaced directions with a random offset, on a circle of odd N:
    accuracy over all pairs for several N, and the first odd N at which an offset fails beside the bound pi over
    the phase error.

    A modulus that never fails up to the largest one tried has the first failure infinite.
    """
    draws = [
        torch.rand(1, generator=torch.Generator().manual_seed(int(s) + 2**48), dtype=torch.float64)
        for s in seeds
    ]
    offset = 2 * torch.pi * torch.cat(draws)
    shown = (13, 16, 17, 23, 59, 97)
    accuracy = torch.stack([_accuracies(n, cell["neurons"], offset) for n in shown], 1)
    bound = torch.pi / constructions.phase_error(cell["neurons"])
    # From well below the bound on, in odd steps: the theory says where the first failure may stand at the earliest.
    first = float("inf")
    for modulus in range(max(3, 2 * int(bound / 2) - 11), cell["largest"] + 1, 2):
        if float(_accuracies(modulus, cell["neurons"], offset).min()) < 1:
            first = float(modulus)
            break
    return xr.Dataset(
        {"accuracy": (("seed", "modulus"), accuracy.numpy()), "first_failure": first, "bound": float(bound)},
        coords={"modulus": list(shown)},
    )


def _accuracies(modulus: int, neurons: int, offsets: torch.Tensor) -> torch.Tensor:
    """One offset at a time: the scores of all pairs of a large modulus fill the memory."""
    return torch.stack([constructions.circle_accuracy(modulus, neurons, offset=offset) for offset in offsets])


def accuracy(neurons: int, modulus: int):
    """Accuracy over all ordered pairs, per offset."""
    return lambda data: data.accuracy.sel(neurons=neurons, modulus=modulus)


def failure_over_bound(neurons: int):
    """First odd modulus that fails for some offset, over pi divided by the phase error."""
    return lambda data: data.first_failure.sel(neurons=neurons) / data.bound.sel(neurons=neurons)


@experiment(
    "sumset-sizes",
    chapter=CHAPTER,
    smoke=Profile(grid={"modulus": (13, 17, 23)}, seeds=16, settings={"size": 4}),
    full=Profile(grid={"modulus": (13, 17, 23)}, seeds=128, settings={"size": 5}),
    tolerances={
        name: Tolerance()
        for name in (
            "sums",
            "contradictions",
            "shuffled_contradictions",
            "scattered",
            "planar_excess",
            "line_excess",
        )
    },
    unit="shuffles",
)
def sumset_sizes(cell, seeds, device) -> xr.Dataset:
    """Lattices of 1 to 6 columns with N points: number of distinct sums, number of sum points at which classes
    meet that differ, the same after a random permutation of the labels, and the number of sums of a circle and
    of scattered points.

    planar_excess, line_excess: the smallest sumset of any `size` points in a square of that side, planar or
    not, minus Freiman's bounds 3 size - 3 and 2 size - 1.
    """
    modulus, size = cell["modulus"], cell["size"]
    grids = [sumsets.lattice(modulus, columns) for columns in range(1, 7)]
    orders = [torch.randperm(modulus, generator=torch.Generator().manual_seed(int(s) + 2**49)) for s in seeds]
    scattered = (particles.circle(modulus), particles.random_points([0], modulus)[0])
    return xr.Dataset(
        {
            "sums": ("columns", [sumsets.distinct_sums(grid) for grid in grids]),
            "contradictions": ("columns", [sumsets.contradictions(grid) for grid in grids]),
            "shuffled_contradictions": (
                "seed",
                [sumsets.contradictions(grids[3][order]) for order in orders],
            ),
            "scattered": ("kind", [sumsets.distinct_sums(points) for points in scattered]),
            "planar_excess": sumsets.smallest_sumset(size, side=size, planar=True) - (3 * size - 3),
            "line_excess": sumsets.smallest_sumset(size, side=size, planar=False) - (2 * size - 1),
        },
        coords={"columns": list(range(1, 7)), "kind": ["circle", "random"]},
    )


def sums_minus(columns: int | None):
    """Distinct sums at N = 17: of a lattice with so many columns, or of the circle (None)."""

    def count(data):
        found = data.sel(modulus=17)
        return found.scattered.sel(kind="circle") if columns is None else found.sums.sel(columns=columns)

    return count


def clashes(data: xr.Dataset) -> xr.DataArray:
    """Sum points at which different classes meet, over all lattices and moduli."""
    return data.contradictions.sum()


def shuffled_clashes(data: xr.Dataset) -> xr.DataArray:
    """The same for the four-column lattice of 17 points with permuted labels, per permutation."""
    return data.shuffled_contradictions.sel(modulus=17)


def freiman_excess(kind: str):
    """The smallest sumset found minus Freiman's bound: kind "planar" or "line"."""
    return lambda data: data[f"{kind}_excess"].isel(modulus=0)


@experiment(
    "closed-form-network",
    chapter=CHAPTER,
    smoke=Profile(grid={"kind": ("square", "fourth power", "relu", "cube", "independent phase")}, seeds=12,
                  settings={"prime": 23}),
    full=Profile(grid={"kind": ("square", "fourth power", "relu", "cube", "independent phase")}, seeds=64,
                 settings={"prime": 97}),
    tolerances={"accuracy": Tolerance(atol=2e-3)},
)  # fmt: skip
def closed_form_network(cell, seeds, device) -> xr.Dataset:
    """Gromov's network modulo a prime with random phases, at widths of 1 to 8 times the prime: accuracy over
    all pairs; with other activations, and with an output phase of its own.
    """
    kind, prime = cell["kind"], cell["prime"]
    third = "independent" if kind == "independent phase" else "sum"
    activation = "square" if kind == "independent phase" else kind
    widths = (1, 2, 4, 6, 8)
    found = [[constructions.gromov_accuracy(prime, w * prime, s, activation=activation, third=third) for w in widths]
             for s in seeds]  # fmt: skip
    return xr.Dataset({"accuracy": (("seed", "width"), found)}, coords={"width": list(widths)})


def closed_form_accuracy(kind: str, width: int = 8):
    """Accuracy at a width in units of the prime, per seed."""
    return lambda data: data.accuracy.sel(kind=kind, width=width)


@experiment(
    "maximum-margin",
    chapter=CHAPTER,
    smoke=Profile(grid={"prime": (5, 7, 11)}, seeds=12, settings={"restarts": 8, "steps": 300}),
    full=Profile(grid={"prime": (5, 7, 11)}, seeds=64, settings={"restarts": 16, "steps": 1000}),
    tolerances={
        name: Tolerance(atol=1e-4)
        for name in ("construction", "one_frequency", "best", "power", "mismatch", "two_frequencies")
    },
)
def maximum_margin(cell, seeds, device) -> xr.Dataset:
    """Quadratic networks modulo a prime: normalised margin of the 4(p - 1) single-frequency neurons over
    gamma*, of those of one frequency alone, the best mean margin of a unit neuron that ascent finds, its power
    in one frequency and its phase mismatch, and the mean margin of neurons with two frequencies.
    """
    prime, gamma = cell["prime"], margin.maximum_margin(cell["prime"])
    best = margin.best_neurons(seeds, prime, restarts=cell["restarts"], steps=cell["steps"])
    alone = margin.single_frequency_neurons(prime, frequencies=[1])
    return xr.Dataset(
        {
            "construction": float(margin.normalised_margin(margin.single_frequency_neurons(prime)) / gamma),
            "one_frequency": float(margin.normalised_margin(alone) / gamma),
            "best": ("seed", (margin.mean_margin(best) / gamma).numpy()),
            "power": ("seed", margin.power_of_best_frequency(best).numpy()),
            "mismatch": ("seed", margin.phase_mismatch(best).numpy()),
            "two_frequencies": (
                "seed", (margin.mean_margin(margin.two_frequency_neurons(seeds, prime)) / gamma).numpy()
            ),
        }
    )  # fmt: skip


def margin_ratio(name: str, prime: int):
    """One of the margins over gamma*, per seed where there are seeds."""
    return lambda data: data[name].sel(prime=prime)
