"""The table of the ledger page, and the cited statements apart from it."""

from itertools import groupby

from docutils import nodes

from verified_dynamics.book.cards import ORIGINS
from verified_dynamics.book.elements import HtmlElement, html, leave, visit
from verified_dynamics.book.facets import chapter_values, facets
from verified_dynamics.book.ledger import CELLS, cell_state
from verified_dynamics.book.ledger_page import LedgerDirective, unlabelled
from verified_dynamics.book.square import HEADINGS, square

__all__ = ["DIRECTIVES", "Folded", "leave_folded", "visit_folded"]

_AT_ONCE, _LATER = 'class="math notranslate nohighlight"', 'class="vd-tex"'


class Folded(HtmlElement):
    """A `details` element whose mathematics waits until it is opened: hundreds of formulas would hold up the page."""


def visit_folded(translator, node: Folded) -> None:
    """Write the opening tag, and remember where the content begins."""
    visit(translator, node)
    node["begins"] = len(translator.body)


def leave_folded(translator, node: Folded) -> None:
    """Mark the formulas as waiting, and write the closing tag."""
    begins = node["begins"]
    translator.body[begins:] = [text.replace(_AT_ONCE, _LATER) for text in translator.body[begins:]]
    leave(translator, node)


class Table(LedgerDirective):
    """Every claim: square, title, folded statement, evidence, needs, source; a table for each chapter."""

    def draw(self, ledger):
        """One section with a heading and a table per chapter."""
        cited = {item["name"]: self.address(item) for item in ledger["cited"]}
        self.places = {claim["name"]: f"#row-{claim['name']}" for claim in ledger["claims"]} | cited
        sections = []
        for chapter, claims in groupby(ledger["claims"], key=lambda claim: claim["chapter"]):
            head = [html("th", word, scope="col") for word in ("Square", "Claim", "Needs", "Source")]
            table = html(
                "table",
                html("thead", html("tr", *head)),
                html("tbody", *map(self._row, claims)),
                classes=["vd-table", "vd-ledger"],
            )
            content = html("div", table, classes=["vd-scroll"])
            place = {"data_chapter": "|".join(chapter_values(chapter))}
            sections.append(html("div", self.heading(chapter), content, classes=["vd-by-chapter"], **place))
        return sections

    def _row(self, claim: dict) -> nodes.Node:
        title = self.inline(f"{{prf:ref}}`{claim['name']}`: {claim['title'] or claim['name']}")
        statement = Folded("", "", tag="details", attributes_={}, classes=["vd-statement"], ids=[])
        statement += [
            html("summary", "statement"),
            *self.markdown(unlabelled(claim["statement"])),
        ]
        text = [
            html("p", *title, classes=["vd-row-title"]),
            statement,
            html("p", html("code", claim["name"]), f" · {_evidence(claim)}", classes=["vd-small"]),
            *(self._reason(claim, cell) for cell in CELLS if cell_state(claim, cell) == "na"),
        ]
        needs = [html("a", need, href=self.places[need]) for need in claim["needs"]]
        own = (
            [] if claim["origin"] == "paper" else [html("p", ORIGINS[claim["origin"]], classes=["vd-small"])]
        )
        return html(
            "tr",
            html("td", square(claim, link=self.address(claim), tooltip=False)),
            html("td", *text),
            html("td", *_listed(needs)),
            html("td", *self.markdown(claim["source"] or "–"), *own),
            ids=[f"row-{claim['name']}"],
            **{
                f"data_{name}": "|".join(values)
                for name, values in facets(claim).items()
                if name != "chapter"
            },
        )

    def _reason(self, claim: dict, cell: str) -> nodes.Node:
        reason = self.inline(claim[cell]["not_applicable"])
        return html("p", f"{HEADINGS[cell]}: not applicable, ", *reason, classes=["vd-small"])


class CitedStatements(LedgerDirective):
    """Statements taken on trust, apart from the claims."""

    def draw(self, ledger):
        """A list, or one sentence if there is none."""
        if not ledger["cited"]:
            return self.markdown("No statement is taken on trust.")
        return [html("ul", *map(self._item, ledger["cited"]), classes=["vd-cited-list"])]

    def _item(self, item: dict) -> nodes.Node:
        text = (
            f"{{prf:ref}}`{item['name']}`: {item['title'] or item['name']}. {unlabelled(item['statement'])}"
        )
        return html("li", *self.markdown(f"{text}\n\nSource: {item['source']}"))


def _listed(links: list[nodes.Node]) -> list[nodes.Node | str]:
    """Links with commas between them, or a dash."""
    parts = [part for link in links for part in (", ", link)][1:]
    return parts or ["–"]


def _evidence(claim: dict) -> str:
    """The sizes of the runs behind the measured cells."""
    cells = [claim[cell] for cell in ("measures", "rejects") if cell_state(claim, cell) == "full"]
    found = {estimate["profile"] for cell in cells for check in cell for estimate in check["estimates"]}
    return f"measured at {' and '.join(sorted(found))} size" if found else "symbolic checks only"


DIRECTIVES = {"ledger-table": Table, "ledger-cited": CitedStatements}
