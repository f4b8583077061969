r"""The criterion of path conditioning as a function of the log-scales of the groups.

With :math:`z_h = 2\log\lambda_h` and masses M[a, b] of the elements whose size moves as :math:`e^{z_b - z_a}`,

.. math:: J(z) = n \log \sum_{ab} M_{ab} e^{z_b - z_a} - c^\top z,

n the number of elements that count and c_h the number of those that leave group h minus that of those that enter it
(Lebeurrier, Vayer and Gribonval 2026, from their code).  J is convex.  With the squares of the parameters as masses and
c = 0 its minimum is the equi-normalised point (Stock et al. 2019).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from verified_dynamics.symmetry.path_conditioned_training.mass_matrix import MassMatrix
from verified_dynamics.symmetry.rescaling_invariance.scale_groups import ScaleGroups


@dataclass(frozen=True)
class Point:
    """J at ``z`` (*lead, count): its value and gradient, and the sums that both need.

    ``entering`` and ``leaving`` (*lead, count + 1): mass of the elements that move with −z_h and with +z_h;
    ``total`` (*lead,): mass of all.
    """

    z: Tensor
    entering: Tensor
    leaving: Tensor
    total: Tensor
    value: Tensor
    gradient: Tensor


@dataclass(frozen=True)
class Objective:
    """J for one network, or for a stack of them (leading dimensions ``*lead``).

    ``count``: (*lead,) number n of elements; ``slope``: (*lead, groups) the vector c; ``free``: (*lead, groups) groups
    that can move; ``offset``: (*lead,) what the value of J per element has to exceed.
    """

    mass: MassMatrix
    count: Tensor
    slope: Tensor
    free: Tensor
    offset: Tensor

    @classmethod
    def build(
        cls,
        groups: ScaleGroups,
        diagonal: Mapping[str, Tensor],
        *,
        criterion: str = "path",
        counted: Mapping[str, Tensor] | None = None,
        held: Tensor | None = None,
    ) -> Objective:
        """J from the masses of the parameter elements, ``diagonal`` (*lead, *shape) by name.

        criterion "path": masses g = diag G, which move as the inverse square of the elements; only elements of positive
        mass count.  "norm": masses θ², which move with the elements.  ``counted``: boolean (*shape) by name, elements
        to be counted at all.  ``held``: boolean (count,), groups that must not move.  A group that no mass enters or
        leaves does not move either.
        """
        masses, numbers, logs = {}, {}, {}
        for name, mass in diagonal.items():
            keep = None if counted is None else counted[name]
            masses[name], numbers[name], logs[name] = _counting(mass, keep)
        matrix = MassMatrix.build(groups, masses, by_entering=criterion == "path")
        entering, leaving = _sums(MassMatrix.build(groups, numbers))
        count = _total(numbers, groups)
        slope = leaving - entering if criterion == "path" else torch.zeros_like(entering)
        free = torch.stack(_sums(matrix)).amin(0) > 0
        if held is not None:
            free &= ~held.to(free.device)
        if criterion == "path":
            offset = count.log() + _total(logs, groups) / count
        else:
            offset = _total(masses, groups).log()
        return cls(matrix, count, slope, free, offset)

    def at(self, z: Tensor) -> Point:
        """Value and gradient at z (*lead, groups), by one product with M and one with its transpose."""
        padded = torch.cat([z.new_zeros(*z.shape[:-1], 1), z], -1)
        up, down = padded.exp(), (-padded).exp()
        entering = down * self.mass.times(up)
        leaving = up * self.mass.transposed_times(down)
        total = entering.sum(-1)
        value = self.count * total.log() - (self.slope * z).sum(-1)
        share = (leaving - entering)[..., 1:] / total.unsqueeze(-1)
        gradient = torch.where(self.free, self.count.unsqueeze(-1) * share - self.slope, 0)
        return Point(z, entering, leaving, total, value, gradient)

    def value(self, z: Tensor) -> Tensor:
        """J(z), (*lead,)."""
        return self.at(z).value

    def gradient(self, z: Tensor) -> Tensor:
        """The gradient of J in the groups that can move, zero in the others, (*lead, groups)."""
        return self.at(z).gradient

    def imbalance(self, z: Tensor) -> Tensor:
        """Logarithm of the arithmetic over the geometric mean of the masses at z: zero where all are equal, (*lead,).

        Under the criterion "norm": logarithm of the sum of squares relative to the one at z = 0.
        """
        return self.imbalance_of(self.at(z))

    def imbalance_of(self, point: Point) -> Tensor:
        """``imbalance`` at a point that has been evaluated."""
        return point.value / self.count - self.offset

    def curvature(self, point: Point) -> Tensor:
        """Number of elements that hang on each group, weighted by their mass: the scale of the Hessian's diagonal."""
        around = (point.entering + point.leaving)[..., 1:] / point.total.unsqueeze(-1)
        # Masses at the end of the range of numbers may vanish on the way; zero divided by this is zero then.
        return torch.where(self.free, self.count.unsqueeze(-1) * around, 1).clamp_min(1e-300)

    def hessian_times(self, point: Point, vector: Tensor) -> Tensor:
        """The Hessian of J at a point, times a vector (*lead, groups) that is zero where groups cannot move."""
        lead = vector.shape[:-1]
        v = torch.cat([vector.new_zeros(*lead, 1), vector], -1)
        z = torch.cat([vector.new_zeros(*lead, 1), point.z], -1)
        up, down = z.exp(), (-z).exp()
        linked = down * self.mass.times(up * v) + up * self.mass.transposed_times(down * v)
        direct = (point.entering + point.leaving) * v
        share = (point.leaving - point.entering) / point.total.unsqueeze(-1)
        mean = share * (share * v).sum(-1, keepdim=True)
        product = self.count.unsqueeze(-1) * ((direct - linked) / point.total.unsqueeze(-1) - mean)
        return torch.where(self.free, product[..., 1:], 0)

    def residual(self, z: Tensor, *, bound: float | None = None) -> Tensor:
        """Largest remaining step of one group alone, in units of z, (*lead,); zero at the minimum of |z| ≤ bound."""
        return self.residual_of(self.at(z), bound=bound)

    def residual_of(self, point: Point, *, bound: float | None = None) -> Tensor:
        """``residual`` at a point that has been evaluated."""
        step = torch.where(blocked(point, bound), 0, point.gradient) / self.curvature(point)
        return step.abs().amax(-1) if step.shape[-1] else step.new_zeros(step.shape[:-1])


