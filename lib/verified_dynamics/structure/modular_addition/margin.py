"""The maximum margin of quadratic networks on the addition table, under the L_{2,3} norm (Morwani et al. 2024).

A neuron is a unit vector (u, v, w) in R^{3p} and adds (u_a + v_b)^2 w_c to the score of class c for the pair (a, b).
All p^2 ordered pairs count.
"""

from collections.abc import Sequence
from math import pi, sqrt

import torch
from torch import Tensor


def maximum_margin(prime: int) -> float:
    """gamma* = sqrt(2/27) / (sqrt(p) (p - 1))."""
    return sqrt(2 / 27) / (sqrt(prime) * (prime - 1))


def single_frequency_neurons(prime: int, *, frequencies: Sequence[int] | None = None) -> Tensor:
    """The 4(p - 1) unit neurons of the optimum as rows (u, v, w) (K, 3, p): eight of each frequency.

    Phases (0, 0, 0), (pi/2, 0, pi/2), (0, pi/2, pi/2), (pi/2, pi/2, pi), and each once more with u and w
    negated, which cancels the squares of u and of v.
    """
    frequencies = range(1, (prime - 1) // 2 + 1) if frequencies is None else frequencies
    residues = torch.arange(prime, dtype=torch.float64)
    phases = torch.tensor([[0.0, 0.0], [pi / 2, 0.0], [0.0, pi / 2], [pi / 2, pi / 2]], dtype=torch.float64)
    phases = torch.cat((phases, phases.sum(1, keepdim=True)), 1)  # (4, 3)
    signs = torch.tensor([[1.0, 1.0, 1.0], [-1.0, 1.0, -1.0]], dtype=torch.float64)
    waves = torch.stack(
        [torch.cos(2 * pi * k * residues / prime + phases.unsqueeze(-1)) for k in frequencies]
    )
    neurons = (waves.unsqueeze(2) * signs[:, :, None]).flatten(0, 2)  # (K, 3, p)
    return neurons * sqrt(2 / (3 * prime))


def normalised_margin(neurons: Tensor) -> Tensor:
    """Smallest score difference between the right class and another, over the sum of the cubed norms (...,).

    neurons: (..., K, 3, p).
    """
    prime = neurons.shape[-1]
    u, v, w = neurons.unbind(-2)
    hidden = (u.unsqueeze(-1) + v.unsqueeze(-2)).square()  # (..., K, p, p)
    scores = torch.einsum("...kab,...kc->...abc", hidden, w)
    right = scores.gather(-1, _answers(prime).expand(scores.shape[:-1]).unsqueeze(-1))
    others = scores.scatter(-1, _answers(prime).expand(scores.shape[:-1]).unsqueeze(-1), -torch.inf)
    smallest = (right.squeeze(-1) - others.amax(-1)).amin((-2, -1))
    return smallest / torch.linalg.vector_norm(neurons.flatten(-2), dim=-1).pow(3).sum(-1)


def mean_margin(neurons: Tensor) -> Tensor:
    """Right score minus the mean of the other classes, averaged over all pairs (...,), neurons (..., 3, p).

    No network of unit total norm has a margin above the largest mean margin of a unit neuron, which is gamma*.
    """
    prime = neurons.shape[-1]
    u, v, w = neurons.unbind(-2)
    hidden = (u.unsqueeze(-1) + v.unsqueeze(-2)).square()  # (..., p, p)
    right = (hidden * w[..., _answers(prime)]).mean((-2, -1))
    everything = hidden.mean((-2, -1)) * w.sum(-1)
    return (right * prime - everything) / (prime - 1)


def best_neurons(seeds: Sequence[int], prime: int, *, restarts: int = 16, steps: int = 400) -> Tensor:
    """Unit neurons with the largest mean margin that gradient ascent finds from random starts (s, 3, p)."""
    draws = [torch.Generator().manual_seed(int(seed) + 2**44) for seed in seeds]
    starts = [torch.randn(restarts, 3, prime, generator=draw, dtype=torch.float64) for draw in draws]
    neurons = _unit(torch.stack(starts))
    for _ in range(steps):
        neurons = neurons.detach().requires_grad_()
        (slope,) = torch.autograd.grad(mean_margin(neurons).sum(), neurons)
        # The margin is a cubic form: its normalised gradient is the next iterate of the power method.
        neurons = _unit(neurons.detach() + _unit(slope))
    best = mean_margin(neurons).argmax(-1)
    return neurons[torch.arange(len(best)), best]


def two_frequency_neurons(seeds: Sequence[int], prime: int) -> Tensor:
    """Unit neurons with two frequencies of equal power and the best phases of each (s, 3, p)."""
    found = []
    for seed in seeds:
        draw = torch.Generator().manual_seed(int(seed) + 2**45)
        chosen = 1 + torch.randperm((prime - 1) // 2, generator=draw)[:2]
        phase = 2 * pi * torch.rand(2, 2, generator=draw, dtype=torch.float64)
        phase = torch.cat((phase, phase.sum(1, keepdim=True)), 1)  # (2, 3)
        turns = 2 * pi * chosen.double()[:, None, None] * torch.arange(prime, dtype=torch.float64) / prime
        found.append(_unit(torch.cos(turns + phase.unsqueeze(-1)).sum(0)))
    return torch.stack(found)


def power_of_best_frequency(neurons: Tensor) -> Tensor:
    """Share of the strongest frequency in the power of each neuron, summed over u, v and w (...,)."""
    power = torch.fft.rfft(neurons, dim=-1).abs().square().sum(-2)
    return power[..., 1:].amax(-1) / power.sum(-1)


def phase_mismatch(neurons: Tensor) -> Tensor:
    """|phase of u + phase of v - phase of w| at the strongest frequency, in radians (...,)."""
    wave = torch.fft.rfft(neurons, dim=-1)
    best = wave.abs().square().sum(-2)[..., 1:].argmax(-1) + 1
    u, v, w = wave.gather(-1, best[..., None, None].expand(*wave.shape[:-1], 1)).squeeze(-1).unbind(-1)
    return torch.angle(u * v * w.conj()).abs()


def _answers(prime: int) -> Tensor:
    residues = torch.arange(prime)
    return (residues.unsqueeze(1) + residues) % prime


def _unit(neurons: Tensor) -> Tensor:
    return neurons / torch.linalg.vector_norm(neurons, dim=(-2, -1), keepdim=True)
