"""Leading orders: what a function of the parameters cθ is, to highest order in c, and how fast it gets
there.

A tensor y(c) = c^degree (value + O(c^-correction)) is carried as its `value` together with an `Order`. The
rules below say what each operation does to both. They are the homogeneity table of Merrill et al. 2021
(table 1), extended by the order of the correction, which the paper does not carry.
"""

import math
from dataclasses import dataclass
from fractions import Fraction

import torch
from torch import Tensor

from verified_dynamics.margin.saturation.scaling import SaturationError
from verified_dynamics.models.attention import saturated_softmax

TIE_TOLERANCE = 1e-9


@dataclass(frozen=True)
class Order:
    """The degree of a tensor in all parameters, and the order of its first correction.

    y(cθ) = c^degree (value + O(c^-correction)). correction None: no power of 1/c appears; the approach is
    exact, or exponential where scores pass through a softmax without ties.
    """

    degree: Fraction = Fraction(0)
    correction: Fraction | None = None

    def __str__(self) -> str:
        rest = "exponential" if self.correction is None else f"c^-{self.correction}"
        return f"degree {self.degree}, relative correction {rest}"


ZERO = Order()


def earliest(*corrections: Fraction | None) -> Fraction | None:
    """The order of the first correction among several: the smallest exponent, None where there is none."""
    present = [correction for correction in corrections if correction is not None]
    return min(present) if present else None


def product(first: Order, second: Order) -> Order:
    """Degrees add: the corrected product lemma, with the relative error of Claim `product-lemma`."""
    return Order(first.degree + second.degree, earliest(first.correction, second.correction))


def quotient(first: Order, second: Order) -> Order:
    """Degrees subtract."""
    return Order(first.degree - second.degree, earliest(first.correction, second.correction))


def power(order: Order, exponent: Fraction) -> Order:
    """Degrees are multiplied by the exponent."""
    return Order(order.degree * exponent, order.correction)


def dominant(first: Order, second: Order) -> Order:
    """A sum keeps the higher degree; the other summand becomes a correction of the difference of degrees."""
    if first.degree == second.degree:
        return Order(first.degree, earliest(first.correction, second.correction))
    high, low = (first, second) if first.degree > second.degree else (second, first)
    return Order(high.degree, earliest(high.correction, high.degree - low.degree))


def leading_sum(a: Tensor | float, first: Order, b: Tensor | float, second: Order) -> tuple[Tensor, Order]:
    """The leading part of a + b. An exact zero changes nothing; minus infinity (a mask) survives any degree."""
    for (x, order), y in (((a, first), b), ((b, second), a)):
        if not isinstance(y, Tensor) and y == 0:
            return x, order
    if first.degree == second.degree:
        return a + b, dominant(first, second)
    high, low = (a, b) if first.degree > second.degree else (b, a)
    zero = torch.zeros_like(torch.as_tensor(low, dtype=torch.float64))
    masked = torch.where(torch.as_tensor(low) == -math.inf, low, zero)
    return high + masked, dominant(first, second)


def limit_of_softmax(scores: Tensor, order: Order, dim: int) -> tuple[Tensor, Order]:
    """Softmax of scores of positive degree tends to the uniform weights over their ties (saturated
    attention).
    """
    if order.degree < 0:
        raise SaturationError(
            "Scores of negative degree vanish in the limit; their softmax does not saturate."
        )
    if order.degree == 0:
        return torch.softmax(scores, dim), order
    if dim not in (-1, scores.ndim - 1):
        scores = scores.transpose(dim, -1)
        weights = saturated_softmax(scores, _visible(scores), TIE_TOLERANCE)
        return weights.transpose(dim, -1), ZERO
    return saturated_softmax(scores, _visible(scores), TIE_TOLERANCE), ZERO


def _visible(scores: Tensor) -> Tensor:
    return scores > -math.inf


def limit_of_squashing(function, x: Tensor, order: Order, low: float, high: float) -> tuple[Tensor, Order]:
    """A sigmoid-like function of positive degree tends to a step with the mean of its two values at zero."""
    if order.degree < 0:
        raise SaturationError(
            "An argument of negative degree vanishes in the limit; nothing saturates there."
        )
    if order.degree == 0:
        return function(x), order
    return (high - low) * (torch.sign(x) + 1) / 2 + low, ZERO


def limit_of_gate(function, x: Tensor, order: Order) -> tuple[Tensor, Order]:
    """GELU and SiLU: function(c z) / c tends to ReLU(z), with an exponentially small error away from z = 0."""
    if order.degree < 0:
        raise SaturationError(
            "An argument of negative degree vanishes in the limit; nothing saturates there."
        )
    return (function(x), order) if order.degree == 0 else (torch.relu(x), order)


def limit_of_layer_norm(
    x: Tensor, order: Order, shape, gain: tuple | None, bias: tuple | None, eps: float
) -> tuple[Tensor, Order]:
    """LayerNorm of degree k has degree 0 (C5), its eps being a relative correction c^-2k; then gain, then
    bias.
    """
    kept = eps if order.degree == 0 else 0.0
    value = torch.nn.functional.layer_norm(x, shape, eps=kept)
    faded = 2 * order.degree if eps > 0 and order.degree > 0 else None
    result = value, Order(Fraction(0), earliest(order.correction, faded))
    if gain is not None:
        result = result[0] * gain[0], product(result[1], gain[1])
    return result if bias is None else leading_sum(*result, *bias)
