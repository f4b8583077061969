"""Masses between scale groups: a non-negative matrix, kept layer by layer.

Every parameter element carries a mass (a squared path magnitude, or its own square).  The matrix M adds up the masses
of all elements that lead from one group to another; group 0 is pinned.  A convolution of k × k positions therefore
costs as much as one of a single position.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from verified_dynamics.symmetry.rescaling_invariance.scale_groups import ScaleGroups


@dataclass(frozen=True)
class Block:
    """Masses ``values`` (*lead, r, c) between the groups ``rows`` (r,) and ``columns`` (c,)."""

    rows: Tensor
    columns: Tensor
    values: Tensor


@dataclass(frozen=True)
class MassMatrix:
    """M (*lead, size, size) as dense blocks and single entries ``values`` (*lead, n) at ``rows``, ``columns`` (n,)."""

    size: int
    blocks: tuple[Block, ...]
    rows: Tensor
    columns: Tensor
    values: Tensor

    @classmethod
    def build(
        cls, groups: ScaleGroups, masses: Mapping[str, Tensor], *, by_entering: bool = True
    ) -> MassMatrix:
        """Add up ``masses`` ((*lead, *shape) by parameter name) between groups.

        A row is the group that an element enters and a column the one that it leaves, or the reverse where
        ``by_entering`` is false.
        """
        blocks, rows, columns, values = [], [], [], []
        for name, mass in masses.items():
            entry, shape = groups.entries[name], groups.shapes[name]
            pair = (entry.enters, entry.leaves) if by_entering else (entry.leaves, entry.enters)
            row, column, reduced = _reduced(*(index.to(mass.device) for index in pair), mass, len(shape))
            if _is_outer(row, column):
                blocks.append(_block(row, column, reduced))
            else:
                size = reduced.shape[reduced.dim() - row.dim() :]
                rows.append(row.expand(size).reshape(-1))
                columns.append(column.expand(size).reshape(-1))
                values.append(reduced.flatten(reduced.dim() - row.dim()) if row.dim() else reduced[..., None])
        some = next(iter(masses.values()))
        none = torch.empty(0, dtype=torch.long, device=some.device)
        return cls(
            groups.count + 1,
            tuple(blocks),
            torch.cat([none, *rows]),
            torch.cat([none, *columns]),
            torch.cat(values, -1) if values else some.new_empty(*blocks[0].values.shape[:-2], 0),
        )

    @property
    def lead(self) -> torch.Size:
        """Leading dimensions of a stack of matrices."""
        return self.blocks[0].values.shape[:-2] if self.blocks else self.values.shape[:-1]

    def times(self, vector: Tensor) -> Tensor:
        """M v for v (*lead, size)."""
        result = torch.zeros_like(vector)
        for block in self.blocks:
            part = (block.values @ vector.index_select(-1, block.columns).unsqueeze(-1)).squeeze(-1)
            result.index_add_(-1, block.rows, part)
        return result.index_add_(-1, self.rows, self.values * vector[..., self.columns])

    def transposed_times(self, vector: Tensor) -> Tensor:
        """Mᵀ v for v (*lead, size)."""
        result = torch.zeros_like(vector)
        for block in self.blocks:
            part = (block.values.mT @ vector.index_select(-1, block.rows).unsqueeze(-1)).squeeze(-1)
            result.index_add_(-1, block.columns, part)
        return result.index_add_(-1, self.columns, self.values * vector[..., self.rows])

    def diagonal(self) -> Tensor:
        """Mass of the elements that enter and leave the same group, (*lead, size)."""
        result = self.values.new_zeros(*self.lead, self.size)
        for block in self.blocks:
            same = block.rows[:, None] == block.columns[None, :]
            result.index_add_(-1, block.rows, (block.values * same).sum(-1))
        return result.index_add_(-1, self.rows, self.values * (self.rows == self.columns))

    def to_sparse(self) -> sparse.csr_array:
        """The matrix on the host, added over the leading dimensions."""
        rows, columns, values = [self.rows], [self.columns], [_added(self.values, 1)]
        for block in self.blocks:
            total = _added(block.values, 2)
            rows.append(block.rows[:, None].expand(total.shape).reshape(-1))
            columns.append(block.columns[None, :].expand(total.shape).reshape(-1))
            values.append(total.reshape(-1))
        index = np.stack([torch.cat(rows).cpu().numpy(), torch.cat(columns).cpu().numpy()])
        shape = (self.size, self.size)
        return sparse.coo_array((torch.cat(values).cpu().numpy(), tuple(index)), shape=shape).tocsr()


def _reduced(row: Tensor, column: Tensor, mass: Tensor, rank: int) -> tuple[Tensor, Tensor, Tensor]:
    """Indices of the parameter's rank, and the mass added over the axes along which neither of them changes."""
    row = row.reshape((1,) * (rank - row.dim()) + row.shape)
    column = column.reshape((1,) * (rank - column.dim()) + column.shape)
    row, column = _without_repeats(row), _without_repeats(column)
    idle = [axis for axis in range(rank) if row.shape[axis] == column.shape[axis] == 1]
    if idle:
        mass = mass.sum([axis - rank for axis in idle])
        keep = [axis for axis in range(rank) if axis not in idle]
        row, column = (index.reshape([index.shape[axis] for axis in keep]) for index in (row, column))
    return row, column, mass


def _without_repeats(index: Tensor) -> Tensor:
    """The index without the axes along which it only repeats itself (a convolution of one block, for instance)."""
    for axis in range(index.dim()):
        if index.shape[axis] > 1:
            first = index.narrow(axis, 0, 1)
            index = first if bool((index == first).all()) else index
    return index


def _is_outer(row: Tensor, column: Tensor) -> bool:
    """Whether the row changes along one of two axes only, and the column along the other."""
    if row.dim() != 2:
        return False
    return row.shape[1] == column.shape[0] == 1 or row.shape[0] == column.shape[1] == 1


def _block(row: Tensor, column: Tensor, mass: Tensor) -> Block:
    across = row.shape[1] == 1  # rows of the parameter are rows of M
    return Block(row.reshape(-1), column.reshape(-1), mass if across else mass.transpose(-1, -2))


def _added(values: Tensor, kept: int) -> Tensor:
    return values.sum(list(range(values.dim() - kept))) if values.dim() > kept else values
