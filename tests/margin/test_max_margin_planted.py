"""The reference solver on data whose solution was planted, which knows nothing of the solver."""

import numpy as np
import pytest

from verified_dynamics.data import planted_separation
from verified_dynamics.margin.max_margin import reference

PLANTED = [  # n, d, support, margin, clearance, largest over smallest dual
    (10, 2, 2, 0.3, 0.3, 3.0),
    (30, 5, 3, 0.4, 0.1, 3.0),
    (360, 65, 65, 0.1, 0.05, 10.0),
    (8, 20, 8, 1e-3, 0.3, 3.0),
    (200, 3, 3, 1e-4, 1e-3, 3.0),
    (50, 10, 10, 1.0, 1e-6, 1e3),
    (5, 1, 1, 2.0, 0.3, 3.0),
]


@pytest.mark.parametrize(("n", "d", "support", "margin", "clearance", "dual_ratio"), PLANTED)
def test_the_planted_margin_direction_and_dual_are_found(n, d, support, margin, clearance, dual_ratio):
    options = {"margin": margin, "support": support, "clearance": clearance, "dual_ratio": dual_ratio}
    planted = planted_separation(n, d, seeds=range(3), **options)
    for x, u, p in zip(planted.x, planted.direction.numpy(), planted.dual.numpy(), strict=True):
        found = reference(x)
        # Rows of length about sqrt(d) around a margin of 1e-4 leave 1e-16 sqrt(d) / 1e-4 of it: 1e-11 is safe.
        assert found.gamma == pytest.approx(margin, rel=1e-11)
        assert np.allclose(found.u, u, atol=1e-11)
        assert np.allclose(found.p, p, atol=1e-11)
        assert found.support.tolist() == np.flatnonzero(p).tolist()
        assert found.spanning == (support >= min(n, d))
        assert found.unique_duals
        assert not found.zero_duals


def test_equal_planted_duals_are_recognised():
    planted = planted_separation(20, 4, margin=0.5, seeds=(0,), dual_ratio=1.0)
    assert reference(planted.x[0]).equal_duals
    unequal = planted_separation(20, 4, margin=0.5, seeds=(0,), dual_ratio=2.0)
    assert not reference(unequal.x[0]).equal_duals
