"""The ledger: every claim with its four cells, every cited statement and every figure, gathered from what ran.

Nothing in it is typed by hand: claims and figures come from the outputs of the executed chapters, the wording of
the statements from the chapters' Markdown.
"""

import difflib
import json
import re
from collections.abc import Iterable
from pathlib import Path

import nbformat

from verified_dynamics.book import ledger_schema
from verified_dynamics.book.executed import chapter_name, chapters, executed, not_executed_message
from verified_dynamics.book.papers import papers
from verified_dynamics.book.recorded import RecordUnreadable, declared, standing, summary
from verified_dynamics.book.statements import Statement, complaints, statements

__all__ = [
    "CELLS",
    "LedgerError",
    "cell_state",
    "collect",
    "figure_records",
    "outputs",
    "to_json",
    "validate",
]

MIME = "application/vnd.verified-dynamics.{}+json"
CELLS = ("proves", "refutes", "measures", "rejects")
_CONTROLS = ("refutes", "rejects")


class LedgerError(ValueError):
    """The chapters' claims, statements and figures do not fit together."""


def collect(root: Path | str) -> dict:
    """The ledger of the book at `root`: an object with `claims`, `cited`, `figures` and `totals`.

    Raises LedgerError, with one sentence, if a chapter was not executed in its present state, if a statement and
    its claim do not belong together, if two claims or two figures share a name, if a claim needs an unknown
    one or, through others, itself, or if a field breaks the ledger's schema.
    """
    claims, cited, figures = [], [], []
    for path in _in_reading_order(root):
        ran = executed(path)
        if ran is None:
            raise LedgerError(not_executed_message([path]))
        stated = _statements_of(path)
        chapter = chapter_name(path)
        claims += [_claim(record, chapter, stated) for record in outputs(ran, "claim")]
        cited += [_cited(record, chapter, stated) for record in outputs(ran, "cited")]
        figures += [_figure(record, chapter) for record in outputs(ran, "figure")]
        _check_all_shown(stated.values(), claims + cited, chapter)
    validate(claims, cited, figures)
    counts = totals(claims, cited, figures) | {"records": _records(root, claims, figures)}
    ledger = {"$schema": ledger_schema.address(), "version": ledger_schema.version(), "claims": claims}
    ledger |= {"cited": cited, "figures": figures, "totals": counts}
    if fault := ledger_schema.breach(ledger):
        raise LedgerError(fault)
    return ledger


def figure_records(root: Path | str) -> dict[str, dict]:
    """The whole output of every published figure by name, with its data and pictures."""
    collect(root)  # the figures stand only if the ledger does
    found = [record for path in chapters(root) for record in outputs(executed(path), "figure")]
    return {record["name"]: record for record in found}


