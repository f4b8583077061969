"""Run the cells of an experiment, in this process or on any executor, and keep each as soon as it is finished."""

import hashlib
import json
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor, Future, as_completed
from dataclasses import dataclass
from pathlib import Path

import torch
import xarray as xr

from verified_dynamics.experiments.declaration import Experiment, ExperimentError, Profile
from verified_dynamics.experiments.devices import DeviceError, choose_device, is_out_of_memory
from verified_dynamics.experiments.provenance import cost, provenance
from verified_dynamics.experiments.storage import from_bytes, to_bytes, write_atomically


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
    folder: Path | None


def plan(
    experiment: Experiment, profile: str | Profile, *, store: Path | None = None, device: str = "auto"
) -> Plan:
    """The cells of a run and those that `store` holds already."""
    _, sizes = _named(experiment, profile)
    cells, folder = list(sizes.cells()), _folder(experiment, sizes, store, choose_device(device))
    done = [cell for cell in cells if folder and _cell_file(folder, cell).exists()]
    return Plan(cells, done, tuple(range(sizes.seeds)), folder)


def run(
    experiment: Experiment,
    profile: str | Profile = "smoke",
    *,
    device: str = "auto",
    executor: Executor | None = None,
    store: Path | None = None,
    progress=None,
) -> Run:
    """Run every cell and combine them into one dataset with the grid's axes as dimensions.

    profile: "smoke", "full", or a `Profile` made from one of them. executor: any `concurrent.futures.Executor`; this
    process if None. store: folder where each finished cell is written at once, and from which a later run resumes.
    progress: called as progress(done, total) after each cell.
    Raises ExperimentError when a cell fails (the finished cells stay stored), DeviceError when the device is missing
    or too small for a single seed.
    """
    name, sizes = _named(experiment, profile)
    chosen, seeds, start = choose_device(device), tuple(range(sizes.seeds)), time.perf_counter()
    cells, folder = list(sizes.cells()), _folder(experiment, sizes, store, chosen)
    results: dict[str, xr.Dataset] = {}
    for cell, result in _results(experiment, cells, seeds, str(chosen), executor, folder):
        results[_key(cell)] = result
        if progress:
            progress(len(results), len(cells))
    data = _combine(experiment, sizes, results)
    origin = provenance(name, sizes, seeds, chosen)
    return Run(experiment, name, data, origin, cost(time.perf_counter() - start, chosen))


def run_cell(experiment: Experiment, cell: Mapping, seeds: tuple[int, ...], device: str) -> xr.Dataset:
    """One cell for all seeds at once; when memory is short, for each half of the seeds, and so on down to one.

    Runs in whatever process the executor has, hence takes only what can be pickled.
    """
    try:
        data = experiment.function(dict(cell), seeds, torch.device(device))
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
        return xr.concat(
            parts, "seed", data_vars="minimal", coords="minimal", compat="override", join="exact"
        )
    return _checked(experiment, data, seeds)


def _results(experiment, cells, seeds, device, executor, folder) -> Iterator[tuple[dict, xr.Dataset]]:
    waiting: dict[Future, dict] = {}
    failure = None
    for cell in cells:
        stored = _stored(folder, cell)
        if stored is not None:
            yield cell, stored
        elif executor is None:
            try:
                result = run_cell(experiment, cell, seeds, device)
            except Exception as error:
                raise _failed(experiment, cell, error) from error
            _store(folder, cell, result)
            yield cell, result
        else:
            waiting[executor.submit(run_cell, experiment, cell, seeds, device)] = cell
    for future in as_completed(waiting):
        try:
            result = future.result()
        except Exception as error:  # the other cells are independent: let them finish and be kept
            failure = failure or _failed(experiment, waiting[future], error)
            continue
        _store(folder, waiting[future], result)
        yield waiting[future], result
    if failure:
        raise failure


def _failed(experiment, cell, error) -> Exception:
    if isinstance(error, DeviceError):
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
            return results[_key({**sizes.settings, **chosen})]
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


def _key(cell: Mapping) -> str:
    return hashlib.sha256(json.dumps(cell, sort_keys=True).encode()).hexdigest()[:16]


def _folder(experiment, sizes: Profile, store: Path | None, device: torch.device) -> Path | None:
    """Cells of one size of one experiment on one kind of device; others never mix with them."""
    if store is None:
        return None
    fingerprint = _key({**sizes.parameters(), "device": device.type})
    return Path(store) / experiment.chapter / experiment.name / fingerprint


def _cell_file(folder: Path, cell: Mapping) -> Path:
    return folder / f"{_key(cell)}.nc"


def _stored(folder: Path | None, cell: Mapping) -> xr.Dataset | None:
    if folder is None or not _cell_file(folder, cell).exists():
        return None
    try:
        return from_bytes(_cell_file(folder, cell).read_bytes())
    except Exception:
        _cell_file(folder, cell).unlink()  # damaged from outside: writing is atomic; the cell runs again
        return None


def _store(folder: Path | None, cell: Mapping, result: xr.Dataset) -> None:
    if folder is not None:
        write_atomically(_cell_file(folder, cell), to_bytes(result))


def _words(cell: Mapping) -> str:
    return ", ".join(f"{name}={value}" for name, value in cell.items()) or "(the only one)"
