"""The two moons: the curves they lie on, their noise, and what is refused."""

import numpy as np
import pytest
import torch
from sklearn.datasets import make_moons

from verified_dynamics.data import moons


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("samples", [2, 7, 100])
def test_without_noise_they_are_those_of_scikit_learn(samples):
    ours = moons(samples, noise=0.0, generator=generator())
    x, y = make_moons(n_samples=samples, noise=None, shuffle=False)
    np.testing.assert_allclose(ours.x.numpy(), x, atol=1e-12)
    assert ours.y.tolist() == y.tolist()


def test_the_noise_has_the_given_spread_and_comes_from_the_generator():
    clean = moons(4000, noise=0.0, generator=generator()).x
    noisy = moons(4000, noise=0.3, generator=generator()).x
    assert (noisy - clean).std() == pytest.approx(0.3, rel=0.03)
    assert torch.equal(noisy, moons(4000, noise=0.3, generator=generator()).x)
    assert not torch.equal(noisy, moons(4000, noise=0.3, generator=generator(1)).x)


def test_single_precision_is_the_double_one_rounded():
    single = moons(10, generator=generator(), dtype=torch.float32)
    assert torch.equal(single.x, moons(10, generator=generator()).x.float())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"samples": 1}, "at least 2 samples"),
        ({"samples": 10.0}, "at least 2 samples"),
        ({"samples": 10, "noise": -0.1}, "standard deviation"),
        ({"samples": 10, "noise": float("nan")}, "standard deviation"),
    ],
)
def test_impossible_moons_are_refused(options, words):
    with pytest.raises(ValueError, match=words):
        moons(**options, generator=generator())
