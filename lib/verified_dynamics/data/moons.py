"""Two interleaved half circles, the smallest classification task that a straight line does not solve."""

import math

import torch

from verified_dynamics.data.datasets import DataSet


def moons(
    samples: int, *, noise: float = 0.1, generator: torch.Generator, dtype: torch.dtype = torch.float64
) -> DataSet:
    """Two half circles of radius one with Gaussian noise of the given standard deviation: x (n, 2), y (n,).

    Class 0 lies on (cos t, sin t), class 1 on (1 - cos t, 1/2 - sin t), both at evenly spaced t in [0, pi]; for
    an odd number class 1 has one sample more. Class 0 comes first: `DataSet.split` mixes them. The same points as
    scikit-learn's `make_moons`, up to the draw of the noise.

    Raises ValueError for fewer than two samples or a noise that is negative or not finite.
    """
    if isinstance(samples, bool) or not isinstance(samples, int) or samples < 2:
        raise ValueError(f"moons need at least 2 samples, one of each class, but samples is {samples!r}.")
    if not 0 <= noise < math.inf:
        raise ValueError(f"noise is a standard deviation, finite and not negative, but it is {noise}.")
    outer, inner = (
        torch.linspace(0, math.pi, n, dtype=torch.float64) for n in (samples // 2, -(-samples // 2))
    )
    first = torch.stack([outer.cos(), outer.sin()], dim=1)
    second = torch.stack([1 - inner.cos(), 0.5 - inner.sin()], dim=1)
    clean = torch.cat([first, second])  # (n, 2)
    x = clean + noise * torch.randn(clean.shape, generator=generator, dtype=torch.float64)
    y = torch.cat([torch.zeros(len(first)), torch.ones(len(second))]).long()
    return DataSet(x.to(dtype), y, "two moons", "drawn", ("outer", "inner"))
