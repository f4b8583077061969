"""What the command line does with published figures: find them, make them again, cite them."""

import base64
from pathlib import Path

from rich.console import Console

from verified_dynamics import catalogue
from verified_dynamics.experiments import (
    ExperimentError,
    Tolerance,
    choose_device,
    deviations,
    records_folder,
)
from verified_dynamics.experiments.declaration import PROFILES, unknown
from verified_dynamics.experiments.storage import from_bytes


class UnknownFigure(ValueError):
    """No published figure has that name."""


def checkout() -> Path:
    """Root of the checkout in which we are; raises ExperimentError outside one."""
    for folder in (Path.cwd(), *Path.cwd().parents):
        if (folder / "_toc.yml").is_file() and (folder / "lib" / "verified_dynamics").is_dir():
            return folder
    raise ExperimentError("this command reads the chapters: start it inside a checkout of the book.")


def published() -> dict[str, dict]:
    """Figure outputs by name, from the chapters as they were last executed."""
    from verified_dynamics.book.ledger import figure_records

    return figure_records(checkout())


def find(name: str) -> dict:
    """The figure of that name; raises UnknownFigure that suggests the nearest."""
    known = published()
    if name not in known:
        raise UnknownFigure(unknown("figure", name, list(known)))
    return known[name]


def reproduce(name: str | None, profile: str, device: str, screen: Console) -> bool:
    """Run the experiments of one figure (or of all) again, print the deviations, return whether all agree."""
    if profile not in (*PROFILES, "shown"):
        raise ExperimentError(unknown("profile", profile, [*PROFILES, "shown"]))
    figures = published() if name is None else {name: find(name)}
    runs: dict[tuple[str, str], object] = {}
    agreed = True
    for figure, record in figures.items():
        agreed &= _reproduce_one(figure, record, profile, device, screen, runs)
    return agreed


def _reproduce_one(figure: str, record: dict, profile: str, device: str, screen: Console, runs: dict) -> bool:
    agreed = True
    for origin in record["experiments"]:
        wanted = origin["profile"] if profile == "shown" else profile
        key = (origin["name"], wanted)
        if key not in runs:
            runs[key] = catalogue.find(origin["name"]).run(wanted, device=device)
        reference = _reference(record, origin, wanted)
        tolerances = {v: Tolerance(**t) for v, t in origin["tolerances"].items()}
        same_device = origin["provenance"]["device_name"] == runs[key].provenance["device_name"]
        for variable, units in deviations(reference, runs[key].data, tolerances).items():
            verdict = "agrees" if units <= 1 else "DEVIATES"
            agreed &= units <= 1
            screen.print(f"{figure}  {origin['name']}.{variable}: {units:.3g} tolerances, {verdict}")
        screen.print(
            f"{figure}  {origin['name']} ran at {wanted} on {choose_device(device)}, "
            + ("the same kind of device as" if same_device else "another device than")
            + " the book's numbers."
        )
    return agreed


def _reference(record: dict, origin: dict, wanted: str):
    """The book's numbers at the wanted profile: the figure's own, or the smoke result in the record."""
    if wanted == origin["profile"]:
        return from_bytes(base64.b64decode(record["data"][origin["name"]]))
    from verified_dynamics.experiments import read_record

    kept = read_record(catalogue.find(origin["name"]), records_folder())
    if kept is None:
        raise ExperimentError(
            f"the book shows {origin['name']} at {origin['profile']} and has no record of it; reproduce it with "
            f"--profile {origin['profile']}."
        )
    return (kept.smoke if wanted == "smoke" else kept.data)[origin["variables"]]


def cite(name: str) -> str:
    """BibTeX of a figure."""
    from verified_dynamics.book.citation import bibtex

    return bibtex(find(name))
