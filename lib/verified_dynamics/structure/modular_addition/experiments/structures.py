"""Runs in which structure forms: trained networks, particles, the two from one start, and the scores of no
structure.
"""

import torch
import xarray as xr
from torch import Tensor

from verified_dynamics.experiments import Profile, Tolerance, experiment
from verified_dynamics.structure.modular_addition import classification, metrics, networks, particles, tables

CHAPTER = "structure/modular-addition"
SCORES = ("aspect", "circularity", "grid_score", "purity")
LOOSE = {name: Tolerance(atol=0.1) for name in (*SCORES, "train_accuracy", "validation_accuracy")}
RADIUS = 2.5  # of the particles; the phase diagram shows others
AT_ONCE = 512  # sets of points scored together: the distances of all pairs of sums fill the memory


def scores(points: Tensor, names=SCORES) -> dict:
    """Scores of sets of points (s, N, 2), all four or those named, as variables along the seeds."""
    found = {name: [] for name in names}
    for part in points.double().split(AT_ONCE):
        for name in names:
            found[name].append(getattr(metrics, name)(part).cpu())
    return {name: ("seed", torch.cat(value).numpy()) for name, value in found.items()}


def trained(seeds, modulus: int, *, biases: bool, decay: float, steps: int, width: int, device, share: float = 0.8,
            frozen=()) -> tuple[networks.Networks, dict]:  # fmt: skip
    """Networks after training in single precision, and their two accuracies as variables."""
    group = networks.initial(seeds, modulus, width=width, biases=biases, dtype=torch.float32, device=device)
    mask = tables.split(seeds, modulus, share=share).to(device)
    frozen = tuple(frozen) if biases else (*frozen, *networks.BIASES)
    networks.train(group, mask, steps=steps, weight_decay=decay, frozen=frozen)
    found = {"train_accuracy": mask, "validation_accuracy": ~mask}
    return group, {
        name: ("seed", networks.accuracy(group, chosen).double().cpu().numpy())
        for name, chosen in found.items()
    }


def label(data: xr.Dataset) -> xr.DataArray:
    """The structure of each replicate as an index into `classification.STRUCTURES`, in the shape of the scores."""
    given = (torch.as_tensor(data[name].values) for name in ("aspect", "circularity", "grid_score"))
    return data.aspect.copy(data=classification.from_scores(*given).numpy())


def is_structure(structure: str, **where):
    """Whether a replicate is of that structure, true or false per seed, at the given coordinates."""
    return lambda data: label(data.sel(where)) == classification.STRUCTURES.index(structure)


@experiment(
    "null-scores",
    chapter=CHAPTER,
    smoke=Profile(grid={"modulus": (7, 13, 17, 23)}, seeds=400),
    full=Profile(grid={"modulus": (7, 9, 11, 13, 17, 23)}, seeds=4000),
    tolerances={name: Tolerance(atol=1e-6) for name in SCORES[:3]},
    unit="sets of points",
)
def null_scores(cell, seeds, device) -> xr.Dataset:
    """Independent normal points without any structure: their scores, for several moduli."""
    return xr.Dataset(scores(classification.null_points(seeds, cell["modulus"], device=device), SCORES[:3]))


def is_anything(modulus: int):
    """Whether points without structure are called a line, a circle or a grid, per set."""
    return lambda data: label(data.sel(modulus=modulus)) != classification.STRUCTURES.index("other")


SYSTEMS = ("network with biases", "network without biases", "particles that cluster", "particles that align")


