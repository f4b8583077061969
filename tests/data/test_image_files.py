"""MNIST and CIFAR-10 from small files in the real formats."""

import gzip
import hashlib
import io
import pickle
import struct
import tarfile

import numpy as np
import pytest
import torch

from verified_dynamics.data import (
    CIFAR10_CLASSES,
    DataCorrupt,
    DataMissing,
    cifar,
    cifar10,
    idx,
    mnist,
    read_idx,
)

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (7, 28, 28), dtype=np.uint8)
DIGITS = np.array([3, 1, 4, 1, 5, 9, 2], dtype=np.uint8)
PIXELS = RNG.integers(0, 256, (30, 3072), dtype=np.uint8)
LABELS = RNG.integers(0, 10, 30, dtype=np.uint8)


def idx_bytes(array):
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


def write_mnist(folder, *, packed, prefix="train"):
    folder.mkdir(parents=True, exist_ok=True)
    for kind, array in (("images-idx3", IMAGES), ("labels-idx1", DIGITS)):
        content = idx_bytes(array)
        if packed:
            (folder / f"{prefix}-{kind}-ubyte.gz").write_bytes(gzip.compress(content))
        else:
            (folder / f"{prefix}-{kind}-ubyte").write_bytes(content)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("inner", ["", "mnist"])
def test_mnist_is_read_plain_and_packed(tmp_path, packed, inner):
    write_mnist(tmp_path / inner, packed=packed)
    data = mnist(tmp_path)
    assert data.x.shape == (7, 1, 28, 28)
    assert torch.equal((data.x[:, 0] * 255).round().to(torch.uint8), torch.from_numpy(IMAGES))
    assert data.y.tolist() == DIGITS.tolist()


def test_mnist_classes_limit_and_parts(tmp_path):
    write_mnist(tmp_path, packed=True, prefix="t10k")
    data = mnist(tmp_path, part="test", classes=(4, 1), limit=2, dtype=torch.float32)
    assert data.y.tolist() == [1, 0]
    assert data.x.dtype == torch.float32
    assert data.classes == ("4", "1")


def test_mnist_is_downloaded_where_there_is_a_network(served, tmp_path, monkeypatch):
    folder, address = served
    write_mnist(folder, packed=True)
    digests = {
        path.stem: "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()
    }
    monkeypatch.setattr(idx, "_ADDRESSES", (address,))
    monkeypatch.setattr(idx, "_DIGESTS", digests)
    assert mnist(tmp_path / "new").y.tolist() == DIGITS.tolist()
    assert len(list((tmp_path / "new" / "mnist").iterdir())) == 2


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0\0",
        b"\x1f\x8b broken",
        gzip.compress(idx_bytes(IMAGES))[:-20],
        idx_bytes(IMAGES)[:-1],
        idx_bytes(IMAGES) + b"x",
        b"\0\0\x0d\x01" + b"\0" * 8,
        b"\0\0\x08\xff\0\0",
        struct.pack(">BBBB3I", 0, 0, 8, 3, 2**32 - 1, 2**32 - 1, 2**32 - 1),
    ],
)
def test_a_file_that_is_no_whole_idx_file_is_reported(tmp_path, content):
    path = tmp_path / "broken"
    path.write_bytes(content)
    with pytest.raises(DataCorrupt, match="broken") as caught:
        read_idx(path)
    assert "\n" not in str(caught.value)


def test_images_and_labels_that_do_not_fit_are_reported(tmp_path):
    write_mnist(tmp_path, packed=False)
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx_bytes(DIGITS[:5]))
    with pytest.raises(DataCorrupt, match="do not fit"):
        mnist(tmp_path)


def binary_batches():
    records = np.concatenate([LABELS[:, None], PIXELS], axis=1)
    parts = np.split(records, 6)
    names = [f"data_batch_{number}" for number in range(1, 6)] + ["test_batch"]
    return {f"{name}.bin": part.tobytes() for name, part in zip(names, parts, strict=True)}


def python_batches(protocol=2):
    names = [f"data_batch_{number}" for number in range(1, 6)] + ["test_batch"]
    content = {}
    for number, name in enumerate(names):
        part = slice(5 * number, 5 * number + 5)
        batch = {b"batch_label": b"x", b"labels": LABELS[part].tolist(), b"data": PIXELS[part]}
        content[name] = pickle.dumps(batch, protocol=protocol)
    return content


