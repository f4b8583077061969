"""What the command line does with published figures: find them, make them again, cite them."""

from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from verified_dynamics.command_line.reproduction import Comparison, Runs, compare
from verified_dynamics.experiments import DeviceError, ExperimentError
from verified_dynamics.experiments.declaration import PROFILES, unknown
from verified_dynamics.experiments.provenance import commit


class UnknownFigure(ValueError):
    """No published figure has that name."""


def checkout() -> Path:
    """Root of the checkout in which we are; raises ExperimentError outside one."""
    for folder in (Path.cwd(), *Path.cwd().parents):
        if (folder / "_toc.yml").is_file() and (folder / "lib" / "verified_dynamics").is_dir():
            return folder
    raise ExperimentError("this command reads the chapters: start it inside a checkout of the book.")


def outcomes() -> Path:
    """Where the outcomes of re-runs are kept in this checkout."""
    from verified_dynamics.book.reproductions import FOLDER

    return checkout() / FOLDER


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


def reproduce(name: str | None, profile: str, device: str, screen: Console, folder: Path | None) -> bool:
    """Run the experiments of one figure (or of all) again, print the comparison, return whether all reproduce.

    folder: where the outcome of each figure is written; None writes none. An experiment that fails, or a figure
    that has nothing to be compared with, raises ExperimentError; among all figures it counts as not reproduced and
    the others go on.
    """
    if profile not in (*PROFILES, "shown"):
        raise ExperimentError(unknown("profile", profile, [*PROFILES, "shown"]))
    figures = published() if name is None else {name: find(name)}
    runs, code, good = Runs(device), commit(), 0  # before the first outcome changes the checkout
    for figure, record in figures.items():
        try:
            good += _reproduce_one(figure, record, profile, runs, screen, folder, code)
        except (ExperimentError, DeviceError) as error:
            if name is not None or isinstance(error, DeviceError):
                raise
            screen.print(f"{figure}: not reproduced, {error}", soft_wrap=True)
    if name is None:
        screen.print(f"{good} of {len(figures)} figures reproduced.")
    return good == len(figures)


def _reproduce_one(
    figure: str, record: dict, profile: str, runs: Runs, screen: Console, folder: Path | None, code: str
) -> bool:
    from verified_dynamics.book.reproductions import largest, write_reproduction

    found = [compare(record, origin, profile, runs) for origin in record["experiments"]]
    for comparison in found:
        _tell(figure, comparison, screen)
    outcome = {
        "figure": figure,
        "digest": record["digest"],
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "commit": code,
        "reproduced": all(comparison.reproduced for comparison in found),
        "experiments": [comparison.outcome() for comparison in found],
    }
    variable, units = largest(outcome)
    verdict = "reproduced" if outcome["reproduced"] else "NOT REPRODUCED"
    ways = " and ".join(sorted({f"by {comparison.compared}" for comparison in found}))
    screen.print(
        f"{figure}: {verdict}, compared {ways}; largest deviation {units:.3g} tolerances ({variable}).",
        soft_wrap=True,
    )
    if folder is not None:
        write_reproduction(outcome, folder)
    return outcome["reproduced"]


def _tell(figure: str, found: Comparison, screen: Console) -> None:
    where = f"{figure}  {found.name} at {found.profile} on {found.provenance['device_name']}"
    screen.print(f"{where}, compared by {found.compared}: {found.why}.", soft_wrap=True)
    for variable, units in found.deviations.items():
        screen.print(
            f"{figure}  {found.name}.{variable}: {units:.3g} tolerances, {found.verdict(variable)}",
            soft_wrap=True,
        )
    if found.compared == "equality" and found.unequal:
        screen.print(
            f"{figure}  {found.name}: on the same machine, device and versions the bits must be equal, and they differ "
            f"in {', '.join(found.unequal)}: the run is not deterministic, or its code is not the one that made the "
            "book's numbers.",
            soft_wrap=True,
        )


def cite(name: str | None, plain: bool = False) -> str:
    """BibTeX entry of a figure, or of the book if none is named; as a sentence if `plain`."""
    from verified_dynamics.book.citation import Book, bibtex, book_bibtex, book_sentence, sentence

    book = Book.read(checkout())
    if name is None:
        return book_sentence(book) if plain else book_bibtex(book)
    return sentence(find(name), book) if plain else bibtex(find(name), book)
