"""The graphs of needs on the ledger page, one per chapter, with the line that says in words what is pointed at."""

from itertools import groupby

from docutils import nodes

from verified_dynamics.book.elements import html
from verified_dynamics.book.graph import definitions, svg
from verified_dynamics.book.ledger_page import LedgerDirective

__all__ = ["DIRECTIVES"]

_HELP = (
    "Point at a claim to see what it needs and what needs it. On the keyboard, Tab reaches a graph and leaves it; "
    "inside, ↑ goes to what a claim needs, ↓ to what needs it, ← and → to the neighbours, Home and End to the first "
    "and the last; Enter opens the claim, Escape leaves the graph."
)


class Graph(LedgerDirective):
    """What needs what, one picture per chapter."""

    def draw(self, ledger):
        """Inline SVGs that link to the cards. Without the script they are plain links, and the help is hidden."""
        parts = [
            nodes.raw("", definitions(ledger["claims"]), format="html"),
            html("p", _HELP, classes=["vd-small", "vd-graph-help"], hidden="hidden"),
        ]
        for chapter, claims in groupby(ledger["claims"], key=lambda claim: claim["chapter"]):
            picture = svg(_shown(list(claims), ledger), self.address, f"What the claims of {chapter} need")
            line = html("p", classes=["vd-graph-line"], aria_live="polite", hidden="hidden")
            frame = html("div", nodes.raw("", picture, format="html"), classes=["vd-scroll"])
            parts.append(html("div", self.heading(chapter), frame, line, classes=["vd-graph-chapter"]))
        return [*parts, self.script("graph.js")]


def _shown(own: list[dict], ledger: dict) -> list[dict]:
    """The claims of a chapter, and before them the claims of others and the cited statements that they need."""
    needed = {need for claim in own for need in claim["needs"]}
    others = [claim for claim in ledger["claims"] if claim["name"] in needed and claim not in own]
    cited = [item for item in ledger["cited"] if item["name"] in needed]
    chapter = own[0]["chapter"]
    outside = [{**item, "needs": [], "foreign": item["chapter"] != chapter} for item in [*others, *cited]]
    return outside + own


DIRECTIVES = {"ledger-graph": Graph}
