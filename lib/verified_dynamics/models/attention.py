"""Softmax with a mask and a temperature, its saturated limit, and multi-head attention on top of it."""

import math

import torch
from torch import Tensor, nn

from verified_dynamics.models.initialisation import linear
from verified_dynamics.models.options import one_of

MASKS = ("causal", "multiplicative", "none")


def masked_softmax(scores: Tensor, mask: Tensor | None = None, temperature: float = 1.0) -> Tensor:
    """softmax(scores / temperature) over the last dimension, restricted to positions where `mask` is true.

    scores: (..., T); mask: boolean, broadcastable to scores, None for all positions. Hidden positions get
    weight 0; a row without any visible position is 0 throughout.
    """
    _positive_temperature(temperature)
    if mask is None:
        return torch.softmax(scores / temperature, dim=-1)
    visible_row = mask.any(dim=-1, keepdim=True)
    hidden = (scores / temperature).masked_fill(~mask & visible_row, -math.inf)
    return torch.softmax(hidden, dim=-1).masked_fill(~mask, 0.0)


def saturated_softmax(scores: Tensor, mask: Tensor | None = None, tolerance: float = 0.0) -> Tensor:
    """The limit of `masked_softmax` at temperature 0: uniform over the ties of the largest visible score.

    Two scores tie when they differ by at most `tolerance` times the row's largest absolute visible score.
    A row without any visible position is 0 throughout. Source: Merrill et al. 2021, section 4 (saturated
    attention). The result is piecewise constant: its gradient is 0.
    """
    if tolerance < 0:
        raise ValueError(f"tolerance must not be negative, but it is {tolerance}.")
    visible = torch.ones_like(scores, dtype=torch.bool) if mask is None else mask.expand_as(scores)
    largest = scores.masked_fill(~visible, -math.inf).amax(dim=-1, keepdim=True)
    size = scores.abs().masked_fill(~visible, 0.0).amax(dim=-1, keepdim=True)
    ties = (visible & (scores >= largest - tolerance * size)).to(scores.dtype)
    return ties / ties.sum(dim=-1, keepdim=True).clamp(min=1)


def multiply_mask(scores: Tensor, mask: Tensor) -> Tensor:
    """scores * mask with a mask of 0 and 1: hidden scores become 0, not minus infinity.

    A softmax of the result still gives hidden positions weight, so it does not hide them.
    """
    return scores * mask.to(scores.dtype)


def causal_mask(scores: Tensor) -> Tensor:
    """The boolean mask (..., T, T) of scores of that shape, true where the key is not after the query."""
    return torch.ones_like(scores, dtype=torch.bool).tril()


class AttentionWeights(nn.Module):
    """scores (..., T, T) -> attention weights of the same shape, by one of the masks in `MASKS`.

    "causal" hides later positions, "multiplicative" multiplies their scores by 0 before the softmax, "none"
    shows all. With `saturated` set, weights are the saturated limit, with ties to the relative `tolerance`.
    A module of its own, so that a forward hook sees scores and weights.
    """

    def __init__(
        self, mask: str, *, temperature: float = 1.0, saturated: bool = False, tolerance: float = 0.0
    ):
        super().__init__()
        self.mask = one_of("mask", mask, MASKS)
        _positive_temperature(temperature)
        self.temperature = temperature
        self.saturated = saturated
        self.tolerance = tolerance

    def forward(self, scores: Tensor) -> Tensor:
        mask = None if self.mask == "none" else causal_mask(scores)
        if self.mask == "multiplicative":
            scores, mask = multiply_mask(scores, mask), None
        if self.saturated:
            return saturated_softmax(scores, mask, self.tolerance)
        return masked_softmax(scores, mask, self.temperature)


class MultiHeadAttention(nn.Module):
    """Self-attention x (n, T, m) -> (n, T, m): heads softmax(Q K^T / sqrt(m / heads)) V, then a projection."""

    def __init__(
        self,
        width: int,
        heads: int,
        *,
        mask: str = "causal",
        biases: bool = False,
        temperature: float = 1.0,
        dtype: torch.dtype = torch.float64,
    ):
        super().__init__()
        if width % heads:
            raise ValueError(f"width {width} is not divisible by the number of heads, {heads}.")
        self.heads = heads
        self.head_width = width // heads
        self.query = linear(width, width, bias=biases, dtype=dtype)
        self.key = linear(width, width, bias=biases, dtype=dtype)
        self.value = linear(width, width, bias=biases, dtype=dtype)
        self.weights = AttentionWeights(mask, temperature=temperature)
        self.output = linear(width, width, bias=biases, dtype=dtype)

    def scores(self, x: Tensor) -> Tensor:
        """The scaled scores Q K^T / sqrt(m / heads): (n, T, m) -> (n, heads, T, T), before any mask."""
        query, key = self._split(self.query(x)), self._split(self.key(x))  # (n, heads, T, m / heads)
        return query @ key.transpose(-2, -1) / math.sqrt(self.head_width)

    def forward(self, x: Tensor) -> Tensor:
        heads = self.weights(self.scores(x)) @ self._split(self.value(x))  # (n, heads, T, m / heads)
        return self.output(heads.transpose(-3, -2).flatten(-2))

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.heads, self.head_width)).transpose(-3, -2)


def _positive_temperature(temperature: float) -> None:
    if not temperature > 0:
        raise ValueError(
            f"temperature must be positive, but it is {temperature}; "
            "the limit at temperature 0 is saturated_softmax."
        )
