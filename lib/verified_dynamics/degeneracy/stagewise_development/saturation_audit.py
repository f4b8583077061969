r"""Whether a curve of estimates says more than the loss does.

An estimate is nβ (chain loss - loss at the checkpoint). Chains that forget where they started have one loss
everywhere, and the curve of estimates is then an affine function of the loss, with slope -nβ.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
from scipy import stats

from verified_dynamics.degeneracy.local_learning_coefficient import LearningCoefficient

WITHIN = 0.1  # of slope one, and of the untrained loss
PUBLISHED = "published_stages.csv"
REGRESSION_N_BETA = 66.67  # of the published regression run: gradient scale 0.01 = ε nβ / 2 at ε = 3e-4


@dataclass(frozen=True)
class SaturationAudit:
    """What a curve of estimates over checkpoints shows about its chains.

    slope: least-squares slope of the estimates on -nβ loss, 1 for chains that forget their checkpoint, with the ends
    of its 95 % interval (Student's t over checkpoints, two fewer degrees of freedom); chain_range, loss_range: largest
    minus smallest chain loss and loss; ceiling: mean chain loss over the loss of an untrained network; stability: the
    largest ε (nβ h_max + γ)/4 of the checkpoints, linearly stable below 1; negative: how many estimates are below 0.
    """

    slope: float
    slope_low: float
    slope_high: float
    chain_range: float
    loss_range: float
    ceiling: float
    stability: float
    negative: int
    checkpoints: int

    @property
    def follows_loss(self) -> bool | None:
        """Whether the estimates are the loss in other units; None where the interval of the slope leaves it open."""
        if self.slope_low >= 1 - WITHIN and self.slope_high <= 1 + WITHIN:
            return True
        return False if self.slope_high < 1 - WITHIN or self.slope_low > 1 + WITHIN else None

    @property
    def at_ceiling(self) -> bool:
        """Whether the chains are, on average, about as bad as an untrained network."""
        return abs(self.ceiling - 1) <= WITHIN

    @property
    def stable(self) -> bool:
        """Whether the step is inside the linear stability limit at every checkpoint."""
        return self.stability < 1

    def __str__(self) -> str:
        """The verdict on the whole curve, one sentence for each thing that was looked at."""
        law = {
            True: "The estimates follow the loss: over these checkpoints they add nothing to it.",
            False: "The estimates are no affine function of the loss with slope -nβ.",
            None: "These checkpoints do not settle whether the estimates follow the loss.",
        }[self.follows_loss]
        chains = (
            f"The chains' loss varies by {self.chain_range:.3g} while the loss varies by {self.loss_range:.3g}; "
            f"its mean is {self.ceiling:.2f} times that of an untrained network."
        )
        step = "inside" if self.stable else "beyond"
        return (
            f"{law} Slope {self.slope:.3f} [{self.slope_low:.3f}, {self.slope_high:.3f}]. {chains} "
            f"The step is {step} the limit of linear stability ({self.stability:.2g}); "
            f"{self.negative} of {self.checkpoints} estimates are negative."
        )


def audit_curve(
    losses: Sequence[float],
    estimates: Sequence[float],
    *,
    n_beta: float,
    untrained_loss: float,
    stability: Sequence[float],
) -> SaturationAudit:
    """The audit of estimates (c,) at checkpoints of these losses (c,), all made at one nβ.

    untrained_loss: of a network that learnt nothing; stability: ε (nβ h_max + γ)/4 (c,). Raises ValueError for fewer
    than three checkpoints, for values that are not finite, and for a loss that does not change.
    """
    loss, estimate = np.asarray(losses, dtype=float), np.asarray(estimates, dtype=float)
    if loss.ndim != 1 or loss.shape != estimate.shape or len(loss) < 3:
        raise ValueError(
            "an audit needs one estimate for each of at least three losses, "
            f"not arrays of shapes {loss.shape} and {estimate.shape}."
        )
    if not (np.isfinite(loss).all() and np.isfinite(estimate).all()):
        raise ValueError("losses and estimates must be finite; leave diverged chains out and say so.")
    if not loss.max() > loss.min():
        raise ValueError("the loss is the same at all checkpoints, so nothing can follow it.")
    chain = loss + estimate / n_beta
    fit = stats.linregress(-n_beta * loss, estimate)
    half = float(stats.t.ppf(0.975, len(loss) - 2)) * fit.stderr
    return SaturationAudit(
        slope=float(fit.slope),
        slope_low=float(fit.slope - half),
        slope_high=float(fit.slope + half),
        chain_range=float(np.ptp(chain)),
        loss_range=float(np.ptp(loss)),
        ceiling=float(chain.mean() / untrained_loss),
        stability=float(np.max(stability)),
        negative=int((estimate < 0).sum()),
        checkpoints=len(loss),
    )


def audit(estimates: Sequence[LearningCoefficient]) -> SaturationAudit:
    """The audit of the estimates at the checkpoints of one training, made at one nβ.

    Raises ValueError where nβ differs between them, and as `audit_curve` does.
    """
    found = sorted({round(estimate.n_beta, 9) for estimate in estimates})
    if len(found) != 1:
        raise ValueError(f"the estimates of one audit are made at one nβ, not at {found}.")
    return audit_curve(
        [estimate.baseline_loss for estimate in estimates],
        [estimate.estimate for estimate in estimates],
        n_beta=found[0],
        untrained_loss=float(np.mean([estimate.untrained_loss for estimate in estimates])),
        stability=[estimate.stability for estimate in estimates],
    )


@dataclass(frozen=True)
class PublishedStage:
    """One stage of a published table: changes of loss and estimate over it, with the halves of their last digits."""

    run: str
    stage: str
    end: int
    kind: str
    loss_change: float
    estimate_change: float
    loss_rounding: float
    estimate_rounding: float

    @property
    def ratio(self) -> float:
        """Gain of the estimate over loss of the loss; nβ where the chains forget their checkpoints."""
        return self.estimate_change / -self.loss_change

    @property
    def ratio_interval(self) -> tuple[float, float]:
        """All ratios that round to the printed numbers."""
        ends = [
            (self.estimate_change + e * self.estimate_rounding) / -(self.loss_change + x * self.loss_rounding)
            for e in (-1, 1)
            for x in (-1, 1)
        ]
        return min(ends), max(ends)

    def chain_shift(self, n_beta: float) -> float:
        """By how much the mean chain loss changed over the stage if the estimates were made at this nβ."""
        return self.estimate_change / n_beta + self.loss_change


def published_stages(run: str | None = None) -> tuple[PublishedStage, ...]:
    """The stages of the published table, of one run ("language" or "regression") or of both.

    Source: Hoogland et al. 2025, table of stages. Raises ValueError for another run.
    """
    text = files(__package__).joinpath(PUBLISHED).read_text()
    rows = csv.DictReader(io.StringIO("\n".join(x for x in text.splitlines() if not x.startswith("#"))))
    found = tuple(
        PublishedStage(
            run=row["run"],
            stage=row["stage"],
            end=int(row["end"]),
            kind=row["type"],
            loss_change=float(row["loss_change"]),
            estimate_change=float(row["estimate_change"]),
            loss_rounding=0.5 * 10.0 ** -int(row["loss_digits"]),
            estimate_rounding=0.5 * 10.0 ** -int(row["estimate_digits"]),
        )
        for row in rows
    )
    runs = sorted({stage.run for stage in found})
    if run is not None and run not in runs:
        raise ValueError(f"there is no published run {run!r}; there are {', '.join(runs)}.")
    return tuple(stage for stage in found if run in (None, stage.run))
