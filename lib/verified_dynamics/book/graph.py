"""The graph of what needs what, as a picture of links: a layer for each distance from claims that need nothing."""

from collections.abc import Callable, Iterable
from html import escape

from verified_dynamics.book.ledger import CELLS, cell_state
from verified_dynamics.book.square import describe

__all__ = ["definitions", "layers", "svg"]

_WIDTH, _HEIGHT, _GAP_X, _GAP_Y, _MARGIN = 176, 34, 14, 46, 8
_PER_ROW = 4
_CELL = 7
_ARROW = 6  # the line ends this much above the box, and the tip of the arrow at it


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


def definitions(claims: Iterable[dict]) -> str:
    """What the pictures of a page share: each square that occurs, the hatching of controls, and the arrow's tip."""
    marks = "".join(f'<g id="vd-mark-{key}">{_mark(key)}</g>' for key in sorted({_key(c) for c in claims}))
    hatching = (
        '<pattern id="vd-hatch" width="2.4" height="2.4" patternUnits="userSpaceOnUse" '
        'patternTransform="rotate(45)"><rect class="vd-hatch" width="1.3" height="2.4"/></pattern>'
    )
    tip = (
        f'<marker id="vd-arrow" viewBox="0 0 6 6" refX="0" refY="3" markerWidth="{_ARROW}" markerHeight="{_ARROW}" '
        'markerUnits="userSpaceOnUse" orient="auto"><path class="vd-tip" d="M0,0 L6,3 L0,6 Z"/></marker>'
    )
    return (
        '<svg class="vd-graph-parts" width="0" height="0" aria-hidden="true" focusable="false">'
        f"<defs>{hatching}{tip}{marks}</defs></svg>"
    )


def svg(claims: list[dict], link: Callable[[dict], str], label: str) -> str:
    """An SVG of the claims given (of one chapter, say); `link(claim)` is the address of its card.

    A layer with many claims continues on the next row. A line carries the numbers of the two boxes that it
    joins (what is needed, then what needs it), counted in the order of the boxes. A page that shows such
    pictures shows `definitions` before them.
    """
    if not claims:
        return ""
    rows = _rows(claims)
    columns = max(map(len, rows))
    places = _places(rows, columns)
    width = 2 * _MARGIN + columns * _WIDTH + (columns - 1) * _GAP_X
    height = 2 * _MARGIN + len(rows) * _HEIGHT + (len(rows) - 1) * _GAP_Y
    ordered = sorted(claims, key=lambda claim: places[claim["name"]][::-1])  # as the eye reads
    number = {claim["name"]: position for position, claim in enumerate(ordered)}
    paths = "".join(
        f'<path data-edge="{number[need]} {number[claim["name"]]}" '
        f'd="{_curve(places[need], places[claim["name"]])}"/>'
        for claim in ordered
        for need in claim["needs"]
        if need in places
    )
    boxes = "".join(_box(claim, places[claim["name"]], link(claim)) for claim in ordered)
    style = f"min-width:{width * 0.75:.0f}px;max-width:{width}px"
    label = escape(label, quote=True)
    opening = f'<svg class="vd-graph" role="group" aria-label="{label}" viewBox="0 0 {width} {height}"'
    return f'{opening} style="{style}"><g marker-end="url(#vd-arrow)">{paths}</g>{boxes}</svg>'


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


def _curve(start: tuple[int, int], end: tuple[int, int]) -> str:
    x, y = start[0] + _WIDTH // 2, start[1] + _HEIGHT
    u, v = end[0] + _WIDTH // 2, end[1] - _ARROW
    middle = (y + v) // 2
    return f"M{x},{y} C{x},{middle} {u},{middle} {u},{v}"


def _box(claim: dict, place: tuple[int, int], address: str) -> str:
    left, top = place
    name = escape(claim["name"])
    cited = "proves" not in claim
    kind = "vd-box" + (" vd-foreign" if claim.get("foreign") else "") + (" vd-trusted" if cited else "")
    words = escape(
        f"{claim['name']}: {'cited, not verified' if cited else describe(claim)}"
        + (f" (of {claim['chapter']})" if claim.get("foreign") else ""),
        quote=True,
    )
    size = f' textLength="{_WIDTH - 36}" lengthAdjust="spacingAndGlyphs"' if len(name) > 22 else ""
    mark = f'<text class="vd-quote" x="{left + 10}" y="{top + _HEIGHT // 2 + 9}">“</text>'
    if not cited:
        mark = (
            f'<use href="#vd-mark-{_key(claim)}" x="{left + 8}" y="{top + (_HEIGHT - 2 * _CELL - 2) // 2}"/>'
        )
    return (
        f'<a href="{escape(address, quote=True)}" data-name="{name}" aria-label="{words}">'
        f'<rect class="{kind}" x="{left}" y="{top}" width="{_WIDTH}" height="{_HEIGHT}" rx="5"/>{mark}'
        f'<text x="{left + 30}" y="{top + _HEIGHT // 2 + 4}"{size}>{name}</text></a>'
    )


def _key(claim: dict) -> str:
    """The states of the four cells, a letter each: f (full), n (not applicable), o (open)."""
    return "".join(cell_state(claim, cell)[0] for cell in CELLS if cell in claim)


def _mark(key: str) -> str:
    states = {"f": "full", "n": "na", "o": "open"}
    cells = []
    for position, letter in enumerate(key):
        x, y = (position % 2) * (_CELL + 2), (position // 2) * (_CELL + 2)
        control = position % 2
        fill = ' fill="url(#vd-hatch)"' if control and letter == "f" else ""
        kind = states[letter] + (" ctl" if control else "")
        cells.append(f'<rect class="{kind}" x="{x}" y="{y}" width="{_CELL}" height="{_CELL}" rx="1"{fill}/>')
    return "".join(cells)
