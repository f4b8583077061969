"""Principal components of trajectories, and what a random walk shows in the same picture."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class PrincipalComponents:
    """Components of points in a space of many dimensions.

    mean (N,); axes (k, N), orthonormal; scores (rows, k) of the points that made them; explained (k,), the
    shares of the variance.
    """

    mean: np.ndarray
    axes: np.ndarray
    scores: np.ndarray
    explained: np.ndarray

    def project(self, points: np.ndarray) -> np.ndarray:
        """Scores (rows, k) of further points (rows, N) that had no part in the axes."""
        return (np.asarray(points, dtype=float) - self.mean) @ self.axes.T


def principal_components(points: np.ndarray, components: int = 4) -> PrincipalComponents:
    """Principal components of points (rows, N), of which there are usually far fewer than dimensions.

    Several trajectories are stacked along the rows. Computed from the smaller of the two Gram matrices, in
    float64, at a cost of rows * N * min(rows, N). Signs: the largest entry of each axis is positive. Raises
    ValueError for points that do not vary, are not finite, or are fewer than the components plus one.
    """
    points = np.asarray(points, dtype=float)
    if points.ndim != 2 or not 1 <= components < len(points) or components > points.shape[1]:
        raise ValueError(
            f"{components} components need points (rows, N) with more rows and as many columns, "
            f"but the points have shape {points.shape}."
        )
    if not np.isfinite(points).all():
        raise ValueError("the points hold values that are not finite; leave diverged trajectories out first.")
    mean = points.mean(axis=0)
    centred = points - mean
    axes, variances = _axes(centred, components)
    total = float((centred**2).sum())
    if total == 0 or variances[-1] <= 1e-24 * total:
        raise ValueError(f"the points do not vary in {components} directions; ask for fewer components.")
    largest = axes[np.arange(components), np.abs(axes).argmax(axis=1)]
    axes = axes * np.sign(largest)[:, None]
    return PrincipalComponents(mean, axes, centred @ axes.T, variances / total)


def _axes(centred: np.ndarray, components: int) -> tuple[np.ndarray, np.ndarray]:
    rows, columns = centred.shape
    tall = rows > columns
    values, vectors = np.linalg.eigh(centred.T @ centred if tall else centred @ centred.T)
    variances = values[::-1][:components].clip(min=0)
    vectors = vectors[:, ::-1][:, :components].T  # (k, columns or rows)
    if tall:
        return vectors, variances
    axes = vectors @ centred
    return axes / np.maximum(np.linalg.norm(axes, axis=1, keepdims=True), np.finfo(float).tiny), variances


def random_walk_spectrum(components: int) -> np.ndarray:
    """Shares 6 / (pi k)^2, k = 1 ... components, of the variance along the components of a long random walk.

    The limit of many steps in many dimensions. Source: Antognini and Sohl-Dickstein 2018, section 3.
    """
    return 6 / (np.pi * np.arange(1, components + 1)) ** 2


def random_walks(walks: int, steps: int, dimension: int, *, seed: int) -> np.ndarray:
    """Isotropic Gaussian random walks (walks, steps, dimension): the null of every picture of a trajectory."""
    generator = np.random.default_rng(seed)
    return generator.standard_normal((walks, steps, dimension)).cumsum(axis=1)
