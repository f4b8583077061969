"""Where the squared norm comes from: steps, alignment and decay, kept exactly and checked at every step."""

from collections.abc import Mapping

import torch
from torch import Tensor


class NormBudgetError(AssertionError):
    """The identity of the squared norm does not close: a step was missed, or parameters changed between
    steps.
    """


class NormBudget:
    r"""Keeps $\|\theta_T\|^2 - \|\theta_0\|^2 = \sum_t (2\,\theta_t\cdot\delta_t + \|\delta_t\|^2)$ along a
    training run.

    parameters: named tensors, each (...) or, with `stacked=True`, (members, ...) for an ensemble. layers:
    the group of each name ("all" for every name unless given). All sums run in float64. Call `update` after
    every optimiser step. The identity is the one behind Merrill et al. 2021, section 5, where the factor 2
    is missing.
    """

    def __init__(
        self,
        parameters: Mapping[str, Tensor],
        *,
        stacked: bool = False,
        layers: Mapping[str, str] | None = None,
    ):
        self._layers = {name: (layers or {}).get(name, "all") for name in parameters}
        self._stacked = stacked
        self._last = self._copy(parameters)
        self.groups = tuple(dict.fromkeys(self._layers.values()))
        zero = self._sums({name: torch.zeros_like(p) for name, p in self._last.items()}, self._last)
        self.start = self._sums(self._last, self._last)
        self.now = dict(self.start)
        self.steps, self.cross, self.decay = dict(zero), dict(zero), dict(zero)

    def _copy(self, parameters: Mapping[str, Tensor]) -> dict[str, Tensor]:
        if parameters.keys() != self._layers.keys():
            raise NormBudgetError("The parameters of this update have other names than those of the start.")
        return {name: p.detach().to(torch.float64, copy=True) for name, p in parameters.items()}

    def _sums(self, first: Mapping[str, Tensor], second: Mapping[str, Tensor]) -> dict[str, Tensor]:
        sums: dict[str, Tensor] = {}
        for name, group in self._layers.items():
            product = first[name] * second[name]
            part = product.flatten(1).sum(dim=1) if self._stacked else product.sum()
            sums[group] = sums[group] + part if group in sums else part
        return sums

    def update(self, parameters: Mapping[str, Tensor], *, decay: float = 0.0) -> None:
        """Account for one step. decay: the factor ηλ of decoupled weight decay in it, whose part of the
        cross term 2θ·δ, which is -2ηλ‖θ‖², is then listed apart.
        """
        new = self._copy(parameters)
        delta = {name: new[name] - self._last[name] for name in new}
        for group, value in self._sums(delta, delta).items():
            self.steps[group] = self.steps[group] + value
        for group, value in self._sums(self._last, delta).items():
            self.decay[group] = self.decay[group] - 2 * decay * self.now[group]
            self.cross[group] = self.cross[group] + 2 * value + 2 * decay * self.now[group]
        self._last = new
        self.now = self._sums(new, new)

    def residual(self) -> Tensor:
        """The largest relative error of the identity over the groups: scalar, or (members,) for an ensemble."""
        errors = []
        for group in self.groups:
            growth = self.now[group] - self.start[group]
            explained = self.steps[group] + self.cross[group] + self.decay[group]
            errors.append((growth - explained).abs() / self.now[group].clamp(min=1e-300))
        return torch.stack(errors).amax(dim=0)

    def check(self, tolerance: float = 1e-10) -> None:
        """Raise NormBudgetError unless the identity closes to the relative tolerance in every group and
        member.
        """
        worst = float(self.residual().max())
        if not worst <= tolerance:
            raise NormBudgetError(
                f"The norm budget is off by {worst:.1e}, more than {tolerance:.1e}; was a step missed?"
            )

    def totals(self) -> dict[str, Tensor]:
        """start, now, steps, cross and decay summed over the groups."""
        parts = {
            "start": self.start,
            "now": self.now,
            "steps": self.steps,
            "cross": self.cross,
            "decay": self.decay,
        }
        return {name: sum(groups.values()) for name, groups in parts.items()}
