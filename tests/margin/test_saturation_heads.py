"""What saturated heads attend to, and the network that counts."""

from fractions import Fraction

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from verified_dynamics.data import every_string, is_counter_string
from verified_dynamics.margin.saturation import (
    SaturationError,
    blocks,
    causal_uniform,
    first_confusion,
    future_uniform,
    hard,
    head_counts,
    one_minus_cosine,
    rejection,
    relative_entropy,
    saturated,
    softmax_at,
    split_fraction,
    tie_kinds,
    tied_sets,
)
from verified_dynamics.models import Transformer

TOKENS = torch.randint(0, 10, (4, 8), generator=torch.Generator().manual_seed(2))


def model(mask, seed=0):
    return Transformer(10, 16, 2, 4, context=8, mask=mask, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("T", [2, 5, 83])
def test_formulas_are_those_of_the_sets_themselves(T):
    past = torch.ones(T, T, dtype=torch.bool).tril()
    future = ~past
    future[-1, 0] = True  # the last query has no later position and keeps one
    for sets, formula in ((past, causal_uniform(T)), (future, future_uniform(T))):
        ties = sets[None, None, None]
        assert float(head_counts(ties)) == pytest.approx(formula[0], rel=1e-14)
        assert float(split_fraction(ties)) == pytest.approx(formula[1], rel=1e-14)


def test_published_lengths():
    assert future_uniform(83)[0] == pytest.approx(41.012048, abs=1e-6)
    assert future_uniform(700)[0] == pytest.approx(349.501429, abs=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_a_hiding_mask_leaves_one_position_and_a_multiplied_one_the_future(seed):
    hidden = tied_sets(model("causal", seed), TOKENS)
    assert hidden.shape == (2, 4, 4, 8, 8)
    assert float(head_counts(hidden).max()) == 1.0
    several, future, past = tie_kinds(tied_sets(model("multiplicative", seed), TOKENS))
    assert int(several) == int(future) > 0
    assert int(past) == 0


def test_relative_entropy_lies_between_one_position_and_uniform():
    entropy = relative_entropy(model("causal"), TOKENS)
    assert entropy.shape == (2, 4)
    assert bool(((entropy > 0) & (entropy < 1)).all())
    with pytest.raises(SaturationError, match="AttentionWeights"):
        relative_entropy(nn.Identity(), torch.ones(2))


def test_one_minus_cosine_is_accurate_below_rounding():
    a, b = torch.tensor([1.0, 0.0], dtype=torch.float64), torch.tensor([1.0, 1e-12], dtype=torch.float64)
    assert float(one_minus_cosine(a, b)) == pytest.approx(5e-25, rel=1e-6)


def test_the_saturated_network_decides_every_short_word():
    for word in every_string(5).strings:
        assert (rejection(word) == 0) == is_counter_string(word), word


def test_hard_attention_and_finite_scales_cannot_count():
    assert rejection("abc", hard) == 1
    assert rejection("aabbcc", softmax_at(1.0)) > 0
    assert float(rejection("aabbcc", softmax_at(40.0))) == pytest.approx(0, abs=1e-12)


@settings(max_examples=30, deadline=None)
@given(p=st.integers(1, 8), q=st.integers(1, 8), k=st.integers(1, 8))
def test_rejection_of_blocks_is_the_difference_of_frequencies(p, q, k):
    assert rejection(blocks(p, q, k)) == Fraction(abs(p - q) + abs(q - k), p + q + k)


def test_saturated_and_hard_attention_differ_at_ties_only():
    assert saturated([Fraction(1), Fraction(1), Fraction(0)]) == [Fraction(1, 2), Fraction(1, 2), 0]
    assert hard([Fraction(1), Fraction(1), Fraction(0)]) == [1, 0, 0]
    assert saturated([Fraction(0), Fraction(2)]) == hard([Fraction(0), Fraction(2)])


@pytest.mark.parametrize("word", ["", "abd", "ABC"])
def test_words_over_another_alphabet_are_refused(word):
    with pytest.raises(ValueError, match="abc"):
        rejection(word)


def test_low_precision_confuses_neighbouring_counts():
    coarse, fine = (first_confusion(dtype, longest=8000) for dtype in (torch.bfloat16, torch.float16))
    assert coarse < fine < 8000
    # Numbers between 1/4 and 1/2 are 2^-12 apart in half precision: frequencies 1/(3n+1) apart differ below this n.
    assert fine >= (2**12 - 1) / 3
    assert first_confusion(torch.float64, longest=1000) == 1001
