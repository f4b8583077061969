"""The lines below a chapter's title: its claims as squares, its running time, its sources, and how to run it."""

import re
from importlib.metadata import version
from itertools import groupby
from pathlib import Path

import nbformat
from docutils import nodes

from verified_dynamics.book.elements import html
from verified_dynamics.book.executed import RUN, chapter_name, executed
from verified_dynamics.book.ledger_page import current_ledger
from verified_dynamics.book.recorded import declared, standing
from verified_dynamics.book.square import square

__all__ = ["add_head", "duration", "running_time", "works_named"]

_CITE = re.compile(r"\{cite:\w+\}`([^`]+)`")


def add_head(app, doctree: nodes.document, docname: str) -> None:
    """For `doctree-resolved`: puts the head of a chapter below its title. Other pages stay as they are."""
    path = Path(app.srcdir, f"{docname}.ipynb")
    section = next(iter(doctree.findall(nodes.section)), None)
    if not docname.startswith("chapters/") or app.builder.format != "html" or section is None:
        return
    chapter, ledger = chapter_name(path), current_ledger(app)
    claims = [claim for claim in ledger["claims"] if claim["chapter"] == chapter]
    cited = [item for item in ledger["cited"] if item["chapter"] == chapter]
    run = executed(path).metadata.get(RUN)
    records = [
        item
        for item in standing(app.srcdir, ledger["claims"], ledger["figures"])
        if item["chapter"] == chapter
    ]
    time = running_time(run, records, declared([chapter])[chapter])
    works = _works(app.env, docname, _sources_in(path, [*claims, *cited]))
    parts = [_squares(claims), html("p", html("b", "Running time"), f" {time}"), _fold(works, docname)]
    section.insert(1, html("div", *parts, classes=["vd-head"]))


def running_time(run: dict | None, records: list[dict], experiments: int) -> str:
    """What the chapter takes: the execution that made the page, and the sum of its full-size records, by device."""
    smoke = (
        f"at smoke size {duration(run['seconds'])} on {run['machine']}" if run else "at smoke size not timed"
    )
    if not experiments:
        return f"{smoke}."
    if not records:
        return f"{smoke}; at full size none of {experiments} experiments is recorded."
    ordered = sorted(records, key=lambda record: record["device_name"] or "")
    sums = [
        f"{duration(sum(record['wall_seconds'] for record in group))} on {device or 'an unnamed device'}"
        for device, group in groupby(ordered, key=lambda record: record["device_name"])
    ]
    return f"{smoke}; at full size {' and '.join(sums)} for {len(records)} of {experiments} experiments; " + (
        "all are recorded." if len(records) >= experiments else "the others are not recorded."
    )


def duration(seconds: float) -> str:
    """A time as a reader says it: "48 s", "2 min 5 s", "1 h 20 min"."""
    whole = round(seconds)
    if whole < 1:
        return "under 1 s"
    parts = [(whole // 3600, "h"), (whole % 3600 // 60, "min"), (whole % 60, "s")]
    shown = [f"{amount}\u00a0{unit}" for amount, unit in parts if amount]
    return " ".join(shown[:2])


def works_named(text: str, works: dict[str, tuple[str, str]]) -> set[str]:
    """Keys of the works that a text names, by {cite} role or as "Surname ... year"; works: surname and year by key.

    The surname is the first author's: after a comma or an "and" stands a later author of another work.
    """
    found = {key.strip() for keys in _CITE.findall(text) for key in keys.split(",")} & set(works)
    for key, (surname, year) in works.items():
        if re.search(rf"(?<!, )(?<!and )\b{re.escape(surname)}\b[^;]*?\b{re.escape(year)}[a-z]?\b", text):
            found.add(key)
    return found


def _sources_in(path: Path, claims: list[dict]) -> tuple[str, list[str]]:
    """The chapter's Markdown, whose roles count, and the sources of its claims, whose names count too."""
    cells = nbformat.read(path, as_version=4).cells
    prose = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    return " ".join(_CITE.findall(prose)), [claim["source"] for claim in claims]


def _works(env, docname: str, sources: tuple[str, list[str]]) -> list[nodes.Node]:
    """Links to the chapter's sources on the page of references, by surname."""
    cited, named = sources
    citations = {item.key: item for item in env.get_domain("cite").citations} if "cite" in env.domains else {}
    known = {
        key: (_surnames(item.entry)[0], item.entry.fields.get("year", "")) for key, item in citations.items()
    }
    found = set(re.findall(r"[^\s,]+", cited)) & set(known)
    found |= {key for text in named for key in works_named(text, known)}
    up = "../" * docname.count("/")
    labels = [_label(citations[key].entry) for key in found]
    links = []
    for key in sorted(found, key=lambda key: (known[key], key)):
        item = citations[key]
        address = f"{up}{item.bibliography_key.docname}.html#{item.citation_id}"
        title = re.sub(r"[{}]", "", item.entry.fields.get("title", ""))
        words = _label(item.entry)
        if labels.count(words) > 1:  # works of one year by the same authors are told apart by their titles
            words += f" ({' '.join(title.split()[:4])} …)"
        links.append(html("a", words, href=address, title=title))
    return links


def _surnames(entry) -> list[str]:
    people = entry.persons.get("author") or entry.persons.get("editor") or []
    return [" ".join(person.last_names).strip("{}") for person in people] or ["Anonymous"]


def _label(entry) -> str:
    """ "Osborne 1960", "Ji and Telgarsky 2021", "Du et al. 2018"."""
    names = _surnames(entry)
    who = f"{names[0]} et al." if len(names) > 2 else " and ".join(names)
    return f"{who} {entry.fields.get('year', '')}".strip()


def _squares(claims: list[dict]) -> nodes.Node:
    marks = [square(claim, link=f"#claim-{claim['name']}") for claim in claims]
    words = f"{len(claims)} claim{'s' if len(claims) != 1 else ''}"
    return html("p", html("b", words), " ", html("span", *marks, classes=["vd-strip"]))


def _fold(works: list[nodes.Node], docname: str) -> nodes.Node:
    """Sources and commands, folded: one line until the reader opens it."""
    count = f"{len(works)} source{'s' if len(works) != 1 else ''}"
    listed: list[nodes.Node | str] = []
    for position, work in enumerate(works):
        listed += [" · ", work] if position else [work]
    sources = [html("p", html("b", "Sources"), " ", *listed)] if works else []
    commands = html(
        "p",
        html("b", "Run it"),
        " by the rocket button above, or in a checkout: ",
        html("code", f"pytest {docname}.ipynb"),
        " executes the chapter, ",
        html("code", "verified-dynamics list"),
        " names its experiments, and ",
        html("code", "verified-dynamics run EXPERIMENT --profile full"),
        f" runs one at full size. This is version {version('verified-dynamics')} of the book.",
    )
    return html("details", html("summary", f"{count}, how to run it"), *sources, commands)
