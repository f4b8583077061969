"""Run the experiments of a figure again and compare: by equality where nothing differs, else by tolerance."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import xarray as xr
from threadpoolctl import threadpool_limits

from verified_dynamics import catalogue
from verified_dynamics.experiments import (
    ExperimentError,
    Run,
    Tolerance,
    deviations,
    digest,
    read_record,
    records_folder,
)
from verified_dynamics.experiments.storage import from_bytes

__all__ = ["NUMERICS", "Comparison", "Runs", "compare", "reference", "ways_to_differ"]

# Packages whose version can change the last bits of a number.
NUMERICS = ("torch", "numpy", "scipy", "sympy", "scikit-learn")


@dataclass(frozen=True)
class Comparison:
    """How the re-run of one experiment compares with the numbers of the book.

    compared: "equality" or "tolerance", and why. deviations: of each variable, in units of its tolerance.
    unequal: the variables whose bits differ.
    """

    name: str
    profile: str
    compared: str
    why: str
    deviations: dict[str, float]
    unequal: tuple[str, ...]
    provenance: dict

    @property
    def reproduced(self) -> bool:
        """Equal, or within the tolerances, as the comparison demands."""
        if self.compared == "equality" and self.unequal:
            return False
        return all(units <= 1 for units in self.deviations.values())

    def verdict(self, variable: str) -> str:
        """What a reader is told of one variable."""
        if self.deviations[variable] > 1:
            return "DEVIATES"
        if self.compared == "equality":
            return "NOT EQUAL" if variable in self.unequal else "equal"
        return "agrees"

    def outcome(self) -> dict:
        """The comparison as plain data, for the outcome that is kept."""
        return {
            "name": self.name,
            "profile": self.profile,
            "compared": self.compared,
            "why": self.why,
            "reproduced": self.reproduced,
            "device_name": self.provenance["device_name"],
            "machine": self.provenance["machine"],
            "versions": self.provenance["versions"],
            "deviations": self.deviations,
            "unequal": list(self.unequal),
        }


class Runs:
    """Runs of experiments, each made once for all figures that show it."""

    def __init__(self, device: str):
        self.device = device
        self._made: dict[tuple, Run] = {}

    def get(self, name: str, profile: str, threads: int | None) -> Run:
        """The run of an experiment at a profile, on as many threads as the book's numbers were made on.

        Raises ExperimentError when the experiment fails.
        """
        key = (name, profile, threads)
        if key not in self._made:
            with _threads(threads):
                self._made[key] = catalogue.find(name).run(profile, device=self.device)
        return self._made[key]


@contextmanager
def _threads(number: int | None) -> Iterator[None]:
    """A sum in another order has other last bits, and the number of threads decides the order."""
    if number is None:
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        with threadpool_limits(number):
            yield
    finally:
        torch.set_num_threads(before)


def reference(record: dict, origin: dict, profile: str) -> tuple[xr.Dataset, dict | None]:
    """The book's numbers at a profile, and where they came from (None if it is not known).

    They are the figure's own, or those of the record: its full size, or the smoke result kept in it. Raises
    ExperimentError where the book holds none at that profile.
    """
    if profile == origin["profile"]:
        return from_bytes(base64.b64decode(record["data"][origin["name"]])), origin["provenance"]
    kept = read_record(catalogue.find(origin["name"]), records_folder())
    if kept is None:
        raise ExperimentError(
            f"figure {record['name']} shows {origin['name']} at {origin['profile']}, and the book has no record of it "
            f"to compare a {profile} run with; reproduce it with --profile {origin['profile']}, or make the record "
            f"with `verified-dynamics run {origin['name']} --profile full`."
        )
    if profile == "smoke":
        return kept.smoke, kept.smoke_provenance
    return kept.data, kept.provenance


def ways_to_differ(here: dict, there: dict | None) -> list[str]:
    """Why a re-run may differ in its last bits from numbers of another origin; empty if nothing differs.

    here, there: provenance of the re-run and of the book's numbers.
    """
    if there is None:
        return ["the book does not say where its numbers were made"]
    found = []
    if here["device_name"] != there["device_name"]:
        found.append(f"another device ({here['device_name']}; the book's is {there['device_name']})")
    if "machine" not in there:
        found.append("the book does not say on which processor its numbers were made")
    else:
        ours, theirs = here["machine"], there["machine"]
        found += [
            f"other {what} ({ours.get(what)}; the book's: {theirs.get(what)})"
            for what in ("processor", "instructions", "threads")
            if ours.get(what) != theirs.get(what)
        ]
    ours, theirs = here["versions"], there["versions"]
    found += [
        f"{name} {ours.get(name)} (the book's: {theirs.get(name)})"
        for name in NUMERICS
        if ours.get(name) != theirs.get(name)
    ]
    return found


def compare(record: dict, origin: dict, profile: str, runs: Runs) -> Comparison:
    """Run one experiment of a figure again and compare it with the book's numbers.

    record: the figure's; origin: its entry of that experiment; profile: "smoke", "full" or "shown".
    """
    wanted = origin["profile"] if profile == "shown" else profile
    expected, source = reference(record, origin, wanted)
    run = runs.get(origin["name"], wanted, (source or {}).get("machine", {}).get("threads"))
    tolerances = {name: Tolerance(**given) for name, given in origin["tolerances"].items()}
    differ = ways_to_differ(run.provenance, source)
    expected = expected[origin["variables"]]
    found = deviations(expected, run.data, tolerances)
    return Comparison(
        name=origin["name"],
        profile=wanted,
        compared="tolerance" if differ else "equality",
        why="; ".join(differ) or "the same machine, device and versions",
        deviations=found,
        unequal=tuple(name for name in found if not _equal(expected, run.data, name)),
        provenance=run.provenance,
    )


def _equal(expected: xr.Dataset, other: xr.Dataset, name: str) -> bool:
    return name in other and digest(expected[[name]]) == digest(other[[name]])
