"""Directives that fill a page from the ledger: table, graph, cited statements, figures."""

import hashlib
from itertools import groupby

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

from verified_dynamics.book.elements import html
from verified_dynamics.book.graph import svg
from verified_dynamics.book.ledger import CELLS, cell_state, collect, to_json
from verified_dynamics.book.square import HEADINGS, square

__all__ = ["DIRECTIVES", "LedgerDirective", "current_ledger", "forget", "ledger_pages", "outdated_pages"]


def current_ledger(app) -> dict:
    """The ledger of this build, gathered once."""
    if not hasattr(app, "verified_dynamics_ledger"):
        app.verified_dynamics_ledger = collect(app.srcdir)
    return app.verified_dynamics_ledger


def outdated_pages(app, env) -> list[str]:
    """The pages that show the ledger, if it is another one than when they were read."""
    digest = hashlib.sha256(to_json(current_ledger(app)).encode()).hexdigest()
    same = getattr(env, "verified_dynamics_digest", None) == digest
    env.verified_dynamics_digest = digest
    return [] if same else sorted(ledger_pages(env) & env.found_docs)


def ledger_pages(env) -> set[str]:
    """The documents that show the ledger."""
    if not hasattr(env, "verified_dynamics_pages"):
        env.verified_dynamics_pages = set()
    return env.verified_dynamics_pages


def forget(env, docname: str) -> None:
    """A page is about to be read again, or is gone."""
    ledger_pages(env).discard(docname)


class LedgerDirective(SphinxDirective):
    """What the directives share: the ledger, and Markdown inside them."""

    def run(self) -> list[nodes.Node]:
        """The nodes of `draw`; the page is remembered as one that shows the ledger."""
        ledger_pages(self.env).add(self.env.docname)
        return self.draw(current_ledger(self.env.app))

    def draw(self, ledger: dict) -> list[nodes.Node]:
        """The directive's own nodes."""
        raise NotImplementedError

    def markdown(self, text: str) -> list[nodes.Node]:
        """Nodes of a piece of Markdown."""
        holder = nodes.Element()
        self.state.nested_parse(StringList(text.splitlines(), self.env.docname), 0, holder)
        return holder.children

    def address(self, record: dict) -> str:
        """Relative address of a claim's card."""
        up = "../" * self.env.docname.count("/")
        return f"{up}chapters/{record['chapter']}.html#claim-{record['name']}"


class Table(LedgerDirective):
    """Every claim: square, statement, needs, source; a table for each chapter."""

    def draw(self, ledger):
        """One table per chapter."""
        parts: list[nodes.Node] = []
        for chapter, claims in groupby(ledger["claims"], key=lambda claim: claim["chapter"]):
            head = [html("th", word, scope="col") for word in ("Square", "Claim", "Needs", "Source")]
            rows = [self._row(claim) for claim in claims]
            table = html(
                "table",
                html("thead", html("tr", *head)),
                html("tbody", *rows),
                classes=["vd-table", "vd-ledger"],
            )
            parts += self.markdown(f"**{{doc}}`/chapters/{chapter}`**")
            parts.append(html("div", table, classes=["vd-scroll"]))
        return parts

    def _row(self, claim: dict) -> nodes.Node:
        title = self.markdown(f"{{prf:ref}}`{claim['name']}`: {claim['title'] or claim['name']}")
        text = [
            html("div", *title, classes=["vd-row-title"]),
            *self.markdown(_unlabelled(claim["statement"])),
        ]
        reasons = [
            html(
                "p",
                f"{HEADINGS[cell]}: not applicable, ",
                *self._inline(claim[cell]["not_applicable"]),
                classes=["vd-small"],
            )
            for cell in CELLS
            if cell_state(claim, cell) == "na"
        ]
        needs = ", ".join(f"{{ref}}`{need} <claim-{need}>`" for need in claim["needs"]) or "–"
        source = claim["source"] or "–"
        name = html("p", html("code", claim["name"]), f" · {self._evidence(claim)}", classes=["vd-small"])
        origin = "" if claim["origin"] == "paper" else f" ({claim['origin']})"
        cells = [*self.markdown(needs)], [*self.markdown(source + origin)]
        return html(
            "tr",
            html("td", square(claim, link=self.address(claim))),
            html("td", html("div", *text, name, *reasons, classes=["vd-scroll"])),
            *(html("td", *content) for content in cells),
            ids=[f"row-{claim['name']}"],
        )

    def _inline(self, text: str) -> list[nodes.Node]:
        found = self.markdown(text)
        return [child for paragraph in found for child in paragraph.children]

    def _evidence(self, claim: dict) -> str:
        """The profiles and devices behind the measured cells."""
        checks = [
            check
            for cell in ("measures", "rejects")
            if cell_state(claim, cell) == "full"
            for check in claim[cell]
        ]
        found = {
            (e["profile"], e["device"] if e["record"] else "") for check in checks for e in check["estimates"]
        }
        words = sorted(" on ".join(filter(None, pair)) for pair in found)
        return f"measured at {', '.join(words)}" if words else "symbolic checks only"


