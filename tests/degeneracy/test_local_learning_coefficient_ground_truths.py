"""Closed forms against independent routes: dimension counts, singular values, Hessians, flow."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from verified_dynamics.degeneracy.local_learning_coefficient import (
    Degeneracy,
    balanced_point,
    deep_linear,
    factor_ranks,
    fibre_point,
    fibre_ranks,
    half_codimension,
    largest_strata,
    layer_product,
    reachable_ranks,
    reduced_rank,
    reduced_rank_local,
    three_layer_program,
    two_layer_program,
)

PUBLISHED = {
    (1, 1, 1): {0: ("1/2", 2), 1: ("1/2", 1)},
    (2, 2, 2): {0: ("3/2", 1), 1: ("2", 2), 2: ("2", 1)},
    (3, 3, 3): {0: ("7/2", 2), 1: ("4", 1), 2: ("9/2", 2), 3: ("9/2", 1)},
    (5, 3, 5): {0: ("13/2", 2), 1: ("8", 1), 2: ("19/2", 2), 3: ("21/2", 1)},
    (4, 3, 8): {0: ("6", 1), 1: ("17/2", 1), 2: ("11", 1), 3: ("27/2", 1)},
    (3, 8, 4): {0: ("6", 1), 3: ("6", 1)},
    (10, 10, 10): {0: ("75/2", 1), 2: ("42", 1), 5: ("47", 2), 10: ("50", 1)},
    (4, 4, 4, 4): {0: ("11/2", 3), 1: ("13/2", 1), 2: ("15/2", 3), 4: ("8", 1)},
    (10, 5, 5, 10): {0: ("25/2", 1), 2: ("45/2", 1), 5: ("75/2", 1)},
    (3, 3, 3, 3, 3): {0: ("3", 4), 1: ("4", 5), 3: ("9/2", 1)},
    (4, 4, 4, 4, 4): {0: ("5", 1), 1: ("13/2", 4), 4: ("8", 1)},
    (10,) * 6: {0: ("30", 1), 3: ("81/2", 7), 10: ("50", 1)},
    (100,) * 4: {0: ("6667/2", 3), 10: ("3650", 1), 50: ("9167/2", 3), 100: ("5000", 1)},
}


def degeneracy(coefficient: str, multiplicity: int) -> Degeneracy:
    return Degeneracy(Fraction(coefficient), multiplicity)


def networks(depth: int, widest: int):
    """All widths up to `widest` with all ranks."""
    for widths in product(range(1, widest + 1), repeat=depth + 1):
        for rank in range(min(widths) + 1):
            yield widths, rank


@pytest.mark.parametrize("widths", PUBLISHED, ids=str)
def test_deep_linear_table(widths):
    for rank, value in PUBLISHED[widths].items():
        assert deep_linear(widths, rank) == degeneracy(*value)


def test_two_layers_three_ways():
    """The four cases, the general formula and the singular value program agree everywhere, λ and m."""
    for (inputs, hidden, outputs), rank in networks(2, 8):
        value = reduced_rank(inputs, hidden, outputs, rank)
        assert value == deep_linear((inputs, hidden, outputs), rank)
        assert value == two_layer_program(inputs, hidden, outputs, rank)


@pytest.mark.parametrize(("depth", "widest"), [(1, 5), (2, 6), (3, 4), (4, 3), (5, 2)])
def test_formula_is_half_the_codimension_of_the_fibre(depth, widest):
    for widths, rank in networks(depth, widest):
        assert half_codimension(widths, rank) == deep_linear(widths, rank), (widths, rank)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.integers(1, 7), min_size=3, max_size=6), st.data())
def test_half_codimension_of_random_networks(widths, data):
    rank = data.draw(st.integers(0, min(widths)))
    assert half_codimension(widths, rank) == deep_linear(widths, rank)


def test_order_of_the_widths():
    """It is irrelevant for a target of rank zero; otherwise the outer widths count for themselves."""
    for widths in [(2, 5, 3), (3, 1, 4, 2), (5, 2, 2, 6)]:
        orders = {tuple(sorted(widths)), tuple(sorted(widths, reverse=True)), widths}
        assert len({deep_linear(order, 0) for order in orders}) == 1
    assert deep_linear((2, 5, 3), 1) != deep_linear((2, 3, 5), 1)


def test_singular_values_must_repel():
    """Control: without the Vandermonde factor the program is wrong, 1 instead of 3/2."""
    assert two_layer_program(2, 2, 2, 0) == degeneracy("3/2", 1)
    assert two_layer_program(2, 2, 2, 0, repulsion=False).coefficient == 1


def test_three_layers_by_the_program():
    for widths in product(range(1, 5), repeat=4):
        assert three_layer_program(widths) == deep_linear(widths, 0), widths


@pytest.mark.parametrize("widths", [(2, 2, 2, 2), (3, 2, 4, 3), (4, 4, 4, 4), (5, 3, 2, 4)])
def test_three_layer_vertices_against_a_numerical_program(widths):
    """The program with its epigraph variables u_ij ≥ 1 − s_i − t_j, solved as it stands by HiGHS."""
    q, p = min(widths[0], widths[1]), min(widths[2], widths[3])
    cost = [(abs(widths[1] - widths[0]) + 1) / 2 + q - i for i in range(1, q + 1)]
    cost += [(abs(widths[3] - widths[2]) + 1) / 2 + p - i for i in range(1, p + 1)]
    rows = []
    for i, j in product(range(q), range(p)):
        row = np.zeros(q + p + q * p)
        row[[i, q + j, q + p + i * p + j]] = -1
        rows.append((row, -1))
    for start, size in ((0, q), (q, p)):
        for i in range(start, start + size - 1):
            row = np.zeros(q + p + q * p)
            row[[i, i + 1]] = 1, -1
            rows.append((row, 0))
    found = linprog([*cost, *[0.5] * (q * p)], A_ub=[r for r, _ in rows], b_ub=[b for _, b in rows])
    assert found.fun == pytest.approx(float(three_layer_program(widths).coefficient), abs=1e-9)


def test_local_value_is_that_of_the_largest_component_through_the_point():
    """Components of the fibre are the maximal pairs of ranks; m counts the largest ones through the point."""
    for (inputs, hidden, outputs), rank in networks(2, 6):
        pairs = fibre_ranks(inputs, hidden, outputs, rank)
        maximal = [p for p in pairs if not any(q != p and q[0] >= p[0] and q[1] >= p[1] for q in pairs)]
        for a, b in pairs:
            value = reduced_rank_local(inputs, hidden, outputs, rank, a, b)
            through = [Fraction(outputs * c + inputs * d - c * d, 2) for c, d in maximal if c >= a and d >= b]
            assert value == Degeneracy(min(through), through.count(min(through)))


def test_most_singular_point_has_the_global_value():
    largest = Fraction(0)
    for (inputs, hidden, outputs), rank in networks(2, 7):
        whole = reduced_rank(inputs, hidden, outputs, rank)
        local = [
            reduced_rank_local(inputs, hidden, outputs, rank, *pair)
            for pair in fibre_ranks(inputs, hidden, outputs, rank)
        ]
        assert reduced_rank_local(inputs, hidden, outputs, rank, rank, rank) == whole
        assert min(value.coefficient for value in local) == whole.coefficient
        largest = max(largest, max(value.coefficient for value in local) / max(whole.coefficient, 1))
    assert largest == Fraction(7, 2)


@pytest.mark.parametrize(("a", "b", "value"), [(3, 1, "17/2"), (2, 2, "8"), (1, 3, "17/2"), (1, 1, "8")])
def test_local_values_of_an_example(a, b, value):
    assert reduced_rank_local(5, 3, 5, 1, a, b).coefficient == Fraction(value)


def test_local_value_counts_the_hessian():
    """At a generic point λ_loc is half the rank of the Hessian; at a singular one it is more than that."""
    for inputs, hidden, outputs, rank in [(5, 3, 5, 1), (4, 3, 8, 1), (3, 2, 2, 1)]:
        for a, b in fibre_ranks(inputs, hidden, outputs, rank):
            first, second = fibre_point(inputs, hidden, outputs, rank, a, b)
            goal = second @ first

            def loss(weights, goal=goal, first=first):
                top, bottom = weights.split([first.numel(), weights.numel() - first.numel()])
                return ((bottom.reshape(-1, len(first)) @ top.reshape(first.shape) - goal) ** 2).sum() / 2

            hessian = torch.autograd.functional.hessian(loss, torch.cat([first.ravel(), second.ravel()]))
            half = Fraction(int(torch.linalg.matrix_rank(hessian, atol=1e-9)), 2)
            value = reduced_rank_local(inputs, hidden, outputs, rank, a, b).coefficient
            assert value == half if a + b == hidden + rank else value >= half


def test_fibre_points_are_what_they_say():
    for a, b in fibre_ranks(6, 4, 5, 2):
        layers = fibre_point(6, 4, 5, 2, a, b, scale=3.0)
        assert factor_ranks(layers) == (a, b)
        expected = torch.zeros(5, 6, dtype=torch.float64)
        expected.diagonal()[:2] = 3.0
        assert torch.allclose(layer_product(layers), expected)
    deep = balanced_point((3, 4, 2, 5), 2, scale=8.0)
    assert factor_ranks(deep) == (2, 2, 2)
    assert torch.linalg.svdvals(layer_product(deep))[:2].tolist() == pytest.approx([8.0, 8.0])


def test_largest_strata_of_four_layers():
    """Three of four layers lose one rank each: four ways, and they span three dimensions."""
    conditions, strata = largest_strata((3, 3, 3, 3, 3), 0)
    assert conditions == 6
    assert strata == [(2, 1, 0, 0), (2, 1, 1, 0), (2, 2, 1, 0), (3, 2, 1, 0)]


def flow_ends(starts: int, seed: int) -> list[tuple[int, tuple[int, int]]]:
    """(positive eigenvalues of D, ranks) after gradient descent from random starts, those that have converged."""
    generator = torch.Generator().manual_seed(seed)
    first = torch.randn(starts, 3, 5, generator=generator, dtype=torch.float64)
    second = torch.randn(starts, 5, 3, generator=generator, dtype=torch.float64)
    target = torch.zeros(5, 5, dtype=torch.float64)
    target[0, 0] = 2
    positive = (torch.linalg.eigvalsh(first @ first.mT - second.mT @ second) > 0).sum(1)
    for _ in range(6000):
        error = second @ first - target
        first, second = first - 0.01 * second.mT @ error, second - 0.01 * error @ first.mT
    done = ((second @ first - target) ** 2).sum((1, 2)) < 1e-20
    return [
        (int(p), factor_ranks((a, b)))
        for p, a, b, finished in zip(positive, first, second, done, strict=True) if finished
    ]  # fmt: skip


def test_gradient_flow_ends_where_the_conserved_matrix_allows():
    """Every converged run ends at reachable ranks, and for p = 2 both reachable pairs occur: p does not fix them."""
    ends = flow_ends(96, seed=0)
    assert len(ends) > 48
    for positive, ranks in ends:
        assert ranks in reachable_ranks(5, 3, 5, 1, positive)
    assert {ranks for positive, ranks in ends if positive == 2} == {(2, 2), (3, 1)}
    assert reachable_ranks(5, 3, 5, 1, 2) == ((2, 2), (3, 1))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: reduced_rank(2, 2, 2, 3), "between 0 and the smallest width 2"),
        (lambda: deep_linear((3,), 0), "at least two widths"),
        (lambda: reduced_rank_local(5, 3, 5, 1, 3, 2), "their sum is at most 4"),
        (lambda: fibre_point(5, 3, 5, 1, 3, 2), "No minimum has factors"),
        (lambda: reachable_ranks(5, 3, 5, 1, 4), "between 0 and 3"),
        (lambda: half_codimension((2, 2), 3), "smallest width 2"),
        (lambda: balanced_point((2, 2), 3), "smallest width 2"),
        (lambda: three_layer_program((1, 2, 3)), "four positive widths"),
    ],
)
def test_what_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()
