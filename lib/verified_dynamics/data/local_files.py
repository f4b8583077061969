"""Files of public data sets: found in a local folder, else fetched from the network and checked."""

import hashlib
import http.client
import os
import tempfile
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from verified_dynamics.data.datasets import DataMissing

FOLDER_VARIABLE = "VERIFIED_DYNAMICS_DATA"
_TIMEOUT_SECONDS = 30


@dataclass(frozen=True)
class PublicFile:
    """A file of a public data set: its name, the addresses that serve it, and its SHA-256 or MD5 digest."""

    name: str
    addresses: tuple[str, ...]
    digest: str


def data_folder(folder: str | Path | None) -> Path:
    """The folder of data sets: the argument, else $VERIFIED_DYNAMICS_DATA, else a cache in the home folder."""
    chosen = folder if folder is not None else os.environ.get(FOLDER_VARIABLE)
    try:
        return Path(chosen).expanduser() if chosen else Path.home() / ".cache" / "verified-dynamics"
    except RuntimeError as error:
        raise DataMissing(f"The folder of data sets cannot be found: {_one_line(error)}") from None


def find_local(root: Path, data_set: str, names: tuple[str, ...]) -> Path | None:
    """The first of the named files that lies in root/data_set or in root itself."""
    for folder in (root / data_set, root):
        for name in names:
            try:
                if (folder / name).is_file():
                    return folder / name
            except OSError:
                continue
    return None


def obtain(file: PublicFile, *, data_set: str, root: Path, accepted: tuple[str, ...] = ()) -> Path:
    """The path of a local copy of the file, downloaded to root/data_set if there is none.

    `accepted` names other forms of the same content (an unpacked one) that will do. A local file is taken as
    it is; a downloaded one is checked against its digest before it appears under its name.

    Raises DataMissing, in one sentence, where the file is neither there nor to be had.
    """
    found = find_local(root, data_set, (file.name, *accepted))
    if found is not None:
        return found
    target = root / data_set / file.name
    reasons = []
    for address in file.addresses:
        try:
            _download(address, target, file.digest)
            return target
        except (OSError, http.client.HTTPException, ValueError) as error:
            reasons.append(f"{address}: {_one_line(error)}")
    raise DataMissing(
        f"{data_set} is missing: put {' or '.join((file.name, *accepted))} into {root / data_set} "
        f"(choose the folder by the argument or by {FOLDER_VARIABLE}), "
        f"since the download failed ({'; '.join(reasons)})."
    )


def _download(address: str, target: Path, digest: str) -> None:
    request = urllib.request.Request(address, headers={"User-Agent": "verified-dynamics"})
    with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as page:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(handle, "wb") as output:
                _copy_checked(page, output, digest)
            os.replace(temporary, target)
        finally:
            Path(temporary).unlink(missing_ok=True)


def _copy_checked(page: BinaryIO, output: BinaryIO, digest: str) -> None:
    algorithm, _, expected = digest.partition(":")
    checksum = hashlib.new(algorithm, usedforsecurity=False)
    while block := page.read(1 << 20):
        checksum.update(block)
        output.write(block)
    if checksum.hexdigest() != expected:
        raise ValueError("the content does not have the expected checksum")


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
