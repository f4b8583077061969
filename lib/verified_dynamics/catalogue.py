"""Every experiment of the book, found by walking through the theories' folders."""

import pkgutil
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import verified_dynamics
from verified_dynamics.experiments import Experiment, ExperimentError, read_record, records_folder
from verified_dynamics.experiments.declaration import unknown

INSTRUMENTS = {"proof", "statistics", "ensemble", "experiments", "data", "models"}
BOOK_FLOOR = {"claims", "figures", "book", "notebook", "command_line", "catalogue", "addresses", "numerals"}


def parts() -> list[str]:
    """Names of the parts: the subpackages that are neither instruments nor the book floor."""
    found = pkgutil.iter_modules(verified_dynamics.__path__)
    return sorted(m.name for m in found if m.ispkg and m.name not in INSTRUMENTS | BOOK_FLOOR)


def theories() -> list[str]:
    """Import names of all theory packages, such as "verified_dynamics.margin.max_margin"."""
    found = []
    for part in parts():
        folder = Path(verified_dynamics.__path__[0], part)
        found += [
            f"verified_dynamics.{part}.{m.name}" for m in pkgutil.iter_modules([str(folder)]) if m.ispkg
        ]
    return sorted(found)


@cache
def experiments() -> dict[str, Experiment]:
    """All declared experiments by name; raises ExperimentError when two share one."""
    found: dict[str, Experiment] = {}
    for theory in theories():
        if find_spec(f"{theory}.experiments") is None:
            continue
        module = import_module(f"{theory}.experiments")
        for value in vars(module).values():
            if isinstance(value, Experiment):
                if found.setdefault(value.name, value) is not value:
                    raise ExperimentError(f"two experiments are named {value.name!r}; rename one of them.")
    return dict(sorted(found.items()))


def find(name: str) -> Experiment:
    """The experiment of that name; raises ExperimentError that suggests the nearest name."""
    known = experiments()
    if name not in known:
        raise ExperimentError(unknown("experiment", name, list(known)))
    return known[name]


def record_state(experiment: Experiment) -> str | None:
    """None while the experiment's committed full-size record stands, else "no record" or "stale: reason".

    Runs the experiment at its smoke size on the CPU where there is a record. Raises RecordError for a damaged one.
    """
    record = read_record(experiment, records_folder())
    if record is None:
        return "no record"
    reason = record.stale_because(experiment, None)
    if reason is None:
        reason = record.stale_because(experiment, experiment.run("smoke", device="cpu").data)
    return f"stale: {reason}" if reason else None
