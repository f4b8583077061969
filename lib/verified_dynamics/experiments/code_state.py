"""Which code runs: a digest of every file that an experiment can reach, so that cells of two codes never mix.

The rule is simple and wide. An experiment of the book reaches the instruments and its own part; one from elsewhere
reaches the whole library and the files beside it. What a file of it says when the experiment is declared is taken
for what runs; if it says something else later, the state is neither the old one nor the new one.
"""

import hashlib
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from pathlib import Path

LIBRARY = Path(__file__).parents[1]
INSTRUMENTS = ("data", "ensemble", "experiments", "models", "proof", "statistics")

_declared: dict[str, str] = {}


def remember(function: Callable) -> None:
    """Note the state of the code at the moment when an experiment is declared, that is when the code is loaded."""
    roots = _roots(function)
    if roots and _name(roots) not in _declared:
        _declared[_name(roots)] = _digest(roots)


def code_state(function: Callable) -> str | None:
    """SHA-256 of the code that an experiment's function can reach; None for a function that stands in no file."""
    roots = _roots(function)
    if not roots:
        return None
    present = _digest(roots)
    declared = _declared.setdefault(_name(roots), present)
    return present if present == declared else f"{declared} edited to {present}"


def _roots(function: Callable) -> tuple[Path, ...]:
    """Folders and files that hold the code; a function typed at a prompt or in a notebook has none."""
    name = getattr(function, "__module__", None) or ""
    parts = name.split(".")
    if parts[0] == LIBRARY.name and len(parts) > 2:
        return tuple(LIBRARY / room for room in (*INSTRUMENTS, parts[1]))
    top = getattr(sys.modules.get(parts[0]), "__file__", None)
    file = getattr(sys.modules.get(name), "__file__", None)
    if not file or not Path(file).is_file():
        return ()
    if len(parts) > 1:  # a package of somebody else: all of it
        return LIBRARY, Path(top or file).resolve().parent
    return LIBRARY, *sorted(Path(file).resolve().parent.glob("*.py"))


def _name(roots: Iterable[Path]) -> str:
    return "\n".join(str(root) for root in roots)


def _digest(roots: Iterable[Path]) -> str:
    total = hashlib.sha256()
    for root in roots:
        for file in _files(root):
            status = file.stat()
            place = file.relative_to(root.parent).as_posix()
            total.update(f"{place}\0{_file_digest(file, status.st_mtime_ns, status.st_size)}\0".encode())
    return total.hexdigest()


def _files(root: Path) -> Iterator[Path]:
    if root.is_file():
        yield root
        return
    for file in sorted(root.rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts and not file.name.startswith("."):
            yield file


@lru_cache(maxsize=4096)
def _file_digest(file: Path, changed: int, size: int) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
