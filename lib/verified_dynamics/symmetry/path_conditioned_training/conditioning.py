"""Path conditioning: the member of a network's rescaling orbit whose path magnitudes are as even as can be."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn

from verified_dynamics.symmetry.path_conditioned_training.block_updates import block_updates
from verified_dynamics.symmetry.path_conditioned_training.newton import newton
from verified_dynamics.symmetry.path_conditioned_training.objective import Objective
from verified_dynamics.symmetry.path_conditioned_training.output_change import (
    beyond_rounding,
    outputs,
    relative_changes,
)
from verified_dynamics.symmetry.path_conditioned_training.path_diagonal import is_bias, path_diagonal
from verified_dynamics.symmetry.path_conditioned_training.report import PathConditioning
from verified_dynamics.symmetry.path_conditioned_training.requirements import (
    PathConditioningError,
    check_numbers,
    check_options,
    check_parameters,
)
from verified_dynamics.symmetry.path_conditioned_training.sequential import sequential
from verified_dynamics.symmetry.path_conditioned_training.solution import Solution
from verified_dynamics.symmetry.rescaling_invariance.rescaling import (
    Rescaling,
    check_groups,
    check_optimizer,
    rescale,
)
from verified_dynamics.symmetry.rescaling_invariance.scale_groups import ScaleGroups
from verified_dynamics.symmetry.rescaling_invariance.tensor_shapes import ForwardPass, forward_pass
from verified_dynamics.symmetry.rescaling_invariance.tracing import scale_groups

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
    or are not finite, and where the output on the example changes, as it may in the mode that was not traced;
    ScaleGroupError for a model that cannot be traced and for an input, groups or an optimizer that do not fit.  Nothing
    is changed then.
    """
    check_options(criterion, biases, solver, tuple(SOLVERS))
    check_numbers(max_log_scale, tol, max_iterations)
    check_parameters(model)
    run = forward_pass(model, example_input)
    if groups is None:
        groups = scale_groups(model, run)
    check_groups(model, groups)
    if optimizer is not None:
        check_optimizer(optimizer, model)
    problem = _Problem(model, run, groups, criterion, biases)
    bound = None if max_log_scale is None else 2 * max_log_scale
    limit = {} if max_iterations is None else {_LIMITS[solver]: max_iterations}
    solution = SOLVERS[solver](problem.aim, bound=bound, tol=tol, **limit)
    rescaling, change = (None, None) if dry_run else _applied(problem, solution, optimizer)
    return problem.report(solution, solver, max_log_scale, rescaling, change)


class _Problem:
    """The criterion for one model: what is minimised (``aim``) and the imbalance that is reported (``path``)."""

    def __init__(
        self, model: nn.Module, run: ForwardPass, groups: ScaleGroups, criterion: str, biases: str
    ) -> None:
        self.model, self.inputs, self.groups, self.criterion = model, run.inputs, groups, criterion
        parameters = dict(model.named_parameters())
        self.held = _held(parameters, groups)
        counted = counted_elements(parameters, groups, biases)
        diagonal = path_diagonal(model, run, biases=biases != "none")
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
    """Rescale, and measure the outputs; a change beyond rounding is taken back and told."""
    model, inputs = problem.model, problem.inputs
    before = outputs(model, inputs)
    rescaling = rescale(model, (solution.z / 2).exp(), groups=problem.groups, optimizer=optimizer)
    after = outputs(model, inputs)
    changes, limit = relative_changes(before, after), beyond_rounding(before)
    wrong = [mode for mode, change in changes.items() if change > limit]
    if not wrong:
        return rescaling, max(changes.values(), default=None)
    if any(change > limit for change in relative_changes(after, outputs(model, inputs)).values()):
        return rescaling, None  # the model draws numbers of its own, so that no two outputs are alike
    rescaling.undo()
    worst = model.training if model.training in wrong else wrong[0]
    mode, traced = (("evaluation", "training")[flag] for flag in (worst, model.training))
    hint = (
        "its code reads parameters in a way that tracing does not see"
        if mode == traced
        else f"call model.{('eval', 'train')[worst]}() before, so that this mode is the one that is traced"
    )
    raise PathConditioningError(
        f"A rescaling that the trace in {traced} mode found free changes the output on the example by a factor of "
        f"{changes[worst]:.1g} in {mode} mode, so it was taken back; {hint}."
    )


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
        values = parameter.detach()
        values = values if diagonal is None else values.double() * diagonal[name].to(values.device)
        total += float(torch.linalg.vector_norm(values, dtype=torch.float64)) ** 2
    return total
