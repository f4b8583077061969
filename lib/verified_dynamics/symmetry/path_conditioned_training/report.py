"""What a call of ``path_condition`` did, to be read and to be undone."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from verified_dynamics.symmetry.rescaling_invariance.rescaling import Rescaling
from verified_dynamics.symmetry.rescaling_invariance.scale_groups import ScaleGroups

_STEPS = {"newton": "Newton steps", "blocks": "sweeps over blocks", "sequential": "sequential sweeps"}
_SHOWN = 4


@dataclass(frozen=True)
class PathConditioning:
    """Report of ``path_condition``; ``str(report)`` reads as a text.

    ``scales``: (count,) scales λ of the groups.  ``imbalance_before``, ``imbalance_after``: logarithm of the arithmetic
    over the geometric mean of diag G, zero where all are equal.  ``norm_before``, ``norm_after``: Σθ².
    ``largest_log_scale``: max |log λ|; ``limited``: groups at the limit.  ``skipped``: labels of groups that no mass
    enters or leaves; ``frozen``: labels of groups that a frozen parameter holds.  ``iterations``, ``products``
    (with the mass matrix), ``residual`` (largest remaining step of one group in z), ``converged``.
    ``output_change``: largest relative change of the output on the example, in evaluation and in training mode; None
    where it was not measured.
    """

    criterion: str
    solver: str
    groups: ScaleGroups
    scales: Tensor
    skipped: tuple[str, ...]
    frozen: tuple[str, ...]
    imbalance_before: float
    imbalance_after: float
    norm_before: float
    norm_after: float
    largest_log_scale: float
    limit: float | None
    limited: int
    iterations: int
    products: int
    residual: float
    converged: bool
    output_change: float | None
    rescaling: Rescaling | None

    @property
    def dry_run(self) -> bool:
        """Whether the model was left as it was."""
        return self.rescaling is None

    def undo(self) -> None:
        """Take the rescaling back, in the model and in the optimizer that was given; a second call does nothing."""
        if self.rescaling is not None:
            self.rescaling.undo()

    def __str__(self) -> str:
        moving = self.groups.count - len(self.skipped) - len(self.frozen)
        lines = [
            f"{self.groups.count} free scale groups" + (" (dry run, nothing changed)" if self.dry_run else "")
        ]
        if moving:
            lines += self._course()
        else:
            lines.append("nothing to rescale: the reasons stand below")
        lines += _listed("left alone, because no mass in double precision enters or leaves it", self.skipped)
        lines += _listed("left alone, because a frozen parameter touches it", self.frozen)
        return "\n".join([*lines, *self._pins()])

    def _pins(self) -> list[str]:
        """One line for each reason, with the places where it holds."""
        places: dict[str, list[str]] = {}
        for pin in self.groups.pinned:
            many = {0: "no channels", 1: "1 channel"}.get(pin.channels, f"{pin.channels} channels")
            places.setdefault(pin.reason, []).append(f"{many} at {pin.where}")
        return [
            line
            for reason, where in places.items()
            for line in _listed(f"pinned, because {reason}", tuple(where))
        ]

    def _course(self) -> list[str]:
        ended = "converged" if self.converged else "not converged"
        limit = "" if self.limit is None else f", {self.limited} groups at the limit {self.limit:g}"
        lines = [
            f"imbalance log AM/GM of the path magnitudes: {self.imbalance_before:.4g} -> {self.imbalance_after:.4g}",
            f"squared norm of the parameters: {self.norm_before:.6g} -> {self.norm_after:.6g}",
            f"largest log-scale {self.largest_log_scale:.3g}{limit}",
            f"{ended} after {self.iterations} {_STEPS[self.solver]} under the criterion {self.criterion!r}, "
            f"residual {self.residual:.1e}",
        ]
        if self.output_change is not None:
            lines.append(f"relative change of the output on the example: {self.output_change:.1e}")
        return lines


def _listed(what: str, labels: tuple[str, ...]) -> list[str]:
    if not labels:
        return []
    shown = ", ".join(labels[:_SHOWN]) + (f" and {len(labels) - _SHOWN} more" if len(labels) > _SHOWN else "")
    return [f"{what}: {shown}"]
