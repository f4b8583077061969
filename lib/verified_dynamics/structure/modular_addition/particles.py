"""The particle system: N points in the plane, moved by nothing but clustering and alignment of their pair sums."""

from collections.abc import Callable, Sequence
from math import isfinite

import torch
from torch import Tensor

from verified_dynamics.structure.modular_addition import forces
from verified_dynamics.structure.modular_addition.errors import ModularAdditionError
from verified_dynamics.structure.modular_addition.tables import classes, coupling, incidence


def random_points(seeds: Sequence[int], modulus: int, *, dtype=torch.float64, device="cpu") -> Tensor:
    """Normal points (s, N, 2): the embeddings with which `networks.initial` starts for the same seeds."""
    classes(modulus)
    draws = [torch.randn(modulus, 2, generator=torch.Generator().manual_seed(2 * int(seed)), dtype=torch.float64)
             for seed in seeds]  # fmt: skip
    return torch.stack(draws).to(device, dtype)


def circle(modulus: int, frequency: int = 1, *, radius: float = 1.0, dtype=torch.float64) -> Tensor:
    """The regular N-gon E_a = radius (cos 2 pi k a / N, sin 2 pi k a / N), k the frequency (N, 2)."""
    angle = 2 * torch.pi * ((frequency * torch.arange(modulus)) % modulus).to(dtype) / modulus
    return radius * torch.stack((angle.cos(), angle.sin()), -1)


def with_rms(points: Tensor, rms: float) -> Tensor:
    """The points (..., N, 2) scaled to the root mean square radius `rms`."""
    return points * (rms / points.square().sum(-1).mean(-1).sqrt())[..., None, None]


def force(
    points: Tensor, couplings: Tensor, *, clustering: float, alignment: float, sigma: float = 1.0
) -> Tensor:
    """The force on the embeddings (..., N, 2): B^T applied to the weighted forces on the sum points."""
    matrix = incidence(points.shape[-2]).to(points)
    sums = matrix @ points
    total = torch.zeros_like(sums)
    if clustering:
        total += clustering * forces.clustering(sums, couplings, sigma=sigma)
    if alignment:
        total += alignment * forces.alignment(sums, couplings)
    return matrix.T @ total


def simulate(
    start: Tensor,
    *,
    clustering: float,
    alignment: float,
    sigma: float = 1.0,
    rms: float | None = 2.0,
    steps: int = 400,
    step_size: float | None = None,
    labels: Tensor | None = None,
    observe: Callable[[Tensor, int], None] | None = None,
) -> Tensor:
    """Let points (s, N, 2) run for some Euler steps and return where they are.

    clustering, alignment: weights of the two forces. rms: root mean square radius to which the points are
    scaled after each step, or None for no scaling. step_size: 0.03 / (clustering + 0.007 N^2 alignment) by
    default. labels: the labels of the pairs (P,) or (s, P), sums modulo N by default. observe(points, step) sees
    every step, the start with it. Raises ModularAdditionError for numbers that are not finite.
    """
    modulus = start.shape[-2]
    # The stiffest mode of a circle decays at 0.355 N^2 times the alignment (see `equilibria.spectrum`); an Euler step
    # beyond twice its life never comes to rest.
    if step_size is None:
        step_size = 0.03 / ((clustering + 0.007 * modulus**2 * alignment) or 1.0)
    given = {"clustering": clustering, "alignment": alignment, "sigma": sigma, "step_size": step_size}
    given |= {} if rms is None else {"rms": rms}
    for name, value in given.items():
        if not isfinite(value) or value < 0 or (value == 0 and name in ("sigma", "rms")):
            wanted = "positive" if name in ("sigma", "rms") else "not negative"
            raise ModularAdditionError(f"{name} is a finite number that is {wanted}, but {value} was given.")
    if not torch.isfinite(start).all():
        raise ModularAdditionError(
            "the starting points hold numbers that are not finite: start from finite ones."
        )
    labels = classes(modulus) if labels is None else labels
    couplings = coupling(labels.to(start.device), modulus, dtype=start.dtype)
    points = start if rms is None else with_rms(start, rms)
    for step in range(steps):
        if observe is not None:
            observe(points, step)
        points = points + step_size * force(
            points, couplings, clustering=clustering, alignment=alignment, sigma=sigma
        )
        points = points if rms is None else with_rms(points, rms)
    if observe is not None:
        observe(points, steps)
    return points