def archive(folder, files):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(f"{folder}/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return stream.getvalue()


def write(folder, files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


def check_cifar(root):
    train, test = cifar10(root), cifar10(root, part="test")
    assert train.x.shape == (25, 3, 32, 32)
    assert test.x.shape == (5, 3, 32, 32)
    pixels = (torch.cat([train.flat, test.flat]) * 255).round().to(torch.uint8)
    assert torch.equal(pixels, torch.from_numpy(PIXELS))
    assert torch.cat([train.y, test.y]).tolist() == LABELS.tolist()


@pytest.mark.parametrize("inner", ["", "cifar-10"])
def test_cifar_is_read_from_unpacked_batches_of_either_form(tmp_path, inner):
    write(tmp_path / "a" / inner / "cifar-10-batches-bin", binary_batches())
    write(tmp_path / "b" / inner / "cifar-10-batches-py", python_batches())
    check_cifar(tmp_path / "a")
    check_cifar(tmp_path / "b")


def python_two_batch(pixels, labels):
    """A batch as Python 2 pickled it, strings and all: the layout of the published files."""
    rows = len(labels)
    return b"".join(
        [
            b"\x80\x02}(U\x04datacnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R",
            b"(K\x01K" + bytes([rows]) + b"M\x00\x0c\x86cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R",
            b"(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89",
            b"T" + struct.pack("<I", pixels.nbytes) + pixels.tobytes() + b"tb",
            b"U\x06labels](" + b"".join(b"K" + bytes([label]) for label in labels) + b"eu.",
        ]
    )


def test_the_pickles_of_python_two_are_read():
    pixels, labels = cifar.parse_python(python_two_batch(PIXELS[:4], LABELS[:4]), "here")
    assert np.array_equal(pixels, PIXELS[:4])
    assert labels.tolist() == LABELS[:4].tolist()


@pytest.mark.parametrize("protocol", range(5))
def test_every_pickle_protocol_of_arrays_is_read(protocol):
    for content in python_batches(protocol).values():
        pixels, labels = cifar.parse_python(content, "here")
        assert pixels.shape == (5, 3072)
        assert len(labels) == 5


def test_cifar_is_read_from_archives_of_either_form(tmp_path):
    write(tmp_path / "a", {"cifar-10-binary.tar.gz": archive("cifar-10-batches-bin", binary_batches())})
    write(tmp_path / "b", {"cifar-10-python.tar.gz": archive("cifar-10-batches-py", python_batches())})
    check_cifar(tmp_path / "a")
    check_cifar(tmp_path / "b")


def test_cifar_is_downloaded_where_there_is_a_network(served, tmp_path, monkeypatch):
    folder, address = served
    content = archive("cifar-10-batches-bin", binary_batches())
    write(folder, {"cifar-10-binary.tar.gz": content})
    file = cifar.PublicFile(
        "cifar-10-binary.tar.gz",
        (address + "cifar-10-binary.tar.gz",),
        "sha256:" + hashlib.sha256(content).hexdigest(),
    )
    monkeypatch.setattr(cifar, "_ARCHIVE", file)
    check_cifar(tmp_path)


def test_cifar_classes_are_named(tmp_path):
    write(tmp_path / "cifar-10-batches-bin", binary_batches())
    present = sorted(set(LABELS[:25].tolist()))[:2]
    data = cifar10(tmp_path, classes=present, limit=2)
    assert data.classes == tuple(CIFAR10_CLASSES[label] for label in present)
    assert set(data.y.tolist()) <= {0, 1}


class Attack:
    """A pickle that would create a file if it were run."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def test_a_hostile_pickle_is_refused_and_not_run(tmp_path):
    target = tmp_path / "created"
    batches = python_batches() | {"data_batch_1": pickle.dumps({b"data": Attack(target), b"labels": []})}
    write(tmp_path / "cifar-10-batches-py", batches)
    with pytest.raises(DataCorrupt, match="which is no array"):
        cifar10(tmp_path)
    assert not target.exists()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"nonsense",
        pickle.dumps([1, 2]),
        pickle.dumps({b"data": PIXELS[:2], b"labels": [1]}),
        pickle.dumps({b"data": PIXELS[:2].astype(float), b"labels": [1, 2]}),
        python_batches()["test_batch"][:-9],
    ],
)
def test_a_broken_python_batch_is_reported(content):
    with pytest.raises(DataCorrupt, match=r"^here ") as caught:
        cifar.parse_python(content, "here")
    assert "\n" not in str(caught.value)


def test_broken_binary_batches_and_archives_are_reported(tmp_path):
    whole = archive("cifar-10-batches-bin", binary_batches())
    few = archive("cifar-10-batches-bin", {"readme": b""})
    for number, content in enumerate((b"", b"nonsense", whole[:-2000], few)):
        write(tmp_path / str(number), {"cifar-10-binary.tar.gz": content})
        with pytest.raises(DataCorrupt, match="whole CIFAR-10 archive") as caught:
            cifar10(tmp_path / str(number), part="test")
        assert "\n" not in str(caught.value)
    for content, message in ((b"x" * 3072, "whole number"), (b"\x0a" + b"x" * 3072, "labels above 9")):
        write(tmp_path / "batches" / "cifar-10-batches-bin", {"test_batch.bin": content})
        with pytest.raises(DataCorrupt, match=message):
            cifar10(tmp_path / "batches", part="test")


@pytest.mark.parametrize("load", [mnist, cifar10])
def test_missing_data_and_unknown_parts_are_one_sentence(load, tmp_path, no_network):
    with pytest.raises(DataMissing, match="is missing: put") as caught:
        load(tmp_path)
    assert "\n" not in str(caught.value)
    with pytest.raises(ValueError, match="'train' or 'test'"):
        load(tmp_path, part="validation")
