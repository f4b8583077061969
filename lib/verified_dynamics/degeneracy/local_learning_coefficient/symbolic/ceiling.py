"""What an estimate of saturated chains says, and the two slopes that come free with the draws."""

import sympy as sp

from verified_dynamics.degeneracy.local_learning_coefficient.symbolic.regular import gaussian_mean
from verified_dynamics.proof import AtLeast, Equal, Statement

T, gamma, h = sp.symbols("T gamma h", positive=True)
w = sp.Symbol("w", real=True)


def saturated_is_affine() -> Statement:
    """Chains that forgot w* have one mean loss R, so two checkpoints' estimates differ by −T times their losses."""
    R, first, second = sp.symbols("R L_1 L_2", real=True)
    return Equal(T * (R - first) - T * (R - second), -T * (first - second))


def unsaturated_is_affine() -> Statement:
    """Control: the chains' mean loss depends on the checkpoint."""
    R, S, first, second = sp.symbols("R S L_1 L_2", real=True)
    return Equal(T * (R - first) - T * (S - second), -T * (first - second))


def ceiling() -> Statement:
    """As long as the chains do no worse than an untrained network, λ̂ ≤ nβ (L_untrained − L(w*))."""
    R, chain, own = sp.symbols("R E L", real=True)
    return AtLeast(T * (R - own), T * (chain - own), given=[chain <= R])


def ceiling_of_unstable_chains() -> Statement:
    """Control: chains that do worse than an untrained network."""
    R, chain, own = sp.symbols("R E L", real=True)
    return AtLeast(T * (R - own), T * (chain - own))


class _Chain:
    """Three states with losses L_i above w* and squared distances D_i, weighted by exp(−T L_i − γ D_i/2)."""

    losses = sp.symbols("L_1:4", real=True)
    distances = sp.symbols("D_1:4", nonnegative=True)

    def __init__(self) -> None:
        weights = [sp.exp(-T * a - gamma * b / 2) for a, b in zip(self.losses, self.distances, strict=True)]
        self.weights = [weight / sp.Add(*weights) for weight in weights]

    def mean(self, values) -> sp.Expr:
        """E of a quantity with these values at the three states."""
        return sp.Add(*(p * value for p, value in zip(self.weights, values, strict=True)))

    def covariance(self, first, second) -> sp.Expr:
        """Cov of two quantities."""
        both = self.mean([a * b for a, b in zip(first, second, strict=True)])
        return both - self.mean(first) * self.mean(second)


def localisation_slope() -> Statement:
    """dλ̂/d log γ = −(γT/2) Cov(L, ‖w − w*‖²) for any weights of this form."""
    chain = _Chain()
    slope = gamma * sp.diff(T * chain.mean(chain.losses), gamma)
    return Equal(slope, -gamma * T / 2 * chain.covariance(chain.losses, chain.distances))


def localisation_slope_about_another_point() -> Statement:
    """Control: distances to another point than the one that the weights are centred on."""
    chain = _Chain()
    slope = gamma * sp.diff(T * chain.mean(chain.losses), gamma)
    others = sp.symbols("F_1:4", nonnegative=True)
    return Equal(slope, -gamma * T / 2 * chain.covariance(chain.losses, others))


def temperature_slope() -> Statement:
    """dλ̂/d log T = λ̂ − T² Var(L)."""
    chain = _Chain()
    estimate = T * chain.mean(chain.losses)
    return Equal(T * sp.diff(estimate, T), estimate - T**2 * chain.covariance(chain.losses, chain.losses))


def temperature_slope_without_variance() -> Statement:
    """Control: E[L] held fixed while the temperature changes."""
    chain = _Chain()
    estimate = T * chain.mean(chain.losses)
    return Equal(T * sp.diff(estimate, T), estimate)


def gaussian_localisation_slope() -> Statement:
    """On a regular direction both sides are −γTh/(2(Th + γ)²)."""
    precision = T * h + gamma
    covariance = gaussian_mean(h * w**4 / 2, precision) - gaussian_mean(
        h * w**2 / 2, precision
    ) * gaussian_mean(w**2, precision)
    return Equal(-gamma * T / 2 * covariance, gamma * sp.diff(T * h / (2 * precision), gamma))


def gaussian_temperature_slope() -> Statement:
    """On a regular direction λ̂ − T² Var(L) is γTh/(2(Th + γ)²): zero without localisation."""
    precision = T * h + gamma
    mean = gaussian_mean(h * w**2 / 2, precision)
    variance = gaussian_mean(h**2 * w**4 / 4, precision) - mean**2
    return Equal(T * mean - T**2 * variance, gamma * T * h / (2 * precision**2))
