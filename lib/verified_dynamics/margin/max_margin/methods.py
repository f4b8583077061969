"""Discrete methods on the log of the exponential loss, many data sets at a time."""

import math
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Path:
    """Iterates of one method: steps (T,), w (..., T, d), log_loss (..., T) of the summed exponential loss."""

    steps: tuple[int, ...]
    w: torch.Tensor
    log_loss: torch.Tensor


@dataclass(frozen=True)
class GradientDescent:
    """w += eta X^T exp(-X w): the plain method with a constant step size."""

    learning_rate: float

    def start(self, w):
        return ()

    def step(self, w, state, x, k):
        h, log_loss = _direction(x, w)
        return w + self.learning_rate * log_loss.exp().unsqueeze(-1) * h, state


@dataclass(frozen=True)
class NormalisedDescent:
    """w += eta_k X^T softmax(-X w), eta_k = eta / (k + 1)^decay, with heavy-ball momentum (Nacson et al. 2019)."""

    learning_rate: float = 1.0
    decay: float = 0.0
    momentum: float = 0.0

    def start(self, w):
        return torch.zeros_like(w)

    def step(self, w, velocity, x, k):
        velocity = self.momentum * velocity + self.learning_rate / (k + 1) ** self.decay * _direction(x, w)[0]
        return w + velocity, velocity


@dataclass(frozen=True)
class DualAcceleration:
    """g <- k/(k+1) (g + h), w += eta (g + h) with h = X^T softmax(-X w) (Ji, Srebro and Telgarsky 2021)."""

    learning_rate: float = 1.0

    def start(self, w):
        return torch.zeros_like(w)

    def step(self, w, g, x, k):
        h, _ = _direction(x, w)
        g = k / (k + 1) * (g + h)
        return w + self.learning_rate * (g + h), g


@dataclass(frozen=True)
class SignDescent:
    """w += eta / (k + 1)^decay sign(X^T softmax(-X w)): steepest descent in the maximum norm."""

    learning_rate: float = 0.5
    decay: float = 0.5

    def start(self, w):
        return ()

    def step(self, w, state, x, k):
        return w + self.learning_rate / (k + 1) ** self.decay * _direction(x, w)[0].sign(), state


@dataclass(frozen=True)
class DiagonalNet:
    """w = a*a - b*b elementwise, normalised descent on (a, b) from a = b = initial (Gunasekar et al. 2018)."""

    learning_rate: float = 0.01
    initial: float = 0.1

    def start(self, w):
        return (torch.full_like(w, self.initial), torch.full_like(w, self.initial))

    def step(self, w, state, x, k):
        a, b = state
        pull = (
            2
            * self.learning_rate
            * _direction(x, w)[0]
            / (a.square() + b.square()).sum(-1, keepdim=True).sqrt()
        )
        a, b = a + pull * a, b - pull * b
        return a.square() - b.square(), (a, b)


def descend(x: torch.Tensor, method, *, steps: int, record_at) -> Path:
    """Run `method` from w = 0 for `steps` steps on every data set x (..., n, d); record after the given step counts.

    `record_at`: step counts between 1 and `steps`. Raises ValueError where they or the data do not fit.
    """
    if x.ndim < 2 or 0 in x.shape or not x.is_floating_point():
        shape = tuple(x.shape)
        raise ValueError(
            f"The data must be floating-point of the shape (..., samples, features), not {shape}."
        )
    wanted = sorted({int(k) for k in record_at})
    if not wanted or wanted[0] < 1 or wanted[-1] > steps:
        raise ValueError(f"The recorded steps must lie between 1 and {steps}.")
    w = torch.zeros_like(x[..., 0, :])
    state, recorded, pending = method.start(w), [], set(wanted)
    for k in range(steps):
        w, state = method.step(w, state, x, k)
        if k + 1 in pending:
            recorded.append(w)
    w = torch.stack(recorded, dim=-2)  # (..., T, d)
    log_loss = torch.logsumexp(-(w @ x.transpose(-1, -2)), dim=-1)  # (..., T)
    return Path(tuple(wanted), w, log_loss)


def geometric_steps(first: int, last: int, count: int) -> tuple[int, ...]:
    """About `count` distinct step counts from `first` to `last`, evenly spaced in their logarithm."""
    exponents = (math.log(first) + (math.log(last) - math.log(first)) * i / (count - 1) for i in range(count))
    return tuple(sorted({round(math.exp(e)) for e in exponents}))


def _direction(x, w):
    """-grad log L = X^T softmax(-X w) (..., d), and log L (...), without forming L."""
    negative = -(x @ w.unsqueeze(-1)).squeeze(-1)  # (..., n)
    return (torch.softmax(negative, dim=-1).unsqueeze(-2) @ x).squeeze(-2), torch.logsumexp(negative, dim=-1)
