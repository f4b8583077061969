"""Path conditioning: the member of a network's rescaling orbit whose path magnitudes are as even as can be."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn

from verified_dynamics.symmetry.path_conditioned_training.block_updates import block_updates
from verified_dynamics.symmetry.path_conditioned_training.newton import newton
from verified_dynamics.symmetry.path_conditioned_training.objective import Objective
from verified_dynamics.symmetry.path_conditioned_training.output_change import outputs, relative_change
from verified_dynamics.symmetry.path_conditioned_training.path_diagonal import is_bias, path_diagonal
from verified_dynamics.symmetry.path_conditioned_training.report import PathConditioning
from verified_dynamics.symmetry.path_conditioned_training.sequential import sequential
from verified_dynamics.symmetry.path_conditioned_training.solution import Solution
from verified_dynamics.symmetry.rescaling_invariance.rescaling import Rescaling, rescale
from verified_dynamics.symmetry.rescaling_invariance.scale_groups import ScaleGroups
from verified_dynamics.symmetry.rescaling_invariance.tensor_shapes import given_inputs
from verified_dynamics.symmetry.rescaling_invariance.tracing import scale_groups


class PathConditioningError(ValueError):
    """The model or an option does not allow path conditioning."""


CRITERIA = ("path", "norm")
BIASES = ("all", "hidden", "none")
SOLVERS: dict[str, Callable[..., Solution]] = {
    "newton": newton,
    "blocks": block_updates,
    "sequential": sequential,
}
_LIMITS = {"newton": "max_iterations", "blocks": "max_sweeps", "sequential": "max_sweeps"}


def path_condition(
    model: nn.Module,
    example_input: Tensor | Sequence[Tensor],
    *,
    criterion: str = "path",
    biases: str = "all",
    max_log_scale: float | None = 3.0,
    tol: float = 1e-8,
    solver: str = "newton",
    max_iterations: int | None = None,
    optimizer: torch.optim.Optimizer | None = None,
    dry_run: bool = False,
    groups: ScaleGroups | None = None,
) -> PathConditioning:
    """Rescale ``model`` in place, without changing its function, so that its path magnitudes are as even as possible.

    The scales minimise the log-det divergence of the rescaled path-magnitude matrix from multiples of the identity
    (Lebeurrier, Vayer and Gribonval 2026; ``objective``); with ``criterion="norm"`` they minimise Σθ² instead (Stock et
    al. 2019).  The model may be anything that ``torch.fx`` can trace; what does not commute with positive factors is
    pinned and reported.  Apply it once, to the initialised network, before training.

    ``example_input``: a tensor (batch, ...) or several, as the model takes them; one example is enough.
    ``biases``: which biases count in the criterion: "all" of them, only those of groups that can move ("hidden"), or
    "none", in which case no path starts at a bias either.  They are rescaled with their group in each case.
    ``max_log_scale``: limit of |log λ|, within which the minimum is sought; None for no limit.
    ``tol``: largest step of a single group, in z = 2 log λ, that may remain.  ``solver``: "newton", "blocks" or
    "sequential", with at most ``max_iterations`` steps or sweeps (ten sequential sweeps are the published method).
    ``optimizer``: its momenta are carried along.  ``dry_run``: only report.  ``groups``: of this model, if known.

    Only elements that are trained (``requires_grad``) and lie on a path count; groups that a frozen parameter touches
    stay.  Computation is in float64 on the model's device; the parameters keep their type.  Modes, buffers and the
    random state are left as they were.

    Raises PathConditioningError for an unknown option, for parameters that are not float32 or float64, have no values,
    or are not finite, and ScaleGroupError for a model that cannot be traced or an input that does not fit; nothing is
    changed then.
    """
    _check_options(criterion, biases, solver, max_log_scale, tol)
    _check_parameters(model)
    inputs = given_inputs(example_input)
    problem = _Problem(
        model, inputs, scale_groups(model, inputs) if groups is None else groups, criterion, biases
    )
    bound = None if max_log_scale is None else 2 * max_log_scale
    limit = {} if max_iterations is None else {_LIMITS[solver]: max_iterations}
    solution = SOLVERS[solver](problem.aim, bound=bound, tol=tol, **limit)
    rescaling, change = (None, None) if dry_run else _applied(problem, solution, optimizer)
    return problem.report(solution, solver, max_log_scale, rescaling, change)


class _Problem:
    """The criterion for one model: what is minimised (``aim``) and the imbalance that is reported (``path``)."""

    def __init__(
        self, model: nn.Module, inputs: tuple[Tensor, ...], groups: ScaleGroups, criterion: str, biases: str
    ) -> None:
        self.model, self.inputs, self.groups, self.criterion = model, inputs, groups, criterion
        parameters = dict(model.named_parameters())
        self.held = _held(parameters, groups)
        counted = counted_elements(parameters, groups, biases)
        diagonal = path_diagonal(model, inputs, biases=biases != "none")
        self.path = Objective.build(groups, diagonal, counted=counted, held=self.held)
        self.aim = self.path
        if criterion == "norm":
            squares = {name: p.detach().double() ** 2 for name, p in parameters.items()}
            self.aim = Objective.build(groups, squares, criterion="norm", counted=counted, held=self.held)
        self.norm_before = _squared_norm(model)

    def report(
        self,
        solution: Solution,
        solver: str,
        limit: float | None,
        rescaling: Rescaling | None,
        change: float | None,
    ) -> PathConditioning:
        """The report of a solution that was applied, or of one that was not (``rescaling`` None)."""
        scales = (solution.z / 2).exp().cpu()
        logs = solution.z.abs().cpu() / 2
        held = self.held.to(self.aim.free.device)
        after = _squared_norm(self.model, self.groups.diagonal(scales) if rescaling is None else None)
        return PathConditioning(
            criterion=self.criterion,
            solver=solver,
            groups=self.groups,
            scales=scales,
            skipped=_labels(self.groups, ~self.aim.free & ~held),
            frozen=_labels(self.groups, held),
            imbalance_before=float(self.path.imbalance(torch.zeros_like(solution.z))),
            imbalance_after=float(self.path.imbalance(solution.z)),
            norm_before=self.norm_before,
            norm_after=after,
            largest_log_scale=float(logs.max()) if len(logs) else 0.0,
            limit=limit,
            limited=0 if limit is None else int((logs >= limit).sum()),
            iterations=solution.iterations,
            products=solution.products,
            residual=float(solution.residual),
            converged=bool(solution.converged),
            output_change=change,
            rescaling=rescaling,
        )


def _applied(
    problem: _Problem, solution: Solution, optimizer: torch.optim.Optimizer | None
) -> tuple[Rescaling, float | None]:
    before = outputs(problem.model, problem.inputs)
    scales = (solution.z / 2).exp()
    rescaling = rescale(problem.model, scales, groups=problem.groups, optimizer=optimizer)
    return rescaling, relative_change(before, outputs(problem.model, problem.inputs))


def counted_elements(parameters: Mapping[str, Tensor], groups: ScaleGroups, biases: str) -> dict[str, Tensor]:
    """Which elements count in the criterion: boolean tensors that broadcast to the parameters' shapes."""
    counted = {}
    for name, parameter in parameters.items():
        keep = torch.tensor(parameter.requires_grad and not (biases == "none" and is_bias(name)))
        if biases == "hidden":
            entry = groups.entries[name]
            keep = keep & ((entry.enters > 0) | (entry.leaves > 0))
        counted[name] = keep.to(parameter.device)
    return counted