@experiment(
    "same-start",
    chapter=CHAPTER,
    smoke=Profile(grid={"system": SYSTEMS}, seeds=24, settings={"modulus": 17, "steps": 400}),
    full=Profile(grid={"system": SYSTEMS}, seeds=128, settings={"modulus": 17, "steps": 1500}),
    tolerances=LOOSE
    | {"embedding": Tolerance(atol=0.5), "start": Tolerance(atol=1e-6), "power": Tolerance(atol=0.1)},
)
def same_start(cell, seeds, device) -> xr.Dataset:
    """Networks with and without biases (decay 2 without, 1 with them) and particles that only cluster or only
    align, from the same normal points: where the points end, their scores and the shares of the frequencies in
    their power.
    """
    start = particles.random_points(seeds, cell["modulus"], device=device)
    system = cell["system"]
    if system.startswith("network"):
        biases = system == "network with biases"
        group, _ = trained(seeds, cell["modulus"], biases=biases, decay=1.0 if biases else 2.0, steps=cell["steps"],
                           width=64, device=device)  # fmt: skip
        end = group.embedding.double()
    else:
        weights = (1.0, 0.0) if system == "particles that cluster" else (0.0, 1.0)
        end = particles.simulate(start, clustering=weights[0], alignment=weights[1], rms=RADIUS, steps=300)
    shown = {"embedding": end, "start": start}
    return xr.Dataset(
        {
            name: (("seed", "residue", "axis"), points.cpu().numpy().astype("float32"))
            for name, points in shown.items()
        }
        | {"power": (("seed", "frequency"), metrics.frequency_powers(end).cpu().numpy())}
        | scores(end),
        coords={"axis": ["x", "y"], "frequency": list(range(1, cell["modulus"] // 2 + 1))},
    )


def same_frequency(data: xr.Dataset) -> xr.DataArray:
    """Whether the network without biases and the aligning particles of one start end at one frequency, per seed."""
    network, particle = _frequencies(data)
    return network == particle


def strangers_frequency(data: xr.Dataset) -> xr.DataArray:
    """Share of the other starts' particles that end at the frequency of a seed's network, per seed: chance."""
    network, particle = _frequencies(data)
    same = network.values[:, None] == particle.values[None, :]  # (s, s)
    share = (same.sum(1) - same.diagonal()) / (same.shape[0] - 1)
    return network.copy(data=share)


def _frequencies(data: xr.Dataset) -> tuple[xr.DataArray, xr.DataArray]:
    names = ("network without biases", "particles that align")
    return tuple(data.power.sel(system=name, drop=True).idxmax("frequency") for name in names)


@experiment(
    "network-structures",
    chapter=CHAPTER,
    smoke=Profile(
        grid={"decay": (0.0, 1.0, 2.0), "biases": (True, False)},
        seeds=32,
        settings={"modulus": 17, "width": 64, "steps": 400, "share": 0.8},
    ),
    full=Profile(
        grid={"decay": (0.0, 0.1, 0.3, 1.0, 2.0, 3.0), "biases": (True, False)},
        seeds=192,
        settings={"modulus": 17, "width": 64, "steps": 1500, "share": 0.8},
    ),
    tolerances=LOOSE,
)
def network_structures(cell, seeds, device) -> xr.Dataset:
    """Networks trained by AdamW (step size 0.01) on 80 % of the table modulo 17, against weight decay, with and
    without biases: scores of the embeddings and accuracies.
    """
    group, accuracies = trained(seeds, cell["modulus"], biases=cell["biases"], decay=cell["decay"], width=cell["width"],
                                steps=cell["steps"], share=cell["share"], device=device)  # fmt: skip
    return xr.Dataset(scores(group.embedding) | accuracies)


def circles_gained(decay: float):
    """1 where a network without biases is a circle and that with biases is not, -1 the other way round, per seed."""

    def gained(data):
        circle = (label(data.sel(decay=decay)) == classification.STRUCTURES.index("circle")).astype(float)
        return circle.sel(biases=False) - circle.sel(biases=True)

    return gained


@experiment(
    "frozen-layers",
    chapter=CHAPTER,
    smoke=Profile(grid={"frozen": ("first", "second")}, seeds=32, settings={"width": 64, "steps": 400}),
    full=Profile(grid={"frozen": ("first", "second")}, seeds=192, settings={"width": 64, "steps": 1500}),
    tolerances=LOOSE,
)
def frozen_layers(cell, seeds, device) -> xr.Dataset:
    """Networks with biases at weight decay 1 whose first or second layer keeps its random weights and biases:
    scores.
    """
    frozen = (cell["frozen"], cell["frozen"] + "_bias")
    group, accuracies = trained(seeds, 17, biases=True, decay=1.0, width=cell["width"], steps=cell["steps"],
                                frozen=frozen, device=device)  # fmt: skip
    return xr.Dataset(scores(group.embedding) | accuracies)


FORCES = {
    "clustering": (1.0, 0.0),
    "alignment": (0.0, 1.0),
}


@experiment(
    "particle-structures",
    chapter=CHAPTER,
    smoke=Profile(
        grid={"force": tuple(FORCES), "labels": ("sums", "random")},
        seeds=24,
        settings={"modulus": 17, "steps": 300},
    ),
    full=Profile(
        grid={"force": tuple(FORCES), "labels": ("sums", "random")},
        seeds=128,
        settings={"modulus": 17, "steps": 500},
    ),
    tolerances=LOOSE,
)
def particle_structures(cell, seeds, device) -> xr.Dataset:
    """Particles from normal points under clustering and alignment alone (root mean square
    radius 2.5, range 1), with the labels of addition or with random ones: scores.
    """
    modulus, (clustering, alignment) = cell["modulus"], FORCES[cell["force"]]
    labels = tables.classes(modulus)
    if cell["labels"] == "random":
        draws = [torch.Generator().manual_seed(int(seed) + 2**50) for seed in seeds]
        labels = torch.stack([torch.randint(modulus, labels.shape, generator=g) for g in draws])
    start = particles.random_points(seeds, modulus, device=device)
    end = particles.simulate(start, clustering=clustering, alignment=alignment, rms=RADIUS, labels=labels,
                             steps=cell["steps"])  # fmt: skip
    return xr.Dataset(scores(end))
