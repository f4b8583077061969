"""What is known of a point before a chain runs: slope, curvature, the step's cost, the loss without training."""

from dataclasses import dataclass, fields

import torch
from torch import Tensor

from verified_dynamics.degeneracy.local_learning_coefficient.curvature import HESSIAN_SAMPLES, Curvature
from verified_dynamics.degeneracy.local_learning_coefficient.errors import LearningCoefficientError
from verified_dynamics.degeneracy.local_learning_coefficient.problem import Problem
from verified_dynamics.degeneracy.local_learning_coefficient.randomness import generator
from verified_dynamics.degeneracy.local_learning_coefficient.settings import Settings
from verified_dynamics.degeneracy.local_learning_coefficient.stacked_loss import StackedLoss
from verified_dynamics.ensemble.chunks import in_chunks

LANCZOS_STEPS, SCRAMBLES, LOSS_SAMPLES = 12, 8, 1024
MEMBERS_OF_A_POINT = 8  # copies of the network in the Hessian-vector products of a point and its probes
SMALL = 400_000  # parameters, or samples, of all copies together that are few for any memory


@dataclass(frozen=True)
class Surroundings:
    """Of every point (R,): numbers that need no chain.

    top_eigenvalue: h_max of the Hessian of L; gradient_norm: ‖∇L‖; predicted_fall: by how much nβ L falls, to second
    order, on the way to the mean of the sampled law; step_inflation: what the finite step and the minibatch noise
    add to the estimate, to first order; free_inflation: what the step adds to the virial besides; untrained_loss:
    the ceiling.
    """

    top_eigenvalue: Tensor
    gradient_norm: Tensor
    predicted_fall: Tensor
    step_inflation: Tensor
    free_inflation: Tensor
    untrained_loss: Tensor


def survey(
    problem: Problem, settings: Settings, untrained_loss: float | Tensor | None, scale: Tensor | None
) -> Surroundings:
    """Look around every point, as many at a time as the chains of one chunk suggest for the memory.

    scale: the mean preconditioner (R, d) of the chains, or None.
    """
    samples = min(problem.samples, HESSIAN_SAMPLES)
    as_chains = settings.chunk * (settings.batch_size or problem.samples) // (MEMBERS_OF_A_POINT * samples)
    together = max(1, as_chains, SMALL // (MEMBERS_OF_A_POINT * max(samples, problem.dimension)))
    given = None if untrained_loss is None else _given(untrained_loss, problem.points)

    def work(rows: slice) -> Surroundings:
        return _look_around(
            problem.select(rows), settings.select(rows),
            None if given is None else given[rows], None if scale is None else scale[rows],
        )  # fmt: skip

    parts = in_chunks(problem.points, together, work)
    names = [entry.name for entry in fields(Surroundings)]
    return Surroundings(**{name: torch.cat([getattr(part, name) for part in parts]) for name in names})


def _given(untrained_loss: float | Tensor, points: int) -> Tensor:
    numbers = torch.as_tensor(untrained_loss, dtype=torch.float64, device="cpu")
    if numbers.shape not in ((), (points,)):
        raise LearningCoefficientError(
            f"untrained_loss is one number or one per point ({points}), not of shape {tuple(numbers.shape)}."
        )
    return numbers.expand(points)


def _look_around(
    problem: Problem, settings: Settings, given: Tensor | None, scale: Tensor | None
) -> Surroundings:
    """The numbers of all points of a small problem.

    In a direction with curvature h and A = nβ h + γ, the law's mean lies at −nβ g / A, where nβ L is lower by
    (nβ g)²/A · (1 − nβ h / (2 A)); the step adds (ε/8) nβ tr H to the estimate and the minibatch's noise
    ε nβ² tr C / (8 b), both exact to first order in ε for a quadratic loss; a preconditioner G weighs H, γ and C.
    """
    curvature = Curvature(problem, settings.seed)
    starts = torch.cat([curvature.gradient[:, None], curvature.probes(1)], dim=1)
    spectrum = curvature.spectrum(starts, LANCZOS_STEPS)
    values = spectrum.values.unflatten(0, (problem.points, 2))  # (R, 2, k)
    weights = spectrum.weights.unflatten(0, (problem.points, 2))[:, 0]  # (R, k), of the gradient
    top = values.flatten(1).amax(dim=1)
    if scale is not None:
        root = scale.sqrt()
        stiff = curvature.spectrum(root.to(problem.centre)[:, None], LANCZOS_STEPS, root).values.amax(dim=1)
        top = torch.maximum(stiff, torch.zeros_like(stiff))
    pull = settings.n_beta[:, None] * values[:, 0].abs()
    total = (pull + settings.localization[:, None]).clamp(min=1e-300)
    force = settings.n_beta[:, None] * curvature.gradient_norm[:, None]
    fall = (weights * force**2 / total * (1 - pull / (2 * total))).sum(dim=1)
    return Surroundings(
        top, curvature.gradient_norm, fall, *_inflations(problem, settings, curvature, scale),
        _untrained(problem, settings) if given is None else given,
    )  # fmt: skip


def _inflations(problem: Problem, settings: Settings, curvature: Curvature, scale: Tensor | None):
    if settings.sampler == "mala":
        return torch.zeros(2, problem.points, dtype=torch.float64)
    mass = problem.dimension if scale is None else scale.sum(dim=1)
    free = settings.step * settings.localization * mass / 8
    added = settings.n_beta * curvature.trace(scale)
    if settings.batch_size:
        added = added + settings.n_beta**2 * curvature.sample_noise(scale) / settings.batch_size
    return settings.step * added / 8, free


def _untrained(problem: Problem, settings: Settings) -> Tensor:
    source = generator((settings.seed, 4), torch.device("cpu"))
    count = min(problem.samples, LOSS_SAMPLES)
    rows = torch.randperm(problem.samples, generator=source)[:count].to(problem.centre.device)
    axis = 0 if problem.shared_data else 1
    batch = tuple(column.index_select(axis, rows) for column in problem.data)
    points = torch.arange(problem.points, device=rows.device)
    stacked = StackedLoss(problem, points, batched=not problem.shared_data)
    losses = [stacked.values(_scrambled(problem, source), batch) for _ in range(SCRAMBLES)]
    return torch.stack(losses).cpu().double().median(dim=0).values


def _scrambled(problem: Problem, source: torch.Generator) -> Tensor:
    """The points (R, d) with the entries of each sampled tensor in another order."""
    sizes = [shape.numel() for shape in problem.shapes]
    starts = torch.tensor([0, *sizes]).cumsum(0)[:-1].tolist()
    order = torch.cat(
        [torch.randperm(size, generator=source) + start for size, start in zip(sizes, starts, strict=True)]
    )
    return problem.centre[:, order.to(problem.centre.device)]
