"""Finished cells on disk: each is kept as soon as it is finished, and a later run of exactly the same takes it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import xarray as xr

from verified_dynamics.experiments.code_state import code_state
from verified_dynamics.experiments.declaration import Experiment, ExperimentError, Profile
from verified_dynamics.experiments.storage import from_bytes, reason, sweep, to_bytes, write_atomically

SECONDS, PEAK = "cell_wall_seconds", "cell_peak_memory_bytes"


def key(content: Mapping) -> str:
    """A short name for plain data: equal data have equal names."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class CellStore:
    """The finished cells of one size of one experiment, by one code, on one kind of device; others never mix with them.

    folder: where they are, or None: nothing is kept.
    """

    folder: Path | None

    @classmethod
    def of(cls, experiment: Experiment, sizes: Profile, store: Path | None, origin: Mapping) -> "CellStore":
        """Below `store`, for that size; origin: the provenance of the run.

        What is defined in a notebook or at a prompt is not kept: no file tells whether its code is still the same.
        """
        code = code_state(experiment.function) if store else None
        if code is None:
            return cls(None)
        where = {"device": origin["device_name"], "versions": origin["versions"]}
        if not origin["device"].startswith(
            "cuda"
        ):  # the processor of a GPU's host does not touch the numbers
            where["machine"] = origin["machine"]
        fingerprint = key({**sizes.parameters(), **where, "code": code})
        return cls(Path(store) / experiment.chapter / experiment.name / fingerprint)

    def holds(self, cell: Mapping) -> bool:
        """Whether the cell is there."""
        return self.folder is not None and self._file(cell).exists()

    def take(self, cell: Mapping) -> xr.Dataset | None:
        """The cell as it was kept, or None; one that was damaged from outside is removed and runs again."""
        if not self.holds(cell):
            return None
        try:
            return from_bytes(self._file(cell).read_bytes())
        except FileNotFoundError:
            return None
        except Exception:
            self._file(cell).unlink(missing_ok=True)
            return None

    def keep(self, cell: Mapping, result: xr.Dataset) -> None:
        """Write the cell, whole or not at all; raises ExperimentError where it cannot be written."""
        if self.folder is None:
            return
        try:
            write_atomically(self._file(cell), to_bytes(result))
        except OSError as error:
            raise ExperimentError(
                f"a finished cell cannot be kept in {self.folder} ({reason(error)}); the cells that were kept before "
                "are whole. Make room or choose another folder, and start the same command again."
            ) from error
        except ValueError as error:
            raise ExperimentError(f"a finished cell cannot be written as NetCDF-3: {error}") from error

    def sweep(self) -> None:
        """Remove what killed runs left half-written."""
        if self.folder is not None:
            sweep(self.folder)

    def peaks(self, cells: list[dict]) -> list[int]:
        """Peak memory in bytes, as it was measured, of those cells that are there."""
        kept = [self.take(cell) for cell in cells if self.holds(cell)]
        return [int(found.attrs[PEAK]) for found in kept if found is not None and PEAK in found.attrs]

    def _file(self, cell: Mapping) -> Path:
        return self.folder / f"{key(cell)}.nc"
