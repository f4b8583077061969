"""A saturated network that recognises aⁿbⁿcⁿ, in exact rational arithmetic, and the same with hard
attention.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import exp

import torch

ALPHABET = "abc"
Attention = Callable[[Sequence[Fraction]], list[Fraction]]


def saturated(scores: Sequence[Fraction]) -> list[Fraction]:
    """Uniform weights over all largest scores."""
    best = max(scores)
    ties = sum(score == best for score in scores)
    return [Fraction(int(score == best), ties) for score in scores]


def hard(scores: Sequence[Fraction]) -> list[Fraction]:
    """All weight on the first of the largest scores."""
    first = max(range(len(scores)), key=lambda j: scores[j])
    return [Fraction(int(j == first)) for j in range(len(scores))]


def softmax_at(scale: float) -> Attention:
    """Softmax of the scores times `scale`, in floating point: the network before saturation."""

    def weights(scores: Sequence[Fraction]) -> list[float]:
        best = max(scores)
        powers = [exp(scale * float(score - best)) for score in scores]
        return [power / sum(powers) for power in powers]

    return weights


def _head(attention: Attention, scores: Sequence[Fraction], values: Sequence[Sequence]) -> list:
    weights = attention(scores)
    return [sum(w * v[k] for w, v in zip(weights, values, strict=True)) for k in range(len(values[0]))]


def rejection(word: str, attention: Attention = saturated) -> Fraction | float:
    r"""How far the network is from accepting the word: 0 means accepted.

    Layer 1: a head with equal scores averages the one-hot tokens, so that it holds the letters' frequencies;
    a head with scores -(j-i+1)² reads the previous token; the feed-forward part marks a position whose
    letter comes before its predecessor in the alphabet (ReLU of a difference of the letters' indices). Layer
    2: a head with equal scores averages the marks. The output adds the two differences of frequencies and
    the mean mark.
    """
    if not word or set(word) - set(ALPHABET):
        raise ValueError(f"The network reads words over {ALPHABET} with at least one letter, not {word!r}.")
    T = len(word)
    index = [ALPHABET.index(letter) for letter in word]
    onehot = [[Fraction(int(i == k)) for k in range(len(ALPHABET))] for i in index]
    frequency = _head(attention, [Fraction(0)] * T, onehot)  # (3,), the same at every position
    marks = []
    for i in range(T):
        scores = [-Fraction((j - i + 1) ** 2) for j in range(T)]
        previous = _head(attention, scores, [[Fraction(k)] for k in index])[0]
        # The first position has no predecessor; its nearest score is its own, which marks nothing.
        marks.append([max(previous - index[i], 0)])
    disorder = _head(attention, [Fraction(0)] * T, marks)[0]
    return abs(frequency[0] - frequency[1]) + abs(frequency[1] - frequency[2]) + disorder


def blocks(p: int, q: int, k: int) -> str:
    """The word of p letters a, then q letters b, then k letters c."""
    return "a" * p + "b" * q + "c" * k


def first_confusion(dtype, *, longest: int) -> int:
    """The least n up to `longest` for which the frequencies (n+1)/(3n+1) and n/(3n+1) of the a and the b in
    a^(n+1) b^n c^n are the same number in the floating-point type; `longest` + 1 where there is none.
    """
    n = torch.arange(1, longest + 1, dtype=torch.float64)
    same = ((n + 1) / (3 * n + 1)).to(dtype) == (n / (3 * n + 1)).to(dtype)
    return int(n[same].min()) if bool(same.any()) else longest + 1
