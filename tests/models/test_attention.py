import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from verified_dynamics.models import (
    AttentionWeights,
    MultiHeadAttention,
    causal_mask,
    masked_softmax,
    multiply_mask,
    saturated_softmax,
)

finite = st.floats(-50, 50, allow_subnormal=False)
rows = st.lists(finite, min_size=2, max_size=8)


def scores_of(*rows):
    return torch.tensor(rows, dtype=torch.float64)


def seeded(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_without_a_mask_it_is_the_plain_softmax():
    scores = seeded(3, 4, 4)
    assert torch.equal(masked_softmax(scores), torch.softmax(scores, -1))


@given(rows, st.data())
def test_a_mask_is_the_softmax_of_what_is_left(row, data):
    mask = torch.tensor(data.draw(st.lists(st.booleans(), min_size=len(row), max_size=len(row)).filter(any)))
    weights = masked_softmax(scores_of(row), mask)[0]
    assert torch.allclose(weights[mask], torch.softmax(scores_of(row)[0][mask], -1), rtol=1e-13, atol=1e-300)
    assert not weights[~mask].any()


@given(rows, st.floats(0.05, 2.0))
def test_the_distance_to_the_saturated_limit_is_bounded_by_the_gap(row, temperature):
    scores = scores_of(row)
    top = scores.max()
    below = scores[scores < top]
    limit = saturated_softmax(scores)
    error = (masked_softmax(scores, temperature=temperature) - limit).abs().max().item()
    gap = (top - below.max()).item() / temperature if len(below) else math.inf
    assert error <= len(row) * math.exp(-gap) + 1e-14


def test_a_high_temperature_gives_the_uniform_law_over_visible_positions():
    weights = masked_softmax(scores_of([3.0, -1.0, 7.0]), torch.tensor([True, True, False]), 1e14)
    assert torch.allclose(weights, scores_of([0.5, 0.5, 0.0]), atol=1e-13)


def test_saturation_is_uniform_over_ties_and_the_tolerance_is_relative_to_the_row():
    scores = scores_of([1.0, 1.0, 0.0], [-2.0, -2.0 - 1e-9, -3.0], [0.0, 0.0, 0.0])
    expected = scores_of([0.5, 0.5, 0.0], [1.0, 0.0, 0.0], [1 / 3, 1 / 3, 1 / 3])
    assert torch.equal(saturated_softmax(scores), expected)
    expected[1] = scores_of([0.5, 0.5, 0.0])[0]
    assert torch.equal(saturated_softmax(scores, tolerance=1e-9), expected)
    assert torch.equal(saturated_softmax(1e6 * scores, tolerance=1e-9), expected)


def test_hidden_scores_do_not_take_part_in_the_maximum_or_in_the_tolerance():
    scores, mask = scores_of([1.0, 0.9, 1e9]), torch.tensor([True, True, False])
    assert torch.equal(saturated_softmax(scores, mask, 1e-3), scores_of([1.0, 0.0, 0.0]))


@pytest.mark.parametrize("softmax", [masked_softmax, saturated_softmax])
def test_a_row_that_sees_nothing_is_zero_and_has_a_finite_gradient(softmax):
    scores = scores_of([1.0, 2.0]).requires_grad_()
    weights = softmax(scores, torch.tensor([False, False]))
    assert not weights.any()
    (weights.sum() + scores.sum()).backward()
    assert torch.isfinite(scores.grad).all()


def test_multiplying_by_the_mask_leaves_hidden_positions_their_weight():
    scores = -seeded(1, 6, 6).abs() - 1
    mask = causal_mask(scores)
    assert not masked_softmax(scores, mask)[~mask].any()
    leaking = masked_softmax(multiply_mask(scores, mask))
    assert (leaking[~mask] > 0).all()


def test_with_negative_scores_the_multiplicative_mask_saturates_to_the_hidden_positions():
    length = 6
    weights = AttentionWeights("multiplicative", saturated=True)(-seeded(length, length).abs() - 1)
    counts = (weights > 0).sum(-1)
    assert counts.tolist() == [*range(length - 1, 0, -1), 1]  # row t sees the T - 1 - t later ones
    causal = AttentionWeights("causal", saturated=True)(-seeded(length, length).abs() - 1)
    assert (causal > 0).sum(-1).tolist() == [1] * length


@pytest.mark.parametrize(("mask", "sees"), [("causal", False), ("multiplicative", True), ("none", True)])
def test_only_the_causal_mask_hides_the_future(mask, sees):
    attention = MultiHeadAttention(8, 2, mask=mask)
    for index, parameter in enumerate(attention.parameters()):
        parameter.data = seeded(*parameter.shape, seed=index)
    x, changed = seeded(2, 5, 8), seeded(2, 5, 8)
    changed[:, 3:] += 1
    difference = (attention(x) - attention(changed))[:, :3].abs().max()
    assert (difference > 1e-3) if sees else (difference == 0)


def test_one_head_agrees_with_the_formula_written_out():
    attention = MultiHeadAttention(3, 1, mask="none", biases=True)
    for index, parameter in enumerate(attention.parameters()):
        parameter.data = seeded(*parameter.shape, seed=index)
    x = seeded(1, 4, 3, seed=99)
    q, k, v = (layer(x)[0] for layer in (attention.query, attention.key, attention.value))
    expected = attention.output(torch.softmax(q @ k.T / math.sqrt(3), -1) @ v)
    assert torch.allclose(attention(x)[0], expected, rtol=1e-13)


@settings(deadline=None)
@given(st.integers(1, 4), st.integers(1, 5))
def test_several_heads_are_single_heads_side_by_side(heads, head_width):
    width = heads * head_width
    attention = MultiHeadAttention(width, heads)
    for index, parameter in enumerate(attention.parameters()):
        parameter.data = seeded(*parameter.shape, seed=index)
    x = seeded(2, 3, width)
    query, key, value = (layer(x) for layer in (attention.query, attention.key, attention.value))
    joined = []
    for head in range(heads):
        part = slice(head * head_width, (head + 1) * head_width)
        scores = query[..., part] @ key[..., part].mT / math.sqrt(head_width)
        joined.append(masked_softmax(scores, causal_mask(scores)) @ value[..., part])
    assert torch.allclose(attention(x), attention.output(torch.cat(joined, -1)), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: masked_softmax(scores_of([1.0]), temperature=0), "saturated_softmax"),
        (lambda: masked_softmax(scores_of([1.0]), temperature=-1), "positive"),
        (lambda: AttentionWeights("causal", temperature=math.nan), "positive"),
        (lambda: saturated_softmax(scores_of([1.0]), tolerance=-1e-9), "negative"),
        (lambda: AttentionWeights("casual"), "did you mean 'causal'"),
        (lambda: MultiHeadAttention(7, 2), "not divisible"),
    ],
)
def test_bad_input_is_refused_in_one_sentence(call, message):
    with pytest.raises(ValueError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)
