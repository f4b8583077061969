"""The store of executed notebooks: one file per chapter and state of what its outputs depend on.

A chapter's key is made from its code cells, the library modules and data files that they reach, the committed
records of the chapter, the versions of Python and of the packages below, and the profile. The tests run a chapter
whose key has no file, and the site shows what the tests ran, so that nothing is executed twice.
"""

import hashlib
import json
import os
import platform
import re
from datetime import datetime
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import nbformat

from verified_dynamics.book.reach import reach

__all__ = [
    "RUN",
    "NotExecuted",
    "chapters",
    "executed",
    "keep",
    "key",
    "pending",
    "read",
    "root_of",
    "stored_path",
]

PACKAGES = ("torch", "numpy", "scipy", "sympy", "xarray", "matplotlib", "scikit-learn", "z3-solver")
PROFILE = "VERIFIED_DYNAMICS_PROFILE"
RUN = "verified_dynamics_run"  # metadata of a stored notebook: what its execution took, and where
HOUSE_MIME = "application/vnd.verified-dynamics."
KEPT_STATES = 3  # per chapter: switching between two profiles or two branches executes nothing again
_COMMAND = re.compile(r"^(\s*)[%!].*$", re.MULTILINE)


class NotExecuted(LookupError):
    """A chapter has no stored outputs for its present state."""


def root_of(path: Path | str) -> Path:
    """The folder above `path` that holds the book's `_config.yml`."""
    path = Path(path).resolve()
    for folder in (path, *path.parents):
        if (folder / "_config.yml").is_file():
            return folder
    raise FileNotFoundError(f"{path} lies in no book: no folder above it holds a _config.yml.")


def chapters(root: Path | str) -> list[Path]:
    """All chapters of the book, `chapters/<part>/<name>.ipynb`, sorted."""
    return sorted(path for path in Path(root).glob("chapters/*/*.ipynb") if path.parent.name[0] != ".")


def chapter_name(path: Path | str) -> str:
    """`<part>/<name>` of a chapter's path."""
    path = Path(path)
    return f"{path.parent.name}/{path.stem}"


def key(path: Path | str) -> str:
    """The state of everything that the outputs of the chapter at `path` depend on, as 16 hexadecimal digits."""
    path = Path(path).resolve()
    return _key(nbformat.read(path, as_version=4), path)


def stored_path(path: Path | str, state: str | None = None) -> Path:
    """Where the chapter at `path`, executed in the present (or the given) state, is or would be stored."""
    path = Path(path).resolve()
    return (
        root_of(path) / "_build" / "executed" / path.parent.name / path.stem / f"{state or key(path)}.ipynb"
    )


def executed(path: Path | str) -> nbformat.NotebookNode | None:
    """The chapter at `path` as it was executed in its present state, or None."""
    file = stored_path(path)
    return nbformat.read(file, as_version=4) if file.is_file() else None


def pending(root: Path | str) -> list[Path]:
    """The chapters that have no stored outputs for their present state."""
    return [path for path in chapters(root) if not stored_path(path).is_file()]


def keep(notebook: nbformat.NotebookNode, path: Path | str, state: str | None = None) -> Path:
    """Store an executed notebook whole or not at all, and remove the oldest states of the same chapter.

    The times of its cells are replaced by their sum and the name of the device, in the metadata of the notebook.
    `state` is the key that was taken before the run: a library edited while the chapter ran is then not
    mistaken for the one that ran.
    """
    file = stored_path(path, state)
    notebook = nbformat.from_dict(json.loads(nbformat.writes(notebook)))
    if seconds := _running_time(notebook):
        notebook.metadata[RUN] = {"seconds": seconds, "machine": _machine()}
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # wall-clock times of single cells
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_suffix(f".{os.getpid()}.part")
    unfinished.write_text(nbformat.writes(notebook), encoding="utf-8")
    os.replace(unfinished, file)
    _prune(file.parent, file)
    return file


def read(text: str, root: Path | str = ".") -> nbformat.NotebookNode:
    """Reader for Sphinx (`nb_custom_formats`): a chapter's source with the outputs from the store in place.

    Raises NotExecuted if the chapter is not stored in its present state. A notebook that is no chapter is
    returned as it is.
    """
    notebook = nbformat.reads(text, as_version=4)
    path = next((path for path in chapters(root) if path.read_text(encoding="utf-8") == text), None)
    if path is None:
        return notebook
    ran = executed(path)
    if ran is None:
        raise NotExecuted(not_executed_message([path]))
    outputs = iter(cell.outputs for cell in ran.cells if cell.cell_type == "code")
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [_house_output(output) for output in next(outputs)]
    return notebook


def not_executed_message(paths: list[Path]) -> str:
    """One sentence that names the chapters which have to be executed."""
    names = ", ".join(chapter_name(path) for path in paths)
    return f"Not executed in its present state: {names}; run `make book`, or pytest on the chapter, first."


def _key(notebook: nbformat.NotebookNode, path: Path) -> str:
    root = root_of(path)
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    reached = reach([_COMMAND.sub(r"\1pass", source) for source in cells], root / "lib")
    records = sorted((root / "book" / "records" / path.parent.name / path.stem).rglob("*"))
    digest = hashlib.sha256(json.dumps([cells, reached.names, _environment()]).encode())
    for file in [*reached.files, *(file for file in records if file.is_file())]:
        digest.update(file.relative_to(root).as_posix().encode() + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:16]


def _running_time(notebook: nbformat.NotebookNode) -> float | None:
    """Wall time of all cells together in seconds, from the kernel's messages; None where they were not kept."""
    total = 0.0
    for cell in notebook.cells:
        times = cell.metadata.get("execution", {})
        if "iopub.execute_input" in times and "shell.execute_reply" in times:
            started, ended = (
                datetime.fromisoformat(times[message])
                for message in ("iopub.execute_input", "shell.execute_reply")
            )
            total += (ended - started).total_seconds()
    return round(total, 1) or None


def _machine() -> str:
    """The device on which chapters run here, in words."""
    from verified_dynamics.experiments.devices import choose_device, describe_device

    return describe_device(choose_device())


def _environment() -> list[str]:
    return [*_versions(), platform.python_version(), os.environ.get(PROFILE, "smoke")]


@lru_cache(maxsize=1)
def _versions() -> tuple[str, ...]:
    return tuple(f"{name}={_version(name)}" for name in PACKAGES)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"


def _house_output(output: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Of a bundle that holds a record of this book only the record: the site draws it itself."""
    own = [mime for mime in output.get("data", {}) if mime.startswith(HOUSE_MIME)]
    if own:
        output.data = nbformat.NotebookNode({mime: output.data[mime] for mime in own})
    return output


def _prune(folder: Path, newest: Path) -> None:
    others = sorted(
        (file for file in folder.glob("*.ipynb") if file != newest), key=lambda file: file.stat().st_mtime
    )
    for file in others[: max(0, len(others) - KEPT_STATES + 1)]:
        file.unlink(missing_ok=True)
