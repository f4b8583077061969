"""The book's mark: four cells, filled where a check stands, dotted where none applies. Readable without colour."""

from docutils import nodes

from verified_dynamics.book.elements import html
from verified_dynamics.book.ledger import CELLS, cell_state

__all__ = ["HEADINGS", "describe", "square"]

HEADINGS = {
    "proves": "Proved",
    "refutes": "Control refuted",
    "measures": "Measured",
    "rejects": "Rival rejected",
}
CONTROLS = ("refutes", "rejects")


def square(claim: dict, *, link: str | None = None, tooltip: bool = True) -> nodes.Element:
    """The square of a claim, as one image for readers who do not see it; a link if `link` is given.

    A page with hundreds of them leaves the tooltips to its script.
    """
    cells = [html("i", classes=_classes(claim, cell)) for cell in CELLS]
    words = describe(claim)
    if link is None:
        return html("span", *cells, classes=["vd-square"], role="img", aria_label=words, title=words)
    label = f"{claim['name']}: {words}"
    shown = {"title": label} if tooltip else {}
    return html("a", *cells, classes=["vd-square"], href=link, aria_label=label, **shown)


def describe(claim: dict) -> str:
    """The square in words: "proved, control refuted; measured: not applicable; ..."."""
    words = []
    for cell in CELLS:
        state = cell_state(claim, cell)
        heading = HEADINGS[cell].lower()
        words.append(
            heading if state == "full" else f"{heading}: {'not applicable' if state == 'na' else 'open'}"
        )
    return ", ".join(words)


def _classes(claim: dict, cell: str) -> list[str]:
    state = cell_state(claim, cell)
    return [*(["ctl"] if cell in CONTROLS else []), *([state] if state != "open" else [])]
