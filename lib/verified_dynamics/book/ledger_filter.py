"""The filter form of the ledger page, the line that counts, and the key to the squares beside the table."""

from itertools import groupby
from pathlib import Path

from docutils import nodes

from verified_dynamics.book.elements import html
from verified_dynamics.book.facets import Filter, filters, parts, title_of
from verified_dynamics.book.ledger import CELLS
from verified_dynamics.book.ledger_page import LedgerDirective
from verified_dynamics.book.square import HEADINGS, square

__all__ = ["DIRECTIVES"]

_KEY = (
    (
        "ffff",
        "Four cells filled: a full square. Plain cells hold what was established, hatched cells controls.",
    ),
    ("ffnn", "A dotted cell does not apply; the row says why."),
)


class FilterForm(LedgerDirective):
    """The form that narrows the table and the graph. It is hidden until its script runs."""

    def draw(self, ledger):
        """The form, the line that says how many claims are shown, and the script."""
        root = Path(self.env.srcdir)
        titles = {
            claim["chapter"]: title_of(root / "chapters" / f"{claim['chapter']}.ipynb")
            for claim in ledger["claims"]
        }
        found = filters(ledger["claims"], parts(root), titles)
        words = html(
            "label",
            html("span", "Name, title or statement"),
            html("input", type="search", name="words", autocomplete="off", spellcheck="false"),
            classes=["vd-filter-words"],
        )
        reset = html("button", "Show all claims", type="button", classes=["vd-reset"])
        unfold = html("button", "Unfold the statements", type="button", classes=["vd-unfold-all"])
        form = html(
            "form",
            *map(_select, found),
            words,
            html("div", unfold, reset, classes=["vd-filter-buttons"]),
            classes=["vd-filter"],
            role="search",
            aria_label="Filter the claims",
            hidden="hidden",
        )
        number = len(ledger["claims"])
        count = html("p", f"{number:,} claims.", classes=["vd-count"], role="status", data_all=number)
        return [form, count, self.script("ledger.js")]


class Key(LedgerDirective):
    """What the four cells of a square are, and what filled, hatched and dotted mean."""

    def draw(self, ledger):
        """The four cells in their places, and a line for each state."""
        cells = [html("span", HEADINGS[cell], classes=["vd-key-cell"]) for cell in CELLS]
        places = html("div", *cells, classes=["vd-key-cells"], role="img", aria_label=_places())
        lines = [html("li", square(_sample(states)), html("span", words)) for states, words in _KEY]
        return [html("div", places, html("ul", *lines), classes=["vd-key"])]


def _select(entry: Filter) -> nodes.Element:
    groups: list[nodes.Element] = [html("option", "Any", value="")]
    for group, choices in groupby(entry.choices, key=lambda choice: choice.group):
        options = [html("option", f"{item.words} ({item.count:,})", value=item.value) for item in choices]
        groups += [html("optgroup", *options, label=group)] if group else options
    return html("label", html("span", entry.words), html("select", *groups, name=entry.name))


def _places() -> str:
    where = ("upper left", "upper right", "lower left", "lower right")
    return "; ".join(f"{place}: {HEADINGS[cell].lower()}" for place, cell in zip(where, CELLS, strict=True))


def _sample(states: str) -> dict:
    """A claim whose cells are filled (f) or do not apply (n)."""
    content = {"f": [{}], "n": {"not_applicable": ""}}
    return {cell: content[state] for cell, state in zip(CELLS, states, strict=True)}


DIRECTIVES = {"ledger-filter": FilterForm, "ledger-key": Key}
