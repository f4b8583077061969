"""What path_condition says, what it minimises, and how it takes an optimizer along and everything back."""

import re

import pytest
import torch
from path_conditioning_architectures import CASES, mlp
from path_conditioning_watch import difference, outputs, state
from rescaling_architectures import disturb, normal

from verified_dynamics.ensemble import Ensemble
from verified_dynamics.symmetry import path_condition, scale_groups
from verified_dynamics.symmetry.path_conditioned_training import condition_ensemble

X, Y = normal(7, 8), normal(7, 3, seed=2)
WIDTHS = (8, 6, 5, 3)


def network(seed=3):
    return disturb(mlp(*WIDTHS), seed)


def without_digits(report):
    return re.sub(r"\d+(\.\d+)?(e[+-]\d+)?", "#", str(report))


def test_the_report_reads_as_a_text():
    assert without_digits(path_condition(network(), X)) == (
        "# free scale groups\n"
        "imbalance log AM/GM of the path magnitudes: # -> #\n"
        "squared norm of the parameters: # -> #\n"
        "largest log-scale #, # groups at the limit #\n"
        "converged after # Newton steps under the criterion 'path', residual #\n"
        "relative change of the output on the example: #\n"
        "pinned, because the scale of the network's output is part of the function: # channels at output"
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"solver": "blocks"}, "sweeps over blocks under the criterion 'path'"),
        ({"solver": "sequential", "criterion": "norm"}, "sequential sweeps under the criterion 'norm'"),
        ({"max_iterations": 1}, "not converged after # Newton steps"),
        ({"dry_run": True}, "# free scale groups (dry run, nothing changed)\n"),
    ],
)
def test_the_report_says_what_was_asked_for(options, words):
    assert words in without_digits(path_condition(network(), X, **options))
    assert "limit" not in str(path_condition(network(), X, max_log_scale=None))


@pytest.mark.parametrize("name", ["mlp", "digits", "batch norm of features"])
def test_the_fields_are_the_numbers_of_the_network(name):
    model, example, count = CASES[name]()
    before = {key: p.detach().clone() for key, p in model.named_parameters()}
    report = path_condition(model, example)
    assert report.scales.shape == (count,)
    for key, factor in report.groups.diagonal(report.scales).items():
        assert torch.allclose(dict(model.named_parameters())[key], before[key] * factor, rtol=1e-15, atol=0)
    assert report.largest_log_scale == pytest.approx(report.scales.log().abs().max().item(), rel=1e-12)
    assert report.norm_before == pytest.approx(sum(float((p**2).sum()) for p in before.values()))
    assert report.norm_after == pytest.approx(sum(float((p**2).sum()) for p in model.parameters()))
    again = path_condition(model, example)
    assert again.imbalance_before == pytest.approx(report.imbalance_after, rel=1e-9)
    assert again.imbalance_after == pytest.approx(report.imbalance_after, rel=1e-9)
    assert (again.iterations, again.largest_log_scale) == (0, 0.0)
    assert 0 < report.iterations <= report.products
    assert not report.dry_run


def test_a_dry_run_reports_the_same_and_changes_nothing():
    model = network()
    optimizer = trained(model, torch.optim.Adam, {})
    before = state(model, optimizer)
    dry = path_condition(model, X, optimizer=optimizer, dry_run=True)
    dry.undo()
    assert not difference(before, state(model, optimizer))
    assert dry.dry_run
    assert dry.output_change is None
    real = path_condition(model, X, optimizer=optimizer)
    assert torch.equal(dry.scales, real.scales)
    assert (dry.imbalance_after, dry.residual) == (real.imbalance_after, real.residual)
    assert dry.norm_after == pytest.approx(real.norm_after, rel=1e-14)


def test_one_example_a_batch_and_known_groups_give_the_same():
    results = []
    for example, options in (
        (X, {}),
        (X[:1], {}),
        ((X,), {}),
        (0 * X, {}),
        (X, {"groups": scale_groups(network(), X)}),
    ):
        results.append(path_condition(network(), example, **options).scales)
    assert all(torch.equal(results[0], other) for other in results[1:])


# Optimizers.


def trained(model, kind, options, steps=3):
    optimizer = kind(model.parameters(), **{"lr": 0.01, **options})
    for step in range(steps):
        optimizer.zero_grad()
        (model(X[step:]) - Y[step:]).square().mean().backward()
        optimizer.step()
    return optimizer


