"""Exact minimisation over all groups of an independent set at once (one colour of the graph after the other)."""

from __future__ import annotations

import torch
from torch import Tensor

from verified_dynamics.symmetry.path_conditioned_training.objective import Objective, Point
from verified_dynamics.symmetry.path_conditioned_training.solution import Course, Solution
from verified_dynamics.symmetry.rescaling_invariance.balancing import independent_sets

_ROOT_STEPS = 60


def block_updates(
    objective: Objective, *, bound: float | None = None, tol: float = 1e-8, max_sweeps: int = 1000
) -> Solution:
    """The minimum of J over |z| ≤ bound by sweeps over sets of groups that share no element.

    With t the mean mass, every group h of a set solves B x − C/x = t c_h for the factor x of e^{z_h}, where B and C are
    the masses that move with +z_h and −z_h; their positive roots leave one equation for t (``solve_block``).  A chain
    of layers has two sets, the odd and the even ones.
    """
    z = objective.slope.new_zeros(objective.slope.shape)
    sets = _sets(objective)
    course = Course(objective)
    point = objective.at(z)
    products = 2
    course.note(point, products)
    for _ in range(max_sweeps):
        if bool((objective.residual_of(point, bound=bound) <= tol).all()):
            break
        for chosen in sets:
            point = objective.at(_updated(objective, point, chosen, bound))
            products += 2
        course.note(point, products)
    return course.solution(point, objective.residual_of(point, bound=bound), tol)


def _sets(objective: Objective) -> list[Tensor]:
    """Positions of the free groups, one tensor for each colour."""
    structure = objective.mass.to_sparse()
    structure.setdiag(0)
    structure.eliminate_zeros()
    free = objective.free.reshape(-1, objective.free.shape[-1]).any(0).cpu().numpy()
    padded = [False, *free.tolist()]
    return [
        torch.as_tensor(found - 1, device=objective.slope.device)
        for found in independent_sets(structure, padded)
    ]


def _updated(objective: Objective, point: Point, chosen: Tensor, bound: float | None) -> Tensor:
    """z with the groups of one set at their joint minimum, given all others."""
    own = objective.mass.diagonal()[..., 1:][..., chosen]  # enters and leaves the same group: does not move
    growing = point.leaving[..., 1:][..., chosen] - own
    shrinking = point.entering[..., 1:][..., chosen] - own
    z, free = point.z[..., chosen], objective.free[..., chosen]
    growing, shrinking = torch.where(free, growing, 0), torch.where(free, shrinking, 0)
    rest = point.total - (growing + shrinking).sum(-1)
    limits = None if bound is None else (-bound - z, bound - z)
    change = solve_block(growing, shrinking, objective.slope[..., chosen], rest, objective.count, limits)
    result = point.z.clone()
    result[..., chosen] = z + torch.where(free, change, 0)
    return result if bound is None else result.clamp(-bound, bound)


def solve_block(
    growing: Tensor,
    shrinking: Tensor,
    slope: Tensor,
    rest: Tensor,
    count: Tensor,
    limits: tuple[Tensor, Tensor] | None = None,
) -> Tensor:
    """Changes of z (*lead, k) that minimise count · log(rest + Σ B e^u + C e^−u) − slope · u.

    ``growing`` B, ``shrinking`` C and ``slope``: (*lead, k); ``rest``, ``count``: (*lead,); ``limits``: lowest and
    highest change.  Groups with B or C zero stay.  The mean mass t solves count · t = rest + Σ (B x + C/x) at the roots
    x(t); the left side grows faster than the right one as long as Σ|slope| < count, so there is one solution, which
    Newton steps within a bracket find.
    """
    moving = (growing > 0) & (shrinking > 0)
    b, c = torch.where(moving, growing, 1), torch.where(moving, shrinking, 1)

    def change(t: Tensor) -> Tensor:
        u = _log_root(b, c, t.unsqueeze(-1) * slope)
        u = u if limits is None else u.clamp(*limits)
        return torch.where(moving, u, 0)

    def excess(t: Tensor) -> tuple[Tensor, Tensor]:
        u = change(t)
        mass = growing * u.exp() + shrinking * (-u).exp()
        # d(Bx + C/x)/dt = (Bx − C/x) u', and u' = c_h/(Bx + C/x) where the group is not on a limit.
        unlimited = moving if limits is None else moving & (u > limits[0]) & (u < limits[1])
        pull = growing * u.exp() - shrinking * (-u).exp()
        rate = torch.where(unlimited, pull * slope / torch.where(mass > 0, mass, 1), 0)
        return count * t - rest - mass.sum(-1), count - rate.sum(-1)

    t = (rest + (growing + shrinking).sum(-1)) / count
    low, high = torch.zeros_like(t), torch.full_like(t, torch.inf)
    for _ in range(_ROOT_STEPS):
        value, rate = excess(t)
        low, high = torch.where(value < 0, t, low), torch.where(value > 0, t, high)
        newton = t - value / rate
        inside = (newton > low) & (newton < high)
        middle = torch.where(torch.isinf(high), 2 * t, (low + high) / 2)
        following = torch.where(value == 0, t, torch.where(inside, newton, middle))
        if t.device.type == "cpu" and bool(((following - t).abs() <= 4e-16 * t).all()):
            break
        t = following
    return change(t)


def _log_root(b: Tensor, c: Tensor, a: Tensor) -> Tensor:
    """log of the positive root x of b x − c/x = a; the form without cancellation is taken for either sign of a."""
    root = (a**2 + 4 * b * c).sqrt()
    return torch.where(a >= 0, ((a + root) / (2 * b)).log(), (2 * c / (root - a)).log())
