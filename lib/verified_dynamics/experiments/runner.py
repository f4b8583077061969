"""Run the cells of an experiment, in this process or on any executor, and keep each as soon as it is finished."""

import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor, Future, as_completed
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
import xarray as xr

from verified_dynamics.experiments.cells import PEAK, SECONDS, CellStore, key
from verified_dynamics.experiments.cluster import Cluster
from verified_dynamics.experiments.cluster_executor import ClusterError, ClusterExecutor
from verified_dynamics.experiments.declaration import Experiment, ExperimentError, Profile
from verified_dynamics.experiments.devices import DeviceError, choose_device, is_out_of_memory
from verified_dynamics.experiments.provenance import Place, Spent, peak_memory, provenance, reset_peak


@dataclass(frozen=True)
class Run:
    """What a run gave: `data` with the grid's dimensions added, `provenance`, `cost`, and the profile's name."""

    experiment: Experiment
    profile: str
    data: xr.Dataset
    provenance: dict
    cost: dict


@dataclass(frozen=True)
class Plan:
    """What a run will do: its cells, which of them are stored already, its seeds, and where the cells are kept."""

    cells: list[dict]
    done: list[dict]
    seeds: tuple[int, ...]
    store: CellStore
    origin: dict


def plan(
    experiment: Experiment,
    profile: str | Profile,
    *,
    store: Path | None = None,
    device: str = "auto",
    executor: Executor | Cluster | None = None,
) -> Plan:
    """The cells of a run and those that `store` holds already; the arguments are those of `run`.

    Raises DeviceError when the device is missing, ClusterError when a cluster cannot take part.
    """
    return _plan(experiment, profile, store, _site(experiment, executor, device)[1])


def _plan(experiment: Experiment, profile: str | Profile, store: Path | None, place: Place) -> Plan:
    name, sizes = _named(experiment, profile)
    seeds = tuple(range(sizes.seeds))
    origin = provenance(name, sizes, seeds, place)
    cells, kept = list(sizes.cells()), CellStore.of(experiment, sizes, store, origin)
    return Plan(cells, [cell for cell in cells if kept.holds(cell)], seeds, kept, origin)


def run(
    experiment: Experiment,
    profile: str | Profile = "smoke",
    *,
    device: str = "auto",
    executor: Executor | Cluster | None = None,
    store: Path | None = None,
    progress=None,
    at_once: int | None = None,
) -> Run:
    """Run every cell and combine them into one dataset with the grid's axes as dimensions.

    profile: "smoke", "full", or a `Profile` made from one of them. executor: any `concurrent.futures.Executor`, or a
    `Cluster`, whose workers then have the device; this process if None. store: folder where each finished cell is
    written at once, and from which a later run resumes.
    progress: called as progress(done, total) after each cell, first with those that were stored. at_once: run at
    most so many seeds of a cell together; all of them if None.
    Raises ExperimentError when a cell fails or cannot be stored (the finished cells stay stored), DeviceError when
    the device is missing or too small for a single seed.
    """
    executor, place = _site(experiment, executor, device)
    todo, start = _plan(experiment, profile, store, place), time.perf_counter()
    name, sizes = _named(experiment, profile)
    todo.store.sweep()
    if executor is None:
        reset_peak(todo.origin["device"])
    results: dict[str, xr.Dataset] = {}
    spent = Spent(len(todo.cells))
    for cell, result, stored in _results(experiment, todo, executor, at_once):
        results[key(cell)] = spent.add(result, stored)
        if progress:
            progress(len(results), len(todo.cells))
    data = _combine(experiment, sizes, results)
    origin = executor.origin(todo.origin) if isinstance(executor, ClusterExecutor) else todo.origin
    return Run(experiment, name, data, origin, spent.cost(time.perf_counter() - start))


def measured_cell(
    experiment: Experiment, cell: Mapping, seeds: tuple[int, ...], device: str, at_once: int | None = None
) -> xr.Dataset:
    """One cell, at most `at_once` seeds together, with its wall time and the peak memory of its process as attributes.

    Runs in whatever process the executor has, hence takes only what can be pickled.
    """
    start, size = time.perf_counter(), at_once or len(seeds)
    parts = [
        run_cell(experiment, cell, seeds[first : first + size], device)
        for first in range(0, len(seeds), size)
    ]
    used = {SECONDS: time.perf_counter() - start, PEAK: peak_memory(device)}
    return _joined(parts).assign_attrs(used)


