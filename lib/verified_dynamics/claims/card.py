"""The claim as HTML: the square that is the book's mark, the card in a chapter, and a table of several claims.

The classes are styled by the book's style sheet; in plain Jupyter the structure alone is readable.
"""

from html import escape

TITLES = {
    "proves": "Proved",
    "refutes": "Control refuted",
    "measures": "Measured",
    "rejects": "Rival rejected",
}
ORIGIN_LABELS = {
    "paper": "",
    "ours": "our own result",
    "correction": "our correction of the source",
    "reconstruction": "our reconstruction of a text that we could not read",
}


def square(record: dict) -> str:
    """The four cells as a small square: filled, hatched for controls, dotted for not applicable, empty for open."""
    states = {cell: _state(record[cell]) for cell in TITLES}
    label = ", ".join(f"{TITLES[cell].lower()}: {state}" for cell, state in states.items())
    marks = []
    for cell, state in states.items():
        classes = " ".join(
            filter(None, ("ctl" if cell in ("refutes", "rejects") else "",
                          {"yes": "full", "not applicable": "na", "open": ""}[state]))
        )  # fmt: skip
        marks.append(f'<i class="{classes}"></i>')
    return (
        f'<span class="vd-square" role="img" aria-label="{escape(label, quote=True)}">{"".join(marks)}</span>'
    )


def card(record: dict, *, head: str | None = None) -> str:
    """The whole card. head: HTML that stands beside the square (the site puts the statement's number and links)."""
    origin = ORIGIN_LABELS[record["origin"]]
    source = escape(record["source"]) + (f" · {origin}" if origin else "")
    head = head or f"<b>{escape(record['name'])}</b>"
    cells = "".join(_cell(name, record[name]) for name in TITLES)
    return (
        f'<section class="vd-claim" aria-label="Claim: {escape(record["name"], quote=True)}">'
        f'<header>{square(record)}{head}<span class="vd-source">{source}</span></header>'
        f'<div class="vd-cells">{cells}</div></section>'
    )


def summary_table(records: list[dict]) -> str:
    """Square, name, source and the main number of each claim."""
    rows = "".join(
        f'<tr><td>{square(r)}</td><td><a href="#claim-{r["name"]}">{escape(r["name"])}</a></td>'
        f"<td>{_headline(r)}</td><td>{escape(r['source'])}</td></tr>"
        for r in records
    )
    head = "<tr><th>Square</th><th>Claim</th><th>Measured</th><th>Source</th></tr>"
    return f'<div class="vd-scroll"><table class="vd-table">{head}{rows}</table></div>'


def number(value: float | str) -> str:
    """A number for readers: four significant digits, powers of ten where they are needed."""
    if isinstance(value, str):
        return {"inf": "∞", "-inf": "−∞"}.get(value, value)
    text = f"{value:.4g}"
    if "e" in text:
        mantissa, exponent = text.split("e")
        return f"{mantissa}·10<sup>{int(exponent)}</sup>".replace("-", "−")
    return text.replace("-", "−")


def _cell(name: str, content) -> str:
    control = ' class="ctl"' if name in ("refutes", "rejects") else ""
    if isinstance(content, dict):
        body = f"<p>not applicable: {escape(content['not_applicable'])}</p>"
    elif not content:
        body = "<p>open</p>"
    elif name in ("proves", "refutes"):
        body = "".join(map(_symbolic, content))
    else:
        body = "".join(map(_measured, content))
    return f"<div{control}><h4>{TITLES[name]}</h4>{body}</div>"


def _symbolic(check: dict) -> str:
    detail = [check["method"]]
    if check["witness"]:
        detail.append("witness " + ", ".join(f"{k} = {v}" for k, v in check["witness"].items()))
    if check["checked_points"]:
        detail.append(f"agrees at {check['checked_points']} exact points")
    title = escape(check["plain"], quote=True)
    return f'<p title="{title}">{escape(check["text"])}</p><small>{escape(" · ".join(detail))}</small>'


def _measured(check: dict) -> str:
    target = number(check["predicted"]) + (f" ± {number(check['within'])}" if check["within"] else "")
    verb = "excludes" if check["because"] else "predicted"
    lines = []
    for e in check["estimates"]:
        interval = f" [{number(e['low'])}, {number(e['high'])}]" if e["replicates"] > 1 else ""
        lines.append(f'<span class="num">{number(e["value"])}{interval}</span>, {verb} {target}')
    shown = "<br>".join(dict.fromkeys(lines))
    because = f" ({escape(check['because'])})" if check["because"] else ""
    return f"<p>{escape(check['label'])}{because}: {shown}</p><small>{escape(_runs(check))}</small>"


def _runs(check: dict) -> str:
    found = []
    for e in check["estimates"]:
        count = f"{e['replicates']} {check['unit']}" if e["replicates"] > 1 else "exact"
        origin = f"record {e['record'][:8]}, {e['device']}" if e["record"] else e["profile"]
        failed = f", {e['nonfinite']} not finite" if e["nonfinite"] else ""
        found.append(f"{e['method']}, {count}{failed}, {origin}")
    return " · ".join(found)


def _headline(record: dict) -> str:
    checks = record["measures"]
    if isinstance(checks, dict) or not checks:
        return "–"
    found = checks[0]["estimates"][-1]
    interval = f" [{number(found['low'])}, {number(found['high'])}]" if found["replicates"] > 1 else ""
    return f"{escape(checks[0]['label'])}: {number(found['value'])}{interval}"


def _state(cell) -> str:
    if isinstance(cell, dict):
        return "not applicable"
    return "yes" if cell else "open"
