"""Where a figure's numbers came from, and how far they deviated when they were last made again."""

import subprocess
from html import escape
from pathlib import Path

from verified_dynamics import addresses
from verified_dynamics.book.citation import Book
from verified_dynamics.book.reproductions import largest

__all__ = ["build_state", "last_run", "made_with", "rows_table"]

# Keys in the order in which a reader asks.
_ORDER = ("device_name", "machine", "device", "precision", "commit", "date", "seeds", "parameters")
_RECORD = "a full-size record, which the present code still reproduces at the smoke size"
_LIVE = "the run at the profile named below; there is no full-size record yet"
_MIXED = "the full-size record of each experiment that has one, and of the others the run at the profile named below"
_SHOWS = {
    "valid": _RECORD,
    "no record": _LIVE,
    "valid; no record": _MIXED,
    "no record; valid": _MIXED,
}


def build_state(root: Path | str) -> tuple[str, str]:
    """Commit of the checkout at `root` (a plus sign says that it has changes) and its date; empty outside git.

    The date is the commit's, so that the same sources give the same pages on any day.
    """

    def git(*words: str) -> str:
        done = subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    try:
        commit, date = git("log", "-1", "--format=%H %cs").split()
        changed = git("status", "--porcelain", "--untracked-files=no")
    except (OSError, ValueError, subprocess.CalledProcessError):
        return "", ""
    return commit[:12] + ("+" if changed else ""), date


def last_run(record: dict, reproduction: dict | None) -> str:
    """HTML: how far the last re-run deviated, in tolerances, and how it was compared."""
    command = f"<code>verified-dynamics reproduce {escape(record['name'])}</code>"
    if reproduction is None:
        return f'<p class="vd-rerun">Not re-run since it was published; {command} does it.</p>'
    if reproduction["digest"] != record["digest"]:
        return (
            f'<p class="vd-rerun">Not re-run since it changed; the last re-run, on {escape(reproduction["date"])}, was '
            f"compared with other data. {command} does it.</p>"
        )
    variable, units = largest(reproduction)
    verdict = "reproduced" if reproduction["reproduced"] else "<strong>not reproduced</strong>"
    head = (
        f'<p class="vd-rerun">Last re-run: {escape(reproduction["date"])}, commit {_commit(reproduction["commit"])}, '
        f"{verdict}. The largest deviation is {_units(units)} ({escape(variable)}).</p>"
    )
    rows = "".join(
        f'<tr><th scope="row">{escape(item["name"])}</th><td>{escape(item["profile"])}</td>'
        f"<td>{escape(item['device_name'])}</td><td>{escape(item['compared'])}: {escape(item['why'])}</td>"
        f"<td>{_units(largest({'experiments': [item]})[1])}</td></tr>"
        for item in reproduction["experiments"]
    )
    columns = ("Experiment", "Profile", "Device", "Compared by", "Largest deviation")
    titles = "".join(f'<th scope="col">{title}</th>' for title in columns)
    return (
        f'{head}<div class="vd-scroll" tabindex="0" role="region" aria-label="Last re-run"><table class="vd-table">'
        f"<thead><tr>{titles}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def made_with(record: dict, book: Book, build: tuple[str, str]) -> str:
    """HTML: what the figure shows, from which build of the book, and the origin of every experiment."""
    commit, date = build
    built = f"version {book.version}" + (f", commit {commit} of {date}" if commit else "")
    rows = [
        ("Shows", _SHOWS.get(record["state"], record["state"])),
        ("Data", f"sha256 {record['digest']}"),
        ("Site built from", built),
    ]
    if any("commit" not in item["provenance"] for item in record["experiments"]):
        rows.append(
            (
                "Live runs",
                "made by the code of that build: a run without a commit and a date of its own below",
            )
        )
    parts = ["<h2>Made with</h2>", rows_table(rows)]
    for item in record["experiments"]:
        parts.append(f"<h3>{escape(item['name'])}</h3>{rows_table(_origin(item))}")
    return "\n".join(parts)


def rows_table(rows: list[tuple[str, str]]) -> str:
    """HTML: a table of names and values; a commit is linked."""
    cells = "".join(
        f'<tr><th scope="row">{escape(key)}</th><td>{_commit(value) if key == "commit" else escape(value)}</td></tr>'
        for key, value in rows
    )
    return f'<div class="vd-scroll"><table class="vd-table vd-provenance">{cells}</table></div>'


def _origin(item: dict) -> list[tuple[str, str]]:
    origin = {
        key: value
        for key, value in item["provenance"].items()
        if key != "profile" and value not in (None, "")
    }
    versions = origin.pop("versions", {})
    rows = [("profile", item["profile"])]
    rows += [(key.replace("_", " "), _plain(origin.pop(key))) for key in _ORDER if key in origin]
    rows.append(("versions", ", ".join(f"{name} {number}" for name, number in versions.items())))
    rows += [(key.replace("_", " "), _plain(value)) for key, value in origin.items()]
    kept = item.get("smoke_deviations")
    if kept:
        name = max(kept, key=kept.get)
        words = f"at most {_units(kept[name])} ({name}) from the smoke run that the record keeps"
        rows.append(("present code", words))
    return rows


def _units(units: float) -> str:
    return "1 tolerance" if units == 1 else f"{units:.2g} tolerances"


def _commit(value: str) -> str:
    plain = value.rstrip("+")
    if not plain.isalnum() or plain == "unknown":
        return escape(value)
    changed = " with changes" if value.endswith("+") else ""
    return f'<a href="{addresses.repository()}/tree/{plain}">{plain[:12]}</a>{changed}'


def _plain(value) -> str:
    """Provenance as words: a range for consecutive seeds, `name = value` for parameters."""
    if isinstance(value, list) and len(value) > 2 and all(isinstance(item, int) for item in value):
        if value == list(range(value[0], value[0] + len(value))):
            return f"{value[0]} to {value[-1]}"
    if isinstance(value, dict):
        return "; ".join(f"{key} = {_plain(item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_plain, value))
    return str(value)
