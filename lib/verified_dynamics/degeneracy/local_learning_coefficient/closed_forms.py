"""Exact learning coefficients, as fractions, of the families whose value is known in closed form.

Every value belongs to a loss that is measured from its minimum, K(w) = L(w) − L(w*), in a neighbourhood of the most
degenerate minimum, except where a function says "local".  A linear network's loss is K = ½‖W_L…W_1 − W*‖², that of
regression with standard normal inputs and unit noise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt


@dataclass(frozen=True, order=True)
class Degeneracy:
    """How a volume shrinks: vol{K ≤ ε} ~ c ε^coefficient (−log ε)^(multiplicity − 1)."""

    coefficient: Fraction
    multiplicity: int

    def __str__(self) -> str:
        return f"λ = {self.coefficient}, m = {self.multiplicity}"


def monomial(powers: Sequence[int], prior_powers: Sequence[int] | None = None) -> Degeneracy:
    """Of K = ∏ w_i^{2 k_i} for `powers` k, with a prior density ∏ |w_i|^{h_i} near zero for `prior_powers` h.

    λ = min (h_i + 1)/(2 k_i) over the i with k_i > 0, and m counts the coordinates that attain it.  Raises
    ValueError where no power is positive or the two sequences differ in length.
    """
    prior_powers = [0] * len(powers) if prior_powers is None else prior_powers
    if len(powers) != len(prior_powers):
        raise ValueError(f"There are {len(powers)} powers and {len(prior_powers)} powers of the prior.")
    if min(powers, default=0) < 0 or not any(powers) or min(prior_powers) <= -1:
        raise ValueError("Powers are not negative, one of them is positive, and the prior can be integrated.")
    ratios = [Fraction(h + 1, 2 * k) for k, h in zip(powers, prior_powers, strict=True) if k]
    return Degeneracy(min(ratios), ratios.count(min(ratios)))


def reduced_rank(inputs: int, hidden: int, outputs: int, rank: int) -> Degeneracy:
    """Of a linear network with one hidden layer whose target matrix has the given rank (Aoyagi and Watanabe, 2005).

    Their four cases, written out.  Raises ValueError where the rank is not attainable.
    """
    _check_rank((inputs, hidden, outputs), rank)
    if inputs + hidden < outputs + rank:
        return Degeneracy(Fraction(hidden * inputs - hidden * rank + outputs * rank, 2), 1)
    if outputs + hidden < inputs + rank:
        return Degeneracy(Fraction(hidden * outputs - hidden * rank + inputs * rank, 2), 1)
    if inputs + outputs < hidden + rank:
        return Degeneracy(Fraction(inputs * outputs, 2), 1)
    eighths = (
        2 * (hidden + rank) * (inputs + outputs) + 2 * inputs * outputs
        - (hidden + rank) ** 2 - inputs**2 - outputs**2
    )  # fmt: skip
    odd = (inputs + hidden + outputs + rank) % 2
    return Degeneracy(Fraction(eighths + odd, 8), 1 + odd)


def reduced_rank_local(
    inputs: int, hidden: int, outputs: int, rank: int, first_rank: int, second_rank: int
) -> Degeneracy:
    """Local value at a point of the fibre BA = W* where A (hidden × inputs) and B (outputs × hidden) have these ranks.

    Two Schur complements split off N a + b(M − a) regular directions (M inputs, N outputs, a = `first_rank`,
    b = `second_rank`) and leave a network of inputs M − a, hidden units H − a − b + r and outputs N − b at zero.
    Raises ValueError where no point of the fibre has these ranks.
    """
    _check_rank((inputs, hidden, outputs), rank)
    if (first_rank, second_rank) not in fibre_ranks(inputs, hidden, outputs, rank):
        raise ValueError(
            f"No minimum has factors of ranks {first_rank} and {second_rank}: each lies between {rank} and the "
            f"factor's smaller side, and their sum is at most {hidden + rank}."
        )
    regular = outputs * first_rank + inputs * second_rank - first_rank * second_rank
    rest = inputs - first_rank, hidden - first_rank - second_rank + rank, outputs - second_rank
    if min(rest) == 0:
        return Degeneracy(Fraction(regular, 2), 1)
    core = reduced_rank(*rest, 0)
    return Degeneracy(Fraction(regular, 2) + core.coefficient, core.multiplicity)


def fibre_ranks(inputs: int, hidden: int, outputs: int, rank: int) -> tuple[tuple[int, int], ...]:
    """All pairs (rank A, rank B) that occur on the fibre BA = W*, sorted."""
    _check_rank((inputs, hidden, outputs), rank)
    return tuple(
        (a, b)
        for a in range(rank, min(inputs, hidden) + 1)
        for b in range(rank, min(hidden, outputs) + 1)
        if a + b <= hidden + rank
    )


def reachable_ranks(
    inputs: int, hidden: int, outputs: int, rank: int, positive: int
) -> tuple[tuple[int, int], ...]:
    """The pairs (rank A, rank B) at which gradient flow from a generic start can end, all with rank A + rank B = H + r.

    The flow conserves D = AAᵀ − BᵀB, so rank A ≥ p = `positive`, the number of D's positive eigenvalues, and
    rank B ≥ H − p.  Between p and p + r the rank of A is not fixed by p: it depends on whether the target's
    directions settle where D is positive or negative.  Raises ValueError where p is not between 0 and H.
    """
    if not 0 <= positive <= hidden:
        raise ValueError(f"D has between 0 and {hidden} positive eigenvalues, not {positive}.")
    return tuple(
        (a, b)
        for a, b in fibre_ranks(inputs, hidden, outputs, rank)
        if a + b == hidden + rank and a >= positive and b >= hidden - positive
    )


def deep_linear(widths: Sequence[int], rank: int) -> Degeneracy:
    """Of a linear network of any depth, W_L…W_1 of shapes `widths[s]` × `widths[s-1]` (Aoyagi, 2024).

    `rank` is the rank of the target matrix.  Raises ValueError where it is not attainable.
    """
    _check_rank(widths, rank)
    excess = sorted(width - rank for width in widths)
    chosen = next(
        excess[:size]
        for size in range(2, len(excess) + 1)
        if sum(excess[:size]) >= (size - 1) * excess[size - 1]
        and (size == len(excess) or sum(excess[:size]) < (size - 1) * excess[size])
    )
    steps, total = len(chosen) - 1, sum(chosen)
    remainder = total - (-(-total // steps) - 1) * steps
    pairs = Fraction(total**2 - sum(value**2 for value in chosen), 2)
    coefficient = (
        Fraction(rank * (widths[0] + widths[-1]) - rank**2, 2)
        + Fraction(remainder * (steps - remainder), 4 * steps)
        - Fraction((steps - 1) * total**2, 4 * steps)
        + pairs / 2
    )
    return Degeneracy(coefficient, remainder * (steps - remainder) + 1)


def tanh_unit_sum(hidden: int) -> Degeneracy:
    """Of Σ a_j tanh(b_j x) with `hidden` units where the truth is zero (Aoyagi and Watanabe).

    λ = (H + i² + i)/(4i + 2) with i the integer part of √H; m = 2 exactly where H is a square.
    """
    if hidden < 1:
        raise ValueError(f"A sum of units has at least one unit, not {hidden}.")
    i = isqrt(hidden)
    return Degeneracy(Fraction(hidden + i**2 + i, 4 * i + 2), 2 if i**2 == hidden else 1)


def _check_rank(widths: Sequence[int], rank: int) -> None:
    if len(widths) < 2 or min(widths) < 1:
        raise ValueError(f"A linear network has at least two widths, all positive, not {tuple(widths)}.")
    if not 0 <= rank <= min(widths):
        raise ValueError(f"The rank lies between 0 and the smallest width {min(widths)}, not {rank}.")
