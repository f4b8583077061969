"""Largest curvature of a loss, plain and measured in a metric that moves along with the rescaling."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.func import grad, jvp, vmap


def sharpness(
    loss: Callable[[Tensor], Tensor],
    points: Tensor,
    *,
    metric: Tensor | None = None,
    iterations: int = 24,
    generator: torch.Generator,
) -> Tensor:
    r"""Largest eigenvalue of :math:`M^{-1/2} \nabla^2 L\, M^{-1/2}` at each of several points, by Lanczos iteration.

    ``loss`` maps a parameter vector (p,) to a scalar; ``points``: (b, p); ``metric``: diagonal of M, (b, p), the
    identity if None; directions with metric zero are left out.  All points start from the same random vector.  With
    a metric that becomes M/d² under θ ↦ d·θ the result is the same along an orbit.  Returns (b,).  Cost:
    ``iterations`` Hessian-vector products per point.
    """
    root = torch.ones_like(points)
    if metric is not None:
        root = torch.where(metric > 0, metric.clamp_min(1e-300).rsqrt(), torch.zeros_like(metric))
    start = torch.randn(points.shape[1], generator=generator, dtype=torch.float64).to(points)
    product = vmap(lambda point, vector: jvp(grad(loss), (point,), (vector,))[1])
    return _lanczos(lambda v: root * product(points, root * v), (root > 0) * start, iterations)


def _lanczos(apply: Callable[[Tensor], Tensor], start: Tensor, iterations: int) -> Tensor:
    """Largest Ritz value of a batch of symmetric operators on (b, p), with full reorthogonalisation."""
    basis = [start / start.norm(dim=1, keepdim=True)]
    diagonal, beside = [], []
    for _ in range(iterations):
        image = apply(basis[-1])
        diagonal.append((image * basis[-1]).sum(1))
        stacked = torch.stack(basis, dim=1)  # (b, steps, p)
        for _ in range(2):  # once is not enough when scales along the orbit differ by 1e4
            image = image - torch.einsum("bkp,bk->bp", stacked, torch.einsum("bkp,bp->bk", stacked, image))
        length = image.norm(dim=1)
        beside.append(length)
        basis.append(image / length.clamp_min(1e-300)[:, None])
    small = torch.diag_embed(torch.stack(diagonal, 1))
    off = torch.diag_embed(torch.stack(beside[:-1], 1), offset=1)
    return torch.linalg.eigvalsh(small + off + off.transpose(1, 2))[:, -1]
