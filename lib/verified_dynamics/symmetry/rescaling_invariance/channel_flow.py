"""What the trace carries: the scale group of each channel, and the joining of groups."""

from __future__ import annotations

from dataclasses import dataclass

PINNED = 0


@dataclass(frozen=True)
class Flow:
    """Scale groups of one intermediate value.

    ``ids``: group of each channel, or None where the number of channels is unknown and all are pinned.
    ``axis``: 1 for channel-first values (after a convolution), -1 for feature-last ones (after a linear layer), 0 where
    it may be either (BatchNorm1d of the input).
    ``rank``: number of tensor dimensions where known.  ``flattened``: spatial positions were merged into features.
    """

    ids: tuple[int, ...] | None
    axis: int = -1
    rank: int | None = None
    flattened: bool = False

    @property
    def size(self) -> int:
        return 0 if self.ids is None else len(self.ids)

    def fits(self, other: Flow) -> bool:
        """Whether channels lie on the same axis of values with, as far as is known, the same number of axes."""
        ranks = {self.rank, other.rank} - {None}
        return (self.axis, self.flattened) == (other.axis, other.flattened) and len(ranks) < 2


class UnionFind:
    """Groups of channel ids; id 0 is the pinned group and stays the root of whatever it is joined with."""

    def __init__(self) -> None:
        self.parent = [PINNED]

    def fresh(self, count: int) -> tuple[int, ...]:
        first = len(self.parent)
        self.parent.extend(range(first, first + count))
        return tuple(range(first, first + count))

    def root(self, item: int) -> int:
        while self.parent[item] != item:
            self.parent[item] = self.parent[self.parent[item]]
            item = self.parent[item]
        return item

    def join(self, left: int, right: int) -> None:
        left, right = sorted((self.root(left), self.root(right)))
        self.parent[right] = left
