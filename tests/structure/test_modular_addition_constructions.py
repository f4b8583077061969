"""Read-outs that are written down, lattices, the maximum margin, and the metrics that name a structure."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from verified_dynamics.structure import modular_addition as ma
from verified_dynamics.structure.modular_addition import experiments
from verified_dynamics.structure.modular_addition.margin import phase_mismatch, power_of_best_frequency


@pytest.mark.parametrize("modulus", [13, 17, 23, 59])
def test_five_neurons_are_exact_and_four_are_not(modulus):
    offsets = torch.linspace(0, 1.25, 40, dtype=torch.float64)
    assert float(ma.circle_accuracy(modulus, 5, offset=offsets).min()) == 1.0
    assert float(ma.circle_accuracy(modulus, 4, offset=offsets).max()) < 0.4


def test_the_phase_error_says_how_far_few_neurons_count():
    offsets = torch.linspace(0, 1.25, 60, dtype=torch.float64)
    for neurons in (5, 6, 8):
        safe = ma.largest_safe_modulus(neurons)
        assert float(ma.circle_accuracy(safe, neurons, offset=offsets).min()) == 1.0
        assert float(ma.circle_accuracy(safe + 4, neurons, offset=offsets).min()) < 1.0
    assert [ma.largest_safe_modulus(n) for n in (5, 6, 8, 10)] == [117, 19, 55, 117]


def test_the_first_alias_sets_the_phase_error_of_odd_numbers():
    """Harmonic 2H - 2 over harmonic 2 of a ReLU is 3/((2H-2)^2 - 1), and the next alias, 2H + 2, opposes it."""
    for neurons in (5, 7, 9, 11):
        first, second = (3 / (n * n - 1) for n in (2 * neurons - 2, 2 * neurons + 2))
        assert ma.phase_error(neurons) == pytest.approx(first - second, rel=0.02)  # later aliases are smaller


def test_an_even_modulus_loses_the_pairs_at_the_origin():
    """N = 16: 16 ordered pairs share the sum zero and their classes are eight, two pairs each."""
    assert float(ma.circle_accuracy(16, 5)) == pytest.approx(1 - 14 / 256)


def test_gromovs_network_needs_an_even_activation_and_bound_phases():
    def accuracy(width, **options):
        return min(ma.gromov_accuracy(23, width, seed, **options) for seed in range(4))

    assert accuracy(8 * 23) == 1.0 and accuracy(8 * 23, activation="fourth power") == 1.0
    assert accuracy(23) < 0.95
    assert ma.gromov_accuracy(23, 8 * 23, 0, activation="cube") < 0.15
    assert ma.gromov_accuracy(23, 8 * 23, 0, third="independent") < 0.15
    with pytest.raises(ma.ModularAdditionError, match="the activation is one of"):
        ma.gromov_accuracy(23, 23, 0, activation="sine")


@pytest.mark.parametrize("prime", [5, 7, 11])
def test_single_frequency_neurons_reach_the_maximum_margin(prime):
    neurons = ma.single_frequency_neurons(prime)
    assert neurons.shape == (4 * (prime - 1), 3, prime)
    assert torch.allclose(neurons.flatten(1).norm(dim=1), torch.ones(len(neurons), dtype=torch.float64))
    assert float(ma.normalised_margin(neurons)) == pytest.approx(ma.maximum_margin(prime), rel=1e-12)
    alone = ma.single_frequency_neurons(prime, frequencies=[1])
    assert float(ma.normalised_margin(alone)) < 0.7 * ma.maximum_margin(prime)


def test_no_neuron_has_a_larger_mean_margin():
    best = ma.best_neurons(range(6), 7, restarts=8, steps=300)
    assert torch.allclose(
        ma.mean_margin(best) / ma.maximum_margin(7), torch.ones(6, dtype=torch.float64), rtol=1e-6
    )
    assert float(power_of_best_frequency(best).min()) > 0.999 and float(phase_mismatch(best).max()) < 1e-3
    split = ma.mean_margin(ma.two_frequency_neurons(range(6), 7)) / ma.maximum_margin(7)
    assert torch.allclose(split, torch.full_like(split, math.sqrt(0.5)), rtol=1e-9)


def test_lattices_add_and_have_few_sums():
    assert [ma.distinct_sums(ma.lattice(17, c)) for c in (1, 4)] == [33, 54]
    assert ma.distinct_sums(ma.circle(17)) == 153
    assert all(ma.contradictions(ma.lattice(n, c)) == 0 for n in (13, 16, 17, 23) for c in range(1, 7))
    assert (
        ma.contradictions(ma.lattice(17, 4)[torch.randperm(17, generator=torch.Generator().manual_seed(0))])
        > 10
    )
    assert (
        ma.smallest_sumset(4, side=4, planar=True) == 9 and ma.smallest_sumset(4, side=4, planar=False) == 7
    )
    with pytest.raises(ma.ModularAdditionError, match="1 to 17 columns"):
        ma.lattice(17, 0)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**31), columns=st.integers(2, 6))
def test_the_grid_score_is_that_of_the_lattice_under_every_affine_map(seed, columns):
    lattice = ma.lattice(17, columns)
    draw = torch.Generator().manual_seed(seed)
    turn = torch.linalg.qr(torch.randn(2, 2, generator=draw, dtype=torch.float64))[0]
    stretch = torch.diag(0.2 + torch.rand(2, generator=draw, dtype=torch.float64))
    image = lattice @ stretch @ turn + torch.randn(2, generator=draw, dtype=torch.float64)
    # Whitening leaves a rotation, under which the raster of wave vectors is not the same.
    assert abs(float(ma.grid_score(image)) - float(ma.grid_score(lattice))) < 0.04


def test_the_scores_of_perfect_structures():
    grid, ring = ma.lattice(17, 4), ma.circle(17, 3)
    assert float(ma.grid_score(grid)) > 0.98 and float(ma.circularity(ring)) == pytest.approx(1.0)
    assert float(ma.grid_score(ring)) < 0.55 and float(ma.circularity(grid)) < 0.6
    assert int(ma.frequency(ring)) == 3 and float(ma.frequency_powers(ring).sum()) == pytest.approx(1.0)
    line = torch.stack((torch.arange(17.0, dtype=torch.float64), torch.zeros(17, dtype=torch.float64)), 1)
    named = [ma.STRUCTURES[int(ma.classify(points))] for points in (grid, ring, line)]
    assert named == ["grid", "circle", "line"]
    assert float(ma.purity(grid)) > 0.7 > 0.2 > float(ma.purity(ma.random_points([0], 17)[0]))
    assert int(ma.sum_clusters(grid)) == 54


def test_shuffled_labels_lose_the_grid_and_keep_the_shape():
    grid = ma.lattice(17, 4).expand(20, 17, 2)
    mixed = ma.shuffled(grid, range(20))
    assert float(ma.grid_score(mixed).max()) < 0.7
    assert torch.allclose(ma.aspect(mixed), ma.aspect(grid))
    assert all(ma.STRUCTURES[i] == "other" for i in ma.classify(mixed))


def test_points_that_are_not_finite_are_nothing():
    points = ma.circle(17).clone()
    points[3] = torch.nan
    assert ma.STRUCTURES[int(ma.classify(points))] == "other"


def test_the_null_is_called_nothing_from_thirteen_residues_on():
    """At N = 7 the grid score of random points passes the threshold; at N = 13 and 17 it does for none of 1000."""
    names = {n: ma.classify(ma.null_points(range(1000), n)) for n in (7, 13, 17)}
    other = ma.STRUCTURES.index("other")
    assert int((names[17] != other).sum()) == 0 and int((names[13] != other).sum()) <= 3
    assert int((names[7] != other).sum()) > 300


def test_sum_clusters_agrees_with_a_search_one_set_at_a_time():
    points = ma.random_points(range(5), 11)
    for one, found in zip(points, ma.sum_clusters(points), strict=True):
        sums = ma.sum_points(ma.whitened(one))
        near = torch.cdist(sums, sums) < 0.2 * math.sqrt(4 * math.pi / 11)
        left, count = set(range(len(sums))), 0
        while left:
            front, count = [left.pop()], count + 1
            while front:
                reached = {int(i) for i in near[front.pop()].nonzero()} & left
                left -= reached
                front += reached
        assert int(found) == count


def test_the_statistics_of_a_structure_are_those_of_the_classifier():
    run = experiments.same_start.run(
        experiments.same_start.smoke.changed(seeds=6, settings={"steps": 200})
    ).data
    for system in run.system.values:
        points = torch.as_tensor(run.embedding.sel(system=system).values).double()
        found = [ma.STRUCTURES[i] for i in ma.classify(points)]
        circles = experiments.is_structure("circle", system=system)(run)
        assert circles.values.tolist() == [name == "circle" for name in found]
