"""The ensemble of random data sets on which constants are measured, and two data sets that are solved exactly."""

import math

import torch


def generic_data_sets(seeds, *, n: int = 10, d: int = 2, ratio=(1.5, 4.0), modes=(0.5, 1.5),
                      next_margin=(1.5, 3.0)) -> torch.Tensor:  # fmt: skip
    r"""(s, n, d) float64: one label-absorbed data set per seed, drawn by its answer, longest row of length one.

    Every generic data set is a rotation of d support vectors gamma u + z_n and n - d rows further out, where
    sum_n p_n z_n = 0 for the dual probabilities p. Per seed: log p uniform with max p / min p uniform in `ratio`; z
    Gaussian, transformed so that sum_n p_n z_n z_n^T / gamma^2 has eigenvalues uniform in `modes`; the other rows have
    margin uniform in `next_margin` (in units of gamma) and a Gaussian part orthogonal to u; a random rotation last.
    Nothing is rejected. `reference` is not told any of this.
    """
    if not 2 <= d <= n:
        raise ValueError(f"A generic data set needs 2 <= d <= n, but d={d} and n={n} were given.")
    return torch.stack([_draw(int(seed), n, d, ratio, modes, next_margin) for seed in seeds])


def orthogonal_pair(a: float, b: float, *, tilt: float = 0.0) -> torch.Tensor:
    """x_1 = (a, 0), x_2 = (tilt, b): flow and constants are known in closed form where tilt is zero."""
    return torch.tensor([[a, 0.0], [tilt, b]], dtype=torch.float64)


def zero_multiplier_pair(b: float) -> torch.Tensor:
    """x_1 = (1, 0), x_2 = (1, b): both are on the margin, but the second has the multiplier zero."""
    return torch.tensor([[1.0, 0.0], [1.0, b]], dtype=torch.float64)


def _draw(seed: int, n: int, d: int, ratio, modes, next_margin) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)

    def uniform(low, high, *shape):
        return low + (high - low) * torch.rand(shape, generator=generator, dtype=torch.float64)

    def gaussian(*shape):
        return torch.randn(shape, generator=generator, dtype=torch.float64)

    heights = torch.cat([torch.zeros(1), torch.ones(1), uniform(0, 1, d - 2)]).double()
    p = torch.softmax(heights * math.log(float(uniform(*ratio, 1))), dim=0)  # (d,)
    z = gaussian(d, d - 1)
    z = z - p @ z
    values, vectors = torch.linalg.eigh(z.T @ (p.unsqueeze(-1) * z))
    z = (
        z @ (vectors / values.sqrt()) * uniform(*modes, d - 1).sqrt()
    )  # (d, d-1), weighted covariance diagonal
    support = torch.cat([torch.ones(d, 1, dtype=torch.float64), z], dim=1)  # u is the first axis, gamma = 1
    others = torch.cat([uniform(*next_margin, n - d, 1), gaussian(n - d, d - 1)], dim=1)
    rotation, _ = torch.linalg.qr(gaussian(d, d))
    rows = torch.cat([support, others])[torch.randperm(n, generator=generator)] @ rotation
    return rows / rows.norm(dim=-1).max()
