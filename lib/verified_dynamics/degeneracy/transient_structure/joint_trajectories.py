"""Trajectories of several networks in one space of functions, beside the random walks that they must differ from."""

import numpy as np

from verified_dynamics.statistics import PrincipalComponents, principal_components


def joint_components(trajectories: np.ndarray, components: int = 2) -> PrincipalComponents:
    """Principal components of trajectories (runs, checkpoints, N) stacked as rows.

    Source: Carroll et al. 2025, section 4. Reference functions are projected afterwards and have no part in the axes.
    """
    trajectories = np.asarray(trajectories)
    if trajectories.ndim != 3:
        raise ValueError(f"trajectories must be (runs, checkpoints, N), but are {trajectories.shape}.")
    return principal_components(trajectories.reshape(-1, trajectories.shape[-1]), components)


def joint_walk_spectrum(walks: int, components: int) -> np.ndarray:
    r"""Shares of the variance along the components of `walks` long random walks that start at one point.

    Differences between walks have the variances $1/((k-\frac12)\pi)^2$, each walks - 1 times, the mean of the walks
    $1/(k\pi)^2$, and the total is walks/2 - 1/3. For one walk this is 6/(πk)².
    """
    if walks < 1 or components < 1:
        raise ValueError(f"walks and components are at least 1, but they are {walks} and {components}.")
    k = np.arange(1, components + 1)
    apart = np.repeat(1 / ((k - 0.5) * np.pi) ** 2, walks - 1)
    variances = np.concatenate([apart, 1 / (k * np.pi) ** 2])
    return np.sort(variances)[::-1][:components] / (walks / 2 - 1 / 3)


def undirected(trajectories: np.ndarray, *, seed: int) -> np.ndarray:
    """The trajectories with the sign of every increment drawn at random: same steps, no direction of travel."""
    trajectories = np.asarray(trajectories, dtype=float)
    increments = np.diff(trajectories, axis=-2)
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], size=(*increments.shape[:-1], 1))
    start = trajectories[..., :1, :]
    return np.concatenate([start, start + (signs * increments).cumsum(axis=-2)], axis=-2)


def along_axis(points: np.ndarray, start: np.ndarray, end: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Coordinate of points (..., N) on the line from start (0) to end (1), and distance from it in its units.

    The axis from ridge to dMMSE is known before any training, so that no component has to be named afterwards.
    """
    direction = np.asarray(end, dtype=float) - start
    length = np.linalg.norm(direction)
    if not length > 0:
        raise ValueError("start and end agree, so that there is no axis between them.")
    away = np.asarray(points, dtype=float) - start
    place = away @ direction / length**2
    return place, np.linalg.norm(away - place[..., None] * direction, axis=-1) / length
