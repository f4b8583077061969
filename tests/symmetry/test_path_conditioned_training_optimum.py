"""The point that path_condition finds, against an objective that is written out parameter by parameter."""

import copy
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from path_conditioning_architectures import CASES, mlp
from rescaling_architectures import disturb, generator, normal
from scipy.optimize import minimize
from torch import nn

from verified_dynamics.symmetry import balance, path_condition, rescale, scale_groups

X, WIDTHS = normal(7, 8), (8, 6, 5, 3)


def network(seed=3):
    return disturb(mlp(*WIDTHS), seed)


def exponents(widths):
    """Rows −1 for the unit that a parameter enters and +1 for the one that it leaves, and which rows are biases."""
    starts = np.cumsum([0, *widths[1:-1]])
    rows, biases = [], []

    def row(layer, unit, sign):
        hidden = 0 < layer < len(widths) - 1
        return [(starts[layer - 1] + unit, sign)] if hidden else []

    for layer in range(1, len(widths)):
        for k in range(widths[layer]):
            for j in range(widths[layer - 1]):
                rows.append(row(layer, k, -1) + row(layer - 1, j, 1))
                biases.append(False)
        for k in range(widths[layer]):
            rows.append(row(layer, k, -1))
            biases.append(True)
    matrix = np.zeros((len(rows), starts[-1]))
    for i, entries in enumerate(rows):
        for unit, sign in entries:
            matrix[i, unit] = sign
    return matrix, np.array(biases)


def magnitudes(model, *, biases):
    """diag G of a fully connected network by its forward and backward masses, in the order of ``exponents``."""
    layers = [(m.weight.detach() ** 2, m.bias.detach() ** 2) for m in model if isinstance(m, nn.Linear)]
    forward = [torch.ones(layers[0][0].shape[1], dtype=torch.float64)]
    for weight, bias in layers:
        forward.append(weight @ forward[-1] + (bias if biases else 0))
    backward = [torch.ones(layers[-1][0].shape[0], dtype=torch.float64)]
    for weight, _ in reversed(layers[1:]):
        backward.insert(0, weight.mT @ backward[0])
    found = []
    for mass, leading in zip(forward, backward, strict=False):
        found += [torch.outer(leading, mass).flatten(), leading]
    return torch.cat(found).numpy()


def criterion(model, biases):
    """J(z), the logarithm of AM/GM times n, with its gradient."""
    matrix, is_bias = exponents(WIDTHS)
    g = magnitudes(model, biases=biases != "none")
    kept = {"all": g > 0, "hidden": (matrix != 0).any(1), "none": ~is_bias}[biases]
    g, matrix = g[kept], matrix[kept]

    def value(z):
        logs = np.log(g) + matrix @ z
        top = logs.max()
        weights = np.exp(logs - top)
        total = weights.sum()
        gradient = len(g) * (matrix.T @ weights) / total - matrix.sum(0)
        return len(g) * (top + np.log(total)) - logs.sum() - len(g) * math.log(len(g)), gradient

    return value, len(g)


@pytest.mark.parametrize("biases", ["all", "hidden", "none"])
@pytest.mark.parametrize("limit", [None, 3.0, 0.15, 0.02])
@pytest.mark.parametrize("seed", [3, 4])
def test_the_point_is_the_constrained_minimum(biases, limit, seed):
    value, count = criterion(network(seed), biases)
    report = path_condition(network(seed), X, biases=biases, max_log_scale=limit)
    z = 2 * report.scales.log().numpy()
    bound = math.inf if limit is None else 2 * limit
    assert report.imbalance_before == pytest.approx(value(0 * z)[0] / count, rel=1e-9)
    assert report.imbalance_after == pytest.approx(value(z)[0] / count, rel=1e-9)
    found = minimize(
        value,
        0 * z,
        jac=True,
        bounds=[(-bound, bound)] * len(z),
        method="L-BFGS-B",
        options={"ftol": 1e-16, "gtol": 1e-10, "maxiter": 5000},
    )
    assert value(z)[0] <= found.fun + 1e-9 * abs(found.fun)
    assert np.abs(z - found.x).max() < 1e-4  # as far as L-BFGS-B goes
    gradient = value(z)[1]
    on_limit = np.abs(z) >= bound * (1 - 1e-12)
    assert report.limited == on_limit.sum()
    assert np.abs(gradient[~on_limit]).max(initial=0) < 1e-5
    assert (gradient[on_limit] * np.sign(z[on_limit]) <= 1e-6).all()  # downhill leads out of the box
    if limit == 0.02:
        assert report.limited > len(z) / 2


def test_the_conditions_of_a_minimum_can_fail():
    value, _ = criterion(network(), "all")
    z = 2 * path_condition(network(), X, biases="hidden").scales.log().numpy()
    assert np.abs(value(z)[1]).max() > 1e-2


@pytest.mark.parametrize(
    "name", ["mlp", "digits", "nested lists with skips", "grouped and depthwise", "residual eighteen"]
)
def test_the_norm_criterion_is_the_balanced_point(name):
    model, example, _ = CASES[name]()
    expected = balance(copy.deepcopy(model), groups=scale_groups(model, example))
    report = path_condition(model, example, criterion="norm", max_log_scale=None)
    assert torch.allclose(report.scales, expected.scales, rtol=1e-7)
    assert report.norm_after == pytest.approx(expected.norm_after, rel=1e-12)
    assert not torch.allclose(path_condition(CASES[name]().model, example).scales, expected.scales, rtol=1e-2)


@settings(deadline=None, max_examples=25)
@given(
    st.integers(0, 10**6), st.floats(0.1, 1.5), st.sampled_from(["mlp", "nested lists with skips", "digits"])
)
def test_the_point_is_one_for_the_whole_orbit(seed, spread, name):
    model, example, _ = CASES[name]()
    groups = scale_groups(model, example)
    moved = copy.deepcopy(model)
    rescale(moved, groups.random_scales(generator(seed), spread=spread), groups=groups)
    for each in (model, moved):
        assert path_condition(each, example, max_log_scale=None, groups=groups).converged
    for first, second in zip(model.parameters(), moved.parameters(), strict=True):
        assert torch.allclose(first, second, rtol=1e-6, atol=1e-9)


def test_with_too_few_sweeps_the_point_is_not_one():
    model, example, _ = CASES["mlp"]()
    groups = scale_groups(model, example)
    moved = copy.deepcopy(model)
    rescale(moved, groups.random_scales(generator(0), spread=1.5), groups=groups)
    for each in (model, moved):
        report = path_condition(each, example, max_log_scale=None, solver="sequential", max_iterations=2)
        assert not report.converged
    gap = max(float((a - b).abs().max()) for a, b in zip(model.parameters(), moved.parameters(), strict=True))
    assert gap > 1e-3
