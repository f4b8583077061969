"""The graph of what needs what, as a picture of links: a layer for each distance from claims that need nothing."""

from collections.abc import Callable
from html import escape

from verified_dynamics.book.ledger import CELLS, cell_state
from verified_dynamics.book.square import describe

__all__ = ["layers", "svg"]

_WIDTH, _HEIGHT, _GAP_X, _GAP_Y, _MARGIN = 176, 34, 14, 46, 8
_PER_ROW = 4
_CELL = 7


def layers(needs: dict[str, list[str]]) -> dict[str, int]:
    """Longest distance of every claim from claims that need nothing. Needs outside the table are left aside."""
    depth: dict[str, int] = {}

    def visit(name: str) -> int:
        if name not in depth:
            depth[name] = 1 + max((visit(need) for need in needs[name] if need in needs), default=-1)
        return depth[name]

    for name in needs:
        visit(name)
    return depth


def svg(claims: list[dict], link: Callable[[dict], str], label: str) -> str:
    """An SVG of the claims given (of one chapter, say); `link(claim)` is the address of its card.

    A layer with many claims continues on the next row.
    """
    if not claims:
        return ""
    rows = _rows(claims)
    columns = max(map(len, rows))
    places = _places(rows, columns)
    width = 2 * _MARGIN + columns * _WIDTH + (columns - 1) * _GAP_X
    height = 2 * _MARGIN + len(rows) * _HEIGHT + (len(rows) - 1) * _GAP_Y
    paths = "".join(
        _edge(places[need], places[claim["name"]])
        for claim in claims
        for need in claim["needs"]
        if need in places
    )
    boxes = "".join(_box(claim, places[claim["name"]], link(claim)) for claim in claims)
    style = f"min-width:{width * 0.75:.0f}px;max-width:{width}px"
    label = escape(label, quote=True)
    opening = f'<svg class="vd-graph" role="group" aria-label="{label}" viewBox="0 0 {width} {height}"'
    return f'{opening} style="{style}">{paths}{boxes}</svg>'


def _rows(claims: list[dict]) -> list[list[str]]:
    """Names by row; within a layer, claims stand in the order of what they need, which keeps lines short."""
    needs = {claim["name"]: claim["needs"] for claim in claims}
    depth = layers(needs)
    rows: list[list[str]] = []
    place: dict[str, float] = {}

    def wish(name: str) -> float:
        found = [place[need] for need in needs[name] if need in place]
        return sum(found) / len(found) if found else 0.5

    for level in range(max(depth.values()) + 1):
        names = sorted((name for name in needs if depth[name] == level), key=wish)
        for start in range(0, len(names), _PER_ROW):
            row = names[start : start + _PER_ROW]
            rows.append(row)
            place |= {name: (position + 0.5) / len(row) for position, name in enumerate(row)}
    return rows


def _places(rows: list[list[str]], columns: int) -> dict[str, tuple[int, int]]:
    """Left upper corners; rows are centred."""
    places = {}
    for number, names in enumerate(rows):
        indent = (columns - len(names)) * (_WIDTH + _GAP_X) // 2
        for position, name in enumerate(names):
            left = _MARGIN + indent + position * (_WIDTH + _GAP_X)
            places[name] = left, _MARGIN + number * (_HEIGHT + _GAP_Y)
    return places


def _edge(start: tuple[int, int], end: tuple[int, int]) -> str:
    x, y = start[0] + _WIDTH // 2, start[1] + _HEIGHT
    u, v = end[0] + _WIDTH // 2, end[1]
    middle = (y + v) // 2
    return f'<path d="M{x},{y} C{x},{middle} {u},{middle} {u},{v}"/>'


def _box(claim: dict, place: tuple[int, int], address: str) -> str:
    left, top = place
    name = escape(claim["name"])
    kind = "vd-box vd-foreign" if claim.get("foreign") else "vd-box"
    words = escape(f"{claim['name']}: {describe(claim)}", quote=True)
    size = f' textLength="{_WIDTH - 36}" lengthAdjust="spacingAndGlyphs"' if len(name) > 22 else ""
    return (
        f'<a href="{escape(address, quote=True)}" aria-label="{words}">'
        f'<rect class="{kind}" x="{left}" y="{top}" width="{_WIDTH}" height="{_HEIGHT}" rx="5"/>'
        f"{_mark(claim, left + 8, top + (_HEIGHT - 2 * _CELL - 2) // 2)}"
        f'<text x="{left + 30}" y="{top + _HEIGHT // 2 + 4}"{size}>{name}</text></a>'
    )


def _mark(claim: dict, left: int, top: int) -> str:
    cells = []
    for position, cell in enumerate(CELLS):
        x, y = left + (position % 2) * (_CELL + 2), top + (position // 2) * (_CELL + 2)
        kind = cell_state(claim, cell) + (" ctl" if position % 2 else "")
        cells.append(f'<rect class="{kind}" x="{x}" y="{y}" width="{_CELL}" height="{_CELL}" rx="1"/>')
    return "".join(cells)
