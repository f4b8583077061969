"""CIFAR-10 in its binary and in its Python form; the pickles of the latter are read without running them."""

import io
import pickle
import tarfile
import zlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import torch

from verified_dynamics.data.datasets import DataCorrupt, DataSet, choose_samples
from verified_dynamics.data.local_files import PublicFile, data_folder, find_local, obtain

CIFAR10_CLASSES = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip
_ARCHIVE = PublicFile(
    "cifar-10-binary.tar.gz",
    ("https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",),
    "sha256:c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
)
_BATCHES = {"train": tuple(f"data_batch_{number}" for number in range(1, 6)), "test": ("test_batch",)}
_PIXELS = 3 * 32 * 32
_BINARY, _PYTHON = "cifar-10-batches-bin", "cifar-10-batches-py"


def cifar10(
    folder: str | Path | None = None,
    *,
    part: str = "train",
    classes: Sequence[int] | None = None,
    limit: int | None = None,
    dtype: torch.dtype = torch.float64,
) -> DataSet:
    """CIFAR-10's images x (n, 3, 32, 32) in [0, 1] and labels y (n,); part "train" (50,000) or "test" (10,000).

    Looks in `folder` (see `data_folder`) for the unpacked binary or Python batches or an archive of either,
    else downloads the binary archive there. `classes` and `limit` as in `digits`. In float64 the training
    part takes 1.2 GB. Raises DataMissing or DataCorrupt. Source: Krizhevsky 2009.
    """
    if part not in _BATCHES:
        raise ValueError(f"part must be 'train' or 'test', but it is {part!r}.")
    images, labels = _read_part(data_folder(folder), part)
    targets = torch.from_numpy(labels.astype(np.int64))
    indices, targets = choose_samples(targets, name="CIFAR-10", classes=classes, limit=limit)
    x = torch.from_numpy(images[indices.numpy()]).to(dtype).unflatten(1, (3, 32, 32)) / 255
    kept = range(10) if classes is None else classes
    names = tuple(CIFAR10_CLASSES[label] for label in kept)
    return DataSet(x, targets, f"CIFAR-10, {part}", "Krizhevsky 2009", names)


def _read_part(root: Path, part: str) -> tuple[np.ndarray, np.ndarray]:
    names = _BATCHES[part]
    nested = (root / "cifar-10", root)
    for layout, suffix, parse in ((_BINARY, ".bin", parse_binary), (_PYTHON, "", parse_python)):
        paths = [_first(find_local(base, layout, (name + suffix,)) for base in nested) for name in names]
        if all(paths):
            return _join([(_read_file(path), str(path)) for path in paths], parse)
    archive = obtain(_ARCHIVE, data_set="cifar-10", root=root, accepted=("cifar-10-python.tar.gz",))
    if archive.name == _ARCHIVE.name:
        members, parse = [f"{_BINARY}/{name}.bin" for name in names], parse_binary
    else:
        members, parse = [f"{_PYTHON}/{name}" for name in names], parse_python
    return _join([(content, str(archive)) for content in _unpack(archive, members)], parse)


def _first(paths: Iterable[Path | None]) -> Path | None:
    return next((path for path in paths if path), None)


def parse_binary(content: bytes, origin: str) -> tuple[np.ndarray, np.ndarray]:
    """Pixels (n, 3072) and labels (n,) of a binary batch: records of one label byte and 3,072 pixels."""
    if not content or len(content) % (1 + _PIXELS):
        raise DataCorrupt(f"{origin} is not a whole number of CIFAR-10 records of {1 + _PIXELS} bytes.")
    records = np.frombuffer(content, dtype=np.uint8).reshape(-1, 1 + _PIXELS)
    return records[:, 1:], records[:, 0]


def parse_python(content: bytes, origin: str) -> tuple[np.ndarray, np.ndarray]:
    """Pixels (n, 3072) and labels (n,) of a Python batch, a pickle, whose code is never run."""
    try:
        batch = _ArraysOnly(io.BytesIO(content), encoding="bytes").load()
        pixels, labels = np.asarray(batch[b"data"]), np.asarray(batch[b"labels"])
    except Exception as error:  # a hostile or broken pickle can raise almost anything
        raise DataCorrupt(f"{origin} is not a CIFAR-10 batch: {error!r}.") from None
    if pixels.dtype != np.uint8 or pixels.shape != (len(labels), _PIXELS):
        raise DataCorrupt(f"{origin} holds pixels of shape {pixels.shape} and type {pixels.dtype}.")
    return pixels, labels


class _ArraysOnly(pickle.Unpickler):
    """An unpickler that rebuilds containers and NumPy arrays and refuses every other class and function."""

    _ALLOWED = frozenset({("_codecs", "encode"), ("numpy", "ndarray"), ("numpy", "dtype")})

    def find_class(self, module: str, name: str):
        if module in ("numpy.core.multiarray", "numpy._core.multiarray") and name == "_reconstruct":
            return np.ndarray.__reduce__(np.empty(0))[0]
        if (module, name) in self._ALLOWED:
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"it asks for {module}.{name}, which is no array")


def _join(batches: list[tuple[bytes, str]], parse: Callable) -> tuple[np.ndarray, np.ndarray]:
    images, labels = zip(*(parse(content, origin) for content, origin in batches), strict=True)
    joined = np.concatenate(labels)
    if joined.size and int(joined.max()) >= len(CIFAR10_CLASSES):
        raise DataCorrupt(f"{batches[0][1]} holds labels above 9, so it is not CIFAR-10.")
    return np.concatenate(images), joined


def _read_file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataCorrupt(f"{path} cannot be read: {error}.") from None


def _unpack(archive: Path, members: list[str]) -> list[bytes]:
    try:
        with tarfile.open(archive, "r:gz") as tar:
            return [tar.extractfile(member).read() for member in members]
    except (OSError, EOFError, KeyError, AttributeError, tarfile.TarError, zlib.error) as error:
        raise DataCorrupt(f"{archive} is not a whole CIFAR-10 archive: {error}.") from None
