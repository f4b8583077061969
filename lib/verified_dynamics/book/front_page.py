"""Directives of the front page: the totals of the ledger and the map of the parts."""

import yaml
from docutils import nodes

from verified_dynamics.book.elements import html
from verified_dynamics.book.ledger_page import LedgerDirective
from verified_dynamics.book.square import square

__all__ = ["DIRECTIVES"]


class Totals(LedgerDirective):
    """The four numbers of the front page."""

    def draw(self, ledger):
        """Theories, claims, controls and figures."""
        found = ledger["totals"]
        entries = [
            (found["theories"], "theories" if found["theories"] != 1 else "theory"),
            (found["claims"], f"claims, {found['full_squares']} full squares"),
            (found["controls"], "controls that failed as they should"),
            (found["figures"], "figures to cite"),
        ]
        boxes = [html("div", html("b", f"{value:,}"), html("span", words)) for value, words in entries]
        return [html("div", *boxes, classes=["vd-totals"], role="group", aria_label="Totals of the ledger")]


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
    "ledger-parts": Parts,
}
