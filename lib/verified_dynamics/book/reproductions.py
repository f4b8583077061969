"""The outcome of the last re-run of each figure: one small JSON file per figure, committed like the records.

They lie beside the records and not among them: an outcome says something about a figure and changes none of its
numbers, so that no chapter is executed again for it.
"""

import json
import math
from pathlib import Path

from verified_dynamics.experiments.storage import write_atomically

__all__ = [
    "FOLDER",
    "FORMAT",
    "ReproductionError",
    "kept_outcomes",
    "largest",
    "read_reproduction",
    "write_reproduction",
]

FORMAT = "verified-dynamics reproduction 1"
FOLDER = Path("book", "reproductions")


class ReproductionError(ValueError):
    """A kept outcome is damaged or foreign."""


def kept_outcomes(root: Path | str) -> dict[str, dict]:
    """The outcomes that the book at `root` keeps, by figure; raises ReproductionError for one that is damaged."""
    folder = Path(root, FOLDER)
    return {path.stem: read_reproduction(path.stem, folder) for path in sorted(folder.glob("*.json"))}


def write_reproduction(outcome: dict, folder: Path) -> Path:
    """Write the outcome of a figure's re-run to folder/FIGURE.json, whole or not at all, and return the path.

    outcome: `figure`, `digest` (of the data that the figure shows), `date`, `commit`, `reproduced`, and `experiments`,
    each with its `deviations`. A deviation that no tolerance measures (another shape, a missing variable) is infinite
    and written as null.
    """
    path = Path(folder) / f"{outcome['figure']}.json"
    content = {"format": FORMAT, **outcome, "experiments": [_finite(e) for e in outcome["experiments"]]}
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    write_atomically(path, text.encode())
    return path


def read_reproduction(name: str, folder: Path) -> dict | None:
    """The outcome of the last re-run of a figure, or None where there is none.

    Raises ReproductionError, with one sentence, for a file that is damaged or is no outcome of this figure.
    """
    path = Path(folder) / f"{name}.json"
    if not path.is_file():
        return None
    advice = f"run `verified-dynamics reproduce {name}` again, or delete it."
    try:
        outcome = json.loads(path.read_bytes())
    except ValueError as error:
        raise ReproductionError(f"{path} is not readable as JSON; {advice}") from error
    if not isinstance(outcome, dict) or outcome.get("format") != FORMAT or outcome.get("figure") != name:
        raise ReproductionError(f"{path} is no outcome of a re-run of figure {name!r}; {advice}")
    missing = {"digest", "date", "commit", "reproduced", "experiments"} - set(outcome)
    if missing:
        raise ReproductionError(f"{path} lacks {', '.join(sorted(missing))}; {advice}")
    return outcome


def largest(outcome: dict) -> tuple[str, float]:
    """The variable that deviates most, as "experiment.variable", and its deviation in tolerances."""
    found = [
        (math.inf if units is None else units, f"{item['name']}.{variable}")
        for item in outcome["experiments"]
        for variable, units in item["deviations"].items()
    ]
    units, variable = max(found, key=lambda pair: pair[0])
    return variable, units


def _finite(item: dict) -> dict:
    units = {name: value if math.isfinite(value) else None for name, value in item["deviations"].items()}
    return {**item, "deviations": units}
