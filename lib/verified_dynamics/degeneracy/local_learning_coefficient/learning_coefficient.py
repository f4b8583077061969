"""An estimate of a local learning coefficient with everything that says whether to believe it."""

import functools
from dataclasses import dataclass, field

import numpy as np
from scipy import stats

from verified_dynamics.degeneracy.local_learning_coefficient.errors import LearningCoefficientError
from verified_dynamics.degeneracy.local_learning_coefficient.verdict import Verdict, judge
from verified_dynamics.statistics import effective_sample_size, split_r_hat

LEVEL = 0.95


@dataclass(frozen=True, eq=False)
class LearningCoefficient:
    """λ̂ = nβ (E[L(w)] − L(w*)) under the law proportional to exp(−nβ L(w) − γ/2 ‖w − w*‖²), from several chains.

    traces: nβ (loss − loss at w* on the same data) of every draw (chains, draws); squares: ‖w − w*‖² (chains,
    draws); virials: <nβ g + γ (w − w*), w − w*> (chains, draws), of mean d for the exact law; baseline_loss: L(w*)
    over all data; untrained_loss: the loss of a network that learnt nothing; step: ε, the mean over chains where it
    was adapted; stability: ε (nβ h_max + γ)/4, which must stay below 1; gradient_norm: ‖∇L(w*)‖; predicted_fall: by how
    much nβ L falls from w*, to second order; step_inflation: what step and minibatches add to λ̂, to first order;
    free_inflation: ε γ d/8, what the step adds to the virial besides; acceptance: share of accepted proposals
    (chains,) of MALA, else None; centre_norm: ‖w*‖; full_batch: whether every draw saw all data.
    """

    traces: np.ndarray = field(repr=False)
    squares: np.ndarray = field(repr=False)
    virials: np.ndarray = field(repr=False)
    acceptance: np.ndarray | None = field(repr=False)
    baseline_loss: float
    untrained_loss: float
    n_beta: float
    localization: float
    step: float
    stability: float
    gradient_norm: float
    predicted_fall: float
    step_inflation: float
    free_inflation: float
    dimension: int
    centre_norm: float
    shared_batches: bool
    full_batch: bool
    thin: int

    @property
    def chains(self) -> int:
        """How many chains ran."""
        return self.traces.shape[0]

    @functools.cached_property
    def per_chain(self) -> np.ndarray:
        """Each chain's estimate (chains,), not finite where it diverged."""
        return self.traces.mean(axis=1)

    @property
    def estimate(self) -> float:
        """λ̂, the mean over all chains; not finite where one of them diverged."""
        return float(self.per_chain.mean())

    @functools.cached_property
    def standard_error(self) -> float:
        """Of the estimate, over chains.

        Chains that share their minibatches err together: then it is at least the error of the mean trace, from its
        autocorrelation. Raises LearningCoefficientError for one chain.
        """
        if self.chains == 1:
            raise LearningCoefficientError(
                "One chain gives no interval: ask for chains=2 or more, or read .traces and .ess of the one."
            )
        error = self.per_chain.std(ddof=1) / self.chains**0.5
        if self.shared_batches and not self.full_batch:
            together = self.traces.mean(axis=0, keepdims=True)
            error = max(error, together.std(ddof=1) / effective_sample_size(together) ** 0.5)
        return float(error)

    @property
    def low(self) -> float:
        """Lower end of the 95 % interval (Student's t over chains). Raises LearningCoefficientError for one chain."""
        return self.estimate - self._half_width()

    @property
    def high(self) -> float:
        """Upper end of the 95 % interval (Student's t over chains). Raises LearningCoefficientError for one chain."""
        return self.estimate + self._half_width()

    @property
    def chain_loss(self) -> float:
        """Mean loss of the chains, over all data: the baseline plus the mean paired difference."""
        return self.baseline_loss + self.estimate / self.n_beta

    @functools.cached_property
    def r_hat(self) -> float:
        """Rank-normalised split R-hat of the traces; above 1.1 the chains disagree."""
        return split_r_hat(self.traces)

    @functools.cached_property
    def ess(self) -> float:
        """Effective number of independent draws of all chains together."""
        return effective_sample_size(self.traces)

    @property
    def distance(self) -> float:
        """Mean ‖w − w*‖ over ‖w*‖."""
        return float(np.sqrt(self.squares).mean() / self.centre_norm) if self.centre_norm else float("inf")

    @functools.cached_property
    def _gamma_shares(self) -> np.ndarray:
        """Each chain's share (chains,) in dλ̂/d log γ, by the form that is less noisy in these draws."""
        direct = -self.localization / 2 * _covariances(self.traces, self.squares)
        if not self._noise_free:
            return direct
        pull = self.virials - self.localization * self.squares  # nβ <∇L, w − w*>
        indirect = (self._covariances(pull) - pull.mean(axis=1)) / 2
        return min(direct, indirect, key=_error)

    @property
    def gamma_slope(self) -> float:
        """dλ̂/d log γ = −(γ nβ/2) Cov(L, ‖w − w*‖²): how much the tie to w* matters.

        With q = nβ <∇L, w − w*> it is also (Cov(q, nβ L) − E q)/2, since E<∇U, f> = E div f under the density exp(−U),
        for f = w − w* and f = L · (w − w*). The first form carries the fluctuations of all d directions, the second
        only those in which the loss varies, but a finite step shifts it by about +step_inflation. The one with the
        smaller error is given; the first where minibatches are thinned.
        """
        return float(self._gamma_shares.mean())

    @property
    def gamma_slope_error(self) -> float:
        """Standard error of gamma_slope over chains; infinite for one chain."""
        return _error(self._gamma_shares)

    @functools.cached_property
    def _temperature_shares(self) -> np.ndarray:
        if not self._noise_free:
            return np.full(self.chains, np.nan)
        return self.per_chain - self._covariances(self.traces)

    @property
    def temperature_slope(self) -> float:
        """dλ̂/d log nβ = λ̂ − (nβ)² Var(L); 0 where the loss is quadratic and γ small.

        Finite steps shift it by about −step_inflation. Not a number where minibatches are thinned.
        """
        return float(self._temperature_shares.mean())

    @property
    def temperature_slope_error(self) -> float:
        """Standard error of temperature_slope over chains; infinite for one chain."""
        return _error(self._temperature_shares)

    @property
    def _noise_free(self) -> bool:
        """Whether the minibatches' noise can be kept out of a covariance of losses."""
        return self.full_batch or (self.thin == 1 and self.traces.shape[1] > 3)

    def _covariances(self, other: np.ndarray) -> np.ndarray:
        """Each chain's share (chains,) in the covariance of the traces with other (chains, draws), less batch noise.

        With minibatches both carry the noise of the same batch, but successive draws have independent batches: lags 1
        to 3, extrapolated to lag 0, leave that noise out.
        """
        lags = [_covariances(self.traces, other, lag) for lag in ((0,) if self.full_batch else (1, 2, 3))]
        return lags[0] if self.full_batch else 3 * lags[0] - 3 * lags[1] + lags[2]

    @property
    def virial_excess(self) -> float:
        """(E<∇U, w − w*> − d)/2 with U = nβ L + γ/2 ‖w − w*‖²: 0 for the exact law.

        Above 0 by what the step adds: `step_inflation` and `free_inflation` where the loss is quadratic; below 0 by
        d/2 times the share of directions that have not relaxed yet.
        """
        return float((self.virials.mean() - self.dimension) / 2)

    @property
    def virial_error(self) -> float:
        """Standard error of virial_excess over chains; infinite for one chain."""
        return _error(self.virials.mean(axis=1) / 2)

    @functools.cached_property
    def drift(self) -> tuple[float, float]:
        """Change of the trace over the draws, by a straight line for each chain: mean and standard error."""
        time = np.linspace(-0.5, 0.5, self.traces.shape[1])
        changes = self.traces @ time / (time**2).sum()
        return float(changes.mean()), _error(changes)

    @functools.cached_property
    def verdict(self) -> Verdict:
        """Whether to believe the estimate, and if not, why."""
        return judge(self)

    def inference_data(self):
        """The draws for ArviZ: an InferenceData, or a DataTree where ArviZ is 1.0 or newer."""
        from verified_dynamics.degeneracy.local_learning_coefficient.inference_data import inference_data

        return inference_data(self)

    def _half_width(self) -> float:
        return float(stats.t.ppf((1 + LEVEL) / 2, self.chains - 1)) * self.standard_error

    def __str__(self) -> str:
        value = f"{self.estimate:.4g}"
        if self.chains > 1:
            value += f" [{self.low:.4g}, {self.high:.4g}]"
        found = "" if self.verdict.trustworthy else f"{self.verdict}\n"
        return (
            f"{found}local learning coefficient {value}, {self.chains} chains of {self.traces.shape[1]} draws, "
            f"R-hat {self.r_hat:.3f}, {self.ess:.0f} effective draws"
        )


def _covariances(first: np.ndarray, second: np.ndarray, lag: int = 0) -> np.ndarray:
    """Each chain's share (chains,) in the covariance of all draws, symmetric in time."""
    one, two = first - first.mean(), second - second.mean()
    end = first.shape[1] - lag
    products = one[:, lag:] * two[:, :end] + one[:, :end] * two[:, lag:]
    return products.mean(axis=1) / 2 * first.size / (first.size - 1)


def _error(values: np.ndarray) -> float:
    return float(values.std(ddof=1) / values.size**0.5) if values.size > 1 else float("inf")
