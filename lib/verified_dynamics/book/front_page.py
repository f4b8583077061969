"""Directives of the front page: the totals of the ledger, one figure, and the map of the parts."""

import difflib

import yaml
from docutils import nodes

from verified_dynamics import addresses
from verified_dynamics.book.elements import html
from verified_dynamics.book.ledger_page import LedgerDirective
from verified_dynamics.book.square import square

__all__ = ["DIRECTIVES"]


class Totals(LedgerDirective):
    """What was verified, in five numbers, and the records behind them."""

    def draw(self, ledger):
        """Theories, claims, full squares, controls and figures; below them date and commit of the records."""
        found = ledger["totals"]
        entries = [
            (found["theories"], "theories" if found["theories"] != 1 else "theory"),
            (found["claims"], "claims" if found["claims"] != 1 else "claim"),
            (found["full_squares"], "full squares" if found["full_squares"] != 1 else "full square"),
            (found["controls"], "controls that failed as they should"),
            (found["figures"], "figures to cite"),
        ]
        boxes = [html("div", html("b", f"{value:,}"), html("span", words)) for value, words in entries]
        group = html("div", *boxes, classes=["vd-totals"], role="group", aria_label="Totals of the ledger")
        return [group, html("p", *_records(found["records"]), classes=["vd-small", "vd-records"])]


def _records(found: dict) -> list[nodes.Node | str]:
    """The sentence on the full-size records: how many stand, when and from which commits they were made."""
    if not found["count"]:
        return ["No experiment has a record at full size; every number is from the run at smoke size."]
    days = [found["oldest"], found["newest"]]
    when = " to ".join(sorted(set(filter(None, days))))
    parts: list[nodes.Node | str] = [
        f"Recorded at full size: {found['count']} of {found['experiments']} experiments"
    ]
    parts += [f", {when}"] if when else []
    for position, commit in enumerate(found["commits"]):
        parts += [", commit " if not position else ", ", _commit(commit)]
    return [*parts, "."]


def _commit(name: str) -> nodes.Node:
    """A commit by its first digits, linked to the repository where it is one that others can see."""
    digits = name.rstrip("+")  # a plus sign: the checkout had changes
    short = html("code", digits[:7] + name[len(digits) :])
    if not name.isalnum() or name == "unknown":
        return short
    return html("a", short, href=f"{addresses.repository()}/tree/{name}")


class OneFigure(LedgerDirective):
    """One published figure by its name, with the ways to its page and to its chapter."""

    required_arguments = 1
    has_content = True

    def draw(self, ledger):
        """The picture as the executed chapter published it. Stops the build if no figure has the name."""
        figure = _named(self.arguments[0], ledger["figures"], self.env.docname)
        page = f"{'../' * self.env.docname.count('/')}figures/{figure['name']}"
        picture = html("img", src=f"{page}.svg", alt=figure["alt"])
        caption = self.markdown(
            f"**{figure['title']}.** From {{doc}}`/chapters/{figure['chapter']}`.\n" + "\n".join(self.content)
        )
        link = html(
            "p", html("a", "Cite and reproduce this figure", href=f"{page}.html"), classes=["vd-small"]
        )
        words = html("figcaption", *caption, link)
        frame = html("a", picture, href=f"{page}.html", classes=["vd-picture"], style="display: block")
        return [html("figure", frame, words, classes=["vd-figure", "vd-front-figure"])]


def _named(name: str, figures: list[dict], document: str) -> dict:
    """The figure called `name`; SystemExit with one sentence otherwise, which Jupyter Book lets through."""
    known = {figure["name"]: figure for figure in figures}
    if name not in known:
        near = difflib.get_close_matches(name, sorted(known), n=1)
        hint = f"; the nearest name is {near[0]!r}" if near else ""
        raise SystemExit(f"The page {document} shows the figure {name!r}, which no chapter publishes{hint}.")
    return known[name]


class Parts(LedgerDirective):
    """The map of the book: parts, chapters, and a square for each claim."""

    def draw(self, ledger):
        """One block per part of `_toc.yml` that has chapters."""
        with open(f"{self.env.srcdir}/_toc.yml", encoding="utf-8") as stream:
            parts = yaml.safe_load(stream)["parts"]
        blocks = []
        for part in parts:
            chapters = [entry["file"] for entry in part["chapters"] if entry["file"].startswith("chapters/")]
            if chapters:
                heading = html("p", part["caption"], classes=["vd-part-name"])
                rows = [row for chapter in chapters for row in self._chapter(chapter, ledger)]
                blocks.append(html("div", heading, *rows, classes=["vd-part"]))
        return blocks

    def _chapter(self, document: str, ledger: dict) -> list[nodes.Node]:
        claims = [claim for claim in ledger["claims"] if f"chapters/{claim['chapter']}" == document]
        marks = [square(claim, link=self.address(claim)) for claim in claims]
        title = self.markdown(f"{{doc}}`/{document}`")
        return [html("div", *title, html("span", *marks, classes=["vd-strip"]), classes=["vd-chapter"])]


DIRECTIVES = {
    "ledger-totals": Totals,
    "ledger-figure": OneFigure,
    "ledger-parts": Parts,
}
