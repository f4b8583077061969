"""Handwritten digits that come with scikit-learn, so that no download is needed."""

from collections.abc import Sequence

import torch
from sklearn.datasets import load_digits

from verified_dynamics.data.datasets import DataSet, choose_samples


def digits(
    classes: Sequence[int] | None = None, limit: int | None = None, dtype: torch.dtype = torch.float64
) -> DataSet:
    """The 1,797 handwritten digits of 8 x 8 pixels: x (n, 64) in [0, 1], y (n,).

    `classes` keeps those digits and numbers their targets 0, 1, ... in the given order; `limit` keeps the
    first samples. Source: Alpaydin and Kaynak 1998, test part, as bundled with scikit-learn.
    """
    bunch = load_digits()
    labels = torch.as_tensor(bunch.target, dtype=torch.long)
    indices, targets = choose_samples(labels, name="digits", classes=classes, limit=limit)
    pixels = torch.as_tensor(bunch.data, dtype=dtype)[indices] / 16
    names = range(10) if classes is None else classes
    return DataSet(pixels, targets, "digits", "scikit-learn, load_digits", tuple(str(name) for name in names))
