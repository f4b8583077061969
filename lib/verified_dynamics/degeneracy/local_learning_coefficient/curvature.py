"""The loss around w* to second order, by Lanczos on Hessian-vector products of all points at once."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from verified_dynamics.degeneracy.local_learning_coefficient.problem import Problem
from verified_dynamics.degeneracy.local_learning_coefficient.randomness import generator
from verified_dynamics.degeneracy.local_learning_coefficient.stacked_loss import StackedLoss

HESSIAN_SAMPLES, GRADIENT_SAMPLES, NOISE_SAMPLES = 1024, 2048, 64


@dataclass(frozen=True)
class Tridiagonal:
    """Ritz values (points, k) and the squares of their vectors' overlaps with the start (points, k), which sum to 1."""

    values: Tensor
    weights: Tensor


def lanczos(product: Callable[[Tensor], Tensor], start: Tensor, steps: int) -> Tridiagonal:
    """Lanczos with full reorthogonalisation from start (points, d) for a symmetric product (points, d) -> (points, d).

    Where the Krylov space is exhausted before `steps`, the rest carries no weight.
    """
    basis = [_unit(start)]
    diagonal, off = [], []
    for _ in range(steps):
        image = product(basis[-1])
        diagonal.append((image * basis[-1]).sum(dim=1))
        for _ in range(2):  # once is not enough in single precision
            for vector in basis:
                image = image - (image * vector).sum(dim=1, keepdim=True) * vector
        length = image.norm(dim=1)
        scale = torch.stack(diagonal).abs().amax(dim=0).clamp(min=1e-30)
        spent = length <= 10 * torch.finfo(start.dtype).eps * scale
        off.append(torch.where(spent, 0.0, length))
        basis.append(torch.where(spent[:, None], 0.0, image / length.clamp(min=1e-38)[:, None]))
    matrix = torch.diag_embed(torch.stack(diagonal, dim=1))
    between = torch.stack(off, dim=1)[:, : steps - 1]
    matrix = matrix + torch.diag_embed(between, 1) + torch.diag_embed(between, -1)
    values, vectors = torch.linalg.eigh(matrix.cpu().double())
    return Tridiagonal(values, vectors[:, 0].square())


class Curvature:
    """Gradient and Hessian of L at the R points, on the CPU in float64.

    Hessian-vector products use at most 1024 samples, drawn once; the gradient uses all.
    """

    def __init__(self, problem: Problem, seed: int):
        self.problem = problem
        self.random = generator((seed, 3), torch.device("cpu"))
        self.rows = self._some_rows(HESSIAN_SAMPLES)
        self.gradient = self._gradient()  # (R, d)
        self.gradient_norm = self.gradient.norm(dim=1).cpu().double()

    def spectrum(self, starts: Tensor, steps: int, scale: Tensor | None = None) -> Tridiagonal:
        """Lanczos from starts (R, k, d) for S H S with S the diagonal scale (R, d), 1 where None: (R * k, steps)."""
        points = torch.arange(self.problem.points, device=starts.device).repeat_interleave(starts.shape[1])
        factor = starts.new_ones(()) if scale is None else scale.to(starts)[points]
        product = self._product(points)
        steps = min(steps, self.problem.dimension)
        return lanczos(lambda v: factor * product(factor * v), starts.flatten(0, 1), steps)

    def probes(self, count: int) -> Tensor:
        """Random signs (R, count, d), the same for every point."""
        shape = (count, self.problem.dimension)
        signs = torch.randint(0, 2, shape, generator=self.random).to(self.problem.centre) * 2 - 1
        return signs.expand(self.problem.points, *shape)

    def trace(self, scale: Tensor | None = None, count: int = 4) -> Tensor:
        """Hutchinson's estimate of tr (S H) (R,) from `count` probes, S the diagonal scale (R, d), 1 where None."""
        probes = self.probes(count)
        points = torch.arange(self.problem.points, device=probes.device).repeat_interleave(count)
        flat = probes.flatten(0, 1)
        root = flat.new_ones(()) if scale is None else scale.to(flat)[points].sqrt()
        products = root * self._product(points)(root * flat)
        return (flat * products).sum(dim=1).unflatten(0, (-1, count)).mean(dim=1).cpu().double()

    def sample_noise(self, scale: Tensor | None = None) -> Tensor:
        """tr (S C) (R,): the variances of one sample's gradient, summed over the parameters with weights S (R, d)."""
        problem = self.problem
        rows = self._some_rows(NOISE_SAMPLES)
        result = []
        for point in range(problem.points):
            stacked = StackedLoss(problem, torch.full((len(rows),), point, device=rows.device), batched=True)
            columns = problem.data if problem.shared_data else tuple(column[point] for column in problem.data)
            flat = problem.centre[point].expand(len(rows), -1)
            _, gradients = stacked.gradients(flat, tuple(column[rows][:, None] for column in columns))
            weights = 1.0 if scale is None else scale[point].to(gradients)
            result.append(
                (weights * gradients.var(dim=0)).sum() if len(rows) > 1 else gradients.new_zeros(())
            )
        return torch.stack(result).cpu().double()

    def _product(self, points: Tensor) -> Callable[[Tensor], Tensor]:
        problem = self.problem
        stacked = StackedLoss(problem, points, batched=not problem.shared_data)
        centre = problem.centre[points]
        if problem.shared_data:
            batch = tuple(column[self.rows] for column in problem.data)
        else:
            batch = tuple(column[points][:, self.rows] for column in problem.data)
        return lambda vectors: stacked.hessian_products(centre, vectors, batch)

    def _gradient(self) -> Tensor:
        problem = self.problem
        points = torch.arange(problem.points, device=problem.centre.device)
        stacked = StackedLoss(problem, points, batched=not problem.shared_data)
        axis = 0 if problem.shared_data else 1
        total = torch.zeros_like(problem.centre)
        pieces = list(
            zip(*(column.split(GRADIENT_SAMPLES, dim=axis) for column in problem.data), strict=True)
        )
        for piece in pieces:
            _, gradient = stacked.gradients(problem.centre, piece)
            total += gradient * (piece[0].shape[axis] / problem.samples)
        return total

    def _some_rows(self, count: int) -> Tensor:
        samples = self.problem.samples
        rows = (
            torch.randperm(samples, generator=self.random)[:count]
            if samples > count
            else torch.arange(samples)
        )
        return rows.to(self.problem.centre.device)


def _unit(vectors: Tensor) -> Tensor:
    length = vectors.norm(dim=1, keepdim=True)
    fallback = torch.ones_like(vectors) / vectors.shape[1] ** 0.5
    return torch.where(length > 0, vectors / length.clamp(min=1e-38), fallback)
