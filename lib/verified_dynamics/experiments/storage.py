"""Datasets on disk: NetCDF-3 through SciPy, which every machine with xarray can read; always written whole.

A file is written as a hidden draft, `.NAME.….part`, which then takes its place. A run that is killed leaves its draft;
the next run sweeps it away.
"""

import errno
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import BinaryIO

import numpy as np
import xarray as xr


def to_bytes(data: xr.Dataset) -> bytes:
    """The dataset as NetCDF-3 bytes; the same data gives the same bytes."""
    plain = data.copy()
    for name in list(plain.variables):
        values = plain.variables[name]
        if values.dtype.kind in "iu" and values.size and np.abs(values.values).max() >= 2**31:
            raise ValueError(
                f"variable {name!r} holds integers beyond 32 bits, which NetCDF-3 has not; use float64."
            )
        plain.variables[name].encoding = {}
    return bytes(plain.to_netcdf(engine="scipy", format="NETCDF3_64BIT"))


def from_bytes(content: bytes) -> xr.Dataset:
    """The dataset in NetCDF-3 bytes, loaded into memory."""
    with xr.open_dataset(content, engine="scipy") as opened:
        data = opened.load()
    for name in list(data.variables):
        data.variables[name].encoding = {}
    return data


def write_atomically(path: Path, content: bytes) -> None:
    """Write the file so that a reader, or a crash at any moment, sees the old file or the new one, never a part."""
    write_together({path: content})


def write_together(files: Mapping[Path, bytes]) -> None:
    """Write several files: each whole or not at all, and none of them if one does not fit on the disk.

    They take their places in the order given, so that the last may name the others. Raises OSError, and leaves no
    draft behind.
    """
    for attempt in reversed(range(3)):
        drafts: list[_Draft] = []
        try:
            for path, content in files.items():
                drafts.append(_Draft(path))
                drafts[-1].fill(content)
            for draft in drafts:
                draft.take_place()
            return
        except FileNotFoundError:  # swept away in the moment between its creation and its lock
            if not attempt:
                raise
        finally:
            for draft in drafts:
                draft.discard()


def sweep(folder: Path) -> None:
    """Remove the drafts and locks that killed processes left in a folder; what a living one holds is locked."""
    for draft in (*Path(folder).glob(".*.part"), *Path(folder).glob(".*.lock")):
        try:
            with open(draft, "r+b") as file:
                if _lock(file, wait=False):
                    draft.unlink(missing_ok=True)
        except OSError:  # gone meanwhile, or not ours to remove: nothing depends on it
            continue


def reason(error: OSError) -> str:
    """Why something could not be written, in words."""
    if isinstance(error, FileExistsError | NotADirectoryError):
        return "a file stands where a folder is needed"
    return error.strerror or type(error).__name__


def check_writable(folder: Path) -> None:
    """Raise OSError unless a file can be made in the folder, which is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    draft = _Draft(folder / "trial")
    try:
        draft.fill(b"x")
    finally:
        draft.discard()


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Let one process at a time, of those that name the same path, pass; a process that dies lets the next one in.

    The lock is a file beside the path, gone when nobody holds it. Where the file system has no locks, nobody waits.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = path.with_name(f".{path.name}.lock")
    while True:
        file = open(lock, "wb")
        _lock(file, wait=True)
        try:
            if os.path.samestat(os.fstat(file.fileno()), os.stat(lock)):
                break
        except FileNotFoundError:
            pass
        file.close()  # the one before us removed it: what we hold is a lock that nobody else sees
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)
        file.close()


class _Draft:
    """A hidden file beside its place, locked while its writer lives."""

    numbers = count()

    def __init__(self, path: Path):
        path.parent.mkdir(parents=True, exist_ok=True)
        self.place = path
        self.path = path.with_name(f".{path.name}.{os.getpid()}-{next(self.numbers)}.part")
        self.file = open(self.path, "wb")
        _lock(self.file, wait=False)

    def fill(self, content: bytes) -> None:
        self.file.write(content)
        self.file.flush()
        os.fsync(self.file.fileno())

    def take_place(self) -> None:
        os.replace(self.path, self.place)

    def discard(self) -> None:
        try:
            self.file.close()
        except OSError:  # what could not be written a moment ago cannot be flushed at closing either
            pass
        self.path.unlink(missing_ok=True)


def _lock(file: BinaryIO, *, wait: bool) -> bool:
    """Lock an open file, waiting for it or not; whether the lock was given. True where the system has no locks."""
    try:
        import fcntl
    except ImportError:  # Windows
        return wait
    try:
        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP):
            return wait
        if isinstance(error, BlockingIOError):
            return False
        raise
    return True
