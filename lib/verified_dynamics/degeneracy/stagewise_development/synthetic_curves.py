"""Curves whose stages are known: steps of logistic form in log(1 + t), and smooth curves without a boundary."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

SMOOTH = ("power law", "logistic", "logarithm")


@dataclass(frozen=True, eq=False)
class LogisticSteps:
    """f(u) = sum_i height_i / (1 + exp(-(u - centre_i) / width)), u = log(1 + t): plateaus between its steps."""

    centres: np.ndarray
    heights: np.ndarray
    width: float

    def __call__(self, u: np.ndarray) -> np.ndarray:
        """f at u (n,)."""
        z = (np.asarray(u)[:, None] - self.centres) / self.width
        return (self.heights / (1 + np.exp(-z))).sum(axis=1)

    def slope(self, u: np.ndarray) -> np.ndarray:
        """df/du at u (n,)."""
        z = (np.asarray(u)[:, None] - self.centres) / (2 * self.width)
        return (self.heights / (4 * self.width) / np.cosh(z) ** 2).sum(axis=1)


def random_steps(
    rng: np.random.Generator, *, range_: float, steps: int = 3, width: float = 0.25
) -> LogisticSteps:
    """`steps` steps at places 12 widths or more apart inside (0, range_), with heights of 1 to 2 and random signs."""
    margin, gap = 5 * width, 12 * width
    free = range_ - 2 * margin - (steps - 1) * gap
    if free < 0:
        raise ValueError(f"{steps} steps of width {width} do not fit into a range of {range_:.3g}.")
    centres = margin + np.sort(rng.uniform(0, free, steps)) + gap * np.arange(steps)
    heights = rng.uniform(1, 2, steps) * rng.choice([-1.0, 1.0], steps)
    return LogisticSteps(centres, heights, width)


def smooth_curve(kind: str, rng: np.random.Generator, u: np.ndarray) -> np.ndarray:
    """A monotone curve f(u) (n,) without any boundary: one of `SMOOTH`, with random parameters and a random sign.

    "power law": (1 + t)^-a, a from 0.1 to 1; "logistic": one step of width 0.3 to 2 in u; "logarithm": u itself.
    """
    sign, range_ = rng.choice([-1.0, 1.0]), u[-1] - u[0]
    if kind == "power law":
        return sign * np.exp(-rng.uniform(0.1, 1.0) * u)
    if kind == "logistic":
        centre, width = u[0] + rng.uniform(0.2, 0.8) * range_, rng.uniform(0.3, 2.0)
        return sign / (1 + np.exp(-(u - centre) / width))
    if kind == "logarithm":
        return sign * u
    raise ValueError(f"kind must be one of {', '.join(SMOOTH)}, but it is {kind!r}.")


def detectable_separation(width: float, range_: float, flat: float) -> float:
    """The distance of two equal logistic steps from which on the slope between them is `flat` times its mean.

    4 w arccosh(sqrt(X / (4 flat w))) for a range X that holds both steps: our own, from the slope at the middle.
    """
    return float(4 * width * np.arccosh(np.sqrt(range_ / (4 * flat * width))))


def noisy(curves: Sequence[np.ndarray], noise: float, rng: np.random.Generator) -> np.ndarray:
    """The curves (curves, n) with independent normal noise, its deviation a share `noise` of each curve's range."""
    stacked = np.array(curves)
    spread = np.ptp(stacked, axis=1, keepdims=True)
    return stacked + noise * spread * rng.standard_normal(stacked.shape)
