"""What a noisy curve says about its slope: the posterior of a Gaussian process, sampled.

The curve is y = f(u) + noise with a squared-exponential kernel for f, and its length and the share of noise are
not fitted but drawn from their posterior on a grid, so that the samples know what the data leave open. Many
curves on the same points share every matrix. The likelihood is that of scikit-learn's GaussianProcessRegressor
with ConstantKernel * RBF + WhiteKernel, its scale integrated out (Rasmussen and Williams 2006, chapters 2, 5, 9.4).
"""

from dataclasses import dataclass

import numpy as np

LENGTHS, RATIOS = 16, 24
_LEVEL_VARIANCE = 10.0  # of the unknown mean, in units of the curve's own variance


@dataclass(frozen=True, eq=False)
class SlopePosterior:
    """Samples of the slope of several curves.

    grid (G,): where; slopes (curves, draws, G); length (curves,), noise (curves,): posterior medians of the
    kernel's length and of the standard deviation of the noise.
    """

    grid: np.ndarray
    slopes: np.ndarray
    length: np.ndarray
    noise: np.ndarray


def slope_samples(
    u: np.ndarray, values: np.ndarray, grid: np.ndarray, *, draws: int = 200, seed: int = 0
) -> SlopePosterior:
    """Samples of df/du on the grid for curves `values` (curves, n) observed at the points u (n,).

    Costs one eigendecomposition of n x n for each length and one of G x G for each pair of length and noise that
    is drawn, shared by all curves. Raises ValueError for points that do not grow or values that are not finite.
    """
    u, values, grid = (np.asarray(a, dtype=float) for a in (u, values, grid))
    if u.ndim != 1 or len(u) < 6 or (np.diff(u) <= 0).any():
        raise ValueError("a slope needs at least 6 points, strictly growing.")
    if values.ndim != 2 or values.shape[1] != len(u) or not np.isfinite(values).all():
        raise ValueError(f"values must be finite and of shape (curves, {len(u)}), but have {values.shape}.")
    centre, scale = values.mean(axis=1, keepdims=True), values.std(axis=1, keepdims=True)
    scale = np.where(scale > 0, scale, 1.0)
    fit = _Fit(u, (values - centre) / scale, grid)
    rng = np.random.default_rng(seed)
    chosen = fit.draw(draws, rng)  # (curves, draws) numbers of pairs
    amplitudes = fit.quadratic[np.arange(len(values))[:, None], chosen] / rng.chisquare(len(u), chosen.shape)
    slopes = np.empty((len(values), draws, len(grid)))
    for pair in np.unique(chosen):
        rows, columns = np.nonzero(chosen == pair)
        mean, factor = fit.conditional(pair)
        normal = rng.standard_normal((len(rows), factor.shape[1])) @ factor.T
        slopes[rows, columns] = mean[rows] + np.sqrt(amplitudes[rows, columns])[:, None] * normal
    noise = np.sqrt(np.median(amplitudes * fit.ratio[chosen], axis=1)) * scale[:, 0]
    return SlopePosterior(grid, slopes * scale[:, :, None], np.median(fit.length[chosen], axis=1), noise)


class _Fit:
    """The posterior of length and noise on their grid, for standardised curves (curves, n)."""

    def __init__(self, u: np.ndarray, y: np.ndarray, grid: np.ndarray):
        self.u, self.grid = u, grid
        lengths = np.geomspace(0.03, 1.5, LENGTHS) * (u[-1] - u[0])
        ratios = np.geomspace(1e-6, 30.0, RATIOS)
        self.length = np.repeat(lengths, RATIOS)
        self.ratio = np.tile(ratios, LENGTHS)
        self.decompositions = [np.linalg.eigh(kernel(u, u, length) + _LEVEL_VARIANCE) for length in lengths]
        self.rotated = [y @ vectors for _, vectors in self.decompositions]  # (curves, n) each
        quadratic, determinant = [], []
        for (variances, _), rotated in zip(self.decompositions, self.rotated, strict=True):
            total = variances.clip(min=0)[None, :] + ratios[:, None]  # (ratios, n)
            quadratic.append((rotated**2) @ (1 / total).T)
            determinant.append(np.log(total).sum(axis=1))
        self.quadratic = np.concatenate(quadratic, axis=1)  # (curves, pairs)
        floor = np.finfo(float).tiny
        self.evidence = -0.5 * np.concatenate(determinant) - len(u) / 2 * np.log(self.quadratic + floor)

    def draw(self, draws: int, rng: np.random.Generator) -> np.ndarray:
        """Numbers of pairs (curves, draws) from their posterior, by inversion of its distribution."""
        weight = np.exp(self.evidence - self.evidence.max(axis=1, keepdims=True))
        cumulative = (weight / weight.sum(axis=1, keepdims=True)).cumsum(axis=1)
        uniform = rng.random((len(weight), draws))
        found = [np.searchsorted(c, x, side="right") for c, x in zip(cumulative, uniform, strict=True)]
        return np.minimum(np.array(found), weight.shape[1] - 1)

    def conditional(self, pair: int) -> tuple[np.ndarray, np.ndarray]:
        """Mean (curves, G) of the slope and a factor of its covariance (in units of the amplitude)."""
        number, length, ratio = pair // RATIOS, self.length[pair], self.ratio[pair]
        variances, vectors = self.decompositions[number]
        whitened = slope_kernel(self.grid, self.u, length) @ vectors  # (G, n)
        weights = 1 / (variances.clip(min=0) + ratio)
        mean = (self.rotated[number] * weights) @ whitened.T
        covariance = curvature_kernel(self.grid, length) - (whitened * weights) @ whitened.T
        values, axes = np.linalg.eigh((covariance + covariance.T) / 2)
        return mean, axes * np.sqrt(values.clip(min=0))


def kernel(a: np.ndarray, b: np.ndarray, length: float) -> np.ndarray:
    """exp(-(a - b)^2 / (2 length^2)), shape (len(a), len(b))."""
    return np.exp(-(((a[:, None] - b[None, :]) / length) ** 2) / 2)


def slope_kernel(a: np.ndarray, b: np.ndarray, length: float) -> np.ndarray:
    """The kernel's derivative in its first argument: the covariance of f'(a) and f(b)."""
    return -(a[:, None] - b[None, :]) / length**2 * kernel(a, b, length)


def curvature_kernel(a: np.ndarray, length: float) -> np.ndarray:
    """The kernel's derivative in both arguments: the covariance of f'(a) and f'(a)."""
    squares = ((a[:, None] - a[None, :]) / length) ** 2
    return (1 - squares) / length**2 * np.exp(-squares / 2)
