"""Claim cards: the square, the numbered statement, the four cells with what was checked, and the origin."""

from docutils import nodes
from sphinx.transforms import SphinxTransform

from verified_dynamics.book.elements import html
from verified_dynamics.book.forwarding import claim_page
from verified_dynamics.book.ledger import CELLS, cell_state
from verified_dynamics.book.square import CONTROLS, HEADINGS, describe, square
from verified_dynamics.numerals import interval, number, plus_minus, seconds, symbol

__all__ = ["ORIGINS", "JoinStatements", "card", "cited_card"]

ORIGINS = {
    "paper": "as the paper states it",
    "ours": "our own result",
    "correction": "our correction of the paper",
    "reconstruction": "our reconstruction",
}
_LONGEST_FORMULA = 1500  # characters of TeX; a longer statement is told in words only
_WITNESS_ENTRIES = 6
_UP = "../../"  # from a chapter, chapters/PART/NAME.html, to the root of the site


def card(claim: dict, parse) -> nodes.Element:
    """The card of a claim. `parse(text)` turns Markdown with mathematics into inline nodes."""
    name = claim["name"]
    tools = html(
        "p",
        html("a", "link", href=_UP + claim_page(name), title=f"Lasting address of the claim {name}"),
        " · ",
        html("a", "code", href=f"#code-{name}", title="The cell that makes the checks"),
        classes=["vd-tools"],
    )
    origin = html("p", *_origin(claim, parse), classes=["vd-origin"])
    cells = html("div", *(_cell(claim, cell, parse) for cell in CELLS), classes=["vd-cells"])
    label = f"Claim {name}: {describe(claim)}"
    return _frame(name, [square(claim), tools, origin, cells], label)


def cited_card(cited: dict, parse) -> nodes.Element:
    """The frame of a statement taken on trust: no square, its source, and the word for what it is."""
    words = html("strong", "Cited, not checked here.")
    origin = html("p", words, " Source: ", *parse(cited["source"]), classes=["vd-origin"])
    return _frame(cited["name"], [origin], f"Cited statement {cited['name']}", "vd-cited")


class JoinStatements(SphinxTransform):
    """Moves each card to its numbered statement, which it then encloses; the code that checks comes after it."""

    default_priority = 500

    def apply(self, **options) -> None:
        """Run on one chapter after it is parsed."""
        stated = {node["label"]: node for node in self.document.findall(_is_statement)}
        for frame in list(
            self.document.findall(lambda node: "claim_name" in getattr(node, "attributes", {}))
        ):
            name = frame["claim_name"]
            cell = _cell_of(frame)
            if name in stated and cell is not None:
                _detach(frame)
                cell["ids"].append(f"code-{name}")
                statement = stated[name]
                statement.replace_self(frame)
                statement.next_node(nodes.section)["ids"] = [
                    f"{name}-statement"
                ]  # not one id for all of a page
                frame.insert(0, statement)


def _frame(name: str, parts: list[nodes.Node], label: str, *classes: str) -> nodes.Element:
    box = html("section", *parts, classes=["vd-claim", *classes], ids=[f"claim-{name}"], aria_label=label)
    box["claim_name"] = name
    return box


def _origin(claim: dict, parse) -> list[nodes.Node | str]:
    parts: list[nodes.Node | str] = [html("span", ORIGINS[claim["origin"]], classes=["vd-badge"])]
    if claim["source"]:
        parts += [" Source: ", *parse(claim["source"])]
    if claim["needs"]:
        parts.append(" · Needs: ")
        for position, need in enumerate(claim["needs"]):
            parts += [", "] if position else []
            parts += parse(f"{{ref}}`{need} <claim-{need}>`")
    return parts


