r"""Balance a network: the point of its orbit with the smallest p-norm of the parameters.

Every parameter element belongs to an entry (a, b) of a matrix of masses: it leaves group a and enters group b.  With
scales :math:`c = e^z` the objective is :math:`\sum_{ab} M_{ab} e^{p(z_b - z_a)}`, convex in z.  Minimising it is matrix
balancing (Osborne 1960), and for p = 2 it is the equi-normalisation of Stock et al. (2019) for any traced network.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from torch import Tensor, nn

from verified_dynamics.symmetry.rescaling_invariance.rescaling import Rescaling
from verified_dynamics.symmetry.rescaling_invariance.scale_groups import ScaleGroups
from verified_dynamics.symmetry.rescaling_invariance.tracing import scale_groups


@dataclass(frozen=True)
class Balance:
    """Result of ``balance``.

    ``scales``: (count,), one where a group was left alone.  ``disconnected``: labels of groups that lie on no path of
    non-zero parameters from pinned to pinned channels; their scale has no optimum.  ``imbalance``: largest
    |log ‖in‖ − log ‖out‖| left over the other groups.  ``norm_before``, ``norm_after``: Σ|θ|^p.
    """

    scales: Tensor
    sweeps: int
    converged: bool
    disconnected: tuple[str, ...]
    imbalance: float
    norm_before: float
    norm_after: float
    rescaling: Rescaling

    def __str__(self) -> str:
        state = f"{'balanced in' if self.converged else 'not balanced after'} {self.sweeps} sweeps"
        norms = f"norm {self.norm_before:.6g} -> {self.norm_after:.6g}"
        text = f"{state}, |log in - log out| <= {self.imbalance:.1e}, {norms}"
        if self.disconnected:
            text += f"; left alone because no path leads through them: {', '.join(self.disconnected)}"
        return text


def masses(model: nn.Module, groups: ScaleGroups, *, p: float = 2.0) -> sparse.csr_array:
    """Sum of |θ|^p over the elements that leave group a and enter group b, as a sparse matrix of size count + 1."""
    size = groups.count + 1
    total = sparse.csr_array((size, size))
    for name, parameter in model.named_parameters():
        entry = groups.entries[name]
        enters = entry.enters.expand(parameter.shape).reshape(-1).numpy()
        leaves = entry.leaves.expand(parameter.shape).reshape(-1).numpy()
        values = (parameter.detach().cpu().double().abs() ** p).reshape(-1).numpy()
        total = total + sparse.coo_array((values, (leaves, enters)), shape=(size, size)).tocsr()
    total = sparse.csr_array(total)
    total.eliminate_zeros()
    return total


def balance(
    model: nn.Module,
    *,
    p: float = 2.0,
    groups: ScaleGroups | None = None,
    tolerance: float = 1e-10,
    max_sweeps: int = 1000,
) -> Balance:
    """Rescale ``model`` in place to the smallest Σ|θ|^p on its orbit.

    Sweeps over sets of groups that share no parameter and sets each to its exact minimiser, c^{2p} = out/in, until the
    largest |log ‖in‖ − log ‖out‖| is at most ``tolerance``.  The result's ``rescaling.undo()`` takes it back.
    Raises ValueError if p is not positive.
    """
    if not p > 0:
        raise ValueError(f"The norm's exponent p must be positive, but it is {p}.")
    groups = scale_groups(model) if groups is None else groups
    mass = masses(model, groups, p=p)
    mass.setdiag(0)  # a parameter that enters and leaves the same group keeps its size
    mass.eliminate_zeros()
    free = _connected(mass)
    logs, sweeps, gap = _solve(mass, free, p, tolerance, max_sweeps)
    scales = torch.tensor(np.exp(logs[1:]))
    before = float(sum((x.detach().double().abs() ** p).sum() for x in model.parameters()))
    rescaling = Rescaling(model, groups, groups.diagonal(scales))
    after = float(sum((x.detach().double().abs() ** p).sum() for x in model.parameters()))
    alone = tuple(label for label, kept in zip(groups.labels, free[1:], strict=True) if not kept)
    return Balance(scales, sweeps, gap <= tolerance, alone, gap, before, after, rescaling)


def _connected(mass: sparse.csr_array) -> np.ndarray:
    """Groups on a closed walk through the pinned group: those whose optimum exists and is unique."""
    _, component = connected_components(mass, directed=True, connection="strong")
    return component == component[0]


def _solve(
    mass: sparse.csr_array, free: np.ndarray, p: float, tolerance: float, max_sweeps: int
) -> tuple[np.ndarray, int, float]:
    logs = np.zeros(mass.shape[0])
    classes = independent_sets(mass, free)
    transposed = mass.T.tocsr()
    if not classes:
        return logs, 0, 0.0

    def sums(rows: np.ndarray | slice) -> tuple[np.ndarray, np.ndarray]:
        # Multiplying by e^{±pz} row by row keeps large and small scales apart.
        out = np.exp(-p * logs[rows]) * (mass[rows] @ np.exp(p * logs))
        into = np.exp(p * logs[rows]) * (transposed[rows] @ np.exp(-p * logs))
        return into, out

    sweeps, gap = 0, np.inf
    while gap > tolerance and sweeps < max_sweeps:
        sweeps += 1
        for chosen in classes:
            into, out = sums(chosen)
            logs[chosen] += (np.log(out) - np.log(into)) / (2 * p)
        into, out = sums(np.flatnonzero(free & (np.arange(len(free)) > 0)))
        gap = float(np.abs(np.log(into) - np.log(out)).max() / p)
    return logs, sweeps, gap


def independent_sets(mass: sparse.csr_array, free: Sequence[bool]) -> list[np.ndarray]:
    """Greedy colouring of the ``free`` groups: those of one colour share no parameter, so all can be set at once.

    ``mass``: (count + 1, count + 1) without its diagonal.
    """
    neighbours = sparse.csr_array(mass + mass.T)
    colour = np.full(mass.shape[0], -1)
    for group in np.flatnonzero(free):
        if group > 0:
            near = neighbours.indices[neighbours.indptr[group] : neighbours.indptr[group + 1]]
            taken = np.zeros(colour.max() + 3, dtype=bool)
            taken[colour[near] + 1] = True  # position 0 stands for groups without a colour
            colour[group] = np.flatnonzero(~taken[1:])[0]
    return [np.flatnonzero(colour == c) for c in range(colour.max() + 1)]
