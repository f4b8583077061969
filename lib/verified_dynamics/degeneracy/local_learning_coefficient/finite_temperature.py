"""What a perfect sampler returns at a finite temperature: λ(nβ) = nβ E[K] = dF/d log nβ, exactly where it is known.

Away from the limit an estimate is compared with these and not with λ: the multiplicity costs (m − 1)/log nβ, and
the localisation γ costs a regular direction of curvature h the factor nβh/(nβh + γ).  All functions take `n_beta` as
a number or an array and return a float64 array of its shape.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from verified_dynamics.degeneracy.local_learning_coefficient.closed_forms import Degeneracy

Values = NDArray[np.float64]


def with_multiplicity(degeneracy: Degeneracy, n_beta: ArrayLike) -> Values:
    """λ − (m − 1)/log nβ, the two terms that the theory fixes; the next one is of order 1/log² nβ."""
    n_beta = _positive(n_beta, above=1.0)
    return float(degeneracy.coefficient) - (degeneracy.multiplicity - 1) / np.log(n_beta)


def localised_quadratic(curvatures: ArrayLike, n_beta: ArrayLike, localization: float = 0.0) -> Values:
    """Of K = ½ Σ h_i w_i² with the localisation γ: Σ nβ h_i/(2(nβ h_i + γ)), at most half the number of h_i > 0."""
    n_beta = _positive(n_beta)
    curvatures = np.asarray(curvatures, float)
    if localization < 0 or (curvatures < 0).any():
        raise ValueError("Curvatures and the localisation are not negative.")
    stiff = n_beta[..., None] * curvatures[curvatures > 0]
    return (stiff / (2 * (stiff + localization))).sum(-1)


def bilinear_on_square(n_beta: ArrayLike) -> Values:
    """Of K = w_1² w_2² with the uniform density on the unit square.

    λ(T) = ½ − erf(√T)/(2 ∫_0^{√T} erf(u)/u du), which is ½ − 1/(log T + c) up to exponentially small terms, with c
    Euler's constant plus 2 log 2.
    """
    from mpmath import erf, euler, hyp2f2, log, mpf, pi, sqrt

    def value(t: float) -> float:
        x = sqrt(mpf(t))
        integral = 2 * x / sqrt(pi) * hyp2f2(0.5, 0.5, 1.5, 1.5, -(x**2)) if x < 6 else log(2 * x) + euler / 2
        return float(0.5 - erf(x) / (2 * integral))

    return _each(value, _positive(n_beta))


def one_hidden_unit(inputs: int, outputs: int, n_beta: ArrayLike, localization: float = 1.0) -> Values:
    """Of K = ½ |a|² |b|² with a in R^inputs and b in R^outputs, localised at zero: one hidden unit, target zero.

    The posterior integral is Tricomi's U(M/2, (M − N)/2 + 1, z) with z = γ²/(2nβ), so the value depends on nβ/γ²
    alone.  With one input and one output this is K = ½ w_1² w_2².
    """
    from mpmath import hyperu, mpf, workdps

    first, second = mpf(inputs) / 2, mpf(inputs - outputs) / 2 + 1

    def value(t: float) -> float:
        z = mpf(localization) ** 2 / (2 * mpf(t))
        with workdps(30):
            ratio = hyperu(first + 1, second + 1, z) / hyperu(first, second, z)
            return float(first - first * z * ratio)

    return _each(value, _positive(n_beta))


def scalar_chain(depth: int, n_beta: ArrayLike, localization: float = 1.0) -> Values:
    """Of K = ½ (w_1 ⋯ w_depth)², localised at zero; it depends on nβ/γ^depth alone.

    With the last weight integrated out, Z = E (1 + s p²)^{−1/2} for s = nβ/γ^depth and p the product of depth − 1
    standard normals; log |p| has the (depth − 1)-fold convolution of the density of log |w|.
    """
    if depth < 2:
        raise ValueError(f"A chain has at least two weights, not {depth}; see localised_quadratic for one.")
    step = 0.02
    grid = np.arange(-48.0, 4.0, step)
    density = np.exp(grid - np.exp(2 * grid) / 2)
    product, lowest = density, grid[0]
    for _ in range(depth - 2):
        product = np.convolve(product, density) * step
        lowest += grid[0]
    log_square = 2 * (lowest + step * np.arange(len(product)))

    def value(t: float) -> float:
        log_stiff = log_square + np.log(t) - depth * np.log(localization)
        weight = product * np.exp(-np.logaddexp(0, log_stiff) / 2)
        return float((weight / (1 + np.exp(-log_stiff))).sum() / (2 * weight.sum()))

    return _each(value, _positive(n_beta))


def estimate_at_truth(parameters: int, temperature: ArrayLike) -> Values:
    """Mean over data sets of λ̂ at the *true* parameter of a regular model, (d/2)(1 − β), β = 1/`temperature`."""
    return parameters / 2 * (1 - 1 / _positive(temperature))


def two_temperature_estimate(losses: Sequence[float], n_betas: Sequence[float]) -> float:
    """λ from the mean losses at two temperatures, (E_1 L − E_2 L)/(1/nβ_1 − 1/nβ_2); it needs no L(w*).

    Exact for regular models; where m > 1 it estimates the slope of E[L] in 1/nβ, hence λ with a bias of the same
    order (m − 1)/log nβ.  Raises ValueError for equal temperatures.
    """
    first, second = n_betas
    if first == second:
        raise ValueError("Two different temperatures are needed.")
    return float((losses[0] - losses[1]) / (1 / first - 1 / second))


def _positive(values: ArrayLike, above: float = 0.0) -> Values:
    array = np.asarray(values, float)
    if not (array > above).all():
        raise ValueError(f"Every temperature must be a number above {above:g}.")
    return array


def _each(function: Callable[[float], float], values: Values) -> Values:
    return np.array([function(value) for value in values.ravel()]).reshape(values.shape)
