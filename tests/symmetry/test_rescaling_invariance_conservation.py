"""Conservation, its exact breaking by discrete steps, and the counting of laws."""

import pytest
import sympy as sp
import torch

from verified_dynamics.models import MLP
from verified_dynamics.symmetry import DriftTracker, conserved_quantities, lie_count, scale_groups
from verified_dynamics.symmetry.rescaling_invariance import full_rank_formula, path_lifting, path_lifting_rank


def network(**options):
    return MLP((4, 6, 5, 3), generator=torch.Generator().manual_seed(0), **options)


def batches(count, n=8):
    draws = torch.Generator().manual_seed(1)
    for _ in range(count):
        yield (
            torch.randn(n, 4, generator=draws, dtype=torch.float64),
            torch.randn(n, 3, generator=draws, dtype=torch.float64),
        )


def train(tracker, make, *, record=0.05, steps=30):
    optimizer = make(tracker.model.parameters())
    for x, y in batches(steps):
        optimizer.zero_grad()
        (tracker.model(x) - y).square().mean().backward()
        tracker.record(record)
        optimizer.step()
    return tracker


def test_the_quantity_is_incoming_minus_outgoing_with_the_bias_on_the_incoming_side():
    model = network()
    found = conserved_quantities(dict(model.named_parameters()), scale_groups(model))
    w1, b1, w2 = model.linear1.weight, model.linear1.bias, model.linear2.weight
    expected = (w1**2).sum(1) + b1**2 - (w2**2).sum(0)
    assert torch.allclose(found[:6], expected.detach(), rtol=1e-14)


def test_stacked_members_give_the_quantities_of_each():
    models = [MLP((4, 6, 5, 3), generator=torch.Generator().manual_seed(k)) for k in range(3)]
    groups = scale_groups(models[0])
    stacked = {n: torch.stack([dict(m.named_parameters())[n] for m in models]) for n in groups.entries}
    together = conserved_quantities(stacked, groups)
    assert together.shape == (3, 11)
    for k, model in enumerate(models):
        assert torch.allclose(
            together[k], conserved_quantities(dict(model.named_parameters()), groups), rtol=1e-14
        )


def test_every_minibatch_step_of_descent_is_explained_to_rounding():
    tracker = train(DriftTracker(network()), lambda p: torch.optim.SGD(p, lr=0.05))
    assert tracker.drift.abs().max() > 1e-3
    assert tracker.unexplained.abs().max() < 1e-13


@pytest.mark.parametrize(
    "make",
    [
        lambda p: torch.optim.Adam(p, lr=0.05),
        lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9),
        lambda p: torch.optim.SGD(p, lr=0.05, weight_decay=0.1),
    ],
)
def test_other_rules_leave_drift_unexplained(make):
    assert train(DriftTracker(network()), make).unexplained.abs().max() > 1e-3


@pytest.mark.parametrize(("with_bias", "exact"), [(True, True), (False, False)])
def test_the_account_needs_the_bias_on_the_incoming_side(with_bias, exact):
    """Without it the first-order term does not cancel."""
    model = network()
    x, y = next(batches(1))

    def difference(values):
        bias = values["linear1.bias"] ** 2 if with_bias else 0.0
        return (values["linear1.weight"] ** 2).sum(1) + bias - (values["linear2.weight"] ** 2).sum(0)

    (model(x) - y).square().mean().backward()
    before = {n: p.detach() for n, p in model.named_parameters()}
    gradients = {n: p.grad for n, p in model.named_parameters()}
    after = {n: p - 0.05 * gradients[n] for n, p in before.items()}
    left = difference(after) - difference(before) - 0.05**2 * difference(gradients)
    assert bool(left.abs().max() < 1e-14) is exact
    assert exact or left.abs().max() > 1e-4


def variables(name, rows, columns):
    return sp.Matrix(rows, columns, lambda i, j: sp.Symbol(f"{name}{i}{j}", real=True))


@pytest.mark.parametrize(
    ("shape", "ranks", "laws"),
    [
        ((1, 1, 2), (1, 1), 3),
        ((2, 1, 2), (2, 3, 3), 3),
        ((2, 2, 2), (4, 5, 5), 3),
        ((2, 1, 1), (2, 2), 1),
        ((1, 1, 3), (1, 1), 5),
        ((2, 2, 3), (4, 6, 6), 6),
    ],
)
def test_linear_networks_have_the_laws_of_the_formula(shape, ranks, laws):
    n, m, r = shape
    u, v = variables("u", n, r), variables("v", m, r)
    count = lie_count(list(u * v.T), [*u, *v])
    assert count.ranks == ranks
    assert count.laws == laws == full_rank_formula(n, m, r)


def test_the_span_alone_promises_too_many_laws():
    u, v = variables("u", 2, 2), variables("v", 1, 2)
    count = lie_count(list(u * v.T), [*u, *v])
    assert count.laws_without_brackets == 4 > count.laws


@pytest.mark.parametrize("seed", range(3))
def test_a_neuron_has_one_law_at_every_random_point(seed):
    u, v = sp.symbols("u1:4"), sp.symbols("v1:3")
    assert lie_count([a * b for a in u for b in v], [*u, *v], seed=seed).laws == 1


def test_functions_of_all_coordinates_leave_no_law():
    x, y = sp.symbols("x y")
    assert lie_count([x, y], [x, y]).laws == 0


@pytest.mark.parametrize(("widths", "paths"), [((2, 2, 2, 1), 15), ((3, 4, 3, 2), 104)])
def test_paths_are_counted(widths, paths):
    model = MLP(widths, generator=torch.Generator().manual_seed(0))
    layers = [m for m in model if hasattr(m, "weight")]
    assert len(path_lifting([m.weight for m in layers], [m.bias for m in layers])) == paths


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("widths", [(2, 2, 2, 1), (3, 4, 3, 2), (4, 2, 3)])
def test_the_rank_is_parameters_minus_hidden_units(widths, bias):
    count, rank = path_lifting_rank(widths, torch.Generator().manual_seed(2), bias=bias)
    assert rank == count - sum(widths[1:-1])
