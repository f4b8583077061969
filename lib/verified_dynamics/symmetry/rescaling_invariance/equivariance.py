"""Does an optimizer commute with rescaling?  Train from θ and from Dθ, and compare the functions."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from verified_dynamics.symmetry.rescaling_invariance.optimizers import (
    ExponentiatedGradient,
    MultiplicativeSign,
    Orthogonalised,
    PathSGD,
    RootFree,
    SignDescent,
)
from verified_dynamics.symmetry.rescaling_invariance.rescaling import rescale
from verified_dynamics.symmetry.rescaling_invariance.scale_groups import ScaleGroups
from verified_dynamics.symmetry.rescaling_invariance.tracing import scale_groups

MakeOptimizer = Callable[[nn.Module, Tensor], torch.optim.Optimizer]

# Ten rules that differ in how a step depends on the gradient.  Left out, because they transform like a neighbour:
# Nesterov (momentum), AdamW (Adam), RMSprop (Adagrad), layer-wise normalised descent (Orthogonalised), a full natural
# gradient (Path-SGD: any metric that transforms by congruence).
UPDATE_RULES: Mapping[str, MakeOptimizer] = {
    "gradient descent": lambda model, x: torch.optim.SGD(model.parameters(), lr=0.5),
    "momentum": lambda model, x: torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9),
    "Adam": lambda model, x: torch.optim.Adam(model.parameters(), lr=0.01),
    "Adagrad": lambda model, x: torch.optim.Adagrad(model.parameters(), lr=0.02),
    "sign descent": lambda model, x: SignDescent(model.parameters(), lr=0.003),
    "orthogonalised": lambda model, x: Orthogonalised(model.parameters(), lr=0.02),
    "path-SGD": lambda model, x: PathSGD(model, x, lr=1.0),
    "exponentiated": lambda model, x: ExponentiatedGradient(model.parameters(), lr=10.0),
    "multiplicative sign": lambda model, x: MultiplicativeSign(model.parameters(), lr=0.03),
    "root-free": lambda model, x: RootFree(model.parameters(), lr=5e-3),
}
EQUIVARIANT = frozenset({"path-SGD", "exponentiated", "multiplicative sign", "root-free"})


class EquivarianceError(AssertionError):
    """An optimizer does not commute with the rescaling."""


def train_steps(
    model: nn.Module, make: MakeOptimizer, loss: Callable[..., Tensor], batch: tuple[Tensor, ...], steps: int
) -> float:
    """Take full-batch steps in place and return the loss before the final step; raises ValueError without steps."""
    if steps < 1:
        raise ValueError(f"Training takes at least one step, but steps={steps} was given.")
    optimizer = make(model, batch[0])
    for _ in range(steps):
        optimizer.zero_grad()
        value = loss(model, *batch)
        value.backward()
        optimizer.step()
    return float(value.detach())


def equivariance_error(
    make: MakeOptimizer,
    model: nn.Module,
    loss: Callable[..., Tensor],
    *batch: Tensor,
    scales: Tensor,
    steps: int = 20,
    groups: ScaleGroups | None = None,
) -> float:
    """Relative difference ‖f_{θ'} − f_{θ''}‖/‖f_{θ'}‖ of the outputs after training from θ and from Dθ.

    ``make(model, inputs)`` builds the optimizer; ``loss(model, *batch)`` is a scalar and ``batch[0]`` the inputs.  The
    model itself is not touched.  For an equivariant rule the error is at rounding level, whatever the scales.
    """
    groups = scale_groups(model) if groups is None else groups
    plain, moved = copy.deepcopy(model), copy.deepcopy(model)
    rescale(moved, scales, groups=groups)
    train_steps(plain, make, loss, batch, steps)
    train_steps(moved, make, loss, batch, steps)
    with torch.no_grad():
        reference, other = plain(batch[0]), moved(batch[0])
    return float((reference - other).norm() / reference.norm())


def assert_equivariant(
    make: MakeOptimizer,
    model: nn.Module,
    loss: Callable[..., Tensor],
    *batch: Tensor,
    generator: torch.Generator,
    spread: float = 0.7,
    steps: int = 20,
    tolerance: float = 1e-9,
) -> None:
    """Raise EquivarianceError unless training from θ and from a random point of its orbit gives the same function."""
    groups = scale_groups(model)
    scales = groups.random_scales(generator, spread=spread)
    error = equivariance_error(make, model, loss, *batch, scales=scales, steps=steps, groups=groups)
    if not error <= tolerance:
        raise EquivarianceError(
            f"The optimizer is not equivariant: after {steps} steps the outputs from θ and Dθ differ by a relative "
            f"{error:.1e}, above {tolerance:.0e}."
        )
