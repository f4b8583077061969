"""path_condition on many architectures: the function stays, the imbalance falls, nothing else is touched."""

import copy

import pytest
import torch
from path_conditioning_architectures import CASES, PARTLY_FOLLOWED, Case, mlp
from path_conditioning_networks import ResNet18
from path_conditioning_watch import difference, outputs, state
from rescaling_architectures import FOLLOWED, PINNED, disturb, normal
from rescaling_layers import FOLLOWED_LAYERS, PINNED_LAYERS
from torch import nn

from verified_dynamics.symmetry import path_condition
from verified_dynamics.symmetry.path_conditioned_training import conditioning

# 1e-12 is some thousand times the rounding of these sums in float64, and far below any real change.
ROUNDING = 1e-12


def faults(case, *, conditioned=path_condition, **options):
    """What a call of path_condition and its undoing did wrong, one sentence each."""
    model, example, count = case
    found, before = [], state(model)
    first = {training: outputs(model, example, training) for training in (True, False)}
    report = conditioned(model, example, **options)
    if report.groups.count != count:
        found.append(f"{report.groups.count} groups in place of {count}")
    for training, value in first.items():
        change = (outputs(model, example, training) - value).abs().max() / value.abs().max()
        if not change < ROUNDING:
            found.append(f"the function changed by {change:.1e} with training={training}")
    parameters = {f"model {name}" for name, _ in model.named_parameters()}
    others = set(difference(before, state(model))) - parameters
    found += [f"{name} was touched" for name in others]
    found += wrong_numbers(report, options)
    report.undo()
    found += [f"undo does not restore {name}" for name in difference(before, state(model))]
    return found


def wrong_numbers(report, options):
    found = []
    if not (report.converged and report.residual <= 1e-8):
        found.append(f"not converged: residual {report.residual:.1e}")
    if report.output_change is not None and not report.output_change < ROUNDING:
        found.append(f"the report says that the output changed by {report.output_change:.1e}")
    if not report.largest_log_scale <= options.get("max_log_scale", 3.0) * (1 + 1e-15):
        found.append(f"a log-scale of {report.largest_log_scale}")
    if options.get("criterion", "path") == "path":
        if not report.imbalance_after <= report.imbalance_before:
            found.append(f"imbalance {report.imbalance_before} -> {report.imbalance_after}")
    elif not report.norm_after <= report.norm_before * (1 + 1e-14):
        found.append(f"norm {report.norm_before} -> {report.norm_after}")
    return found


@pytest.mark.parametrize("name", CASES)
def test_an_architecture_keeps_its_function_and_gains_balance(name):
    assert not faults(CASES[name]())


@pytest.mark.parametrize(
    "options", [{"criterion": "norm"}, {"solver": "blocks"}, {"biases": "none"}], ids=str
)
@pytest.mark.parametrize(
    "name",
    [
        "mlp",
        "dead neurons",
        "digits",
        "grouped and depthwise",
        "inception",
        "inverted residual",
        "nested lists with skips",
        "u-net, transposed convolutions",
        "transformer",
        "two inputs, two heads",
    ],
)
def test_other_criteria_and_solvers_do_so_too(name, options):
    assert not faults(CASES[name](), **options)


@pytest.mark.parametrize("name", ["mlp without biases", "digits", "u-net, bilinear", "residual eighteen"])
def test_a_model_in_evaluation_mode_does_so_too(name):
    model, example, count = CASES[name]()
    model.eval()
    next(model.children()).train()  # a mixture of modes
    assert not faults(Case(model, example, count))


SMALL = {**FOLLOWED, **FOLLOWED_LAYERS}


@pytest.mark.parametrize("name", SMALL)
def test_every_layer_that_is_followed_does_so_too(name):
    model, example, count = SMALL[name]
    assert not faults(Case(disturb(copy.deepcopy(model)), example, count))


@pytest.mark.parametrize("name", {**PINNED, **PINNED_LAYERS})
def test_without_free_groups_the_model_stays_bit_by_bit_and_the_report_says_why(name):
    model, example = {**PINNED, **PINNED_LAYERS}[name]
    before = state(disturb(model))
    report = path_condition(model, example)
    assert not difference(before, state(model))
    assert (report.groups.count, report.iterations, report.largest_log_scale) == (0, 0, 0.0)
    assert report.converged
    assert "nothing to rescale" in str(report)
    assert "because" in str(report)


def test_a_residual_network_of_full_width():
    # 4 images of 64 x 64 leave 16 values per channel to the last normalisations: of two they would keep a sign only.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = ResNet18(64).double()
    assert not faults(Case(model, normal(4, 3, 64, 64), 3 * (64 + 128 + 256 + 512)))


