"""How the chains run, checked before the first step."""

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from verified_dynamics.degeneracy.local_learning_coefficient.errors import LearningCoefficientError
from verified_dynamics.degeneracy.local_learning_coefficient.problem import Problem

SAMPLERS = ("sgld", "rmsprop-sgld", "mala")


@dataclass(frozen=True)
class Settings:
    """Numbers of chains and draws, and for each of the R points nβ, γ and ε (R,) in float64 on the CPU."""

    chains: int
    draws: int
    burn_in: int
    thin: int
    n_beta: Tensor
    localization: Tensor
    step: Tensor
    sampler: str
    batch_size: int | None
    shared_batches: bool
    target_acceptance: float | None
    seed: int
    chunk: int

    def select(self, rows: slice) -> "Settings":
        """The settings of these points only."""
        n_beta, localization, step = self.n_beta[rows], self.localization[rows], self.step[rows]
        return replace(self, n_beta=n_beta, localization=localization, step=step)

    @property
    def steps(self) -> int:
        """Steps of every chain: burn_in, then draws times thin."""
        return self.burn_in + self.draws * self.thin


def make_settings(
    problem: Problem,
    *,
    chains: int,
    draws: int,
    burn_in: int,
    thin: int,
    temperature: float | Tensor | None,
    localization: float | Tensor,
    step: float | Tensor,
    sampler: str,
    batch_size: int | None,
    shared_batches: bool,
    target_acceptance: float | None,
    seed: int,
    chunk: int | None,
) -> Settings:
    """Raises LearningCoefficientError where a setting makes no sense, with one sentence that says what to do."""
    for name, count, least in (
        ("chains", chains, 1),
        ("draws", draws, 4),
        ("burn_in", burn_in, 0),
        ("thin", thin, 1),
    ):
        if count != int(count) or count < least:
            raise LearningCoefficientError(f"{name} must be a whole number of at least {least}, not {count}.")
    if sampler not in SAMPLERS:
        raise LearningCoefficientError(f"sampler must be one of {', '.join(SAMPLERS)}, not {sampler!r}.")
    if batch_size is not None and not 1 <= batch_size <= problem.samples:
        raise LearningCoefficientError(
            f"batch_size={batch_size} must lie between 1 and the number of samples, {problem.samples}."
        )
    batch_size = None if batch_size == problem.samples else batch_size
    if sampler == "mala" and batch_size is not None:
        raise LearningCoefficientError(
            "MALA tests each step with the loss over all data, so it takes no minibatches: leave batch_size out."
        )
    if target_acceptance is not None and (sampler != "mala" or not 0 < target_acceptance < 1 or not burn_in):
        raise LearningCoefficientError(
            "target_acceptance, between 0 and 1, adapts MALA's step during burn_in, which must not be 0."
        )
    if chunk is not None and chunk < 1:
        raise LearningCoefficientError(f"A chunk has at least one chain, but chunk={chunk} was given.")
    localization = _per_point("localization", localization, problem.points, least=0.0)
    step = _per_point("step", step, problem.points)
    n_beta = inverse_temperature(temperature, problem)
    return Settings(
        int(chains), int(draws), int(burn_in), int(thin), n_beta, localization, step, sampler, batch_size,
        bool(shared_batches), target_acceptance, int(seed), chunk or problem.points * int(chains),
    )  # fmt: skip


def inverse_temperature(temperature: float | Tensor | None, problem: Problem) -> Tensor:
    """nβ = n / temperature of every point (R,), with log n where the temperature is None."""
    if temperature is None and problem.samples < 3:
        raise LearningCoefficientError(
            f"The default temperature log n needs at least 3 samples, but there are {problem.samples}: set temperature."
        )
    default = math.log(problem.samples) if temperature is None else temperature
    return problem.samples / _per_point("temperature", default, problem.points)


def _per_point(name: str, value: float | Tensor, points: int, least: float | None = None) -> Tensor:
    numbers = torch.as_tensor(value, dtype=torch.float64, device="cpu")
    numbers = numbers.expand(points) if numbers.ndim == 0 else numbers
    if numbers.shape != (points,):
        raise LearningCoefficientError(
            f"{name} is one number or one per point ({points}), not of shape {tuple(numbers.shape)}."
        )
    sound = numbers.isfinite() & ((numbers > 0) if least is None else (numbers >= least))
    if not sound.all():
        kind = "positive" if least is None else "not negative"
        raise LearningCoefficientError(f"{name} must be finite and {kind}, not {value}.")
    return numbers
