"""Small declared experiments for the tests of the runner, records and evidence; importable by worker processes."""

import os
import signal
import time
from pathlib import Path

import numpy as np
import xarray as xr

from verified_dynamics.experiments import Profile, Tolerance, experiment

SHIFT = {"value": 0.0}  # a test moves it to change what "the present code" gives


@experiment(
    "toy-growth",
    chapter="margin/toy",
    smoke=Profile(grid={"rate": (1.0, 2.0), "kind": ("plain", "odd")}, seeds=3, settings={"steps": 4}),
    full=Profile(grid={"rate": (1.0, 2.0, 4.0), "kind": ("plain", "odd")}, seeds=5, settings={"steps": 6}),
    tolerances={"size": Tolerance(rtol=1e-9, atol=1e-9), "count": Tolerance()},
)
def growth(cell, seeds, device):
    """Grow a line at a given rate.

    The seed is its offset.
    """
    step = np.arange(cell["steps"])
    size = np.array([s + cell["rate"] * step + SHIFT["value"] for s in seeds])  # (s, t)
    return xr.Dataset(
        {"size": (("seed", "step"), size), "count": (("seed",), np.array(seeds))}, coords={"step": step}
    )


@experiment(
    "toy-slow",
    chapter="margin/toy",
    smoke=Profile(grid={"cell": (0, 1, 2, 3, 4, 5)}, seeds=2, settings={"log": "", "pause": 0.0}),
    full=Profile(grid={"cell": (0, 1)}, seeds=2, settings={"log": "", "pause": 0.0}),
    tolerances={"value": Tolerance()},
)
def slow(cell, seeds, device):
    """Leave a mark for each cell that runs, and take a while."""
    if cell["log"]:
        with open(cell["log"], "a") as log:
            log.write(f"{cell['cell']} {os.getpid()}\n")
    time.sleep(cell["pause"])
    return xr.Dataset({"value": (("seed",), np.array([cell["cell"] * 10.0 + s for s in seeds]))})


@experiment(
    "toy-hungry",
    chapter="margin/toy",
    smoke=Profile(seeds=7, settings={"room": 2}),
    full=Profile(seeds=7, settings={"room": 0}),
    tolerances={"value": Tolerance()},
)
def hungry(cell, seeds, device):
    """Run out of memory as soon as there are more seeds than room."""
    if len(seeds) > cell["room"]:
        raise MemoryError("pretended")
    return xr.Dataset({"value": (("seed",), np.array([s * s for s in seeds], float))})


@experiment(
    "toy-broken",
    chapter="margin/toy",
    smoke=Profile(grid={"cell": (0, 1, 2)}, settings={"folder": ""}),
    full=Profile(grid={"cell": (0,)}, settings={"folder": ""}),
    tolerances={"value": Tolerance()},
)
def broken(cell, seeds, device):
    """Fail in its second cell."""
    if cell["cell"] == 1:
        raise ZeroDivisionError("planted")
    Path(cell["folder"], str(cell["cell"])).touch()
    return xr.Dataset({"value": ((), float(cell["cell"]))})


@experiment(
    "toy-steady",
    chapter="margin/toy",
    smoke=Profile(grid={"cell": (0, 1)}, seeds=3, settings={"pause": 0.0}),
    full=Profile(grid={"cell": (0, 1, 2, 3, 4, 5, 6, 7)}, seeds=40, settings={"pause": 0.05}),
    tolerances={"value": Tolerance()},
)
def steady(cell, seeds, device):
    """Draw numbers from the seed and the cell, slowly enough to be killed on the way."""
    time.sleep(cell["pause"])
    draws = [np.random.default_rng([cell["cell"], s]).normal(size=25) for s in seeds]
    return xr.Dataset({"value": (("seed", "draw"), np.array(draws))})


@experiment(
    "toy-held",
    chapter="margin/toy",
    smoke=Profile(grid={"cell": (0, 1, 2, 3, 4, 5)}, seeds=2, settings={"folder": ""}),
    full=Profile(grid={"cell": (0, 1, 2)}, seeds=2, settings={"folder": ""}),
    tolerances={"value": Tolerance()},
)
def held(cell, seeds, device):
    """Leave a mark for each cell that runs; wait while a file says so, and die where another does."""
    number, folder = cell["cell"], Path(cell["folder"])
    if cell["folder"]:
        with open(folder / "log", "a") as log:
            log.write(f"{number} {os.getpid()}\n")
    if cell["folder"] and (folder / f"kill-{number}").exists():
        os.kill(os.getpid(), signal.SIGKILL)
    deadline = time.monotonic() + 200
    while cell["folder"] and (folder / f"hold-{number}").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    draws = [np.random.default_rng([number, s]).normal(size=5) for s in seeds]
    return xr.Dataset({"value": (("seed", "draw"), np.array(draws))})