def run_cell(experiment: Experiment, cell: Mapping, seeds: tuple[int, ...], device: str) -> xr.Dataset:
    """One cell for all seeds at once; when memory is short, for each half of the seeds, and so on down to one."""
    try:
        # Chosen again, because in another process TF32 is not yet switched off.
        data = experiment.function(dict(cell), seeds, choose_device(device))
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        if len(seeds) == 1:
            raise DeviceError(
                f"{experiment.name}, cell {_words(cell)}: one seed alone does not fit into the memory of {device}; "
                "take a larger device or smaller settings."
            ) from error
        data = None
    if data is None:  # outside the handler, so that the failed attempt's tensors are free again
        if device.startswith("cuda"):
            torch.cuda.empty_cache()
        half = len(seeds) // 2
        parts = [run_cell(experiment, cell, part, device) for part in (seeds[:half], seeds[half:])]
        return _joined(parts)
    return _checked(experiment, data, seeds)


def _joined(parts: list[xr.Dataset]) -> xr.Dataset:
    if len(parts) == 1:
        return parts[0]
    return xr.concat(parts, "seed", data_vars="minimal", coords="minimal", compat="override", join="exact")


def _results(experiment, todo: Plan, executor, at_once) -> Iterator[tuple[dict, xr.Dataset, bool]]:
    """(cell, result, whether it was stored): first the stored cells, then the others as they finish."""
    missing = []
    for cell in todo.cells:
        stored = todo.store.take(cell)
        if stored is None:
            missing.append(cell)
        else:
            yield cell, stored, True
    compute = partial(measured_cell, seeds=todo.seeds, device=todo.origin["device"], at_once=at_once)
    finished = _here if executor is None else partial(_elsewhere, executor)
    for cell, result in finished(experiment, missing, compute, todo.store):
        yield cell, result, False


def _here(experiment, cells, compute, store: CellStore) -> Iterator[tuple[dict, xr.Dataset]]:
    for cell in cells:
        try:
            result = compute(experiment, cell)
        except Exception as error:
            raise _failed(experiment, cell, error) from error
        store.keep(cell, result)
        yield cell, result


def _elsewhere(executor, experiment, cells, compute, store: CellStore) -> Iterator[tuple[dict, xr.Dataset]]:
    waiting: dict[Future, dict] = {executor.submit(compute, experiment, cell): cell for cell in cells}
    failure = None
    try:
        for future in as_completed(waiting):
            try:
                result = future.result()
            except Exception as error:  # the other cells are independent: let them finish and be kept
                failure = failure or _failed(experiment, waiting[future], error)
                continue
            store.keep(waiting[future], result)
            yield waiting[future], result
    finally:  # an interrupted run leaves nothing waiting
        for future in waiting:
            future.cancel()
    if failure:
        raise failure


def _failed(experiment, cell, error) -> Exception:
    if isinstance(error, DeviceError | ClusterError):
        return error
    kind = type(error).__name__
    return ExperimentError(f"experiment {experiment.name}, cell {_words(cell)}, failed with {kind}: {error}")


def _checked(experiment, data, seeds) -> xr.Dataset:
    if not isinstance(data, xr.Dataset):
        raise ExperimentError(
            f"experiment {experiment.name} must give an xarray.Dataset, not {type(data).__name__}"
        )
    unknown = [str(name) for name in data.data_vars if name not in experiment.tolerances]
    if unknown:
        raise ExperimentError(f"experiment {experiment.name}: declare a tolerance for {', '.join(unknown)}")
    if "seed" in data.dims:
        if data.sizes["seed"] != len(seeds):
            raise ExperimentError(
                f"experiment {experiment.name} was asked for {len(seeds)} seeds and gave {data.sizes['seed']}"
            )
        data = data.assign_coords(seed=list(seeds))
    return data


def _combine(experiment, sizes: Profile, results: Mapping[str, xr.Dataset]) -> xr.Dataset:
    def gather(chosen: dict, axes: list[str]) -> xr.Dataset:
        if not axes:
            return results[key({**sizes.settings, **chosen})]
        axis, rest = axes[0], axes[1:]
        parts = [gather({**chosen, axis: value}, rest) for value in sizes.grid[axis]]
        return xr.concat([p.expand_dims({axis: [v]}) for p, v in zip(parts, sizes.grid[axis], strict=True)], axis,
                         join="exact")  # fmt: skip

    try:
        return gather({}, list(sizes.grid))
    except ValueError as error:
        raise ExperimentError(
            f"the cells of {experiment.name} do not have the same variables, shapes and coordinates: {error}"
        ) from error


def _named(experiment: Experiment, profile: str | Profile) -> tuple[str, Profile]:
    if isinstance(profile, Profile):
        name = next((n for n in ("smoke", "full") if getattr(experiment, n) == profile), "changed")
        return name, profile
    return profile, experiment.profile(profile)


def _site(experiment, executor, device: str) -> tuple[Executor | None, Place]:
    """The executor of one run on that device, and where its cells run."""
    if isinstance(executor, Cluster):
        executor = executor.on(device, experiment)
        return executor, executor.place
    return executor, Place.here(device)


def _words(cell: Mapping) -> str:
    return ", ".join(f"{name}={value}" for name, value in cell.items()) or "(the only one)"
