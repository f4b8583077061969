"""Deep ReLU networks, many at a time, followed along the gradient of the log-loss."""

import math
from dataclasses import dataclass
from itertools import pairwise

import torch

Parameters = list[torch.Tensor]


@dataclass(frozen=True)
class FlowPath:
    """Records of `follow`, each (s, T): log-loss, log |theta|, smallest margin, log t of gradient flow."""

    log_loss: torch.Tensor
    log_norm: torch.Tensor
    smallest_margin: torch.Tensor
    log_time: torch.Tensor

    def log_smoothed_margin(self, degree: float) -> torch.Tensor:
        """log(log(1/loss) / |theta|^degree) (s, T); NaN where the loss is one or more (Lyu and Li 2020, equation 3)."""
        return torch.log((-self.log_loss).where(self.log_loss < 0, torch.nan)) - degree * self.log_norm

    def normalised_margin(self, degree: float) -> torch.Tensor:
        """smallest margin / |theta|^degree (s, T)."""
        return self.smallest_margin * torch.exp(-degree * self.log_norm)


def initial_parameters(
    seeds, *, widths: tuple[int, ...], biases: bool = False, scale: float = 1.0
) -> Parameters:
    """Per layer Gaussian weights (s, m_out, m_in) of variance scale^2/m_in, and biases (s, m_out, 1)."""
    layers: list[list[torch.Tensor]] = []
    for seed in seeds:
        generator = torch.Generator().manual_seed(int(seed))
        drawn = []
        for m_in, m_out in pairwise(widths):
            drawn.append(
                scale * torch.randn(m_out, m_in, generator=generator, dtype=torch.float64) / m_in**0.5
            )
            if biases:
                drawn.append(scale * torch.randn(m_out, 1, generator=generator, dtype=torch.float64))
        layers.append(drawn)
    return [torch.stack(tensors) for tensors in zip(*layers, strict=True)]


def outputs(parameters: Parameters, x: torch.Tensor, *, biases: bool = False) -> torch.Tensor:
    """(s, n) scalar outputs of the ReLU networks on x (s, n, d). Without biases of degree L = number of layers."""
    hidden = x.transpose(-1, -2)  # (s, d, n)
    stride = 2 if biases else 1
    for i in range(0, len(parameters), stride):
        hidden = parameters[i] @ hidden  # (s, m, n)
        if biases:
            hidden = hidden + parameters[i + 1]
        if i + stride < len(parameters):
            hidden = hidden.relu()
    return hidden.squeeze(-2)


def follow(parameters: Parameters, x: torch.Tensor, y: torch.Tensor, *, steps: int, step: float, biases: bool = False,
           every: int = 1) -> FlowPath:  # fmt: skip
    r"""Follow gradient flow of the exponential loss of y_n Phi(theta; x_n) for `steps` Runge-Kutta steps.

    The path of theta' = -grad loss is that of theta' = grad log(1/loss) / (|theta|^(2 L - 2)), L the number of layers,
    whose right-hand side neither vanishes nor stiffens as the loss falls; `step` is the step in that clock, and
    log t = log integral of d(clock) / (loss |theta|^(2 L - 2)) is carried along.
    x: (s, n, d), y: (s, n) of +-1. Records every `every` steps, the start included.
    """
    layers = len(parameters) // (2 if biases else 1)
    records, log_time, previous = (
        [],
        torch.full(x.shape[:1], -torch.inf, dtype=x.dtype, device=x.device),
        None,
    )
    for k in range(steps + 1):
        log_loss, margins, speed = _log_loss(parameters, x, y, biases)
        slow = _norm(parameters) ** (2 * layers - 2)  # (s,)
        log_rate = -log_loss - slow.log()  # log of dt / d(clock)
        if previous is not None:
            log_time = torch.logaddexp(log_time, math.log(step) + _log_of_mean(previous, log_rate))
        previous = log_rate
        if k % every == 0:
            records.append(torch.stack([log_loss, _norm(parameters).log(), margins.min(-1).values, log_time]))
        if k < steps:
            parameters = _runge_kutta(parameters, x, y, biases, layers, step, _slowed(speed, slow))
    return FlowPath(*torch.stack(records, dim=-1))


def _log_loss(parameters, x, y, biases):
    """log loss (s,), margins (s, n), and the ascent direction -grad log loss of each parameter."""
    with torch.enable_grad():
        leaves = [w.detach().requires_grad_() for w in parameters]
        margins = y * outputs(leaves, x, biases=biases)
        log_loss = torch.logsumexp(-margins, dim=-1)
        ascent = torch.autograd.grad(-log_loss.sum(), leaves)
    return log_loss.detach(), margins.detach(), ascent


def _log_of_mean(start, end):
    """log of the mean of exp over a segment on which the exponent goes linearly from start to end."""
    rise = (end - start).abs().clamp_min(1e-9)
    return torch.maximum(start, end) + torch.log(-torch.expm1(-rise) / rise)


def _norm(parameters):
    return torch.stack([w.flatten(1).square().sum(1) for w in parameters]).sum(0).sqrt()  # (s,)


def _slowed(speed, slow):
    return [g / slow.view(-1, 1, 1) for g in speed]


def _runge_kutta(parameters, x, y, biases, layers, h, first):
    def field(offset, factor):
        moved = [w + factor * g for w, g in zip(parameters, offset, strict=True)]
        return _slowed(_log_loss(moved, x, y, biases)[2], _norm(moved) ** (2 * layers - 2))

    second = field(first, h / 2)
    third = field(second, h / 2)
    fourth = field(third, h)
    slopes = zip(parameters, first, second, third, fourth, strict=True)
    return [w + h / 6 * (a + 2 * (b + c) + d) for w, a, b, c, d in slopes]
