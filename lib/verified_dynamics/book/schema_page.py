"""The fields of `ledger.json`, explained by the schema itself."""

import re

from docutils import nodes

from verified_dynamics.book.elements import html
from verified_dynamics.book.ledger_page import LedgerDirective
from verified_dynamics.book.ledger_schema import schema

__all__ = ["DIRECTIVES", "kind"]

_TYPES = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "array": "list",
    "object": "object",
    "null": "null",
}


class LedgerSchema(LedgerDirective):
    """A table for each kind of object of the ledger: field, what it holds, what it means."""

    def draw(self, ledger):
        """The whole ledger first, then what it is made of."""
        found = schema()
        parts = self._table(found["title"], found, level=2)
        for name, item in found["$defs"].items():
            parts += self._table(item["title"], item, ids=[f"schema-{name.replace('_', '-')}"], level=3)
        return parts

    def _table(self, title: str, item: dict, level: int, ids: list[str] | None = None) -> list[nodes.Node]:
        rows = [self._row(name, field, item) for name, field in item["properties"].items()]
        head = html("tr", *(html("th", word, scope="col") for word in ("Field", "Holds", "Meaning")))
        classes = ["vd-table", "vd-fields"]
        table = html("table", html("thead", head), html("tbody", *rows), classes=classes)
        return [
            html(f"h{level}", title, ids=ids or []),
            html("p", *self.inline(_code(item["description"]))),
            html("div", table, classes=["vd-scroll"]),
        ]

    def _row(self, name: str, field: dict, item: dict) -> nodes.Node:
        optional = "" if name in item.get("required", ()) else ", may be absent"
        words = field.get("description") or schema()["$defs"][_target(field)]["description"]
        return html(
            "tr",
            html("th", html("code", name), scope="row"),
            html("td", *_linked(kind(field) + optional)),
            html("td", *self.inline(_code(words))),
        )


def kind(field: dict) -> str:
    """What a field holds, in words; a name in angle brackets is that of a definition of the schema."""
    if "$ref" in field:
        return f"<{_target(field)}>"
    if "const" in field:
        return f"always {field['const']}"
    if "enum" in field:
        return " or ".join(map(str, field["enum"]))
    if "anyOf" in field:
        return " or ".join(kind(option) for option in field["anyOf"])
    types = field["type"] if isinstance(field["type"], list) else [field["type"]]
    if types == ["array"]:
        return f"list of {kind(field['items'])}"
    if types == ["object"] and isinstance(field.get("additionalProperties"), dict):
        return f"object of {kind(field['additionalProperties'])}"
    return " or ".join(_TYPES[name] for name in types)


def _target(field: dict) -> str:
    return field["$ref"].rpartition("/")[2]


def _linked(words: str) -> list[nodes.Node]:
    """Words in which each name in angle brackets becomes a link to its table."""
    pieces = re.split(r"<(\w+)>", words)
    titles = {name: item["title"].lower() for name, item in schema()["$defs"].items()}
    return [
        html("a", titles[piece], href=f"#schema-{piece.replace('_', '-')}")
        if place % 2
        else nodes.Text(piece)
        for place, piece in enumerate(pieces)
    ]


def _code(text: str) -> str:
    """Descriptions are Markdown already; a dollar sign in them is no mathematics."""
    return text.replace("$", r"\$")


DIRECTIVES = {"ledger-schema": LedgerSchema}
