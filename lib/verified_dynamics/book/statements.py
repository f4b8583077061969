"""Numbered statements as the chapters' Markdown holds them, and whether each has its claim beside it."""

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Statement", "claims_in_code", "complaints", "statements"]

THEOREM_LIKE = ("theorem", "lemma", "proposition", "corollary")
CITED = "remark"
_FENCE = re.compile(r"^(?P<colons>:{3,})\{prf:(?P<kind>[\w-]+)\}[ \t]*(?P<title>.*)$")
_OPTION = re.compile(r"^:(?P<name>[\w-]+):[ \t]*(?P<value>.*)$")


@dataclass(frozen=True)
class Statement:
    """One theorem-like statement or cited remark. cell: index of the notebook cell that holds it."""

    name: str
    kind: str
    title: str
    text: str
    cell: int

    @property
    def cited(self) -> bool:
        """Whether the statement is taken on trust from a paper."""
        return self.kind == CITED


@dataclass(frozen=True)
class Call:
    """A `Claim("name", ...)` or `Cited("name", ...)` in the code; name is None if it is no literal string."""

    name: str | None
    kind: str
    cell: int


def statements(cells: Iterable[dict]) -> list[Statement]:
    """Theorem-like statements and labelled remarks of a notebook's cells, in order.

    Directives of other kinds (definition, example, proof) are free text and are not returned; neither is a
    remark without a label.
    """
    found = []
    for index, cell in enumerate(cells):
        if cell["cell_type"] == "markdown":
            found += [_statement(block, index) for block in _blocks(_source(cell))]
    return [item for item in found if item.kind in THEOREM_LIKE or (item.cited and item.name)]


def claims_in_code(cells: Iterable[dict]) -> list[Call]:
    """Every call of `Claim` and `Cited` in a notebook's code cells, in order; cells with an error hold none."""
    found = []
    for index, cell in enumerate(cells):
        tree = _tree(cell)
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)] if tree else []
        found += [_call(node, index) for node in calls if _called(node) in ("Claim", "Cited")]
    return found


def _tree(cell: dict) -> ast.Module | None:
    """The code of a cell without shell lines; None for text and for code that cannot be read."""
    if cell["cell_type"] != "code":
        return None
    try:
        return ast.parse(re.sub(r"^(\s*)[%!].*$", r"\1pass", _source(cell), flags=re.MULTILINE))
    except SyntaxError:
        return None


def complaints(cells: Iterable[dict]) -> list[str]:
    """One sentence for each breach of the rule that a statement is followed at once by its own claim."""
    cells = list(cells)
    stated, made = statements(cells), claims_in_code(cells)
    found = [
        f"The code of cell {index} cannot be read."
        for index, cell in enumerate(cells)
        if cell["cell_type"] == "code" and _tree(cell) is None
    ]
    found += [f"A {item.kind} in cell {item.cell} has no label." for item in stated if not item.name]
    found += [
        f"The first argument of {call.kind} in cell {call.cell} is no plain string."
        for call in made
        if call.name is None
    ]
    found += _repeated([item.name for item in stated if item.name], "statement")
    found += _repeated([call.name for call in made if call.name], "claim")
    by_name = {call.name: call for call in made}
    for item in stated:
        call = by_name.pop(item.name, None)
        if item.name:
            found += _pairing(item, call, cells)
    named = {item.name for item in stated}
    found += [
        f"The claim {name!r} has no statement with that label."
        for name in by_name
        if name is not None and name not in named
    ]
    return found


def _pairing(item: Statement, call: Call | None, cells: list[dict]) -> list[str]:
    wanted = "Cited" if item.cited else "Claim"
    if call is None:
        return [f"The {item.kind} {item.name!r} has no {wanted} in the code."]
    if call.kind != wanted:
        return [f"The {item.kind} {item.name!r} needs a {wanted}, and the code has a {call.kind}."]
    if call.cell != item.cell + 1 or not _ends_with_statement(_source(cells[item.cell])):
        return [f"The {wanted} {item.name!r} does not follow its {item.kind} at once."]
    return []


def _ends_with_statement(text: str) -> bool:
    """Whether nothing comes after the last closing fence of a Markdown cell."""
    return bool(re.fullmatch(r":{3,}", text.rstrip().rpartition("\n")[2].strip()))


def _repeated(names: list[str], what: str) -> list[str]:
    return [
        f"The {what} {name!r} occurs more than once." for name in sorted(set(names)) if names.count(name) > 1
    ]


def _blocks(text: str) -> Iterable[tuple[re.Match, list[str]]]:
    lines, start = text.splitlines(), 0
    while start < len(lines):
        opening = _FENCE.match(lines[start])
        start += 1
        if opening:
            end = start
            while end < len(lines) and lines[end].rstrip() != opening["colons"]:
                end += 1
            yield opening, lines[start:end]
            start = end + 1


def _statement(block: tuple[re.Match, list[str]], cell: int) -> Statement:
    opening, body = block
    options = {}
    while body and (option := _OPTION.match(body[0])):
        options[option["name"]] = option["value"].strip()
        body = body[1:]
    text = "\n".join(body).strip()
    return Statement(options.get("label", ""), opening["kind"], opening["title"].strip(), text, cell)


def _call(node: ast.Call, cell: int) -> Call:
    first = node.args[0] if node.args else None
    literal = isinstance(first, ast.Constant) and isinstance(first.value, str)
    return Call(first.value if literal else None, _called(node), cell)


def _called(node: ast.Call) -> str:
    function = node.func
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")


def _source(cell: dict) -> str:
    source = cell["source"]
    return source if isinstance(source, str) else "".join(source)
