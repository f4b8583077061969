"""What path conditioning asks of its options and of the model, told before anything is changed."""

from __future__ import annotations

import difflib
import math
import numbers
from collections.abc import Sequence

import torch
from torch import Tensor, nn


class PathConditioningError(ValueError):
    """The model or an option does not allow path conditioning."""


CRITERIA = ("path", "norm")
BIASES = ("all", "hidden", "none")


def check_options(criterion: str, biases: str, solver: str, solvers: Sequence[str]) -> None:
    """Raise PathConditioningError for an option that is not known, with the nearest name that is."""
    for what, given, known in (
        ("criterion", criterion, CRITERIA),
        ("choice of biases", biases, BIASES),
        ("solver", solver, tuple(solvers)),
    ):
        if given not in known:
            near = difflib.get_close_matches(str(given), known, n=1)
            hint = f"; the nearest is {near[0]!r}" if near else ""
            names = ", ".join(repr(name) for name in known)
            raise PathConditioningError(f"There is no {what} {given!r}{hint}. Choose one of {names}.")


def check_numbers(max_log_scale: float | None, tol: float, max_iterations: int | None) -> None:
    """Raise PathConditioningError for a limit, tolerance or number of iterations that is not positive."""
    if max_log_scale is not None and not _positive(max_log_scale):
        raise PathConditioningError(
            f"max_log_scale is {max_log_scale!r}; give a positive number, or None for no limit."
        )
    if not _positive(tol):
        raise PathConditioningError(f"tol is {tol!r}; give a positive number, 1e-8 for instance.")
    if max_iterations is not None and not (
        isinstance(max_iterations, numbers.Integral) and max_iterations > 0
    ):
        raise PathConditioningError(
            f"max_iterations is {max_iterations!r}; give a positive whole number, or None for the solver's own limit."
        )


def check_parameters(model: nn.Module) -> None:
    """Raise PathConditioningError for a model without parameters, or with one that cannot be rescaled exactly."""
    if not isinstance(model, nn.Module):
        raise PathConditioningError(f"The model is of type {type(model).__name__}; pass a torch.nn.Module.")
    parameters = dict(model.named_parameters())
    if not parameters:
        raise PathConditioningError(
            f"{type(model).__name__} has no parameters, so there is nothing to rescale."
        )
    for name, parameter in parameters.items():
        if (reason := _obstacle(parameter)) is not None:
            raise PathConditioningError(f"{name} {reason}.")


def _obstacle(parameter: Tensor) -> str | None:
    if isinstance(parameter, nn.parameter.UninitializedParameter):
        return "is not initialised; run the model once on an example before"
    if parameter.is_meta:
        return "is on the meta device and has no values; load or initialise the model before"
    if parameter.dtype not in (torch.float32, torch.float64):
        kind = str(parameter.dtype).removeprefix("torch.")
        return (
            f"has the type {kind}, in which a rescaling would change the function by rounding; "
            "condition the model in float32 or float64 and convert it afterwards"
        )
    if parameter.is_inference():
        return "was made in inference mode and cannot be changed; make the model outside torch.inference_mode"
    largest = float(parameter.detach().abs().max()) if parameter.numel() else 0.0
    if not math.isfinite(largest):
        return "has values that are NaN or infinite; start from finite parameters"
    if not math.isfinite(largest * largest):
        return "has values whose squares are out of the range of float64; start from smaller parameters"
    return None


def _positive(value: object) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool) and value > 0