class Graph(LedgerDirective):
    """What needs what, one picture per chapter."""

    def draw(self, ledger):
        """Inline SVGs that link to the cards."""
        parts: list[nodes.Node] = []
        for chapter, claims in groupby(ledger["claims"], key=lambda claim: claim["chapter"]):
            own = list(claims)
            needed = {need for claim in own for need in claim["needs"]}
            foreign = [claim for claim in ledger["claims"] if claim["name"] in needed and claim not in own]
            shown = [{**claim, "needs": [], "foreign": True} for claim in foreign] + own
            picture = svg(shown, self.address, f"What the claims of {chapter} need")
            parts += self.markdown(f"**{{doc}}`/chapters/{chapter}`**")
            parts.append(html("div", nodes.raw("", picture, format="html"), classes=["vd-scroll"]))
        return parts


class CitedStatements(LedgerDirective):
    """Statements taken on trust, apart from the claims."""

    def draw(self, ledger):
        """A list, or one sentence if there is none."""
        if not ledger["cited"]:
            return self.markdown("No statement is taken on trust.")
        items = [
            html(
                "li",
                *self.markdown(
                    f"{{prf:ref}}`{item['name']}`: {item['title'] or item['name']}."
                    f" {_unlabelled(item['statement'])}\n\nSource: {item['source']}"
                ),
            )
            for item in ledger["cited"]
        ]
        return [html("ul", *items, classes=["vd-cited-list"])]


class Figures(LedgerDirective):
    """All figures: a small picture, the title, and the page to cite."""

    def draw(self, ledger):
        """One entry per figure, in the order of the chapters."""
        up = "../" * self.env.docname.count("/")
        entries = []
        for figure in ledger["figures"]:
            page = f"{up}figures/{figure['name']}"
            picture = html(
                "a", html("img", src=f"{page}.svg", alt=figure["alt"], loading="lazy"), href=f"{page}.html"
            )
            title = html("a", *self._title(figure), href=f"{page}.html")
            entries.append(html("div", picture, html("p", title), classes=["vd-gallery-item"]))
        return [html("div", *entries, classes=["vd-gallery"])]

    def _title(self, figure: dict) -> list[nodes.Node]:
        return [child for paragraph in self.markdown(figure["title"]) for child in paragraph.children]


def _unlabelled(text: str) -> str:
    """A statement's Markdown without the labels of its equations, which may occur only once in the book."""
    lines = [line for line in text.splitlines() if not line.startswith(":label:")]
    return "\n".join(lines)


DIRECTIVES = {
    "ledger-table": Table,
    "ledger-graph": Graph,
    "ledger-cited": CitedStatements,
    "ledger-figures": Figures,
}
