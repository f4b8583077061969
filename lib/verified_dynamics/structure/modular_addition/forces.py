"""Two forces between sum points, clustering and alignment, and the energy of the first.

All fields take sum points (..., P, 2) and the coupling R (..., P, P) of `coupling`, and give forces (..., P, 2).
"""

import torch
from torch import Tensor


def clustering(points: Tensor, coupling: Tensor, *, sigma: float = 1.0) -> Tensor:
    r"""sum_t R_st exp(-|s-t|^2 / (2 sigma^2)) (t - s) / sigma^2: pairs of one class move together."""
    weight = _gaussian(points, sigma).mul_(coupling)
    return (weight @ points - weight.sum(-1, keepdim=True) * points) / sigma**2


def clustering_energy(points: Tensor, coupling: Tensor, *, sigma: float = 1.0) -> Tensor:
    r"""V = -1/2 sum_{s,t} R_st exp(-|s-t|^2 / (2 sigma^2)) (...,); `clustering` is minus its gradient."""
    return -(coupling * _gaussian(points, sigma)).sum((-2, -1)) / 2


def alignment(points: Tensor, coupling: Tensor) -> Tensor:
    r"""The part orthogonal to s of sum_t R_st (pi - theta_st)/(2 pi) t: pairs of one class turn to one direction.

    theta_st is the angle between s and t. A sum point at the origin has no direction and feels no force.
    """
    direction = torch.atan2(points[..., 1], points[..., 0])
    # pi - theta = | |difference of the polar angles| - pi |: no arccos, whose slope is infinite at parallel points.
    opening = (direction.unsqueeze(-1) - direction.unsqueeze(-2)).abs_().sub_(torch.pi).abs_()
    pull = opening.mul_(coupling) @ points / (2 * torch.pi)
    squared = points.square().sum(-1, keepdim=True)
    radial = (pull * points).sum(-1, keepdim=True) / torch.where(
        squared > 0, squared, torch.ones_like(squared)
    )
    return torch.where(squared > 0, pull - radial * points, torch.zeros_like(points))


def _gaussian(points: Tensor, sigma: float) -> Tensor:
    half = points.square().sum(-1) / 2
    exponent = points @ points.transpose(
        -1, -2
    )  # s . t - |s|^2 / 2 - |t|^2 / 2, in place: the pairs fill the cache
    exponent = exponent.sub_(half.unsqueeze(-1)).sub_(half.unsqueeze(-2)).div_(sigma**2)
    return exponent.clamp_max_(0.0).exp_()
