"""Path conditioning of an ensemble: all members in one solve."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from verified_dynamics.ensemble import Ensemble
from verified_dynamics.symmetry.path_conditioned_training.conditioning import SOLVERS, counted_elements
from verified_dynamics.symmetry.path_conditioned_training.objective import Objective
from verified_dynamics.symmetry.path_conditioned_training.path_diagonal import diagonal_function
from verified_dynamics.symmetry.path_conditioned_training.requirements import (
    check_numbers,
    check_options,
)
from verified_dynamics.symmetry.path_conditioned_training.solution import Solution
from verified_dynamics.symmetry.rescaling_invariance.scale_groups import ScaleGroups
from verified_dynamics.symmetry.rescaling_invariance.tracing import scale_groups


def ensemble_objective(
    ensemble: Ensemble,
    example_input: Tensor,
    groups: ScaleGroups,
    *,
    criterion: str = "path",
    biases: str = "all",
) -> Objective:
    """The criterion of every member: an objective with the leading dimension (members,)."""
    member = ensemble.member(0)
    counted = counted_elements(dict(member.named_parameters()), groups, biases)
    counted = {name: keep.to(ensemble.device) for name, keep in counted.items()}
    parameters = {name: p.detach().double() for name, p in ensemble.parameters.items()}
    if criterion == "path":
        diagonal = torch.func.vmap(diagonal_function(member, example_input, biases=biases != "none"))(
            parameters
        )
    else:
        diagonal = {name: p**2 for name, p in parameters.items()}
    return Objective.build(groups, diagonal, criterion=criterion, counted=counted)


def condition_ensemble(
    ensemble: Ensemble,
    example_input: Tensor,
    *,
    criterion: str = "path",
    biases: str = "all",
    max_log_scale: float | None = 3.0,
    tol: float = 1e-8,
    solver: str = "newton",
    max_iterations: int | None = None,
) -> Solution:
    """Condition every member of an ensemble in place, as ``path_condition`` does with one network.

    ``solver``: "newton" or "blocks".  z of the solution that is returned is (members, groups).
    """
    check_options(criterion, biases, solver, ("newton", "blocks"))
    check_numbers(max_log_scale, tol, max_iterations)
    groups = scale_groups(ensemble.member(0), example_input)
    objective = ensemble_objective(ensemble, example_input, groups, criterion=criterion, biases=biases)
    bound = None if max_log_scale is None else 2 * max_log_scale
    limit = {} if max_iterations is None else {"newton": "max_iterations", "blocks": "max_sweeps"}
    limit = {limit[solver]: max_iterations} if limit else {}
    solution = SOLVERS[solver](objective, bound=bound, tol=tol, **limit)
    rescale_ensemble(ensemble, groups, (solution.z / 2).exp())
    return solution


def rescale_ensemble(ensemble: Ensemble, groups: ScaleGroups, scales: Tensor) -> None:
    """Multiply what enters each group by its scale and divide what leaves it, in place.

    ``scales``: (members, groups).
    """
    for name, factor in ensemble_factors(groups, scales).items():
        parameter = ensemble.parameters[name]
        with torch.no_grad():
            parameter.copy_((parameter.double() * factor).to(parameter.dtype))


def ensemble_factors(groups: ScaleGroups, scales: Tensor) -> Mapping[str, Tensor]:
    """The diagonals of the rescalings of all members, (members, *shape) by parameter name."""
    padded = torch.cat([scales.new_ones(len(scales), 1), scales], -1)
    factors = {}
    for name, entry in groups.entries.items():
        pair = [padded[:, index.to(scales.device)] for index in (entry.enters, entry.leaves)]
        factors[name] = (pair[0] / pair[1]).expand(len(scales), *groups.shapes[name])
    return factors
