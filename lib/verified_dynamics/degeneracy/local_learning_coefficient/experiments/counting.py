"""Closed forms against a count of dimensions, case by case; no randomness is involved."""

from itertools import product

import xarray as xr

from verified_dynamics.degeneracy.local_learning_coefficient import (
    deep_linear,
    fibre_ranks,
    half_codimension,
    monomial,
    monomial_ideal,
    reduced_rank,
    reduced_rank_local,
)
from verified_dynamics.experiments import Profile, Tolerance, experiment

CHAPTER = "degeneracy/local-learning-coefficient"
COMPARISONS = (
    "reduced rank and count of dimensions",
    "reduced rank without rank shift",
    "least local value and global value",
    "greatest local value and global value",
    "deep linear and count of dimensions",
    "two layers and deep formula",
    "monomials and linear program",
)


@experiment(
    "closed-forms",
    chapter=CHAPTER,
    smoke=Profile(grid={"comparison": COMPARISONS}, settings={"widest": 4, "deepest": 3}),
    full=Profile(grid={"comparison": COMPARISONS}, settings={"widest": 8, "deepest": 4}),
    tolerances={"mismatches": Tolerance(), "cases": Tolerance()},
    unit="exhaustive sets of cases",
)
def closed_forms(cell, seeds, device) -> xr.Dataset:
    """For every network up to a width and a depth: in how many cases two ways to the pair (λ, m) disagree.

    Three widths and every attainable rank for reduced-rank regression; for deep linear networks `deepest` weight
    matrices, of widths up to half of `widest` and at least 3; two coordinates with powers up to `widest` for monomials.
    """
    pairs = list(_PAIRS[cell["comparison"]](cell["widest"], cell["deepest"]))
    return xr.Dataset(
        {"mismatches": ((), sum(first != second for first, second in pairs)), "cases": ((), len(pairs))}
    )


def _networks(widest: int):
    for widths in product(range(1, widest + 1), repeat=3):
        for rank in range(min(widths) + 1):
            yield *widths, rank


def _counted(widest: int, deepest: int):
    for inputs, hidden, outputs, rank in _networks(widest):
        yield reduced_rank(inputs, hidden, outputs, rank), half_codimension((inputs, hidden, outputs), rank)


def _without_shift(widest: int, deepest: int):
    for inputs, hidden, outputs, rank in _networks(widest):
        yield reduced_rank(inputs, hidden, outputs, 0), half_codimension((inputs, hidden, outputs), rank)


def _extreme(choose):
    def pairs(widest: int, deepest: int):
        for case in _networks(widest):
            values = (reduced_rank_local(*case, *ranks).coefficient for ranks in fibre_ranks(*case))
            yield choose(values), reduced_rank(*case).coefficient

    return pairs


def _deep(widest: int, deepest: int):
    for widths in product(range(1, max(3, widest // 2) + 1), repeat=deepest + 1):
        for rank in range(min(widths) + 1):
            yield deep_linear(widths, rank), half_codimension(widths, rank)


def _two_layers(widest: int, deepest: int):
    for inputs, hidden, outputs, rank in _networks(widest):
        yield reduced_rank(inputs, hidden, outputs, rank), deep_linear((inputs, hidden, outputs), rank)


def _monomials(widest: int, deepest: int):
    for powers in product(range(widest + 1), repeat=2):
        for prior in product(range(3), repeat=2):
            if any(powers):
                yield monomial(powers, prior), monomial_ideal([powers], prior)


_PAIRS = dict(
    zip(
        COMPARISONS,
        (_counted, _without_shift, _extreme(min), _extreme(max), _deep, _two_layers, _monomials),
        strict=True,
    )
)


def mismatches(comparison: str):
    """Cases in which the two ways disagree."""
    return lambda data: data.mismatches.sel(comparison=comparison)


def share_of_mismatches(comparison: str):
    """The same over the number of cases."""
    return lambda data: (data.mismatches / data.cases).sel(comparison=comparison)
