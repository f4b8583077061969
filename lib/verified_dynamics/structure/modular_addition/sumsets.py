"""Sets of lattice points that add like Z_N, and how many distinct sums they have."""

import torch
from torch import Tensor

from verified_dynamics.structure.modular_addition.errors import ModularAdditionError
from verified_dynamics.structure.modular_addition.tables import classes, sum_points


def lattice(modulus: int, columns: int) -> Tensor:
    """Residue a at (a mod columns, a // columns) (N, 2): the homomorphism x + columns y sends it back to a."""
    if not 1 <= columns <= modulus:
        raise ModularAdditionError(
            f"a lattice of {modulus} points has 1 to {modulus} columns, not {columns}."
        )
    a = torch.arange(modulus, dtype=torch.float64)
    return torch.stack((a % columns, torch.div(a, columns, rounding_mode="floor")), -1)


def distinct_sums(points: Tensor, *, digits: int = 9) -> int:
    """Number of different sum points E_a + E_b of one set (N, 2), rounded to so many digits."""
    return len(torch.unique((sum_points(points) * 10**digits).round(), dim=0))


def contradictions(points: Tensor, *, digits: int = 9) -> int:
    """Number of sum points (of one set, (N, 2)) at which pairs of different classes meet: 0 for a lattice that
    adds.
    """
    sums = (sum_points(points) * 10**digits).round()
    _, where = torch.unique(sums, dim=0, return_inverse=True)
    label = classes(points.shape[-2]).double()
    count = int(where.max()) + 1
    low = torch.full((count,), torch.inf, dtype=torch.float64).scatter_reduce(0, where, label, "amin")
    high = torch.full((count,), -torch.inf, dtype=torch.float64).scatter_reduce(0, where, label, "amax")
    return int((low != high).sum())


def smallest_sumset(size: int, *, side: int, planar: bool) -> int:
    """Least number of distinct sums over all sets of `size` points of a side x side square, by enumeration.

    planar: only sets that do not lie on one line. Cost: one pass per subset, so keep side**2 choose size small.
    """
    from itertools import combinations

    best = size * size
    for chosen in combinations([(x, y) for x in range(side) for y in range(side)], size):
        (x0, y0), (x1, y1) = chosen[:2]
        flat = all((x1 - x0) * (y - y0) == (x - x0) * (y1 - y0) for x, y in chosen)
        if planar and flat:
            continue
        best = min(best, len({(a + c, b + d) for a, b in chosen for c, d in chosen}))
    return best
