"""Newton's method for the criterion, its steps by conjugate gradients, within a box of log-scales."""

from __future__ import annotations

import torch
from torch import Tensor

from verified_dynamics.symmetry.path_conditioned_training.objective import Objective, Point, blocked
from verified_dynamics.symmetry.path_conditioned_training.solution import Course, Solution

# In z.  Far from the minimum the mass around a group may nearly vanish and its step alone be beyond all bounds;
# exponentials of long steps say little about the function.
_LARGEST_SINGLE_STEP, _LARGEST_JOINT_STEP = 5.0, 20.0
_HALVINGS = 40
_INNER_STEPS = 200
_UNSEEN_STEPS = 8


def newton(
    objective: Objective, *, bound: float | None = None, tol: float = 1e-8, max_iterations: int = 100
) -> Solution:
    """The minimum of J over |z| ≤ bound by projected Newton steps with backtracking, all members of a stack at once.

    Groups on the bound that would leave it are held; on the others the Newton equation is solved by preconditioned
    conjugate gradients, the more exactly the closer the minimum (Bertsekas 1982 for the projection, Nocedal and Wright
    2006, chapter 7, for the inexact solution).  On a GPU the host waits for each Newton step, but only for one in eight
    of the steps within.
    """
    z = objective.slope.new_zeros(objective.slope.shape)
    course = Course(objective)
    point = objective.at(z)
    course.note(point, 2)
    products = 2
    for _ in range(max_iterations):
        active = objective.residual_of(point, bound=bound) > tol
        if not bool(active.any()):
            break
        step, used = _step(objective, point, bound)
        point, tried = _backtracked(objective, point, step * active.unsqueeze(-1), bound)
        products += used + tried
        course.note(point, products)
    return course.solution(point, objective.residual_of(point, bound=bound), tol)


def _step(objective: Objective, point: Point, bound: float | None) -> tuple[Tensor, int]:
    """An approximate solution of (H + damping) s = −∇ on the groups that are not held, and its products."""
    held = blocked(point, bound)
    residual = torch.where(held, 0, -point.gradient)  # r = −∇ − (H + damping) s
    curvature = objective.curvature(point)
    damping = (residual.abs() / _LARGEST_SINGLE_STEP - curvature).clamp_min(0)  # zero near the minimum
    inverse = 1 / (curvature + damping)
    size = (residual * inverse * residual).sum(-1)
    relative = (size / objective.count).sqrt().clamp(max=0.1)  # superlinear convergence of the outer steps
    goal = size * relative**2
    step = torch.zeros_like(residual)
    direction = inverse * residual
    products = 0
    look = 1 if step.device.type == "cpu" else _UNSEEN_STEPS  # asking a GPU makes the host wait for it
    for k in range(_INNER_STEPS):
        active = size > goal
        if k % look == 0 and not bool(active.any()):
            break
        image = torch.where(held, 0, objective.hessian_times(point, direction) + damping * direction)
        products += 2
        bend = (direction * image).sum(-1)
        active = active & (bend > 0)
        length = torch.where(active, size / torch.where(active, bend, 1), 0).unsqueeze(-1)
        step = step + length * direction
        residual = residual - length * image
        before, size = size, torch.where(active, (residual * inverse * residual).sum(-1), 0)
        ratio = torch.where(active, size / torch.where(active, before, 1), 0).unsqueeze(-1)
        direction = inverse * residual + ratio * direction
    return step, products


def _backtracked(objective: Objective, point: Point, step: Tensor, bound: float | None) -> tuple[Point, int]:
    """The first point along the projected step that lowers J enough, per member, and the products that it took."""
    longest = step.abs().amax(-1, keepdim=True)
    length = (_LARGEST_JOINT_STEP / longest.clamp_min(1e-300)).clamp(max=1.0)
    # J is a difference of large numbers; a decrease below this cannot be seen in it.
    rounding = 1e-14 * (point.value.abs() + objective.count)
    products = 0
    for _ in range(_HALVINGS):
        z = point.z + length * step
        z = z if bound is None else z.clamp(-bound, bound)
        trial = objective.at(z)
        products += 2
        predicted = (point.gradient * (z - point.z)).sum(-1)
        refused = ~(trial.value <= point.value + 1e-4 * predicted + rounding)
        if not bool(refused.any()):
            return trial, products
        length = torch.where(refused.unsqueeze(-1), length / 2, length)
    # Where no step is good, which needs exponentials out of range, a member stays where it is.
    return objective.at(torch.where(refused.unsqueeze(-1), point.z, z)), products + 2
