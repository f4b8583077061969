"""The common setting: small networks on the bundled digits, their scale groups, and gradient flow."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from verified_dynamics.data import digits
from verified_dynamics.ensemble import Ensemble
from verified_dynamics.models import MLP
from verified_dynamics.symmetry.rescaling_invariance.scale_groups import ScaleGroups
from verified_dynamics.symmetry.rescaling_invariance.tracing import scale_groups

CHAPTER = "symmetry/rescaling-invariance"


def digits_batch(samples: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """The first digits: pixels (n, 64) and classes (n,)."""
    data = digits(limit=samples)
    return data.x.to(device), data.y.to(device)


def digit_networks(
    width: int, seeds: Sequence[int], device: torch.device, activation: str = "relu"
) -> Ensemble:
    """Networks 64-width-width-10, one per seed."""
    return Ensemble.build(
        lambda generator: MLP((64, width, width, 10), activation=activation, generator=generator),
        seeds,
        device=device,
    )


def digit_groups(width: int) -> ScaleGroups:
    """Scale groups of the ReLU network 64-width-width-10; also used where another activation is the control."""
    return scale_groups(MLP((64, width, width, 10), generator=torch.Generator().manual_seed(0)))


def cross_entropy(model: Callable[[Tensor], Tensor], x: Tensor, y: Tensor) -> Tensor:
    """Mean cross-entropy of one network."""
    return F.cross_entropy(model(x), y)


def generator(seed: int, stream: int) -> torch.Generator:
    """A CPU generator for the draws of one experiment (``stream``) at one seed."""
    return torch.Generator().manual_seed(7919 * (stream + 1) + seed)


def flow_step(
    ensemble: Ensemble, gradients: Callable[[Ensemble], Mapping[str, Tensor]], step_size: float
) -> None:
    """One classical Runge-Kutta step (order four) of θ' = −∇L, in place."""
    start = ensemble.parameters

    def slope(shift: float, along: Mapping[str, Tensor] | None) -> Mapping[str, Tensor]:
        at = start if along is None else {name: p - shift * along[name] for name, p in start.items()}
        return gradients(Ensemble(ensemble.module, at, ensemble.buffers, ensemble.seeds))

    first = slope(0.0, None)
    second = slope(step_size / 2, first)
    third = slope(step_size / 2, second)
    fourth = slope(step_size, third)
    ensemble.parameters = {
        name: p - step_size / 6 * (first[name] + 2 * second[name] + 2 * third[name] + fourth[name])
        for name, p in start.items()
    }
