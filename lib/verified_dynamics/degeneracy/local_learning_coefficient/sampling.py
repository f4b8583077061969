"""The chains of all points at once: what they are, how they run, and what is kept of every draw."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from verified_dynamics.degeneracy.local_learning_coefficient.baseline import Baseline
from verified_dynamics.degeneracy.local_learning_coefficient.problem import Problem
from verified_dynamics.degeneracy.local_learning_coefficient.randomness import Minibatches, Noise
from verified_dynamics.degeneracy.local_learning_coefficient.samplers import (
    MALA,
    SGLD,
    Law,
    PreconditionedSGLD,
)
from verified_dynamics.degeneracy.local_learning_coefficient.settings import Settings
from verified_dynamics.degeneracy.local_learning_coefficient.stacked_loss import StackedLoss
from verified_dynamics.ensemble.chunks import in_chunks

WORTH_TRACING = 100  # steps from which on the trace of the gradient costs less than it saves


@dataclass(frozen=True)
class Draws:
    """What the chains left, (R, chains, draws) in float64 on the CPU.

    excess: loss minus the loss at w* on the same minibatch; square: ‖w − w*‖²; virial: <nβ g + γ (w − w*), w − w*>.
    acceptance: (R, chains) or None; step: the step of every chain (R, chains); preconditioner: mean G (R, d) or None.
    """

    excess: Tensor
    square: Tensor
    virial: Tensor
    acceptance: Tensor | None
    step: Tensor
    preconditioner: Tensor | None


def sample(problem: Problem, settings: Settings, baseline: Baseline) -> Draws:
    """Run every chain; a chunk of chains that runs out of memory is halved and started again."""
    members = problem.points * settings.chains

    def work(rows: slice) -> Draws:
        return _Chains(problem, settings, baseline, range(members)[rows]).run()

    parts = in_chunks(members, settings.chunk, work)
    shape = (problem.points, settings.chains)

    def joined(name: str) -> Tensor | None:
        pieces = [getattr(part, name) for part in parts]
        return None if pieces[0] is None else torch.cat(pieces).unflatten(0, shape)

    scale = joined("preconditioner")
    return Draws(
        joined("excess"), joined("square"), joined("virial"), joined("acceptance"), joined("step"),
        None if scale is None else scale.mean(dim=1),
    )  # fmt: skip


class _Chains:
    """The chains of one chunk; a chain is a pair (point, number at the point)."""

    def __init__(self, problem: Problem, settings: Settings, baseline: Baseline, rows: Sequence[int]):
        self.problem, self.settings, self.baseline = problem, settings, baseline
        pairs = [divmod(row, settings.chains) for row in rows]
        device = problem.centre.device
        self.points = torch.tensor([point for point, _ in pairs], device=device)
        keys = [(settings.seed, *pair) for pair in pairs]
        self.centre = problem.centre[self.points]
        self.position = torch.empty_like(self.centre)
        self.noise = Noise(keys, self.centre, uniform=settings.sampler == "mala")
        self.batches = None
        if settings.batch_size:
            sources = [(settings.seed, 0, 0)] if settings.shared_batches else keys
            self.batches = Minibatches(sources, problem.samples, settings.batch_size, device)
        lone_batch = settings.shared_batches or self.batches is None
        self.stacked = StackedLoss(problem, self.points, batched=not (problem.shared_data and lone_batch))
        self.whole = None if self.batches else self._whole()
        self.index: Tensor | None = None
        self.gradient = None

    def run(self) -> Draws:
        """Burn in, then keep every thin-th draw."""
        settings, sampler = self.settings, self._sampler()
        kept: list[tuple[Tensor, Tensor, Tensor]] = []
        for step in range(settings.steps):
            losses = sampler.look()
            if step >= settings.burn_in and (step - settings.burn_in) % settings.thin == 0:
                kept.append(self._kept(sampler, losses))
            sampler.move(*self.noise.draw())
        excess, square, virial = (
            torch.stack(column, dim=1).cpu().double() for column in zip(*kept, strict=True)
        )
        acceptance = (
            sampler.accepted.cpu().double() / sampler.proposed if settings.sampler == "mala" else None
        )
        scale = sampler.preconditioner().cpu().double() if settings.sampler == "rmsprop-sgld" else None
        return Draws(excess, square, virial, acceptance, sampler.law.step[:, 0].cpu().double(), scale)

    def _sampler(self):
        settings = self.settings
        law = Law(*(self._column(x) for x in (settings.n_beta, settings.localization, settings.step)))
        if settings.sampler == "mala":
            target = settings.target_acceptance
            return MALA(self._evaluate, self.centre, law, burn_in=settings.burn_in, target=target)
        kind = SGLD if settings.sampler == "sgld" else PreconditionedSGLD
        return kind(self._evaluate, self.centre, law)

    def _column(self, numbers: Tensor) -> Tensor:
        return numbers.to(self.centre.device, self.centre.dtype)[self.points][:, None]

    def _evaluate(self, offset: Tensor, out: Tensor) -> Tensor:
        batch = self.whole if self.batches is None else self._batch()
        torch.add(self.centre, offset, out=self.position)
        if self.gradient is None and self.settings.steps >= WORTH_TRACING:
            self.gradient = self.stacked.traced(self.position, batch)
        if self.gradient is None:
            return self.stacked.gradients(self.position, batch, out)[0]
        return self.gradient(self.position, batch, out)

    def _whole(self) -> tuple[Tensor, ...]:
        problem = self.problem
        return problem.data if problem.shared_data else tuple(column[self.points] for column in problem.data)

    def _batch(self) -> tuple[Tensor, ...]:
        self.index = self.batches.draw()
        if self.problem.shared_data:
            return tuple(
                _rows(column, self.index, lone=self.settings.shared_batches) for column in self.problem.data
            )
        return tuple(column[self.points[:, None], self.index] for column in self.problem.data)

    def _kept(self, sampler, losses: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        offset, law = sampler.offset, sampler.law
        square = torch.linalg.vecdot(offset, offset)
        virial = (
            law.n_beta[:, 0] * torch.linalg.vecdot(offset, sampler.gradient) + law.localization[:, 0] * square
        )
        return losses - self.baseline.of(self.points, self.index), square, virial


def _rows(column: Tensor, index: Tensor, *, lone: bool) -> Tensor:
    picked = column.index_select(0, index.reshape(-1))
    return picked if lone else picked.unflatten(0, index.shape)
