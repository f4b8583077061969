"""The block-Gibbs sampler against dense Gaussians and quadrature, and only then against the closed forms."""

import numpy as np
import pytest
import torch

from verified_dynamics.degeneracy.local_learning_coefficient import (
    balanced_point,
    block_gibbs,
    fibre_point,
    one_hidden_unit,
    reduced_rank_local,
    scalar_chain,
)
from verified_dynamics.degeneracy.local_learning_coefficient.block_gibbs import conditional_layer

ERRORS = 4.5  # standard errors over chains that separate an estimate from the value it must not miss


def normal(*shape: int, seed: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def assert_hits(draws, value: float) -> None:
    assert draws.estimate == pytest.approx(value, abs=ERRORS * draws.standard_error)


def test_conditional_is_the_dense_gaussian():
    """Mean and covariance of one layer, compared with the Hessian and the minimum of the energy itself."""
    behind, before, centre, goal = (
        normal(4, 3, seed=1), normal(2, 5, seed=2), normal(3, 2, seed=3), normal(4, 5, seed=4),
    )  # fmt: skip
    n_beta, gamma = 7.0, 0.6

    def energy(flat):
        w = flat.reshape(3, 2)
        return n_beta / 2 * ((behind @ w @ before - goal) ** 2).sum() + gamma / 2 * ((w - centre) ** 2).sum()

    zero = torch.zeros(6, dtype=torch.float64)
    hessian = torch.autograd.functional.hessian(energy, zero)
    gradient = torch.autograd.functional.jacobian(energy, zero)
    mean, variance, q, p = conditional_layer(before[None], behind[None], centre, goal, n_beta, gamma)
    assert torch.allclose((q @ mean @ p.mT)[0].ravel(), torch.linalg.solve(hessian, -gradient))
    turn = torch.kron(q[0].contiguous(), p[0].contiguous())
    assert torch.allclose(turn @ torch.diag(variance[0].ravel()) @ turn.T, torch.linalg.inv(hessian))


@pytest.mark.parametrize("depth", [2, 3, 4])
@pytest.mark.parametrize("n_beta", [10.0, 1e4])
def test_scalar_chains_against_quadrature(depth, n_beta):
    draws = block_gibbs(balanced_point((1,) * (depth + 1), 0), n_beta=n_beta, draws=250, burn_in=100, seed=1)
    assert draws.standard_error < 0.002
    assert_hits(draws, float(scalar_chain(depth, n_beta)))
    rival = float(scalar_chain(depth, 2 * n_beta))
    assert abs(draws.estimate - rival) > ERRORS * draws.standard_error


@pytest.mark.parametrize("localization", [1.0, 5.0])
def test_one_hidden_unit_against_its_integral(localization):
    draws = block_gibbs(balanced_point((3, 1, 5), 0), n_beta=100.0, localization=localization, seed=2)
    assert_hits(draws, float(one_hidden_unit(3, 5, 100.0, localization)))


def quadrature(n_beta: float, gamma: float, centre: tuple, goal: float, moment: float) -> float:
    """nβ E[K] of K = ½ S (w_2 w_1 − goal)² localised at `centre`, w_2 integrated out, w_1 on a grid."""
    w = np.linspace(centre[0] - 9 / gamma**0.5, centre[0] + 9 / gamma**0.5, 40001)
    precision = n_beta * moment * w**2 + gamma
    mean = (n_beta * moment * goal * w + gamma * centre[1]) / precision
    energy = (
        n_beta * moment / 2 * (mean * w - goal) ** 2
        + gamma / 2 * ((mean - centre[1]) ** 2 + (w - centre[0]) ** 2)
        + np.log(precision) / 2
    )
    weight = np.exp(energy.min() - energy)
    loss = moment / 2 * ((mean * w - goal) ** 2 + w**2 / precision)
    return n_beta * float((weight * loss).sum() / weight.sum())


@pytest.mark.parametrize(("n_beta", "gamma"), [(20.0, 1.0), (20.0, 30.0)])
def test_target_and_input_moment_against_quadrature(n_beta, gamma):
    """A centre off the fibre and inputs of second moment 2.5, as in regression with data."""
    point = tuple(torch.full((1, 1), value, dtype=torch.float64) for value in (0.7, -0.4))
    draws = block_gibbs(
        point, n_beta=n_beta, localization=gamma, target=torch.full((1, 1), 0.5),
        input_moment=torch.full((1, 1), 2.5), draws=400, burn_in=100, seed=3,
    )  # fmt: skip
    assert draws.centre_loss == pytest.approx(2.5 / 2 * (0.7 * -0.4 - 0.5) ** 2)
    assert_hits(draws, quadrature(n_beta, gamma, (0.7, -0.4), 0.5, 2.5))


def test_input_moment_of_several_inputs_is_a_change_of_the_first_layer():
    """With γ alone breaking the symmetry, S enters through BS^{1/2}: compare with the loss evaluated directly."""
    root = normal(3, 3, seed=5)
    moment = root @ root.T
    point = (normal(2, 3, seed=6), normal(3, 2, seed=7))
    draws = block_gibbs(point, n_beta=5.0, chains=6, draws=3, burn_in=2, input_moment=moment, seed=4)
    difference = draws.layers[1] @ draws.layers[0] - point[1] @ point[0]
    direct = ((difference @ moment) * difference).sum((1, 2)) / 2
    assert torch.allclose(draws.losses[:, -1], direct)
    moved = sum(((w - c) ** 2).sum((1, 2)) for w, c in zip(draws.layers, point, strict=True))
    assert torch.allclose(draws.distance[:, -1], moved)


def test_conditional_losses_have_the_same_mean_and_less_noise():
    draws = block_gibbs(balanced_point((4, 2, 3), 1), n_beta=50.0, draws=300, seed=5)
    plain = 50.0 * draws.losses.mean(1)
    assert float(plain.mean()) == pytest.approx(draws.estimate, abs=ERRORS * float(plain.std()) / 8)
    assert float(plain.std()) > 1.5 * float(draws.per_chain.std())


@pytest.mark.parametrize(
    ("widths", "rank", "pair"),
    [
        ((5, 3, 5), 0, (3, 0)),
        ((5, 3, 5), 0, (2, 1)),
        ((5, 3, 5), 1, (3, 1)),
        ((5, 3, 5), 1, (2, 2)),
        ((4, 3, 8), 1, (3, 1)),
        ((4, 3, 8), 1, (2, 2)),
        ((2, 2, 2), 0, (2, 0)),
        ((2, 2, 2), 0, (1, 1)),
    ],
)
def test_local_values_at_generic_points(widths, rank, pair):
    draws = block_gibbs(
        fibre_point(*widths, rank, *pair), n_beta=1e7, localization=1e3, draws=120, burn_in=30, seed=6
    )
    value = float(reduced_rank_local(*widths, rank, *pair).coefficient)
    assert draws.estimate == pytest.approx(value, abs=0.01 * value)


@pytest.mark.parametrize(("pair", "core", "rank"), [((1, 1), (4, 4), 0), ((2, 1), (3, 4), 1)])
def test_local_value_at_a_singular_point_with_its_finite_temperature(pair, core, rank):
    """What the ranks leave is one hidden unit, whose integral is known: no logarithm is waited for.

    The strong localisation holds the invertible corners still; at γ = 10 they move by a third and cost 0.02.
    """
    a, b = pair
    draws = block_gibbs(
        fibre_point(5, 3, 5, rank, a, b), n_beta=1e10, localization=1e3, draws=250, burn_in=100, seed=7
    )
    expected = (5 * a + 5 * b - a * b) / 2 + float(one_hidden_unit(*core, 1e10, 1e3))
    assert_hits(draws, expected)
    value = float(reduced_rank_local(5, 3, 5, rank, a, b).coefficient)
    assert rank or draws.estimate < value - 10 * draws.standard_error


def test_deep_networks_follow_the_multiplicity():
    """(5, 3, 5) of rank one is 8 with m = 1, and 7.98 ± 0.1 at nβ = 10⁴."""
    draws = block_gibbs(balanced_point((5, 3, 5), 1), n_beta=1e4, draws=150, burn_in=100, seed=8)
    assert draws.estimate == pytest.approx(7.98, abs=0.1)


def test_seeds_and_chains():
    point = balanced_point((3, 2, 2, 3), 1)
    few, again, many, other = (
        block_gibbs(point, n_beta=100.0, chains=chains, draws=70, burn_in=5, seed=seed)
        for chains, seed in ((3, 0), (3, 0), (8, 0), (3, 1))
    )
    assert torch.equal(few.losses, again.losses)
    assert torch.allclose(few.losses, many.losses[:3], rtol=1e-8)
    assert not torch.allclose(few.losses, other.losses)
    assert few.losses.shape == few.conditional_losses.shape == few.distance.shape == (3, 70)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"n_beta": 0.0}, "n_beta and localization are positive"),
        ({"n_beta": 1.0, "localization": 0.0}, "n_beta and localization are positive"),
        ({"n_beta": 1.0, "chains": 0}, "At least one chain"),
        ({"n_beta": 1.0, "burn_in": -1}, "burn_in is not negative"),
    ],
)
def test_what_is_refused(options, words):
    with pytest.raises(ValueError, match=words):
        block_gibbs(balanced_point((2, 2), 1), **options)
