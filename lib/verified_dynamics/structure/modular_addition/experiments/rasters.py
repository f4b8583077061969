"""Runs over many settings: the phase diagram of the particles, and networks of four moduli in thousands of seeds."""

import numpy as np
import xarray as xr

from verified_dynamics.experiments import Profile, Tolerance, experiment
from verified_dynamics.structure.modular_addition import particles
from verified_dynamics.structure.modular_addition.experiments.structures import (
    CHAPTER,
    LOOSE,
    is_structure,
    scores,
    trained,
)

PERCENT = ("aspect", "circularity", "grid_score", "validation_accuracy")


@experiment(
    "particle-phase-diagram",
    chapter=CHAPTER,
    smoke=Profile(
        grid={"ratio": (0.3, 3.0, 30.0), "range": (0.3, 0.5, 1.0)},
        seeds=6,
        settings={"modulus": 17, "steps": 160},
    ),
    full=Profile(
        grid={
            "ratio": (0.1, 0.3, 1.0, 2.0, 3.0, 5.0, 10.0, 30.0),
            "range": (0.15, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0, 1.5),
        },
        seeds=32,
        settings={"modulus": 17, "steps": 400},
    ),
    tolerances=LOOSE,
)
def particle_phase_diagram(cell, seeds, device) -> xr.Dataset:
    """Particles at the root mean square radius 2, against the weight of alignment over that of clustering and
    the range of clustering over the radius: scores.
    """
    start = particles.random_points(seeds, cell["modulus"], device=device)
    end = particles.simulate(start, clustering=1.0, alignment=cell["ratio"], sigma=2 * cell["range"],
                             steps=cell["steps"])  # fmt: skip
    return xr.Dataset(scores(end))


@experiment(
    "structure-raster",
    chapter=CHAPTER,
    smoke=Profile(
        grid={"modulus": (13,), "decay": (1.0,), "biases": (True, False)}, seeds=8, settings={"steps": 100}
    ),
    full=Profile(
        grid={"modulus": (13, 17, 23, 31), "decay": (0.0, 0.1, 0.3, 1.0, 2.0, 3.0), "biases": (True, False)},
        seeds=4096,
        settings={"steps": 1500},
    ),
    tolerances={name: Tolerance(atol=10.0) for name in PERCENT},
)
def structure_raster(cell, seeds, device) -> xr.Dataset:
    """Networks of width 64 trained on 80 % of the table, against modulus, weight decay and biases: scores and
    validation accuracy in per cent, as whole numbers, since there are many.
    """
    group, accuracies = trained(seeds, cell["modulus"], biases=cell["biases"], decay=cell["decay"], steps=cell["steps"],
                                width=64, device=device)  # fmt: skip
    found = scores(group.embedding) | accuracies
    return xr.Dataset({name: ("seed", np.rint(100 * found[name][1]).astype("int8")) for name in PERCENT})


def raster_share(structure: str, **where):
    """Whether a network of the raster is of that structure, per seed, at the given coordinates."""
    return lambda data: is_structure(structure, **where)(data / 100)