def _held(parameters: Mapping[str, Tensor], groups: ScaleGroups) -> Tensor:
    """Groups that a frozen parameter touches, (count,)."""
    held = torch.zeros(groups.count + 1, dtype=torch.bool)
    for name, parameter in parameters.items():
        if not parameter.requires_grad:
            held[groups.entries[name].enters] = True
            held[groups.entries[name].leaves] = True
    return held[1:]


def _labels(groups: ScaleGroups, chosen: Tensor) -> tuple[str, ...]:
    return tuple(label for label, yes in zip(groups.labels, chosen.tolist(), strict=True) if yes)


def _squared_norm(model: nn.Module, diagonal: Mapping[str, Tensor] | None = None) -> float:
    """Σθ² in float64, or Σ(dθ)² for a rescaling that is not applied."""
    total = 0.0
    for name, parameter in model.named_parameters():
        values = parameter.detach().double()
        total += float(
            (values if diagonal is None else values * diagonal[name].to(values.device)).square().sum()
        )
    return total


def _check_options(criterion: str, biases: str, solver: str, max_log_scale: float | None, tol: float) -> None:
    for what, given, known in (
        ("criterion", criterion, CRITERIA),
        ("choice of biases", biases, BIASES),
        ("solver", solver, tuple(SOLVERS)),
    ):
        if given not in known:
            near = difflib.get_close_matches(str(given), known, n=1)
            hint = f"; the nearest is {near[0]!r}" if near else ""
            names = ", ".join(repr(name) for name in known)
            raise PathConditioningError(f"There is no {what} {given!r}{hint}. Choose one of {names}.")
    if max_log_scale is not None and not max_log_scale > 0:
        raise PathConditioningError(
            f"max_log_scale is {max_log_scale}; give a positive number, or None for no limit."
        )
    if not tol > 0:
        raise PathConditioningError(f"tol is {tol}; give a positive number, 1e-8 for instance.")


def _check_parameters(model: nn.Module) -> None:
    parameters = dict(model.named_parameters())
    if not parameters:
        raise PathConditioningError(
            f"{type(model).__name__} has no parameters, so there is nothing to rescale."
        )
    for name, parameter in parameters.items():
        if isinstance(parameter, nn.parameter.UninitializedParameter):
            raise PathConditioningError(
                f"{name} is not initialised; run the model once on an example before."
            )
        if parameter.is_meta:
            raise PathConditioningError(
                f"{name} is on the meta device and has no values; load or initialise the model before."
            )
        if parameter.dtype not in (torch.float32, torch.float64):
            kind = str(parameter.dtype).removeprefix("torch.")
            raise PathConditioningError(
                f"{name} has the type {kind}, in which a rescaling would change the function by rounding; "
                "condition the model in float32 or float64 and convert it afterwards."
            )
        if not torch.isfinite(parameter).all():
            raise PathConditioningError(
                f"{name} has values that are NaN or infinite; start from finite parameters."
            )
