"""The estimator: one call for one network, one call for many."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from verified_dynamics.degeneracy.local_learning_coefficient.baseline import Baseline
from verified_dynamics.degeneracy.local_learning_coefficient.learning_coefficient import LearningCoefficient
from verified_dynamics.degeneracy.local_learning_coefficient.problem import (
    Problem,
    make_problem,
    single_problem,
)
from verified_dynamics.degeneracy.local_learning_coefficient.sampling import Draws, sample
from verified_dynamics.degeneracy.local_learning_coefficient.settings import Settings, make_settings
from verified_dynamics.degeneracy.local_learning_coefficient.surroundings import Surroundings, survey
from verified_dynamics.ensemble import Ensemble

STEP = 1e-4


def local_learning_coefficient(
    model: nn.Module,
    loss: Callable[..., Tensor],
    data: Sequence[Tensor],
    *,
    chains: int = 8,
    draws: int = 200,
    burn_in: int = 200,
    thin: int = 1,
    temperature: float | None = None,
    localization: float = 1.0,
    step: float = STEP,
    sampler: str = "sgld",
    batch_size: int | None = None,
    shared_batches: bool = False,
    parameters: str | Sequence[str] | None = None,
    untrained_loss: float | None = None,
    target_acceptance: float | None = None,
    seed: int = 0,
    chunk: int | None = None,
) -> LearningCoefficient:
    """Estimate the local learning coefficient λ at the parameters w* of a network, by chains that start there.

    The chains sample exp(−nβ L(w) − γ/2 ‖w − w*‖²) and λ̂ = nβ (E[L(w)] − L(w*)), where β is 1/`temperature` (None:
    log n, so that nβ = n/log n) and γ is `localization`. Compare λ̂ with theory at this nβ and γ, not at infinity.

    model: left as it is; in evaluation mode where modes matter. loss(model, *batch): a scalar, the mean over the
    batch. data: tensors (n, ...), on the device where the chains shall run. Each of the `chains` makes burn_in +
    draws · thin steps, all chains at once, and keeps every thin-th draw after burn-in; `chunk` is the most chains at a
    time, halved where the memory does not suffice. A chain's draws depend on `seed` and its number alone.

    step: ε of w ← w − (ε/2) [nβ g + γ (w − w*)] + N(0, ε); see `calibrate`. sampler: "sgld", "rmsprop-sgld" or
    "mala", whose Metropolis test makes the law exact and needs all data; its step can adapt to `target_acceptance`
    (0.57 is usual) during burn-in, for each chain. batch_size: minibatches, drawn with replacement for each
    chain, or one for all chains where shared_batches; None or n: all data. L(w*) is always taken on the minibatch
    of the draw. parameters: names or patterns ("blocks.0.*") of the parameters that move; None: all that require a
    gradient. untrained_loss: the loss of a network that learnt nothing; None: the median over 8 reorderings of the
    entries of each sampled tensor.

    The result says in `.verdict` whether to believe it. A model that is not at a minimum, a chain that diverges or
    leaves gives an estimate with a failure, never a clipped or filtered one. Raises LearningCoefficientError for a
    loss that is not finite at w*, empty data, names that fit no parameter, minibatches larger than the data, and
    modules that are random or change (dropout, batch normalisation) in training mode. Source of the estimator:
    Lau et al. 2023 (arXiv:2308.12108), section 4.
    """
    problem = single_problem(model, loss, data, parameters)
    settings = make_settings(
        problem, chains=chains, draws=draws, burn_in=burn_in, thin=thin, temperature=temperature,
        localization=localization, step=step, sampler=sampler, batch_size=batch_size, shared_batches=shared_batches,
        target_acceptance=target_acceptance, seed=seed, chunk=chunk,
    )  # fmt: skip
    return _estimates(problem, settings, untrained_loss)[0]


def local_learning_coefficients(
    ensemble: Ensemble,
    loss: Callable[..., Tensor],
    data: Sequence[Tensor],
    *,
    chains: int = 8,
    draws: int = 200,
    burn_in: int = 200,
    thin: int = 1,
    temperature: float | Tensor | None = None,
    localization: float | Tensor = 1.0,
    step: float | Tensor = STEP,
    sampler: str = "sgld",
    batch_size: int | None = None,
    shared_batches: bool = False,
    parameters: str | Sequence[str] | None = None,
    untrained_loss: float | Tensor | None = None,
    target_acceptance: float | None = None,
    shared_data: bool = True,
    seed: int = 0,
    chunk: int | None = None,
) -> tuple[LearningCoefficient, ...]:
    """`local_learning_coefficient` at every member of an ensemble (checkpoints, seeds), all chains at once.

    temperature, localization, step and untrained_loss may be one number per member (R,). data: (R, n, ...) where
    not shared. Chain c of member r draws from (seed, r, c); one shared minibatch serves all chains of all members.
    """
    problem = make_problem(ensemble, loss, data, parameters, shared_data=shared_data)
    settings = make_settings(
        problem, chains=chains, draws=draws, burn_in=burn_in, thin=thin, temperature=temperature,
        localization=localization, step=step, sampler=sampler, batch_size=batch_size, shared_batches=shared_batches,
        target_acceptance=target_acceptance, seed=seed, chunk=chunk,
    )  # fmt: skip
    return _estimates(problem, settings, untrained_loss)


def _estimates(problem: Problem, settings: Settings, untrained_loss) -> tuple[LearningCoefficient, ...]:
    baseline = Baseline(problem, settings.batch_size)
    draws = sample(problem, settings, baseline)
    around = survey(problem, settings, untrained_loss, draws.preconditioner)
    whole = baseline.whole.cpu().double()
    norms = torch.linalg.vector_norm(problem.centre, dim=1).cpu().double()
    return tuple(_result(r, problem, settings, draws, around, whole, norms) for r in range(problem.points))


def _result(
    r: int,
    problem: Problem,
    settings: Settings,
    draws: Draws,
    around: Surroundings,
    whole: Tensor,
    norms: Tensor,
) -> LearningCoefficient:
    n_beta, localization = float(settings.n_beta[r]), float(settings.localization[r])
    step = float(draws.step[r].mean())
    return LearningCoefficient(
        traces=(n_beta * draws.excess[r]).numpy(),
        squares=draws.square[r].numpy(),
        virials=draws.virial[r].numpy(),
        acceptance=None if draws.acceptance is None else draws.acceptance[r].numpy(),
        baseline_loss=float(whole[r]),
        untrained_loss=float(around.untrained_loss[r]),
        n_beta=n_beta,
        localization=localization,
        step=step,
        stability=step * (n_beta * float(around.top_eigenvalue[r]) + localization) / 4,
        gradient_norm=float(around.gradient_norm[r]),
        predicted_fall=float(around.predicted_fall[r]),
        step_inflation=float(around.step_inflation[r]),
        free_inflation=float(around.free_inflation[r]),
        dimension=problem.dimension,
        centre_norm=float(norms[r]),
        shared_batches=settings.shared_batches,
        full_batch=settings.batch_size is None,
        thin=settings.thin,
    )
