"""Minibatches: each member draws its own, from a generator that its seed alone determines."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor


class Batches:
    """Indices of minibatches (members, b): every epoch is a fresh permutation of the n samples per member.

    A rest of an epoch that fills no batch is left out. Member k's batches depend on its seed and on `stream`
    only, not on the other members; they are independent of the draws of its initialisation.
    """

    def __init__(self, seeds: Sequence[int], samples: int, batch_size: int, *, stream: int = 0):
        self.generators = [_generator(seed, stream) for seed in seeds]
        self.samples, self.batch_size = samples, batch_size
        self.order = torch.empty(len(self.generators), 0, dtype=torch.long)

    def draw(self) -> Tensor:
        """The indices of the next minibatch (members, b), on the CPU."""
        if self.order.shape[1] < self.batch_size:
            permutations = [torch.randperm(self.samples, generator=g) for g in self.generators]
            self.order = torch.stack(permutations)  # (members, n)
        batch, self.order = self.order[:, : self.batch_size], self.order[:, self.batch_size :]
        return batch


def _generator(seed: int, stream: int) -> torch.Generator:
    words = np.random.SeedSequence((seed % 2**64, stream, 0x6D696E69)).generate_state(1, np.uint64)
    return torch.Generator().manual_seed(int(words[0]) % 2**63)
