"""MNIST, and the IDX format in which it is published."""

import gzip
import math
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from verified_dynamics.data.datasets import DataCorrupt, DataSet, choose_samples
from verified_dynamics.data.local_files import PublicFile, data_folder, obtain

_ADDRESSES = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
_DIGESTS = {
    "train-images-idx3-ubyte": "sha256:440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    "train-labels-idx1-ubyte": "sha256:3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    "t10k-images-idx3-ubyte": "sha256:8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "t10k-labels-idx1-ubyte": "sha256:f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
}
_PREFIXES = {"train": "train", "test": "t10k"}


def read_idx(path: Path) -> np.ndarray:
    """The array of unsigned bytes in an IDX file, plain or gzipped.

    Raises DataCorrupt where the file is not such a file or is truncated.
    """
    try:
        content = path.read_bytes()
        content = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
    except (OSError, EOFError, zlib.error) as error:
        raise DataCorrupt(f"{path} cannot be read: {error}.") from None
    dimensions = content[3] if len(content) > 3 else 0
    start = 4 + 4 * dimensions
    if content[:3] != b"\0\0\x08" or not dimensions or len(content) < start:
        raise DataCorrupt(f"{path} is not an IDX file of unsigned bytes.")
    shape = tuple(int(size) for size in np.frombuffer(content, dtype=">u4", count=dimensions, offset=4))
    if len(content) != start + math.prod(shape):
        raise DataCorrupt(f"{path} holds {len(content) - start} bytes where its shape {shape} needs others.")
    return np.frombuffer(content, dtype=np.uint8, offset=start).reshape(shape)


def mnist(
    folder: str | Path | None = None,
    *,
    part: str = "train",
    classes: Sequence[int] | None = None,
    limit: int | None = None,
    dtype: torch.dtype = torch.float64,
) -> DataSet:
    """MNIST's images x (n, 1, 28, 28) in [0, 1] and digits y (n,); part "train" (60,000) or "test" (10,000).

    Read from `folder` or `folder`/mnist (see `data_folder`), plain or gzipped, else downloaded there. `classes`
    and `limit` as in `digits`. Raises DataMissing or DataCorrupt. Source: LeCun et al. 1998.
    """
    if part not in _PREFIXES:
        raise ValueError(f"part must be 'train' or 'test', but it is {part!r}.")
    root = data_folder(folder)
    images, labels = (_array(f"{_PREFIXES[part]}-{kind}", root) for kind in ("images-idx3", "labels-idx1"))
    if images.ndim != 3 or images.shape[:1] != labels.shape:
        raise DataCorrupt(f"MNIST's images {images.shape} and labels {labels.shape} do not fit together.")
    targets = torch.from_numpy(labels.astype(np.int64))
    indices, targets = choose_samples(targets, name="MNIST", classes=classes, limit=limit)
    x = torch.from_numpy(images[indices.numpy()]).unsqueeze(1).to(dtype) / 255
    names = range(10) if classes is None else classes
    return DataSet(x, targets, f"MNIST, {part}", "LeCun et al. 1998", tuple(str(name) for name in names))


def _array(stem: str, root: Path) -> np.ndarray:
    plain = f"{stem}-ubyte"
    packed = f"{plain}.gz"
    addresses = tuple(address + packed for address in _ADDRESSES)
    file = PublicFile(packed, addresses, _DIGESTS[plain])
    return read_idx(obtain(file, data_set="mnist", root=root, accepted=(plain,)))
