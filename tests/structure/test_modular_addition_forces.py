"""The two forces, the kernel from which they come, the particle system, and circles at rest."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from verified_dynamics.structure import modular_addition as ma
from verified_dynamics.structure.modular_addition import experiments
from verified_dynamics.structure.modular_addition.experiments.forces import explained_share
from verified_dynamics.structure.modular_addition.forces import alignment, clustering, clustering_energy
from verified_dynamics.structure.modular_addition.tangent_kernel import angles

COUPLING = ma.coupling(ma.classes(7), 7)


def sums(seed: int, modulus: int = 7):
    return ma.sum_points(ma.random_points([seed], modulus))[0]


def test_clustering_is_the_sum_over_pairs():
    points = sums(0)
    weight = COUPLING * torch.exp(-(torch.cdist(points, points) ** 2) / (2 * 0.7**2))
    expected = (weight.unsqueeze(-1) * (points - points.unsqueeze(1))).sum(1) / 0.7**2
    assert torch.allclose(clustering(points, COUPLING, sigma=0.7), expected, atol=1e-12)


def test_alignment_is_the_sum_over_pairs_without_its_radial_part():
    points = sums(1)
    norm = points.norm(dim=1)
    cosine = (points @ points.T / norm / norm.unsqueeze(1)).clamp(-1, 1)
    pull = (COUPLING * (math.pi - cosine.arccos())) @ points / (2 * math.pi)
    unit = points / norm.unsqueeze(1)
    expected = pull - (pull * unit).sum(1, keepdim=True) * unit
    # arccos loses half the digits at parallel points, where it meets a weight of pi.
    assert torch.allclose(alignment(points, COUPLING), expected, atol=1e-6)
    assert float((alignment(points, COUPLING) * unit).sum(1).abs().max()) < 1e-12


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**31), sigma=st.floats(0.3, 3.0))
def test_clustering_is_minus_the_gradient_of_its_energy(seed, sigma):
    points = sums(seed).requires_grad_()
    (gradient,) = torch.autograd.grad(clustering_energy(points, COUPLING, sigma=sigma), points)
    assert torch.allclose(clustering(points.detach(), COUPLING, sigma=sigma), -gradient, atol=1e-10)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**31), turn=st.floats(-3.0, 3.0), scale=st.floats(0.1, 10.0))
def test_alignment_turns_with_the_points_and_has_degree_one(seed, turn, scale):
    rotation = torch.tensor(
        [[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]], dtype=torch.float64
    )
    points = sums(seed)
    there = alignment(scale * points @ rotation.T, COUPLING)
    assert torch.allclose(there, scale * alignment(points, COUPLING) @ rotation.T, atol=1e-9 * scale)


def test_clustering_ignores_a_translation_and_alignment_does_not():
    points = sums(2)
    moved = points + 1.0
    assert torch.allclose(clustering(points, COUPLING), clustering(moved, COUPLING), atol=1e-12)
    assert not torch.allclose(alignment(points, COUPLING), alignment(moved, COUPLING), atol=0.1)


def test_a_sum_point_at_the_origin_feels_no_alignment():
    points = sums(3).clone()
    points[0] = 0.0
    force = alignment(points, COUPLING)
    assert force[0].tolist() == [0.0, 0.0] and torch.isfinite(force).all()


def test_angles_and_kernel_against_wide_random_layers():
    points = sums(4)
    weights = torch.randn(2, 400_000, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    hidden = torch.relu(points @ weights)
    sampled = hidden @ hidden.T / 400_000
    exact = ma.second_layer_kernel(points)
    # The standard error of a product of two rectified normals is about 1.2 |s||t| / sqrt(width); five of them.
    scale = points.norm(dim=1).outer(points.norm(dim=1))
    assert float(((sampled - exact) / scale).abs().max()) < 5 * 1.2 / math.sqrt(400_000)
    assert float(angles(points).diagonal().abs().max()) < 1e-12


def test_the_closed_form_is_the_gradient_of_the_kernel():
    points = sums(5)
    fixed = points.clone()

    def kernel(moving, name):
        norm, other = moving.norm(dim=1), fixed.norm(dim=1)
        theta = (moving @ fixed.T / norm.unsqueeze(1) / other).clamp(-1 + 1e-12, 1 - 1e-12).arccos()
        shape = theta.sin() + (math.pi - theta) * theta.cos()
        if name == "both":
            shape = shape + (math.pi - theta) * theta.cos()
        # Distinct pairs only: at s = t arccos has no derivative.
        return (COUPLING * (1 - torch.eye(len(points))) * norm.unsqueeze(1) * other * shape).sum() / (
            2 * math.pi
        )

    for name in ("second", "both"):
        moving = points.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(kernel(moving, name), moving)
        closed = ma.predicted_force(points, COUPLING * (1 - torch.eye(len(points))), trained=name)
        assert torch.allclose(closed, gradient, atol=1e-6), name


def test_the_error_of_the_closed_form_falls_with_the_width_and_the_uncentred_one_stays():
    run = experiments.tangent_force.run(experiments.tangent_force.smoke.changed(seeds=6)).data
    error = run.error.sel(trained="second").mean("seed")
    assert float(error[0]) > 2 * float(error[2]) and float(error[-1]) < 0.06
    assert float(run.uncentred.sel(trained="second").min()) > 1
    # Autograd does not see how the gates turn: its error stays where that of differences falls.
    both = run.sel(trained="both").mean("seed").isel(width=-1)
    assert float(both.pointwise) > 0.25 > float(both.error)


def test_the_explained_share_is_one_for_its_own_fields_and_small_for_noise():
    draw = torch.Generator().manual_seed(1)
    fields = [torch.randn(2, 60, 2, generator=draw, dtype=torch.float64) for _ in range(2)]
    assert torch.allclose(
        explained_share(2 * fields[0] - fields[1], fields), torch.ones(2, dtype=torch.float64)
    )
    noise = torch.randn(2, 60, 2, generator=draw, dtype=torch.float64)
    assert float(explained_share(noise, fields).max()) < 0.2  # two of 120 dimensions explain 0.017 on average


@pytest.mark.parametrize(("modulus", "frequency"), [(17, 1), (17, 5), (23, 2), (13, 4)])
def test_a_circle_of_odd_order_is_at_rest_and_stable(modulus, frequency):
    assert ma.residual_force(modulus, frequency, radius=3.0) < 1e-12
    values = ma.spectrum(modulus, frequency)
    assert int((values.abs() < 1e-9).sum()) == 2 and int((values > 1e-9).sum()) == 0
    leading = {17: -9.3727, 23: -16.3485, 13: -5.7938}[modulus]
    assert abs(float(values[2]) - leading) < 1e-3


def test_a_circle_of_even_order_has_sums_without_direction():
    points = ma.circle(16) + 1e-7 * ma.random_points([0], 16)[0]
    assert float(torch.linalg.eigvals(ma.jacobian(points)).real.max()) > 1e4


def test_the_distance_to_a_circle_forgets_rotation_scale_and_reflection():
    turn = torch.tensor([[0.6, -0.8], [0.8, 0.6]], dtype=torch.float64)
    points = 2.5 * ma.circle(17, 3) @ turn
    mirrored = points * torch.tensor([1.0, -1.0])
    assert (
        float(ma.distance_to_circle(points, 3)) < 1e-14 and float(ma.distance_to_circle(mirrored, 3)) < 1e-14
    )
    assert float(ma.distance_to_circle(points, 4)) > 0.9
    moved = points + 1e-9 * ma.random_points([1], 17)[0]
    assert 1e-11 < float(ma.distance_to_circle(moved, 3)) < 1e-8


def test_particles_that_align_become_circles_and_particles_that_cluster_become_grids():
    start = ma.random_points(range(24), 17)
    aligned = ma.simulate(start, clustering=0.0, alignment=1.0, steps=300)
    clustered = ma.simulate(start, clustering=1.0, alignment=0.0, steps=300)
    kinds = [[ma.STRUCTURES[i] for i in ma.classify(points)] for points in (aligned, clustered)]
    assert kinds[0].count("circle") >= 22
    assert kinds[1].count("grid") >= 14 and kinds[1].count("circle") == 0


def test_particles_come_to_rest_while_a_step_is_shorter_than_twice_the_life_of_the_stiffest_mode():
    stiffest = -float(ma.spectrum(17)[-1])
    assert 0.3 < stiffest / 17**2 < 0.4 and 0.3 < -float(ma.spectrum(31)[-1]) / 31**2 < 0.4

    def last_move(step_size):
        path = []
        ma.simulate(ma.circle(17)[None] + 1e-3 * ma.random_points([0], 17), clustering=0.0, alignment=1.0, rms=1.0,
                    steps=200, step_size=step_size, observe=lambda points, step: path.append(points))  # fmt: skip
        return float((path[-1] - path[-2]).abs().max())

    assert last_move(None) < 1e-9 and last_move(1.8 / stiffest) < 1e-6
    assert last_move(2.2 / stiffest) > 1e-3


def test_particles_rest_on_circles_of_odd_order_and_not_on_those_of_even_order():
    for modulus in (15, 16, 17):
        path = []
        end = ma.simulate(ma.random_points(range(4), modulus), clustering=0.0, alignment=1.0, steps=400,
                          observe=lambda points, step, path=path: path.append(points))  # fmt: skip
        move = (path[-1] - path[-2]).abs().amax((1, 2))
        assert float(ma.circularity(end).min()) > 0.99
        assert float(move.max()) < 1e-6 if modulus % 2 else float(move.min()) > 1e-3


def test_particles_with_random_labels_become_neither():
    labels = torch.randint(17, (153,), generator=torch.Generator().manual_seed(5))
    start = ma.random_points(range(12), 17)
    for weights in ((1.0, 0.0), (0.0, 1.0)):
        end = ma.simulate(start, clustering=weights[0], alignment=weights[1], steps=200, labels=labels)
        kinds = [ma.STRUCTURES[i] for i in ma.classify(end)]
        assert "circle" not in kinds and "grid" not in kinds


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"sigma": 0.0}, "sigma is a finite number that is positive"),
        ({"alignment": float("nan")}, "alignment is a finite number"),
        ({"clustering": -1.0}, "clustering is a finite number that is not negative"),
        ({"rms": 0.0}, "rms is a finite number that is positive"),
        ({"step_size": float("inf")}, "step_size is a finite number"),
    ],
)
def test_bad_numbers_get_one_sentence(options, words):
    with pytest.raises(ma.ModularAdditionError, match=words):
        ma.simulate(ma.random_points([0], 5), **{"clustering": 1.0, "alignment": 1.0, "steps": 1, **options})


def test_other_bad_input_gets_one_sentence():
    with pytest.raises(ma.ModularAdditionError, match="not finite"):
        ma.simulate(torch.full((1, 5, 2), torch.nan), clustering=1.0, alignment=1.0)
    with pytest.raises(ma.ModularAdditionError, match="second or both"):
        ma.predicted_force(sums(0), COUPLING, trained="first")