def to_json(ledger: dict) -> str:
    """The ledger as JSON text that is the same for the same ledger."""
    return json.dumps(ledger, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def outputs(notebook: nbformat.NotebookNode, kind: str) -> Iterable[dict]:
    """The records of one kind ("claim", "cited", "figure") in the outputs of an executed notebook, in order."""
    mime = MIME.format(kind)
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if mime in output.get("data", {}):
                yield _plain(output["data"][mime])


def cell_state(claim: dict, cell: str) -> str:
    """What a cell of a claim's square holds: "full", "na" (not applicable, with a reason) or "open"."""
    content = claim[cell]
    if isinstance(content, dict):
        return "na"
    return "full" if content else "open"


def totals(claims: list[dict], cited: list[dict], figures: list[dict]) -> dict:
    """Counts for the front page. A square is full if none of its four cells is marked not applicable."""
    full = [claim for claim in claims if all(cell_state(claim, cell) == "full" for cell in CELLS)]
    checks = {
        cell: sum(len(claim[cell]) for claim in claims if cell_state(claim, cell) == "full") for cell in CELLS
    }
    return {
        "theories": len({claim["chapter"] for claim in claims}),
        "claims": len(claims),
        "full_squares": len(full),
        "checks": sum(checks.values()),
        "controls": sum(checks[cell] for cell in _CONTROLS),
        "cited": len(cited),
        "figures": len(figures),
    }


def validate(claims: list[dict], cited: list[dict], figures: list[dict]) -> None:
    """Raise LedgerError if names repeat, if a need or a figure's claim is unknown, or if needs form a circle."""
    _refuse_repeated(claims + cited, "claims")
    _refuse_repeated(figures, "figures")
    known = {record["name"] for record in claims + cited}
    for claim in claims:
        for need in claim["needs"]:
            _refuse_unknown(need, known, f"The claim {claim['name']!r} needs")
    for figure in figures:
        for name in figure["claims"]:
            _refuse_unknown(name, known, f"The figure {figure['name']!r} supports")
    _refuse_circles({claim["name"]: claim["needs"] for claim in claims})
    for claim in claims:
        for cell in CELLS:
            if cell_state(claim, cell) == "open":
                raise LedgerError(
                    f"The claim {claim['name']!r} of {claim['chapter']} has nothing under {cell!r}."
                )


def _records(root: Path | str, claims: list[dict], figures: list[dict]) -> dict:
    try:
        found = standing(root, claims, figures)
    except RecordUnreadable as error:
        raise LedgerError(str(error)) from None
    return summary(found, sum(declared(map(chapter_name, chapters(root))).values()))


def _in_reading_order(root: Path | str) -> list[Path]:
    """The chapters in the order of `_toc.yml`; those that it does not name come last."""
    toc = Path(root) / "_toc.yml"
    text = toc.read_text(encoding="utf-8") if toc.is_file() else ""
    order = {name: place for place, name in enumerate(re.findall(r"file:\s*chapters/(\S+)", text))}
    return sorted(chapters(root), key=lambda path: order.get(chapter_name(path), len(order)))


def _refuse_repeated(records: list[dict], what: str) -> None:
    places: dict[str, str] = {}
    for record in records:
        if record["name"] in places:
            first, second = places[record["name"]], record["chapter"]
            raise LedgerError(
                f"Two {what} share the name {record['name']!r}: one in {first}, one in {second}."
            )
        places[record["name"]] = record["chapter"]


def _refuse_unknown(name: str, known: set[str], beginning: str) -> None:
    if name not in known:
        near = difflib.get_close_matches(name, sorted(known), n=1)
        hint = f"; the nearest name is {near[0]!r}" if near else ""
        raise LedgerError(f"{beginning} {name!r}, which no chapter states{hint}.")


def _refuse_circles(needs: dict[str, list[str]]) -> None:
    finished: set[str] = set()

    def visit(name: str, above: tuple[str, ...]) -> None:
        if name in above:
            circle = [*above[above.index(name) :], name]
            raise LedgerError(f"Claims need each other in a circle: {' needs '.join(circle)}.")
        if name not in finished:
            for need in needs.get(name, ()):
                visit(need, (*above, name))
            finished.add(name)

    for name in needs:
        visit(name, ())


def _statements_of(path: Path) -> dict[str, Statement]:
    notebook = nbformat.read(path, as_version=4)
    found = complaints(notebook.cells)
    if found:
        raise LedgerError(f"{chapter_name(path)}: {found[0]}")
    return {item.name: item for item in statements(notebook.cells)}


def _check_all_shown(stated: Iterable[Statement], shown: list[dict], chapter: str) -> None:
    names = {record["name"] for record in shown}
    for item in stated:
        if item.name not in names:
            raise LedgerError(
                f"{chapter}: the claim {item.name!r} is not shown; its cell has to end with it."
            )


def _claim(record: dict, chapter: str, stated: dict[str, Statement]) -> dict:
    item = _stated(record["name"], chapter, stated)
    head = {"name": record["name"], "chapter": chapter, "kind": item.kind, "title": item.title}
    head |= {"statement": item.text, "source": record["source"], "papers": papers(record["source"])}
    return (
        head
        | {"origin": record["origin"], "needs": list(record["needs"])}
        | {cell: record[cell] for cell in CELLS}
    )


def _cited(record: dict, chapter: str, stated: dict[str, Statement]) -> dict:
    item = _stated(record["name"], chapter, stated)
    head = {"name": record["name"], "chapter": chapter, "title": item.title, "statement": item.text}
    return head | {"source": record["source"], "papers": papers(record["source"])}


def _figure(record: dict, chapter: str) -> dict:
    head = {key: record[key] for key in ("name", "title", "caption", "alt")}
    head = {"name": head.pop("name"), "chapter": chapter} | head
    head |= {key: record[key] for key in ("claims", "profile", "digest", "state")}
    return head | {"provenance": {item["name"]: item["provenance"] for item in record["experiments"]}}


def _stated(name: str, chapter: str, stated: dict[str, Statement]) -> Statement:
    if name not in stated:
        raise LedgerError(f"{chapter}: the claim {name!r} has no statement with that label.")
    return stated[name]


def _plain(node):
    """Notebook nodes as plain dictionaries and lists."""
    return json.loads(json.dumps(node))
