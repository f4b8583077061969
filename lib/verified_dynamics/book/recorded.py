"""The committed full-size records that stand behind claims and figures: how many, when and where they were made."""

import json
from collections.abc import Iterable
from pathlib import Path

__all__ = ["RecordUnreadable", "declared", "standing", "summary"]


class RecordUnreadable(ValueError):
    """A committed record is no JSON, or lacks what every record holds."""


def standing(root: Path | str, claims: Iterable[dict], figures: Iterable[dict]) -> list[dict]:
    """The records below `root` on which a claim was judged or which a figure shows, sorted by chapter and name.

    Each with `experiment`, `chapter`, `date`, `commit`, `device_name` and `wall_seconds`. A stale record is
    neither judged nor shown, and is not among them. Raises RecordUnreadable for a damaged file.
    """
    digests, shown = _judged(claims), _shown(figures)
    found = []
    for path in sorted(Path(root).glob("book/records/*/*/*.json")):
        record = _read(path)
        if record["digest"] in digests or record["experiment"] in shown:
            origin = {key: record["provenance"].get(key) for key in ("date", "commit", "device_name")}
            head = {"experiment": record["experiment"], "chapter": record["chapter"], **origin}
            found.append(head | {"wall_seconds": float(record["provenance"].get("wall_seconds") or 0)})
    return found


def summary(records: list[dict], experiments: int) -> dict:
    """For the totals: how many records stand, of how many declared experiments, their dates and commits."""
    dates = sorted(record["date"] for record in records if record["date"])
    return {
        "count": len(records),
        "experiments": experiments,
        "newest": dates[-1] if dates else None,
        "oldest": dates[0] if dates else None,
        "commits": sorted({record["commit"] for record in records if record["commit"]}),
    }


def declared(chapters: Iterable[str]) -> dict[str, int]:
    """How many experiments the library declares for each of these chapters."""
    from verified_dynamics.catalogue import experiments

    owners = [experiment.chapter for experiment in experiments().values()]
    return {chapter: owners.count(chapter) for chapter in chapters}


def _judged(claims: Iterable[dict]) -> set[str]:
    """Digests of the records on which measured cells were judged."""
    cells = [claim[cell] for claim in claims for cell in ("measures", "rejects")]
    checks = [check for cell in cells if isinstance(cell, list) for check in cell]
    return {estimate["record"] for check in checks for estimate in check["estimates"] if estimate["record"]}


def _shown(figures: Iterable[dict]) -> set[str]:
    """Names of the experiments whose records figures show."""
    origins = [item for figure in figures for item in figure["provenance"].items()]
    return {name for name, origin in origins if origin.get("profile") == "full" and origin.get("date")}


def _read(path: Path) -> dict:
    try:
        record = json.loads(path.read_bytes())
        if {"digest", "experiment", "chapter", "provenance"} <= set(record):
            return record
    except (ValueError, TypeError):
        pass
    raise RecordUnreadable(f"The record {path} cannot be read; restore it from version control.")
