"""What the ledger page can be filtered by: where a claim stands, its square, its evidence, its source and origin."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import yaml

from verified_dynamics.book.cards import ORIGINS
from verified_dynamics.book.ledger import CELLS, cell_state
from verified_dynamics.book.square import HEADINGS

__all__ = [
    "NO_PAPER",
    "Choice",
    "Filter",
    "chapter_values",
    "evidence",
    "facets",
    "filters",
    "parts",
    "title_of",
]

NO_PAPER = "none"
_EVIDENCE = {
    "record": "at full size, with a record",
    "smoke": "at smoke size only, in a check or more",
    "symbolic": "not measured: symbolic checks only",
}


@dataclass(frozen=True)
class Choice:
    """One entry of a filter: the value that a claim has to have, its words, how many claims have it, its group."""

    value: str
    words: str
    count: int
    group: str = ""


@dataclass(frozen=True)
class Filter:
    """One filter: its name in the page's address, its words, and what can be chosen. Empty choices are left out."""

    name: str
    words: str
    choices: tuple[Choice, ...]


def evidence(claim: dict) -> str:
    """ "record" if each measured check has a full-size record, "smoke" if one has none, "symbolic" if none is made."""
    cells = [claim[cell] for cell in ("measures", "rejects") if cell_state(claim, cell) == "full"]
    checks = [check for cell in cells for check in cell]
    if not checks:
        return "symbolic"
    full = [any(estimate["record"] for estimate in check["estimates"]) for check in checks]
    return "record" if all(full) else "smoke"


def facets(claim: dict) -> dict[str, list[str]]:
    """The values of a claim for each filter, by the filter's name."""
    missing = [cell for cell in CELLS if cell_state(claim, cell) == "na"]
    return {
        "chapter": chapter_values(claim["chapter"]),
        "square": ["partial", *missing] if missing else ["full"],
        "evidence": [evidence(claim)],
        "source": claim["papers"] or [NO_PAPER],
        "origin": [claim["origin"]],
    }


def chapter_values(chapter: str) -> list[str]:
    """The values of every claim of a chapter for the filter by place: its part and itself."""
    return [chapter.partition("/")[0], chapter]


def filters(claims: list[dict], places: list[tuple[str, list[str]]], titles: dict[str, str]) -> list[Filter]:
    """The filters for these claims. places: the parts as `parts` gives them; titles: of the chapters, by name."""
    values = [facets(claim) for claim in claims]

    def choose(name: str, words: dict[str, str], group: str = "") -> tuple[Choice, ...]:
        counted = {value: sum(value in found[name] for found in values) for value in words}
        return tuple(Choice(v, words[v], counted[v], group) for v in words if counted[v])

    chapters: tuple[Choice, ...] = ()
    for caption, members in places:
        folders = dict.fromkeys(name.partition("/")[0] for name in members)
        chapters += choose("chapter", {folder: f"All of {caption}" for folder in folders}, caption)
        chapters += choose("chapter", {name: titles.get(name, name) for name in members}, caption)
    named = sorted({paper for found in values for paper in found["source"]} - {NO_PAPER}, key=str.casefold)
    square = choose(
        "square", {"full": "full: four cells filled", "partial": "with a cell that does not apply"}
    )
    square += choose("square", {cell: HEADINGS[cell] for cell in CELLS}, "This cell does not apply")
    sources = {paper: paper for paper in named} | {NO_PAPER: "no paper named"}
    return [
        Filter("chapter", "Part or chapter", chapters),
        Filter("square", "Square", square),
        Filter("evidence", "Measured", choose("evidence", _EVIDENCE)),
        Filter("source", "Source", choose("source", sources)),
        Filter("origin", "Origin", choose("origin", ORIGINS)),
    ]


def parts(root: Path | str) -> list[tuple[str, list[str]]]:
    """The parts of `_toc.yml` that have chapters: caption, and the chapters' names, in order."""
    with open(Path(root, "_toc.yml"), encoding="utf-8") as stream:
        listed = yaml.safe_load(stream)["parts"]
    found = [(part["caption"], list(_chapters(part["chapters"]))) for part in listed]
    return [(caption, names) for caption, names in found if names]


def title_of(path: Path) -> str:
    """The title of the notebook at `path`: its first heading; its file name if it has none."""
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        found = re.search(r"^# +(.+?)\s*$", "".join(cell["source"]), re.MULTILINE)
        if cell["cell_type"] == "markdown" and found:
            return found[1]
    return path.stem


def _chapters(entries: Iterable[dict]) -> Iterable[str]:
    for entry in entries:
        if entry["file"].startswith("chapters/"):
            yield entry["file"].removeprefix("chapters/")
