"""The addition table, the networks trained on it, and the structure that they reach."""

import time

import pytest
import torch

from verified_dynamics.structure import modular_addition as ma
from verified_dynamics.structure.modular_addition import experiments
from verified_dynamics.structure.modular_addition.networks import BIASES, TENSORS, view


def test_sum_points_are_the_incidence_matrix_times_the_embedding():
    points = ma.random_points(range(2), 9)
    assert torch.allclose(ma.sum_points(points), ma.incidence(9) @ points, atol=1e-14)
    assert len(ma.pairs(9)) == 45 and int(ma.incidence(9).sum()) == 90
    assert torch.equal(
        torch.bincount(ma.classes(9)), torch.full((9,), 5)
    )  # odd N: each class has (N + 1)/2 pairs


def test_the_coupling_of_all_pairs_sums_to_zero_for_odd_moduli_only():
    assert abs(float(ma.coupling(ma.classes(9), 9).sum(1).abs().max())) < 1e-12
    assert float(ma.coupling(ma.classes(8), 8).sum(1).abs().max()) > 0.1


@pytest.mark.parametrize("biases", [True, False])
def test_the_gradient_by_hand_is_that_of_autograd(biases):
    group = ma.initial(range(3), 7, width=5, biases=biases)
    mask = ma.split(range(3), 7, share=0.8)
    loss, gradient, by_points = ma.loss_and_gradient(group, mask)
    flat = group.flat.clone().requires_grad_()
    other = ma.Networks(flat, 7, 5)
    points = ma.sum_points(other.embedding)
    points.retain_grad()
    hidden = torch.relu(points @ other.first + other.first_bias)
    scores = torch.log_softmax(hidden @ other.second + other.second_bias, -1)
    right = scores[:, torch.arange(28), ma.classes(7)]
    expected = -(right * mask).sum(1) / mask.sum(1)
    expected.sum().backward()
    assert torch.allclose(loss, expected, rtol=1e-12)
    assert torch.allclose(gradient, flat.grad, atol=1e-14)  # rounding of sums of some hundred terms
    assert torch.allclose(by_points, points.grad, atol=1e-14)


def test_training_is_that_of_adamw():
    group = ma.initial(range(2), 5, width=6)
    mask = ma.split(range(2), 5, share=1.0)
    flat = group.flat.clone().requires_grad_()
    other = ma.Networks(flat, 5, 6)
    optimizer = torch.optim.AdamW([flat], lr=0.02, weight_decay=0.7)
    for _ in range(30):
        optimizer.zero_grad()
        scores = torch.log_softmax(other.scores(), -1)
        (-scores[:, torch.arange(15), ma.classes(5)].mean(1)).sum().backward()
        optimizer.step()
    ma.train(group, mask, steps=30, learning_rate=0.02, weight_decay=0.7)
    assert torch.allclose(group.flat, flat, atol=1e-12)


def test_a_network_does_not_depend_on_its_neighbours():
    def final(seeds):
        group = ma.initial(seeds, 7, width=8)
        ma.train(group, ma.split(seeds, 7, share=0.8), steps=40)
        return group.flat

    assert torch.allclose(final([3, 4, 5])[1], final([4])[0], atol=1e-10)


def test_frozen_tensors_keep_their_values_and_the_others_move():
    group = ma.initial([0], 7, width=8, biases=False)
    before = group.flat.clone()
    ma.train(group, ma.split([0], 7, share=0.8), steps=5, frozen=("first", *BIASES))
    for name in TENSORS:
        same = torch.equal(view(group.flat, name, 7, 8), view(before, name, 7, 8))
        assert same == (name in ("first", *BIASES)), name


def test_accuracy_counts_the_chosen_pairs_only():
    group = ma.initial([0, 1], 5, width=4)
    right = group.scores().argmax(-1) == ma.classes(5)
    assert torch.equal(ma.accuracy(group, right), torch.ones(2, dtype=torch.float64))
    assert torch.equal(ma.accuracy(group, ~right), torch.zeros(2, dtype=torch.float64))


def test_a_split_keeps_the_share_and_every_class():
    mask = ma.split(range(50), 13, share=0.4)
    assert mask.sum(1).tolist() == [round(0.4 * 91)] * 50
    for row in mask:
        assert len(ma.classes(13)[row].unique()) == 13
    assert torch.equal(mask, ma.split(range(50), 13, share=0.4))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: ma.pairs(2), "at least 3"),
        (lambda: ma.initial([0], 1), "at least 3"),
        (lambda: ma.initial([0], 17, width=0), "at least one unit"),
        (lambda: ma.split([0], 17, share=0.05), "without a training pair"),
        (lambda: ma.split([0], 17, share=0.0), "above 0"),
        (lambda: ma.split([0], 17, share=float("nan")), "above 0"),
        (lambda: ma.check_split(ma.classes(5) != 3, 5), "class 3 has no training pair"),
        (
            lambda: ma.train(ma.initial([0], 5), ma.classes(5)[None] != 3, steps=1),
            "class 3 has no training pair",
        ),
        (
            lambda: ma.train(
                ma.initial([0], 5), ma.split([0], 5, share=1.0), steps=1, weight_decay=float("inf")
            ),
            "weight decay is a finite number",
        ),
        (
            lambda: ma.train(
                ma.initial([0], 5), ma.split([0], 5, share=1.0), steps=1, learning_rate=float("nan")
            ),
            "learning rate is a finite number",
        ),
        (lambda: view(torch.zeros(1, 100), "third", 3, 4), "a network has the tensors"),
    ],
)
def test_bad_input_gets_one_sentence(call, words):
    with pytest.raises(ma.ModularAdditionError, match=words):
        call()


def test_biases_decide_between_grids_and_circles():
    """At weight decay 2 nearly every network without biases is a circle (63 of 64 in a run at full length)."""
    run = experiments.network_structures.run(
        experiments.network_structures.smoke.changed(seeds=24, settings={"decay": 2.0, "steps": 300})
    ).data
    circles = {
        b: int(experiments.is_structure("circle", decay=2.0, biases=b)(run).sum()) for b in (True, False)
    }
    grids = {b: int(experiments.is_structure("grid", decay=2.0, biases=b)(run).sum()) for b in (True, False)}
    assert circles[False] >= 18 and circles[True] <= 14
    assert grids[True] >= 8 and grids[False] <= 3


def test_the_raster_keeps_scores_in_per_cent_and_counts_structures():
    run = experiments.structure_raster.run("smoke").data
    assert run.grid_score.dtype == "int8" and 0 <= int(run.validation_accuracy.min())
    where = {"modulus": 13, "decay": 1.0, "biases": True}
    shares = [experiments.raster_share(name, **where)(run).values for name in ma.STRUCTURES]
    assert sum(share.astype(int) for share in shares).tolist() == [1] * 8


def test_a_step_of_64_networks_is_fast():
    """The chapter promises 64 seeds x 1500 steps in at most 20 s of CPU time."""
    group = ma.initial(range(64), 17, dtype=torch.float32)
    mask = ma.split(range(64), 17, share=0.8)
    ma.train(group, mask, steps=5)
    start = time.process_time()
    ma.train(group, mask, steps=60)
    assert (time.process_time() - start) / 60 * 1500 < 20
