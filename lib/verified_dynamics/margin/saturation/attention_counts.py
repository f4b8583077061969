"""How many positions a saturated head attends to, under a mask that hides and under one that multiplies by
zero.
"""

import torch
from torch import Tensor, nn

from verified_dynamics.margin.saturation.forward import leading_forward
from verified_dynamics.margin.saturation.scaling import SaturationError, saturate
from verified_dynamics.models.attention import AttentionWeights


def one_minus_cosine(first: Tensor, second: Tensor) -> Tensor:
    """1 - cos along the last dimension, as half the squared distance of the unit vectors: (..., m) -> (...).

    The textbook quotient loses everything below 1e-16; this form is accurate to the square of that.
    """
    unit = [v / torch.linalg.vector_norm(v, dim=-1, keepdim=True) for v in (first, second)]
    return (unit[0] - unit[1]).square().sum(dim=-1) / 2


@torch.no_grad()
def saturation_gap(model: nn.Module, *inputs: Tensor, scale: float = 1.0, call=None) -> Tensor:
    """Mean over positions of 1 - cos(f(x; c θ), sf(x; θ)) at the scale c, for the output or a method's
    output.

    sf is the exact saturated output. At scale 1 this is one minus the saturation of Merrill et al. 2021,
    section 5.
    """
    saturated, _ = leading_forward(model, *inputs, call=call)
    with saturate(model, scale=scale):
        return one_minus_cosine((call or model)(*inputs), saturated).mean()


@torch.no_grad()
def tied_sets(model: nn.Module, *inputs: Tensor, call=None) -> Tensor:
    """Which positions each saturated head attends to: boolean (layers, n, heads, T, T), query before key.

    Needs the same shape of attention in every layer. For tokens x: (n, T).
    """
    _, mode = leading_forward(model, *inputs, call=call)
    return torch.stack([weights > 0 for weights in mode.ties])


def head_counts(ties: Tensor) -> Tensor:
    """Mean number of attended positions of each head: (layers, n, heads, T, T) -> (layers, heads)."""
    return ties.sum(dim=-1).double().mean(dim=(1, 3))


def split_fraction(ties: Tensor) -> Tensor:
    """Fraction of queries that attend to more than one position, per head: (layers, n, heads, T, T) ->
    (layers, heads).
    """
    return (ties.sum(dim=-1) > 1).double().mean(dim=(1, 3))


def tie_kinds(ties: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Of the queries with more than one attended position: how many there are, how many attend to exactly the
    later positions, and how many to exactly the earlier ones and themselves; each a scalar count.
    """
    T = ties.shape[-1]
    past = torch.ones(T, T, dtype=torch.bool, device=ties.device).tril()
    several = ties.sum(dim=-1) > 1
    future_only = (ties == ~past).all(dim=-1) & several
    past_only = (ties == past).all(dim=-1) & several
    return several.sum(), future_only.sum(), past_only.sum()


def causal_uniform(T: int) -> tuple[float, float]:
    """Mean count (T+1)/2 and split fraction (T-1)/T of a head that is uniform over the visible prefix."""
    return (T + 1) / 2, (T - 1) / T


def future_uniform(T: int) -> tuple[float, float]:
    """Mean count (T(T-1)/2 + 1)/T and split fraction (T-2)/T of a head that is uniform over later positions.

    Position t of 0, …, T-1 has T-1-t later ones; the last has none and keeps its single largest score.
    """
    return (T * (T - 1) / 2 + 1) / T, (T - 2) / T


@torch.no_grad()
def relative_entropy(model: nn.Module, *inputs: Tensor) -> Tensor:
    """Entropy of each unsaturated head over log of the number of visible positions, averaged over rows:
    (layers, heads).

    1 is uniform attention and 0 attention to a single position; it needs modules of
    `models.AttentionWeights`. Rows that see a single position are left out.
    """
    found: list[Tensor] = []
    handles = [
        module.register_forward_hook(lambda m, x, weights: found.append(weights))
        for module in model.modules()
        if isinstance(module, AttentionWeights)
    ]
    try:
        model(*inputs)
    finally:
        for handle in handles:
            handle.remove()
    if not found:
        raise SaturationError("The model has no AttentionWeights module whose weights could be read.")
    weights = torch.stack(found)[..., 1:, :]  # (layers, n, heads, T - 1, T)
    visible = (weights > 0).sum(-1).clamp(min=2).log()
    entropy = -torch.special.xlogy(weights, weights).sum(-1) / visible
    return entropy.mean(dim=(1, 3))
