"""Circles as equilibria of the alignment force: the force that is left on them, and how a small disturbance
decays.
"""

import torch
from torch import Tensor

from verified_dynamics.structure.modular_addition.particles import circle, force
from verified_dynamics.structure.modular_addition.tables import classes, coupling


def residual_force(modulus: int, frequency: int = 1, *, radius: float = 1.0) -> float:
    """Largest alignment force on a point of the circle, over the radius: zero for odd N."""
    points = circle(modulus, frequency, radius=radius)
    return float(alignment_force(points).abs().max() / radius)


def jacobian(points: Tensor) -> Tensor:
    """Derivative of the alignment force on all coordinates by all coordinates (2N, 2N) at points (N, 2)."""
    flat = torch.func.jacrev(alignment_force)(points)
    return flat.reshape(2 * len(points), 2 * len(points))


def spectrum(modulus: int, frequency: int = 1) -> Tensor:
    """Real parts of the eigenvalues of the flow's linearisation at the circle, in descending order (2N,).

    The force is homogeneous of degree one, so the spectrum does not depend on the radius. Rotation and change
    of scale are the two zero modes.
    """
    return torch.linalg.eigvals(jacobian(circle(modulus, frequency))).real.sort(descending=True).values


def distance_to_circle(points: Tensor, frequency: int) -> Tensor:
    """Distance from the nearest circle of that frequency, over the norm (...,): what the best rotation and scale,
    either way round, leave over.
    """
    z = torch.view_as_complex(points.contiguous())
    turn = 2 * torch.pi * frequency * torch.arange(z.shape[-1], dtype=points.dtype, device=points.device)
    wave = torch.polar(torch.ones_like(turn), turn / z.shape[-1]) / z.shape[-1] ** 0.5
    # Subtracted rather than by Pythagoras, which would lose everything below 1e-8.
    left = [
        torch.linalg.vector_norm(z - (z @ w.conj()).unsqueeze(-1) * w, dim=-1) for w in (wave, wave.conj())
    ]
    return torch.stack(left).amin(0) / torch.linalg.vector_norm(z, dim=-1)


def alignment_force(points: Tensor) -> Tensor:
    """The alignment force on the points (N, 2) themselves, with the labels of addition."""
    modulus = points.shape[-2]
    couplings = coupling(classes(modulus), modulus, dtype=points.dtype)
    return force(points, couplings, clustering=0.0, alignment=1.0)