def test_single_precision_stays_within_its_rounding():
    model, example, _ = CASES["u-net, bilinear"]()
    model, example = model.float(), example.float()
    value = outputs(model, example, False)
    report = path_condition(model, example)
    change = (outputs(model, example, False) - value).abs().max() / value.abs().max()
    assert 0 < change < 1e-5
    assert report.output_change < 1e-5
    assert {p.dtype for p in model.parameters()} == {torch.float32}


def test_dead_neurons_are_skipped_and_named():
    model, example, _ = CASES["dead neurons"]()
    before = state(model)
    report = path_condition(model, example)
    assert report.skipped == ("1[2]", "1[3]", "3[1]")
    assert not report.frozen
    after = dict(model.named_parameters())
    assert torch.equal(after["1.weight"][3], before[0]["model 1.weight"][3])
    assert "left alone, because no mass in double precision enters or leaves it: 1[2], 1[3], 3[1]" in str(
        report
    )
    assert (report.scales != 1).sum() == 8


def test_frozen_parameters_stay_bit_by_bit_and_are_named():
    model, example, _ = CASES["frozen layer"]()
    before = state(model)
    report = path_condition(model, example)
    assert report.frozen == tuple(f"1[{k}]" for k in range(6)) + tuple(f"3[{k}]" for k in range(5))
    changed = {name for name in difference(before, state(model)) if name.startswith("model")}
    assert changed == {"model 5.weight", "model 5.bias", "model 7.weight"}
    assert "left alone, because a frozen parameter touches it: 1[0], 1[1]" in str(report)


def test_a_steep_activation_is_no_reason_to_stand_still():
    model, example, _ = CASES["mlp, steep"]()
    report = path_condition(model, example)
    assert report.imbalance_after < 0.5 * report.imbalance_before


def test_hooks_on_gradients_stay_and_are_not_called():
    model, example, count = CASES["mlp"]()
    called = []
    model[1].register_full_backward_hook(lambda *arguments: called.append(arguments))
    assert not faults(Case(model, example, count))
    assert not called
    model(example).sum().backward()
    assert len(called) == 1


@pytest.mark.parametrize("name", PARTLY_FOLLOWED)
def test_reasons_are_words_and_not_addresses(name):
    model, example, _ = PARTLY_FOLLOWED[name]()
    assert "0x" not in str(path_condition(model, example))


def test_a_transformer_reports_what_it_pins():
    model, example, _ = CASES["transformer"]()
    report = path_condition(model, example)
    assert {label.partition("[")[0] for label in report.groups.labels} == {
        "0.feed_forward.0",
        "1.feed_forward.0",
    }
    assert "MultiheadAttention is not known to commute with positive factors" in str(report)


def test_masses_beyond_the_range_of_numbers_neither_stop_nor_mislead_the_search():
    model, example, _ = CASES["hundred layers, tiny weights"]()
    report = path_condition(model, example)
    assert report.converged
    assert report.skipped  # the first layers reach the output with a weight below 1e-320
    assert report.limited > 900


def broken(change):
    def conditioned(model, example, **options):
        report = path_condition(model, example, **options)
        change(model, report)
        return report

    return conditioned


def _nudge(model, report):
    with torch.no_grad():
        model[4][-1].weight *= 1 + 1e-9


def _evaluate(model, report):
    model.eval()


def _draw(model, report):
    torch.rand(1)


def _step(model, report):
    model[2].num_batches_tracked += 1


def _round(model, report):
    with torch.no_grad():
        model[4][-1].weight *= 1 + 1e-14


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_nudge, "the function changed"),
        (_evaluate, "modes was touched"),
        (_draw, "random was touched"),
        (_step, "2.num_batches_tracked was touched"),
        (_round, "undo does not restore"),
    ],
)
def test_the_watch_can_fail(change, words):
    model = disturb(nn.Sequential(nn.Flatten(), nn.Linear(8, 6), nn.BatchNorm1d(6), nn.ReLU(), mlp(6, 5, 3)))
    case = Case(model, normal(7, 8), 6 + 5)
    assert not faults(case)
    assert any(words in fault for fault in faults(case, conditioned=broken(change)))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda scales: scales.flip(0), "imbalance"),
        (lambda scales: scales * 30, "a log-scale"),
    ],
)
def test_a_solution_that_is_no_minimum_is_noticed(monkeypatch, change, words):
    from dataclasses import replace

    def worse(*args, **options):
        solution = conditioning.newton(*args, **options)
        return replace(solution, z=2 * change((solution.z / 2).exp()).log())

    monkeypatch.setitem(conditioning.SOLVERS, "newton", worse)
    assert any(fault.startswith(words) for fault in faults(CASES["mlp, one output"]()))
