"""Runs on the counting network and on the published head counts; no randomness is involved."""

from importlib import resources

import xarray as xr

from verified_dynamics.data import every_string, is_counter_string
from verified_dynamics.experiments import Profile, Tolerance, experiment
from verified_dynamics.margin.saturation import attention_counts
from verified_dynamics.margin.saturation.counting import blocks, hard, rejection, saturated

CHAPTER = "margin/saturation"
ATTENTION = {"saturated": saturated, "hard": hard}


@experiment(
    "counting-network",
    chapter=CHAPTER,
    smoke=Profile(grid={"attention": tuple(ATTENTION)}, settings={"longest": 6, "block": 8}),
    full=Profile(grid={"attention": tuple(ATTENTION)}, settings={"longest": 8, "block": 20}),
    tolerances={"errors": Tolerance(), "words": Tolerance(), "rejection": Tolerance(rtol=1e-9, atol=1e-12)},
    unit="exhaustive sets of words",
)
def counting_network(cell, seeds, device) -> xr.Dataset:
    """The network for aⁿbⁿcⁿ with saturated attention and with hard attention: wrong
    answers on all words up to a length, by length, and its rejection of words of n letters b and c and n +
    difference letters a.
    """
    attention = ATTENTION[cell["attention"]]
    lengths = list(range(1, cell["longest"] + 1))
    errors, words = dict.fromkeys(lengths, 0), dict.fromkeys(lengths, 0)
    for word in every_string(cell["longest"]).strings:
        words[len(word)] += 1
        errors[len(word)] += (rejection(word, attention) == 0) != is_counter_string(word)
    n, differences = cell["block"], list(range(-6, 7))
    curve = [float(rejection(blocks(n + difference, n, n), attention)) for difference in differences]
    return xr.Dataset(
        {
            "errors": ("length", [errors[k] for k in lengths]),
            "words": ("length", [words[k] for k in lengths]),
            "rejection": ("difference", curve),
        },
        coords={"length": lengths, "difference": differences},
    )


def total_errors(attention: str):
    """Wrong answers over all words."""
    return lambda data: data.errors.sel(attention=attention).sum()


@experiment(
    "published-head-counts",
    chapter=CHAPTER,
    smoke=Profile(),
    full=Profile(),
    tolerances={name: Tolerance(rtol=1e-9) for name in ("published", "future", "prefix")},
    unit="published figures",
)
def published_head_counts(cell, seeds, device) -> xr.Dataset:
    """Largest mean count and largest split fraction of the published histograms of heads, beside those of a
    head that is uniform over the later positions and of one that is uniform over the prefix, for sequences
    of the same length.
    """
    lines = (
        resources.files("verified_dynamics.margin.saturation")
        .joinpath("published_head_counts.csv")
        .read_text()
    )
    rows = [line.split(",") for line in lines.splitlines() if not line.startswith("#")][1:]
    lengths = [int(row[1]) for row in rows]
    values = {
        "published": [[float(row[2]), float(row[3])] for row in rows],
        "future": [attention_counts.future_uniform(T) for T in lengths],
        "prefix": [attention_counts.causal_uniform(T) for T in lengths],
    }
    return xr.Dataset(
        {name: (("corpus", "quantity"), value) for name, value in values.items()},
        coords={"corpus": [row[0] for row in rows], "quantity": ["mean count", "split fraction"]},
    )


def published_minus(kind: str, quantity: str):
    """Largest absolute difference over the corpora between the published value and the "future" or "prefix"
    formula.
    """
    return lambda data: abs(data.published - data[kind]).sel(quantity=quantity).max()


def published_least_minus(kind: str, quantity: str):
    """Smallest absolute difference over the corpora, for the comparison with a rival formula."""
    return lambda data: abs(data.published - data[kind]).sel(quantity=quantity).min()
