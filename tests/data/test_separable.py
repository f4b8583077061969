import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from verified_dynamics.data import planted_separation, separable_gaussian

sizes = st.tuples(st.integers(1, 12), st.integers(1, 6))


@settings(deadline=None)
@given(sizes, st.floats(1e-3, 1e3), st.lists(st.integers(0, 2**31), min_size=1, max_size=4), st.data())
def test_the_planted_solution_satisfies_the_optimality_conditions(size, margin, seeds, data):
    n, d = size
    support = data.draw(st.integers(1, min(n, d)))
    planted = planted_separation(n, d, margin=margin, seeds=seeds, support=support, clearance=0.1)
    along = torch.einsum("snd,sd->sn", planted.x, planted.direction)
    assert torch.allclose(along.min(1).values, torch.tensor(margin, dtype=torch.float64), rtol=1e-9)
    # The convex combination p of the rows is margin * u, so no unit direction has a larger smallest product.
    nearest = torch.einsum("sn,snd->sd", planted.dual, planted.x)
    assert torch.allclose(nearest, margin * planted.direction, atol=1e-9 * max(1, margin))
    assert torch.allclose(planted.dual.sum(1), torch.ones(len(seeds), dtype=torch.float64), rtol=1e-14)
    on_margin = along <= margin * (1 + 1e-9) + 1e-12
    assert torch.equal(planted.dual > 0, on_margin)
    assert (on_margin.sum(1) == support).all()
    assert (along[~on_margin] >= 1.1 * margin * (1 - 1e-12)).all()


def test_an_independent_solver_finds_the_same_margin():
    planted = planted_separation(20, 4, margin=0.4, seeds=range(5))
    for x, u in zip(planted.x.numpy(), planted.direction.numpy(), strict=True):
        found = minimize(
            lambda w: w @ w / 2,
            np.linalg.pinv(x) @ np.ones(20) * 10,
            jac=lambda w: w,
            constraints={"type": "ineq", "fun": lambda w, x=x: x @ w - 1, "jac": lambda w, x=x: x},
            method="SLSQP",
            options={"ftol": 1e-14, "maxiter": 500},
        )
        assert 1 / np.linalg.norm(found.x) == pytest.approx(0.4, rel=1e-6)
        assert np.allclose(found.x * 0.4, u, atol=1e-5)


def test_the_dual_weights_keep_their_ratio():
    dual = planted_separation(10, 5, margin=1.0, seeds=range(50), dual_ratio=2.0).dual
    positive = dual.masked_fill(dual == 0, float("nan")).numpy()
    ratio = np.nanmax(positive, 1) / np.nanmin(positive, 1)
    assert 1.5 < ratio.max() <= 2
    equal = planted_separation(10, 5, margin=1.0, seeds=(0,), dual_ratio=1.0).dual
    assert set(equal[equal > 0].tolist()) == {0.2}


def test_a_seed_means_the_same_in_every_batch_and_the_function_returns_the_data_alone():
    alone = separable_gaussian(8, 3, margin=0.5, seeds=(7,))
    batch = separable_gaussian(8, 3, margin=0.5, seeds=(1, 7, 2))
    assert batch.shape == (3, 8, 3)
    assert torch.equal(alone[0], batch[1])
    assert not torch.equal(batch[0], batch[1])


def test_support_rows_do_not_always_come_first():
    dual = planted_separation(30, 2, margin=1.0, seeds=range(20)).dual
    assert len({tuple(row.nonzero().flatten().tolist()) for row in dual}) > 10


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"margin": 0.0}, "not separable"),
        ({"margin": -1.0}, "not separable"),
        ({"margin": float("nan")}, "not separable"),
        ({"margin": float("inf")}, "not separable"),
        ({"n": 0}, "at least 1"),
        ({"d": 0}, "at least 1"),
        ({"support": 0}, r"between 1 and min\(n, d\) = 3"),
        ({"support": 4}, r"between 1 and min\(n, d\) = 3"),
        ({"clearance": 0.0}, "clearance"),
        ({"dual_ratio": 0.5}, "dual_ratio"),
        ({"seeds": ()}, "at least one seed"),
    ],
)
def test_what_cannot_be_separable_is_refused(options, message):
    arguments = {"n": 8, "d": 3, "margin": 0.5, "seeds": (0,), **options}
    n, d = arguments.pop("n"), arguments.pop("d")
    with pytest.raises(ValueError, match=message):
        separable_gaussian(n, d, **arguments)
