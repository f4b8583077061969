"""An exact sampler of a linear network's localised, tempered posterior: the reference for every other sampler.

The density is exp(−nβ K(w) − (γ/2)‖w − w*‖²) with K = ½‖(W_L…W_1 − W*) S^{1/2}‖², S the second moment of the
inputs.  K is quadratic in each layer, so a layer given the others is Gaussian.  With A the product of the layers
behind it and B that of the layers before it, AᵀA = Q diag(d) Qᵀ and BSBᵀ = P diag(e) Pᵀ make its precision
diagonal: nβ d_i e_j + γ in the coordinates Qᵀ W P.  Each draw updates every layer once; nothing is discretised, so
what remains of error is that of a finite chain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from verified_dynamics.degeneracy.local_learning_coefficient.fibre_points import Layers, layer_product

_SWEEPS_PER_CHUNK = 64


@dataclass(frozen=True)
class GibbsDraws:
    """`losses` (chains, draws): K at each draw.  `conditional_losses` (chains, draws): its mean given the other
    layers, averaged over the layers of a sweep, with the same expectation and less noise.  `centre_loss`: K(w*), zero
    unless a target was given.  `distance` (chains, draws): ‖w − w*‖².  `layers`: each chain's last state,
    (chains, out, in) each.
    """

    n_beta: float
    localization: float
    losses: Tensor
    conditional_losses: Tensor
    centre_loss: float
    distance: Tensor
    layers: Layers

    @property
    def per_chain(self) -> Tensor:
        """λ̂ = nβ E[K] of each chain, (chains,), from the conditional means; measured from K = 0.

        At a centre with K(w*) > 0, which is no minimum, the estimator of the chapter reads nβ K(w*) less.
        """
        return self.n_beta * self.conditional_losses.mean(1)

    @property
    def estimate(self) -> float:
        """λ̂, the mean over chains."""
        return float(self.per_chain.mean())

    @property
    def standard_error(self) -> float:
        """The standard error of `estimate` over the independent chains."""
        return float(self.per_chain.std() / len(self.per_chain) ** 0.5)


def block_gibbs(
    point: Sequence[Tensor],
    *,
    n_beta: float,
    localization: float = 1.0,
    target: Tensor | None = None,
    input_moment: Tensor | None = None,
    chains: int = 64,
    draws: int = 200,
    burn_in: int = 100,
    seed: int = 0,
    device: torch.device | str = "cpu",
) -> GibbsDraws:
    """Samples around `point`, layers (out, in) with the first one first; every chain starts there.

    `target` is W* (default: the product at `point`, which makes it a minimum) and `input_moment` S = E[x xᵀ]
    (default: the identity).  For the empirical loss of regression, S is the inputs' and W* the least squares
    solution; K is then measured from the best linear map.  `n_beta` is nβ for a loss of ½ squared error summed over
    outputs.  Each chain has a generator of its own, so a chain's numbers do not depend on how many run beside it.
    Raises ValueError for temperatures or localisations that give no proper posterior.
    """
    if n_beta <= 0 or localization <= 0:
        raise ValueError("n_beta and localization are positive: without either no posterior is proper.")
    if min(chains, draws) < 1 or burn_in < 0:
        raise ValueError("At least one chain and one draw are needed, and burn_in is not negative.")
    centre = tuple(layer.detach().to(device, torch.float64) for layer in point)
    root = _root(input_moment, centre[0])
    goal = (layer_product(centre) if target is None else target.to(device, torch.float64)) @ root
    state = [layer.expand(chains, *layer.shape).clone() for layer in centre]
    generators = [torch.Generator().manual_seed(seed * 1_000_003 + chain) for chain in range(chains)]
    traces = []
    for start in range(0, burn_in + draws, _SWEEPS_PER_CHUNK):
        count = min(_SWEEPS_PER_CHUNK, burn_in + draws - start)
        noise = _noise(generators, count, centre)
        for sweep in range(count):
            means = [
                _update(state, k, centre[k], [n[:, sweep] for n in noise], root, goal, n_beta, localization)
                for k in range(len(state))
            ]
            if start + sweep >= burn_in:
                loss = ((layer_product(state) @ root - goal) ** 2).sum((1, 2)) / 2
                distance = sum(((w - c) ** 2).sum((1, 2)) for w, c in zip(state, centre, strict=True))
                traces.append(torch.stack((loss, torch.stack(means).mean(0), distance)))
    losses, conditional, distance = torch.stack(traces, dim=-1).cpu()
    centre_loss = float(((layer_product(centre) @ root - goal) ** 2).sum() / 2)
    last = tuple(layer.cpu() for layer in state)
    return GibbsDraws(float(n_beta), float(localization), losses, conditional, centre_loss, distance, last)


def conditional_layer(
    before: Tensor, behind: Tensor, centre: Tensor, goal: Tensor, n_beta: float, localization: float
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """A layer's Gaussian distribution given the others: its mean and variances (chains, out, in) in the coordinates
    QᵀWP, and Q (chains, out, out), P (chains, in, in).

    `before` (chains, in, inputs) is BS^{1/2}, `behind` (chains, outputs, out) is A, `goal` (outputs, inputs) is
    W*S^{1/2} and `centre` (out, in) the layer at w*.
    """
    d, q = torch.linalg.eigh(behind.mT @ behind)
    e, p = torch.linalg.eigh(before @ before.mT)
    precision = n_beta * d.clamp_min(0)[:, :, None] * e.clamp_min(0)[:, None, :] + localization
    linear = n_beta * behind.mT @ goal @ before.mT + localization * centre
    return (q.mT @ linear @ p) / precision, 1 / precision, q, p


def _update(state, index, centre, noise, root, goal, n_beta, localization) -> Tensor:
    """Redraws one layer in place; returns the mean of K given the other layers, (chains,)."""
    chains = len(state[0])
    before = layer_product([root.expand(chains, *root.shape), *state[:index]])
    identity = torch.eye(len(centre), dtype=root.dtype, device=root.device).expand(chains, -1, -1)
    behind = layer_product([identity, *state[index + 1 :]])
    mean, variance, q, p = conditional_layer(before, behind, centre, goal, n_beta, localization)
    residual = behind @ (q @ mean @ p.mT) @ before - goal
    spread = (1 - localization * variance).sum((1, 2)) / n_beta
    state[index] = q @ (mean + variance.sqrt() * noise[index]) @ p.mT
    return ((residual**2).sum((1, 2)) + spread) / 2


def _noise(generators, count: int, centre: Layers) -> list[Tensor]:
    """Standard normal draws, (chains, count, out, in) for each layer, from each chain's own generator."""
    sizes = [layer.numel() for layer in centre]
    flat = torch.stack([torch.randn(count, sum(sizes), generator=g, dtype=torch.float64) for g in generators])
    parts = flat.to(centre[0].device).split(sizes, dim=-1)
    return [part.unflatten(-1, layer.shape) for part, layer in zip(parts, centre, strict=True)]


def _root(input_moment: Tensor | None, first: Tensor) -> Tensor:
    """S^{1/2}, or the identity."""
    if input_moment is None:
        return torch.eye(first.shape[1], dtype=first.dtype, device=first.device)
    values, vectors = torch.linalg.eigh(input_moment.to(first.device, first.dtype))
    return vectors @ torch.diag(values.clamp_min(0).sqrt()) @ vectors.T
