"""The starting points that race against each other: one network and five rescalings of it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from verified_dynamics.ensemble import Ensemble
from verified_dynamics.symmetry.path_conditioned_training.experiments.layered_sweeps import layered_sweeps
from verified_dynamics.symmetry.path_conditioned_training.experiments.setting import generator
from verified_dynamics.symmetry.path_conditioned_training.stacked import condition_ensemble, rescale_ensemble
from verified_dynamics.symmetry.rescaling_invariance.tracing import scale_groups

# All of them compute the same function of the input before the first step.
STARTS = ("baseline", "path, ten sweeps", "path", "norm", "random", "random, then path")
_STREAM = 31


def starting_points(ensemble: Ensemble, example_input: Tensor, starts: Sequence[str] = STARTS) -> Ensemble:
    """The fully connected networks of the ensemble, once for every starting point: members (start, seed) in this order.

    baseline: as it is. path, ten sweeps: after ten sequential sweeps, which is the published method. path: the
    minimiser of the path criterion. norm: the smallest sum of squares on the orbit. random: log-normal scales of unit
    spread. random, then path: the minimiser of the path criterion, sought from there.
    """
    return joined([_rescaled(ensemble, start, example_input) for start in starts])


def joined(ensembles: Sequence[Ensemble]) -> Ensemble:
    """One ensemble of the members of all, in order; their architectures must be the same."""
    first = ensembles[0]
    parameters = {name: torch.cat([e.parameters[name] for e in ensembles]) for name in first.parameters}
    buffers = {name: torch.cat([e.buffers[name] for e in ensembles]) for name in first.buffers}
    return Ensemble(first.module, parameters, buffers, tuple(seed for e in ensembles for seed in e.seeds))


def scaled_at_random(ensemble: Ensemble, *, spread: float = 1.0) -> Ensemble:
    """A copy whose neurons have log-normal scales: log of the scale normal with this standard deviation, by seed."""
    result, groups = ensemble.copy(), scale_groups(ensemble.member(0))
    drawn = [groups.random_scales(generator(seed, _STREAM), spread=spread) for seed in ensemble.seeds]
    scales = torch.stack(drawn)
    rescale_ensemble(result, groups, scales.to(ensemble.device))
    return result


def _rescaled(ensemble: Ensemble, start: str, example_input: Tensor) -> Ensemble:
    result = scaled_at_random(ensemble) if start.startswith("random") else ensemble.copy()
    if start == "path, ten sweeps":
        rescale_ensemble(result, scale_groups(ensemble.member(0)), layered_sweeps(ensemble))
    if start in ("path", "random, then path", "norm"):
        # Without a limit of the scales: it would count from the starting point, which differs.
        criterion = "norm" if start == "norm" else "path"
        condition_ensemble(result, example_input, criterion=criterion, max_log_scale=None)
    return result