RULES = {
    "momentum": (torch.optim.SGD, {"momentum": 0.9}, 2),
    "adam": (torch.optim.Adam, {"eps": 1e-60}, 1),
}


@pytest.mark.parametrize(("kind", "options", "power"), RULES.values(), ids=RULES)
def test_the_next_step_is_the_old_one_preconditioned(kind, options, power):
    """θ' = dθ with the state carried along: one step of θ' is that of θ divided by d², of Adam by d."""
    model, old = network(), network()
    optimizer, own = trained(model, kind, options), trained(old, kind, options)
    report = path_condition(model, X, optimizer=optimizer)
    assert report.largest_log_scale > 0.3
    factors = report.groups.diagonal(report.scales)
    start = {name: p.detach().clone() for name, p in old.named_parameters()}
    for net, rule in ((model, optimizer), (old, own)):
        rule.zero_grad()
        (net(X) - Y).square().mean().backward()
        rule.step()
    moved = dict(model.named_parameters())
    for name, p in old.named_parameters():
        expected = start[name] + (p - start[name]) / factors[name] ** power
        assert torch.allclose(moved[name] / factors[name], expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("kind", "options", "power"), RULES.values(), ids=RULES)
def test_without_the_optimizer_the_next_step_is_another(kind, options, power):
    model, other = network(), network()
    optimizer, stale = trained(model, kind, options), trained(other, kind, options)
    path_condition(model, X, optimizer=optimizer)
    path_condition(other, X)
    for net, rule in ((model, optimizer), (other, stale)):
        rule.zero_grad()
        (net(X) - Y).square().mean().backward()
        rule.step()
    gaps = [(a - b).abs().max() for a, b in zip(model.parameters(), other.parameters(), strict=True)]
    assert max(gaps) > 1e-4


@pytest.mark.parametrize(("kind", "options", "power"), RULES.values(), ids=RULES)
def test_undo_takes_the_optimizer_back_bit_by_bit(kind, options, power):
    model = network()
    optimizer = trained(model, kind, options)
    before = state(model, optimizer)
    report = path_condition(model, X, optimizer=optimizer)
    assert any(name.startswith("optimizer") for name in difference(before, state(model, optimizer)))
    report.undo()
    assert not difference(before, state(model, optimizer))
    report.undo()
    assert not difference(before, state(model, optimizer))


def test_undo_after_training_keeps_the_function():
    model = network()
    optimizer = trained(model, torch.optim.SGD, {"momentum": 0.9})
    report = path_condition(model, X, optimizer=optimizer)
    (model(X) - Y).square().mean().backward()
    optimizer.step()
    value = outputs(model, X, True)
    momentum = optimizer.state[model[1].weight]["momentum_buffer"].clone()
    weight = model[1].weight.detach().clone()
    report.undo()
    factor = report.groups.diagonal(report.scales)["1.weight"]
    assert torch.allclose(outputs(model, X, True), value, rtol=1e-12)
    assert torch.allclose(model[1].weight, weight / factor, rtol=1e-14)
    assert torch.allclose(optimizer.state[model[1].weight]["momentum_buffer"], momentum * factor, rtol=1e-14)


# Ensembles.


def members():
    return Ensemble.build(lambda generator: disturb(mlp(*WIDTHS), generator.initial_seed()), [3, 4, 5])


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"solver": "blocks"},
        {"criterion": "norm"},
        {"biases": "none"},
        {"biases": "hidden", "max_log_scale": None},
        {"max_log_scale": 0.1},
    ],
    ids=str,
)
def test_a_member_is_conditioned_as_it_is_alone(options):
    ensemble = members()
    solution = condition_ensemble(ensemble, X, **options)
    assert solution.converged.shape == (3,)
    assert solution.converged.all()
    for k, seed in enumerate(ensemble.seeds):
        alone = network(seed)
        report = path_condition(alone, X, **options)
        assert torch.allclose((solution.z[k] / 2).exp(), report.scales, rtol=1e-7)
        for name, p in alone.named_parameters():
            assert torch.allclose(ensemble.parameters[name][k], p, rtol=1e-7, atol=1e-12)
    assert not torch.allclose(solution.z[0], solution.z[1], rtol=1e-2)


def test_pins_of_one_reason_share_a_line():
    model, example, _ = CASES["residual eighteen"]()
    lines = [line for line in str(path_condition(model, example)).splitlines() if "BatchNorm" in line]
    assert len(lines) == 1
    assert lines[0].count("channels at") == 4
    assert lines[0].endswith("and 16 more")
