"""Records: what a full-size run leaves behind, with its origin, its integrity, and how to tell that it still stands.

A record NAME is NAME.json, which holds the provenance and names two data files by their digests: the full result,
and the smoke result of the code that made it. The JSON file is replaced last, so that a crash leaves the old record.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import xarray as xr

from verified_dynamics.experiments.comparison import deviations, digest
from verified_dynamics.experiments.declaration import Experiment
from verified_dynamics.experiments.runner import Run
from verified_dynamics.experiments.storage import (
    alone,
    from_bytes,
    reason,
    sweep,
    to_bytes,
    write_together,
)

FORMAT = "verified-dynamics record 1"
RECORDS_VARIABLE = "VERIFIED_DYNAMICS_RECORDS"


class RecordError(ValueError):
    """A record is damaged, truncated, foreign, or cannot be written."""


@dataclass(frozen=True)
class Record:
    """A full-size result with its provenance, and the smoke result of the code that made it.

    smoke_provenance: where the smoke result came from; None in a record that does not say.
    """

    experiment: str
    chapter: str
    declaration: dict
    provenance: dict
    data: xr.Dataset
    smoke: xr.Dataset
    digest: str
    smoke_provenance: dict | None = None

    def stale_because(self, experiment: Experiment, smoke: xr.Dataset | None) -> str | None:
        """Why the record no longer stands, or None: by its declaration, and by what the present code gives.

        smoke: the smoke result of the present code; None skips the comparison of behaviour.
        """
        if self.declaration != experiment.declaration():
            return "the declaration of the experiment changed"
        if smoke is None:
            return None
        for name, units in deviations(self.smoke, smoke, experiment.tolerances).items():
            if units > 1:
                return (
                    f"the present code gives another smoke result: {name} deviates by {units:.3g} tolerances"
                )
        return None


def records_folder() -> Path | None:
    """book/records of the checkout in which we are, or the folder named by VERIFIED_DYNAMICS_RECORDS; else None."""
    import os

    if os.environ.get(RECORDS_VARIABLE):
        return Path(os.environ[RECORDS_VARIABLE])
    for folder in (Path.cwd(), *Path.cwd().parents):
        if (folder / "_toc.yml").is_file() and (folder / "lib" / "verified_dynamics").is_dir():
            return folder / "book" / "records"
    return None


def write_record(run: Run, smoke: Run, folder: Path) -> Path:
    """Write a record of `run` into folder/CHAPTER and return the path of its JSON file.

    smoke: the same experiment's smoke run by the same code. Two processes that write the record of one experiment do
    so one after the other. Raises RecordError when the folder cannot be written; the old record is then whole.
    """
    experiment = run.experiment
    place = Path(folder) / experiment.chapter
    path = place / f"{experiment.name}.json"
    data = {kind: to_bytes(r.data) for kind, r in (("full", run), ("smoke", smoke))}
    files = {kind: _data_file(experiment.name, kind, content) for kind, content in data.items()}
    content = {
        "format": FORMAT,
        "experiment": experiment.name,
        "chapter": experiment.chapter,
        "declaration": experiment.declaration(),
        "provenance": {**run.provenance, **run.cost},
        "smoke_provenance": smoke.provenance,
        "digest": digest(run.data),
        "files": files,
    }
    text = (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode()
    try:
        with alone(path):
            write_together({**{place / files[kind]["name"]: data[kind] for kind in data}, path: text})
            sweep(place)
            for old in place.glob(f"{experiment.name}.*.nc"):
                if old.name not in {file["name"] for file in files.values()}:
                    old.unlink()
    except OSError as error:
        raise RecordError(
            f"the record of {experiment.name} cannot be written to {place} ({reason(error)}); the old one, if there "
            "was one, is whole. Make room or choose another folder with --out."
        ) from error
    return path


def read_record(experiment: Experiment, folder: Path | None) -> Record | None:
    """The record of an experiment, its integrity checked; None where there is none.

    Raises RecordError for one that is damaged, truncated or belongs to another experiment.
    """
    path = Path(folder) / experiment.chapter / f"{experiment.name}.json" if folder else None
    if path is None or not path.exists():
        return None
    while True:
        text = path.read_bytes()
        try:
            return _read_record(experiment, path, text)
        except RecordError:
            if path.read_bytes() == text:
                raise
            # another process replaced the record and its data files while they were read


def _read_record(experiment: Experiment, path: Path, text: bytes) -> Record:
    advice = "restore it from version control, or delete it and run the experiment at full size again."
    try:
        content = json.loads(text)
    except ValueError as error:
        raise RecordError(f"the record {path} is not readable as JSON; {advice}") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise RecordError(f"{path} is not a record of this book's present format; {advice}")
    if content.get("experiment") != experiment.name or content.get("chapter") != experiment.chapter:
        raise RecordError(
            f"{path} belongs to experiment {content.get('experiment')!r}, not {experiment.name!r}; {advice}"
        )
    try:
        data, smoke = (_read_data(path, content["files"][kind], advice) for kind in ("full", "smoke"))
        record = Record(
            experiment.name, experiment.chapter, content["declaration"], content["provenance"], data, smoke,
            content["digest"], content.get("smoke_provenance"),
        )  # fmt: skip
    except (KeyError, TypeError) as error:
        raise RecordError(f"the record {path} lacks {error}; {advice}") from error
    if digest(data) != record.digest:
        raise RecordError(f"the numbers in the record {path} do not have the digest that it states; {advice}")
    return record


def _data_file(name: str, kind: str, content: bytes) -> dict:
    sha = hashlib.sha256(content).hexdigest()
    return {"name": f"{name}.{kind}.{sha[:12]}.nc", "sha256": sha}


def _read_data(path: Path, file: dict, advice: str) -> xr.Dataset:
    source = path.with_name(Path(file["name"]).name)
    try:
        content = source.read_bytes()
    except FileNotFoundError:
        raise RecordError(
            f"the record {path} names the data file {source.name}, which is missing; {advice}"
        ) from None
    if hashlib.sha256(content).hexdigest() != file["sha256"]:
        raise RecordError(
            f"the data file {source} is damaged: its SHA-256 is not the one in the record; {advice}"
        )
    return from_bytes(content)
