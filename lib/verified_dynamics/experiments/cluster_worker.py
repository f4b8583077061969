"""What happens on a worker of a cluster: it says where it is, and it opens a sealed message and does what it says.

`opening`, `opening_with_address` and `counting` give functions that travel by value: a scheduler without the library,
or a worker that lacks it, takes them all the same and can say so. Everything else is imported on the worker.
"""

import os
import pickle
import platform
from collections.abc import Callable

import torch

from verified_dynamics.experiments.code_state import code_state
from verified_dynamics.experiments.declaration import Experiment
from verified_dynamics.experiments.devices import DeviceError
from verified_dynamics.experiments.provenance import Place, reset_peak


def sealed(function: Callable, *arguments) -> bytes:
    """A message that only a worker opens, and that calls the function there; both must be importable there."""
    return pickle.dumps((function, arguments))


def opening() -> Callable:
    """A function that opens a sealed message on a worker and gives (what is wrong with the worker or None, result)."""

    def open_and_do(message):
        import pickle

        try:
            function, arguments = pickle.loads(message)
        except Exception as error:
            return f"cannot load the experiment ({type(error).__name__}: {error})", None
        return function(*arguments)

    return open_and_do


def opening_with_address() -> Callable:
    """The same for a cell, which may run on any worker: gives (address of the worker, what is wrong, result)."""
    open_and_do = opening()

    def open_and_sign(message):
        from distributed import get_worker

        return get_worker().address, *open_and_do(message)

    return open_and_sign


def counting() -> Callable:
    """A function that asks the scheduler for (threads, number of GPUs as a resource) of each worker by its address."""

    def count(dask_scheduler):
        return {
            address: (worker.nthreads, worker.resources.get("GPU", 0))
            for address, worker in dask_scheduler.workers.items()
        }

    return count


def answer(experiment: Experiment, device: str) -> tuple[str | None, dict | None]:
    """(Why this worker cannot take part or None, its `Place`, the state of its code and its GPU)."""
    try:
        place = Place.here(device)
    except DeviceError as error:
        return f"cannot take part: {str(error).rstrip('.')}", None
    return None, {"place": place, "code": code_state(experiment.function), "gpu": _gpu(place)}


def carry_out(
    compute: Callable, arguments: tuple, experiment: Experiment, device: str, expected: dict
) -> tuple:
    """(What is wrong with this worker or None, (result, machine)) of one cell on this worker.

    expected: the place and the code of the workers with which the run began; one that joined later must agree.
    """
    from distributed import get_worker

    wrong, found = answer(experiment, device)
    wrong = wrong or differs(found, expected)
    if wrong:
        return wrong, None
    if get_worker().state.nthreads == 1:  # beside other cells, the peak is that of the process
        reset_peak(device)
    return None, (compute(*arguments), found["place"].machine)


def differs(found: dict, expected: dict) -> str | None:
    """In which way a worker differs from what is expected of it, in words that follow its name; None if it agrees.

    Machines may differ, as those of a cluster do: the provenance names them.
    """
    if found["code"] != expected["code"]:
        return "has another state of the code of this experiment"
    ours, theirs = expected["place"], found["place"]
    for what in ("device", "device_name"):
        if getattr(theirs, what) != getattr(ours, what):
            return f"computes on {getattr(theirs, what)}, not on {getattr(ours, what)}"
    for name in sorted(set(ours.versions) | set(theirs.versions)):
        have, need = (place.versions.get(name, "missing") for place in (theirs, ours))
        if have != need:
            return f"has {name} {have}, not {need}"
    return None


def _gpu(place: Place) -> tuple | None:
    """What tells this worker's GPU from those of other workers; None without one.

    In a container or a job every machine may call its GPU number 0, and slices of one GPU may share an identity:
    only all of it together names the GPU.
    """
    if not place.device.startswith("cuda"):
        return None
    identity = getattr(torch.cuda.get_device_properties(place.device), "uuid", "")
    return platform.node(), str(identity), os.environ.get("CUDA_VISIBLE_DEVICES", ""), place.device
