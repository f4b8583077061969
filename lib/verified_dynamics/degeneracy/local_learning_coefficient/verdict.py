"""Whether an estimate can be believed: named failures, each with the number that shows it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from verified_dynamics.degeneracy.local_learning_coefficient.learning_coefficient import (
        LearningCoefficient,
    )

SATURATED, LEFT = 0.9, 0.5  # share of the way from the baseline to the untrained loss
LARGEST_SHIFT = 0.1  # of the estimate: by the step, by a drift of the trace
LARGEST_FALL = 0.05  # of the estimate: what the gradient at w* takes from it
LARGEST_R_HAT = 1.1
LARGEST_REST = 1 / 3  # of the directions: those that the chains have not explored yet
LARGEST_PULL = 0.2  # of the estimate: its change when γ grows by a factor e
SURE = 3.0  # standard errors by which a noisy number must pass its limit


@dataclass(frozen=True)
class Failure:
    """One reason not to believe an estimate: its name, the number that shows it, the limit, and a sentence."""

    name: str
    number: float
    limit: float
    sentence: str

    def __str__(self) -> str:
        return f"{self.name}: {self.sentence}"


@dataclass(frozen=True)
class Verdict:
    """The failures of an estimate, gravest first; it is trustworthy where there is none."""

    failures: tuple[Failure, ...]

    @property
    def trustworthy(self) -> bool:
        """Whether no failure was found."""
        return not self.failures

    def __contains__(self, name: str) -> bool:
        return any(failure.name == name for failure in self.failures)

    def __str__(self) -> str:
        return "\n".join(map(str, self.failures)) if self.failures else "trustworthy: no failure was found"


def judge(estimate: "LearningCoefficient") -> Verdict:
    """Every failure that the numbers of the estimate show.

    - diverged: a draw of a chain is not finite;
    - step beyond linear stability: ε (nβ h_max + γ) / 4 is at least 1 (SGLD), so the stiffest direction blows up;
    - saturated: the chains' mean excess loss is within a tenth of that of an untrained network, so that the estimate
      is nβ times a constant minus the loss and says nothing about w*;
    - left the basin: a chain's mean excess loss is more than half of that;
    - negative: the chains find lower losses than w*; nothing is clipped;
    - not a minimum: to second order nβ L falls from w* by more than a twentieth of the estimate;
    - step too large: the finite step and the minibatch noise add more than a tenth, to first order in ε or by
      the excess of E<∇U, w - w*> over d;
    - not mixed: R-hat above 1.1, or the mean trace still drifts by more than a tenth over the draws;
    - not relaxed: E<∇U, w - w*> falls short of d by more than a third, so that many directions have hardly moved;
      chains that start together and crawl together look mixed, and the estimate is too small;
    - localisation-dominated: the estimate would change by more than a fifth if γ grew by a factor e;
    - one chain: no interval can be given.
    """
    return Verdict(tuple(_found(estimate)))


def _found(estimate: "LearningCoefficient") -> Iterator[Failure]:
    if estimate.chains == 1:
        yield Failure("one chain", 1, 2, "there is no interval over chains: run at least 2, better 8")
    bad = int((~np.isfinite(estimate.per_chain)).sum())
    if bad:
        yield Failure(
            "diverged", bad, 0, f"{bad} of {estimate.chains} chains are not finite: make the step smaller"
        )
    sgld = estimate.acceptance is None
    if sgld and estimate.stability >= 1:
        sentence = (
            f"ε (nβ h_max + γ) / 4 = {estimate.stability:.3g}, at most 1 is stable: make the step smaller"
        )
        yield Failure("step beyond linear stability", estimate.stability, 1, sentence)
    if bad:
        return
    yield from _location(estimate)
    yield from _shifts(estimate)
    yield from _mixing(estimate)
    yield from _localisation(estimate)


def _location(estimate: "LearningCoefficient") -> Iterator[Failure]:
    gap = estimate.untrained_loss - estimate.baseline_loss
    if gap > 0:
        shares = estimate.per_chain / estimate.n_beta / gap
        share = float(shares.mean())
        away = int((shares > LEFT).sum())
        if share > SATURATED:
            sentence = (
                f"the chains' mean loss {estimate.chain_loss:.4g} is {share:.0%} of the way from w* "
                f"({estimate.baseline_loss:.4g}) to the untrained loss ({estimate.untrained_loss:.4g}): "
                "raise localization or lower the temperature"
            )
            yield Failure("saturated", share, SATURATED, sentence)
        elif away:
            sentence = (
                f"{away} of {estimate.chains} chains have a mean loss more than half of the way to the untrained loss "
                f"(the farthest {shares.max():.0%}): raise localization or lower the temperature"
            )
            yield Failure("left the basin", float(shares.max()), LEFT, sentence)
    if estimate.estimate < 0:
        sentence = f"{estimate.estimate:.4g}: the chains find lower losses than w*, which is no minimum"
        yield Failure("negative", estimate.estimate, 0, sentence)


def _shifts(estimate: "LearningCoefficient") -> Iterator[Failure]:
    size = abs(estimate.estimate)
    if estimate.predicted_fall > LARGEST_FALL * size:
        sentence = (
            f"from w* nβ L falls by {estimate.predicted_fall:.3g} to second order, against an estimate of "
            f"{estimate.estimate:.4g}: minimise the loss on these data first"
        )
        yield Failure("not a minimum", estimate.predicted_fall / size, LARGEST_FALL, sentence)
    added = max(estimate.step_inflation, _measured_inflation(estimate))
    if estimate.acceptance is None and added > LARGEST_SHIFT * size:
        sentence = f"the step adds about {added:.3g} to the estimate {estimate.estimate:.4g}: make it smaller"
        yield Failure("step too large", added / size, LARGEST_SHIFT, sentence)


def _measured_inflation(estimate: "LearningCoefficient") -> float:
    return estimate.virial_excess - estimate.free_inflation - SURE * estimate.virial_error


def _mixing(estimate: "LearningCoefficient") -> Iterator[Failure]:
    drift, error = estimate.drift
    if not estimate.r_hat <= LARGEST_R_HAT:
        sentence = (
            f"R-hat is {estimate.r_hat:.3g}, {estimate.ess:.0f} effective draws: burn in and draw longer"
        )
        yield Failure("not mixed", estimate.r_hat, LARGEST_R_HAT, sentence)
    elif abs(drift) - SURE * error > LARGEST_SHIFT * abs(estimate.estimate):
        sentence = f"the mean trace drifts by {drift:+.3g} over the draws: burn in longer"
        yield Failure("not mixed", drift, LARGEST_SHIFT * abs(estimate.estimate), sentence)

    rest = (
        2 * (estimate.step_inflation + estimate.free_inflation - estimate.virial_excess) / estimate.dimension
    )
    if rest - SURE * 2 * estimate.virial_error / estimate.dimension > LARGEST_REST:
        sentence = (
            f"by the virial the chains have not explored {rest:.0%} of the {estimate.dimension} directions: "
            "draw longer, or raise localization"
        )
        yield Failure("not relaxed", rest, LARGEST_REST, sentence)


def _localisation(estimate: "LearningCoefficient") -> Iterator[Failure]:
    slope, error = abs(estimate.gamma_slope), estimate.gamma_slope_error
    if slope - SURE * error > LARGEST_PULL * abs(estimate.estimate):
        sentence = (
            f"dλ̂ / d log γ = {estimate.gamma_slope:.3g} at an estimate of {estimate.estimate:.4g}: lower localization "
            "and burn in longer"
        )
        yield Failure("localisation-dominated", slope / abs(estimate.estimate), LARGEST_PULL, sentence)
