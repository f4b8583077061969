"""Random numbers of each chain from generators of its own, drawn many steps at a time."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

BLOCK = (
    65_536  # numbers of one chain that are drawn at a time; it may not depend on how many chains there are
)


def generator(key: Sequence[int], device: torch.device) -> torch.Generator:
    """A generator of this device whose stream is determined by the key."""
    words = np.random.SeedSequence([int(k) % 2**64 for k in key]).generate_state(1, np.uint64)
    return torch.Generator(device).manual_seed(int(words[0]) % 2**63)


class Noise:
    """Standard normal numbers (chains, d) for one step after another, and uniform ones (chains,) where asked.

    A chain's numbers depend on its key and on d only, not on the other chains.
    """

    def __init__(self, keys: Sequence[Sequence[int]], like: Tensor, *, uniform: bool = False):
        self.generators = [generator((*key, 1), like.device) for key in keys]
        dimension = like.shape[1]
        self.block = max(1, min(256, BLOCK // dimension))
        self.normal = like.new_empty(len(keys), self.block, dimension)
        self.uniform = (
            torch.empty(len(keys), self.block, dtype=torch.float64, device=like.device) if uniform else None
        )
        self.position = self.block

    def draw(self) -> tuple[Tensor, Tensor | None]:
        """The next normal numbers (chains, d), which the caller may overwrite, and uniform ones (chains,)."""
        if self.position == self.block:
            for k, source in enumerate(self.generators):
                self.normal[k].normal_(generator=source)
                if self.uniform is not None:
                    self.uniform[k].uniform_(generator=source)
            self.position = 0
        at, self.position = self.position, self.position + 1
        return self.normal[:, at], None if self.uniform is None else self.uniform[:, at]


class Minibatches:
    """Indices (sources, b) of minibatches, uniform with replacement, so that the gradient noise is exactly C / b."""

    def __init__(self, keys: Sequence[Sequence[int]], samples: int, size: int, device: torch.device):
        self.generators = [generator((*key, 2), device) for key in keys]
        self.samples = samples
        self.block = max(1, min(256, BLOCK // size))
        self.index = torch.empty(len(keys), self.block, size, dtype=torch.long, device=device)
        self.position = self.block

    def draw(self) -> Tensor:
        """The next minibatch of every source (sources, b)."""
        if self.position == self.block:
            for k, source in enumerate(self.generators):
                self.index[k].random_(0, self.samples, generator=source)
            self.position = 0
        at, self.position = self.position, self.position + 1
        return self.index[:, at]