def blocked(point: Point, bound: float | None) -> Tensor:
    """Groups that sit on the bound and would leave the box if they went downhill, (*lead, groups)."""
    if bound is None:
        return torch.zeros_like(point.z, dtype=torch.bool)
    upper = (point.z >= bound) & (point.gradient < 0)
    return upper | ((point.z <= -bound) & (point.gradient > 0))


def _counting(mass: Tensor, counted: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
    """Per element its mass, the number one and the logarithm of the mass, all of them zero where it does not count."""
    if (counted is None or bool(counted.all())) and mass.numel() and bool(mass.amin() > 0):
        return mass, mass.new_ones(()).expand(mass.shape), mass.log()  # the usual case, without copies
    use = mass > 0 if counted is None else (mass > 0) & counted
    return torch.where(use, mass, 0), use.to(torch.float64), torch.where(use, mass, 1).log()


def _sums(matrix: MassMatrix) -> tuple[Tensor, Tensor]:
    """Sums of the rows and of the columns of all groups but the pinned one, each (*lead, groups)."""
    ones = matrix.values.new_ones(*matrix.lead, matrix.size)
    return matrix.times(ones)[..., 1:], matrix.transposed_times(ones)[..., 1:]


def _total(values: Mapping[str, Tensor], groups: ScaleGroups) -> Tensor:
    """Sum over all elements of all parameters, (*lead,)."""
    return sum(
        value.sum(list(range(-len(groups.shapes[name]), 0))) if groups.shapes[name] else value
        for name, value in values.items()
    )
