"""Act on a model with a rescaling, in place, and take the action back."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType

import torch
from torch import Tensor, nn

from verified_dynamics.symmetry.rescaling_invariance.scale_groups import ScaleGroupError, ScaleGroups
from verified_dynamics.symmetry.rescaling_invariance.tracing import scale_groups


class Rescaling:
    """A rescaling that has been applied to a model; ``undo()`` or leaving the ``with`` block takes it back.

    A parameter that has not changed since is restored bit by bit; one that was trained meanwhile is divided by its
    factor, which carries the trained network back to the original scale.  So is the state of an optimizer.
    """

    def __init__(
        self,
        model: nn.Module,
        groups: ScaleGroups,
        diagonal: dict[str, Tensor],
        optimizer: torch.optim.Optimizer | None = None,
    ) -> None:
        self.groups, self.diagonal = groups, diagonal
        self._model, self._optimizer = model, optimizer
        transports = [] if optimizer is None else _transports(optimizer, model, diagonal)
        self._carried = [(value, factor, value.clone()) for value, factor in transports]
        self._parameters = {
            name: p for name, p in model.named_parameters() if bool((diagonal[name] != 1).any())
        }
        self._before = {name: p.detach().clone() for name, p in self._parameters.items()}
        self._active = True
        scaled = {name: _scaled(p, diagonal[name]) for name, p in self._before.items()}
        for name, value in scaled.items():
            if not all_finite(value) and all_finite(self._before[name]):
                raise ScaleGroupError(
                    f"The scales take {name} out of the range of {value.dtype}; choose milder ones."
                )
        with torch.no_grad():
            for name, value in scaled.items():
                self._parameters[name].copy_(value)
        _carry(transports)

    def undo(self) -> None:
        """Take the rescaling back; a second call does nothing."""
        if not self._active:
            return
        back = {name: 1 / factor for name, factor in self.diagonal.items()}
        transports = [] if self._optimizer is None else _transports(self._optimizer, self._model, back)
        self._active = False
        restored = {
            id(value): before
            for value, factor, before in self._carried
            if torch.equal(value, _scaled(before, factor))
        }
        _carry([entry for entry in transports if id(entry[0]) not in restored])
        with torch.no_grad():
            for value, _, before in self._carried:
                if id(value) in restored:
                    value.copy_(before)
            for name, parameter in self._parameters.items():
                untouched = torch.equal(parameter, _scaled(self._before[name], self.diagonal[name]))
                before = self._before[name] if untouched else _scaled(parameter, back[name])
                parameter.copy_(before)

    def __enter__(self) -> Rescaling:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.undo()


def _scaled(value: Tensor, factor: Tensor) -> Tensor:
    # float64 inside: a float32 parameter is rounded once, not twice.
    return (value.to(torch.float64) * factor.to(value.device)).to(value.dtype)


def all_finite(values: Tensor) -> bool:
    """Whether no value is NaN or infinite; extremes pass NaN on and take a tenth of the time of isfinite."""
    return values.numel() == 0 or bool(torch.isfinite(torch.stack(values.detach().aminmax())).all())


def rescale(
    model: nn.Module,
    scales: Tensor | Mapping[str, float],
    *,
    groups: ScaleGroups | None = None,
    optimizer: torch.optim.Optimizer | None = None,
) -> Rescaling:
    """Multiply what enters each scale group by its scale and divide what leaves it, in place.

    ``scales``: positive ``(groups.count,)``, or a mapping from group labels to scales (the others stay at one).  The
    function of the model does not change.  With ``optimizer``, its state is carried along: a running mean of gradients
    is divided by the parameter's factor, a running mean of squared gradients by its square.

    Raises ScaleGroupError for a scale that is not positive and finite, a wrong number of scales, an unknown label,
    groups that were made for another model, or an optimizer that does not train this one; nothing is changed then.
    """
    groups = scale_groups(model) if groups is None else groups
    check_groups(model, groups)
    return Rescaling(model, groups, groups.diagonal(scales), optimizer)


def check_groups(model: nn.Module, groups: ScaleGroups) -> None:
    """Raise ScaleGroupError if the groups were not made for a model with these parameters."""
    if not isinstance(groups, ScaleGroups):
        raise ScaleGroupError(
            f"The groups are of type {type(groups).__name__}; pass what scale_groups returns."
        )
    if {name: p.shape for name, p in model.named_parameters()} != dict(groups.shapes):
        raise ScaleGroupError(
            "The scale groups belong to a model with other parameters; call scale_groups on this model."
        )


def check_optimizer(optimizer: torch.optim.Optimizer, model: nn.Module) -> None:
    """Raise ScaleGroupError if the optimizer does not train this model, or keeps a state that cannot be carried."""
    one = torch.ones((), dtype=torch.float64)
    _transports(optimizer, model, {name: one for name, _ in model.named_parameters()})


# Powers of the parameter's factor by which the state tensors of torch.optim transform.
_STATE_POWERS = {
    "momentum_buffer": -1,
    "exp_avg": -1,
    "exp_avg_sq": -2,
    "max_exp_avg_sq": -2,
    "square_avg": -2,
    "sum": -2,
    "grad_avg": -1,
}
# Numbers that count steps and know nothing of the parameter.
_COUNTERS = frozenset({"step", "mu_product", "eta", "mu"})


def _state_power(optimizer: torch.optim.Optimizer, key: str) -> int:
    if key == "momentum_buffer" and isinstance(optimizer, torch.optim.RMSprop):
        return 0  # there it averages gradients that were divided by the root of their squares already
    if key not in _STATE_POWERS:
        raise ScaleGroupError(
            f"{type(optimizer).__name__} keeps {key!r}, whose behaviour under rescaling is not known; "
            "create the optimizer after the rescaling."
        )
    return _STATE_POWERS[key]


def _transports(
    optimizer: torch.optim.Optimizer, model: nn.Module, diagonal: Mapping[str, Tensor]
) -> list[tuple[Tensor, Tensor]]:
    """State tensors with the factors that carry them along θ ↦ d·θ: gradients scale by 1/d, their squares by 1/d²."""
    if not isinstance(optimizer, torch.optim.Optimizer):
        raise ScaleGroupError(
            f"The optimizer is of type {type(optimizer).__name__}; pass a torch.optim.Optimizer."
        )
    trained = {id(parameter) for group in optimizer.param_groups for parameter in group["params"]}
    if not any(id(parameter) in trained for parameter in model.parameters()):
        raise ScaleGroupError(
            f"{type(optimizer).__name__} holds no parameter of this model; pass the optimizer that trains it, or none."
        )
    found = []
    for name, parameter in model.named_parameters():
        for key, value in optimizer.state.get(parameter, {}).items():
            if isinstance(value, Tensor) and key not in _COUNTERS:
                factor = diagonal[name].to(value.device) ** _state_power(optimizer, key)
                found.append((value, factor))
    return found


def transport_optimizer_state(
    optimizer: torch.optim.Optimizer, model: nn.Module, diagonal: Mapping[str, Tensor]
) -> None:
    """Carry the state of an optimizer along a rescaling θ ↦ d·θ, all of it or, where a part is not known, none.

    Raises ScaleGroupError for a kind of state whose behaviour under a rescaling is not known.
    """
    _carry(_transports(optimizer, model, diagonal))


def _carry(transports: list[tuple[Tensor, Tensor]]) -> None:
    for value, factor in transports:
        value.copy_(_scaled(value, factor))
