import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from verified_dynamics.data import MarkovChain, markov_text


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_the_stationary_law_of_two_states_is_the_closed_form():
    p, q = 0.3, 0.05  # 0 -> 1 with p, 1 -> 0 with q
    chain = MarkovChain(torch.tensor([[1 - p, p], [q, 1 - q]], dtype=torch.float64))
    expected = torch.tensor([q, p], dtype=torch.float64) / (p + q)
    assert torch.allclose(chain.stationary(), expected, rtol=1e-12)
    entropies = [-x * math.log(x) - (1 - x) * math.log(1 - x) for x in (p, q)]
    assert chain.entropy_rate() == pytest.approx((q * entropies[0] + p * entropies[1]) / (p + q), rel=1e-12)


def test_uniform_rows_have_the_entropy_of_the_alphabet_and_sharp_rows_have_less():
    chain = MarkovChain.draw(5, 2, sharpness=0.0, generator=generator())
    assert chain.entropy_rate() == pytest.approx(math.log(5), rel=1e-14)
    sharp = MarkovChain.draw(5, 2, sharpness=4.0, generator=generator())
    assert sharp.entropy_rate() < 0.7 * math.log(5)


@settings(deadline=None, max_examples=20)
@given(st.integers(2, 5), st.integers(1, 3), st.integers(0, 1000))
def test_the_stationary_law_is_stationary(symbols, order, seed):
    chain = MarkovChain.draw(symbols, order, sharpness=1.0, generator=generator(seed))
    law = chain.stationary()
    assert torch.allclose((law[..., None] * chain.transition).sum(0), law, atol=1e-13)
    assert law.sum().item() == pytest.approx(1, abs=1e-13)


def test_sampled_frequencies_follow_the_table():
    chain = MarkovChain.draw(3, 2, sharpness=1.0, generator=generator(1))
    n, length = 2000, 60
    text = chain.sample(n, length, generator=generator(2))
    first, second, third = text[:, :-2], text[:, 1:-1], text[:, 2:]
    counts = torch.zeros(3, 3, 3, dtype=torch.float64)
    ones = torch.ones(first.numel(), dtype=torch.float64)
    counts.index_put_((first.flatten(), second.flatten(), third.flatten()), ones, accumulate=True)
    per_context = counts.sum(-1, keepdim=True)
    error = (counts / per_context - chain.transition) * per_context.sqrt()
    assert error.abs().max() < 5 * 0.5  # five standard deviations, sqrt(p (1 - p)) being at most 1/2
    start = torch.bincount(text[:, 0] * 3 + text[:, 1], minlength=9) / n
    assert (start - chain.stationary().flatten()).abs().max() < 5 * 0.5 / math.sqrt(n)


def test_the_optimal_predictor_attains_the_entropy_rate():
    chain = MarkovChain.draw(6, 1, sharpness=2.0, generator=generator(3))
    text = chain.sample(4000, 51, generator=generator(4))
    losses = -chain.transition[text[:, :-1], text[:, 1:]].log().mean(1)
    deviation = losses.std().item() / math.sqrt(len(losses))
    assert abs(losses.mean().item() - chain.entropy_rate()) < 5 * deviation


def test_the_law_is_fixed_by_the_table_seed_and_the_text_by_the_generator():
    first = markov_text(3, 20, generator=generator(0))
    assert first.shape == (3, 20)
    assert first.dtype == torch.long
    assert torch.equal(first, markov_text(3, 20, generator=generator(0)))
    assert not torch.equal(first, markov_text(3, 20, generator=generator(1)))
    assert not torch.equal(first, markov_text(3, 20, table_seed=1, generator=generator(0)))


def test_a_text_may_be_shorter_than_the_order():
    assert markov_text(4, 1, order=3, symbols=3, generator=generator()).shape == (4, 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"symbols": 1}, "2 or more symbols"),
        ({"order": 0}, "order 1 or more"),
        ({"symbols": 50, "order": 4}, "table of at most"),
        ({"sharpness": -1.0}, "sharpness"),
        ({"n": 0}, "at least 1"),
        ({"length": 0}, "at least 1"),
    ],
)
def test_bad_input_is_refused(options, message):
    arguments = {"n": 2, "length": 5, **options}
    with pytest.raises(ValueError, match=message):
        markov_text(arguments.pop("n"), arguments.pop("length"), generator=generator(), **arguments)
