"""The claim in a plain notebook: its square in characters, and a table of its four cells.

The site draws the same record with its own style; this is what Jupyter and Colab show.
"""

import re
from html import escape

from verified_dynamics.numerals import interval, number, plus_minus

HEADINGS = {
    "proves": "Proved",
    "refutes": "Control refuted",
    "measures": "Measured",
    "rejects": "Rival rejected",
}
MARKS = {"full": {"proves": "■", "refutes": "▨", "measures": "■", "rejects": "▨"}, "open": "□", "na": "⬚"}
BOX = "border:1px solid #888;border-left:4px solid #1857a4;border-radius:6px;padding:.5em 1em;max-width:50em"
CELL = "text-align:left;vertical-align:top;width:50%;white-space:normal"


def prose(text: str) -> str:
    """Text as HTML, with `$...$` as mathematics that MathJax typesets in a notebook and on the site."""
    mathematics = r'<span class="math notranslate nohighlight">\\(\1\\)</span>'
    return re.sub(r"\$([^$]+)\$", mathematics, escape(text))


def state(cell: dict | list) -> str:
    """State of one cell: "full", "open", or "na" (not applicable)."""
    if isinstance(cell, dict):
        return "na"
    return "full" if cell else "open"


def square(record: dict) -> str:
    """The square as two lines of two characters: filled, hatched for controls, dotted where it does not apply."""
    found = []
    for name in HEADINGS:
        mark = MARKS[state(record[name])]
        found.append(mark[name] if isinstance(mark, dict) else mark)
    return f"{found[0]}{found[1]}<br>{found[2]}{found[3]}"


def card(record: dict) -> str:
    """The whole card as HTML that needs no style sheet."""
    first, second = (
        "".join(f'<td style="{CELL}">{_cell(name, record[name])}</td>' for name in row)
        for row in (("proves", "refutes"), ("measures", "rejects"))
    )
    return (
        f'<div style="{BOX}"><span style="display:inline-block;line-height:1">{square(record)}</span> '
        f"<b>{escape(record['name'])}</b> <small>{escape(record['source'])} ({escape(record['origin'])})</small>"
        f'<table style="width:100%"><tr>{first}</tr><tr>{second}</tr></table></div>'
    )


def summary_table(records: list[dict]) -> str:
    """Square, name, main measurement and source of each claim, as the last table of a chapter."""
    rows = "".join(
        f'<tr><td style="line-height:1">{square(r)}</td><td><a href="#claim-{r["name"]}">{escape(r["name"])}</a></td>'
        f"<td>{_headline(r)}</td><td>{escape(r['source'])}</td></tr>"
        for r in records
    )
    head = "<thead><tr><th>Square</th><th>Claim</th><th>Measured</th><th>Source</th></tr></thead>"
    return f'<div class="vd-scroll"><table class="vd-summary table">{head}<tbody>{rows}</tbody></table></div>'


def _cell(name: str, content: dict | list) -> str:
    if isinstance(content, dict):
        body = f"not applicable: {escape(content['not_applicable'])}"
    elif not content:
        body = "open"
    else:
        tell = _symbolic if name in ("proves", "refutes") else _measured
        body = "<br>".join(map(tell, content))
    return f"<b>{HEADINGS[name]}</b><br>{body}"


def _symbolic(check: dict) -> str:
    witness = (
        "; witness " + ", ".join(f"{k} = {v}" for k, v in check["witness"].items())
        if check["witness"]
        else ""
    )
    return f"{prose(check['text'])} <small>({escape(check['method'] + witness)})</small>"


def _measured(check: dict) -> str:
    verb = "excludes" if check["because"] else "predicted"
    target = plus_minus(check["predicted"], check["within"])
    found = ", ".join(
        f"{_interval(e)} ({e['profile']}{' record' if e['record'] else ''})" for e in check["estimates"]
    )
    because = f" ({prose(check['because'])})" if check["because"] else ""
    count = check["estimates"][0]["replicates"]
    return (
        f"{prose(check['label'])}{because}: {found}, {verb} {target} <small>({count} {check['unit']})</small>"
    )


def _headline(record: dict) -> str:
    checks = record["measures"]
    if state(checks) != "full":
        return "–"
    return f"{prose(checks[0]['label'])}: {_interval(checks[0]['estimates'][-1])}"


def _interval(found: dict) -> str:
    if found["replicates"] < 2:
        return number(found["value"], 4)
    return interval(found["value"], found["low"], found["high"])
