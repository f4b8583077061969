"""Runs about the criterion: the divergence of the whole path-magnitude matrix against J, and the curvature of J."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import xarray as xr
from torch import Tensor, nn

from verified_dynamics.experiments import Profile, Tolerance, experiment
from verified_dynamics.models import MLP
from verified_dynamics.symmetry.path_conditioned_training.experiments.setting import CHAPTER, generator
from verified_dynamics.symmetry.path_conditioned_training.objective import Objective
from verified_dynamics.symmetry.path_conditioned_training.path_diagonal import path_diagonal
from verified_dynamics.symmetry.path_conditioned_training.path_kernel import lifting_jacobian
from verified_dynamics.symmetry.rescaling_invariance import scale_groups

_WIDTHS = (3, 4, 3, 2)
_EPSILON = 1e-3  # relative to the largest magnitude: what makes the singular G positive definite


@experiment(
    "criterion-identities",
    chapter=CHAPTER,
    smoke=Profile(seeds=4, settings={"spread": 0.7}),
    full=Profile(seeds=64, settings={"spread": 0.7}),
    tolerances={
        "divergence_error": Tolerance(atol=1e-10),
        "frobenius_gap": Tolerance(rtol=1e-6),
        "hessian_error": Tolerance(atol=1e-11),
        "curvature_ratio": Tolerance(rtol=1e-6),
        "frozen_ratio": Tolerance(atol=1e-12),
    },
)
def criterion_identities(cell: dict, seeds: Sequence[int], device: torch.device) -> xr.Dataset:
    """Seeds vary; measured is what J leaves out of the divergence, and the Hessian of J, on the net 3-4-3-2.

    The divergence is that of the whole matrix G + εI, transported by random scales and multiplied by the best factor.
    The curvature ratio is the smallest over the largest eigenvalue for the net without biases, with all layers counted
    and with the first layer frozen.
    """
    rows = [_measured(seed, cell["spread"]) for seed in seeds]
    return xr.Dataset({name: ("seed", [row[name] for row in rows]) for name in rows[0]})


def _measured(seed: int, spread: float) -> dict[str, float]:
    g = generator(seed, stream=6)
    model, bare = (_network(g, bias=bias) for bias in (True, False))
    x = torch.zeros(1, _WIDTHS[0], dtype=torch.float64)
    groups = scale_groups(model, x)
    z = 2 * spread * torch.randn(groups.count, generator=g, dtype=torch.float64)
    matrix = _path_magnitude_matrix(model)
    moved = _transported(matrix, groups.diagonal((z / 2).exp()), model)
    by_name = _split(matrix.diagonal(), model)
    objective = Objective.build(groups, by_name)
    change = _best_divergence(moved) - _best_divergence(matrix)
    expected = objective.value(z) - objective.value(torch.zeros_like(z))
    diagonals = [torch.diag(m.diagonal()) for m in (matrix, moved)]
    frobenius = [_best_frobenius(b) - _best_frobenius(a) for a, b in ((matrix, moved), diagonals)]
    return {
        "divergence_error": float((change - expected).abs() / expected.abs()),
        "frobenius_gap": float((frobenius[0] - frobenius[1]).abs() / frobenius[1].abs()),
        **_curvatures(bare, x),
    }


def _curvatures(model: nn.Module, x: Tensor) -> dict[str, float]:
    """Hessian of J at zero against p Bᵀ(diag π − ππᵀ)B, and its condition with and without the first layer."""
    groups, diagonal = scale_groups(model, x), path_diagonal(model, x)
    zero = torch.zeros(groups.count, dtype=torch.float64)
    found = torch.func.hessian(Objective.build(groups, diagonal).value)(zero)
    flat = torch.cat([d.flatten() for d in diagonal.values()])
    share = flat / flat.sum()
    # One unit scale at a time: D is exp(−Bz/2), so a scale of e² gives e^{−2B} for that column.
    columns = [groups.diagonal(torch.exp(2 * unit)) for unit in torch.eye(groups.count, dtype=torch.float64)]
    exponents = torch.stack([-torch.cat([c[n].flatten() for n in diagonal]).log() / 2 for c in columns], 1)
    covariance = torch.diag(share) - torch.outer(share, share)
    expected = len(flat) * exponents.T @ covariance @ exponents
    first = next(iter(diagonal))
    counted = {name: torch.full_like(d, name != first, dtype=torch.bool) for name, d in diagonal.items()}
    frozen = torch.func.hessian(Objective.build(groups, diagonal, counted=counted).value)(zero)
    return {
        "hessian_error": float((found - expected).norm() / expected.norm()),
        "curvature_ratio": _ratio(found),
        "frozen_ratio": _ratio(frozen),
    }


def _network(g: torch.Generator, *, bias: bool) -> MLP:
    model = MLP(_WIDTHS, bias=bias, generator=g)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=g, dtype=parameter.dtype))
    return model


def _path_magnitude_matrix(model: nn.Module) -> Tensor:
    """G + εI, (p, p), in the order of the model's parameters."""
    theta = torch.cat([p.detach().flatten() for p in model.parameters()])
    jacobian = lifting_jacobian(theta, _WIDTHS)
    matrix = jacobian.T @ jacobian
    return matrix + _EPSILON * matrix.diagonal().max() * torch.eye(len(matrix), dtype=matrix.dtype)


def _transported(matrix: Tensor, diagonal: dict[str, Tensor], model: nn.Module) -> Tensor:
    inverse = 1 / torch.cat([diagonal[name].flatten() for name, _ in model.named_parameters()])
    return inverse[:, None] * matrix * inverse


def _split(values: Tensor, model: nn.Module) -> dict[str, Tensor]:
    parameters = dict(model.named_parameters())
    parts = values.split([p.numel() for p in parameters.values()])
    return {name: part.view_as(p) for (name, p), part in zip(parameters.items(), parts, strict=True)}


def _best_divergence(matrix: Tensor) -> Tensor:
    """tr X − log det X − p at X = αM with the best factor α = p / tr M."""
    p = len(matrix)
    return p * torch.log(matrix.trace() / p) - torch.logdet(matrix)


def _best_frobenius(matrix: Tensor) -> Tensor:
    """‖αM − I‖² at the best α = tr M / ‖M‖²."""
    return len(matrix) - matrix.trace() ** 2 / matrix.square().sum()


def _ratio(hessian: Tensor) -> float:
    eigenvalues = torch.linalg.eigvalsh(hessian)
    return float(eigenvalues[0] / eigenvalues[-1])