def _cell(claim: dict, cell: str, parse) -> nodes.Element:
    content = claim[cell]
    classes = ["ctl"] if cell in CONTROLS else []
    heading = html("p", HEADINGS[cell], classes=["vd-name"])
    if cell_state(claim, cell) == "na":
        words = html("p", "Not applicable: ", *parse(content["not_applicable"]))
        return html("div", heading, words, classes=[*classes, "na"])
    draw = _symbolic if cell in ("proves", "refutes") else _measured
    return html("div", heading, *(part for check in content for part in draw(check, parse)), classes=classes)


def _symbolic(check: dict, parse) -> list[nodes.Node]:
    words = f"{check['method']}, {seconds(check['seconds'])}"
    if check["witness"]:
        words = f"witness: {_witness(check['witness'])} · {words}"
    elif check["checked_points"]:
        words += f" · checked again at {check['checked_points']} exact points"
    return [html("p", *parse(check["text"])), _formula(check, words)]


def _witness(witness: dict[str, str]) -> str:
    entries = [f"{symbol(name)}\u00a0=\u00a0{value.replace('-', '−')}" for name, value in witness.items()]
    more = ", …" if len(entries) > _WITNESS_ENTRIES else ""
    return ", ".join(entries[:_WITNESS_ENTRIES]) + more


def _formula(check: dict, words: str) -> nodes.Element:
    """How it was decided; choosing the line unfolds the statement that was put to the prover."""
    tex = check["statement"]
    if not tex or len(tex) > _LONGEST_FORMULA:
        return html("p", words, classes=["vd-small"])
    formula = nodes.math_block(tex, tex, nowrap=False, number=None, xml_space="preserve")
    line = html(
        "summary", f"{words} · ", html("span", "formula", classes=["vd-unfold"]), classes=["vd-small"]
    )
    return html("details", line, formula, classes=["vd-formula"])


def _measured(check: dict, parse) -> list[nodes.Node]:
    estimates = check["estimates"]
    shown = estimates[-1]  # the record where there is one
    found = _interval(shown)
    target = plus_minus(check["predicted"], check["within"])
    verb = ", predicted " if check["because"] is None else " excludes "
    words = [*parse(check["label"]), ": ", html("span", found, classes=["num"]), verb + target]
    parts = [html("p", *words)]
    if check["because"]:
        parts.append(html("p", *parse(check["because"]), classes=["vd-small"]))
    several = len(estimates) > 1
    return parts + [html("p", _evidence(item, check, several), classes=["vd-small"]) for item in estimates]


def _evidence(estimate: dict, check: dict, several: bool) -> str:
    """One line on where an estimate comes from: replicates, profile, device, record, kind of interval."""
    replicates = estimate["replicates"]
    parts = [
        f"{replicates:,} {check['unit']}, {estimate['profile']}" if replicates > 1 else estimate["profile"]
    ]
    if estimate["record"]:
        parts[0] += f", {estimate['device']}, record {estimate['record'][:6]}"
    if several:
        parts.append(_interval(estimate))
    parts.append(estimate["method"])
    if estimate["nonfinite"]:
        parts.append(f"{number(estimate['nonfinite'])} not finite")
    return " · ".join(part for part in parts if part)


def _interval(estimate: dict) -> str:
    """The estimate with its interval; one that is narrower than a reader can use is told by its half-width."""
    value, low, high = (float(estimate[key]) for key in ("value", "low", "high"))
    half = max(high - value, value - low)
    if 0 < half < 1e-6 * abs(value):
        return f"{number(value, 6)} [±\u00a0{number(half, 1)}]"
    return interval(value, low, high)


def _is_statement(node: nodes.Node) -> bool:
    return "realtype" in getattr(node, "attributes", {})


def _cell_of(node: nodes.Node) -> nodes.Element | None:
    while node is not None and node.get("nb_element") != "cell_code":
        node = node.parent
    return node


def _detach(frame: nodes.Element) -> None:
    """Take the card out of the cell's output, and the containers that it leaves empty."""
    node, parent = frame, frame.parent
    while parent is not None and parent.get("nb_element") != "cell_code":
        parent.remove(node)
        if len(parent):
            return
        node, parent = parent, parent.parent
    parent.remove(node)
