"""Trajectories of networks in the space of their predictions: principal components, and what a random walk shows.

The shares of the variance do not depend on the order of the checkpoints at all; the form of the components does.
"""

from dataclasses import dataclass

import numpy as np

from verified_dynamics.statistics import principal_components


@dataclass(frozen=True)
class Picture:
    """Principal components of one trajectory beside its null.

    scores (t, k); shares (k,) of the variance; cosine (k,): squared correlation of component k with cos(kπτ), the form
    of a random walk; null (walks, k): shares of random walks that take the trajectory's own steps with random signs;
    null_cosine (walks, k): the same correlation for those walks.
    """

    scores: np.ndarray
    shares: np.ndarray
    cosine: np.ndarray
    null: np.ndarray
    null_cosine: np.ndarray


def cosines(points: int, components: int) -> np.ndarray:
    """cos(kπτ) (points, k) at τ = (i + 1/2)/points, k = 1 ... components: the components of a random walk.

    Source: Antognini and Sohl-Dickstein 2018, section 3.
    """
    time = (np.arange(points) + 0.5) / points
    return np.cos(np.pi * time[:, None] * np.arange(1, components + 1))


def cosine_agreement(scores: np.ndarray) -> np.ndarray:
    """Squared correlation (k,) of component k of scores (t, k) with cos(kπτ): near 1 for a random walk."""
    waves = cosines(*scores.shape)
    centred = scores - scores.mean(axis=0)
    products = (centred * waves).sum(axis=0) ** 2
    return products / ((centred**2).sum(axis=0) * (waves**2).sum(axis=0))


def sign_walks(trajectory: np.ndarray, walks: int, *, seed: int) -> np.ndarray:
    """Random walks (walks, t, N) that take the steps of a trajectory (t, N), each with a random sign.

    They have its start, its step lengths and the directions of its steps, and no direction of travel: a null that
    knows uneven checkpoints and the effective dimension, which the limit of many dimensions does not.
    """
    steps = np.diff(trajectory, axis=0)
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], size=(walks, len(steps), 1))
    start = np.broadcast_to(trajectory[0], (walks, 1, trajectory.shape[1]))
    return np.concatenate([start, start + (signs * steps).cumsum(axis=1)], axis=1)


def shuffled(trajectory: np.ndarray, *, seed: int) -> np.ndarray:
    """The checkpoints of a trajectory (t, N) in random order: the same points, no history."""
    return np.random.default_rng(seed).permutation(trajectory, axis=0)


def picture(trajectory: np.ndarray, components: int = 4, *, walks: int = 40, seed: int = 0) -> Picture:
    """The principal components of a trajectory (t, N) beside `walks` of its sign walks.

    Each walk costs one Gram matrix, t² N. Raises ValueError as `principal_components` does.
    """
    found = principal_components(trajectory, components)
    null = [principal_components(walk, components) for walk in sign_walks(trajectory, walks, seed=seed)]
    return Picture(
        found.scores,
        found.explained,
        cosine_agreement(found.scores),
        np.stack([walk.explained for walk in null]),
        np.stack([cosine_agreement(walk.scores) for walk in null]),
    )
