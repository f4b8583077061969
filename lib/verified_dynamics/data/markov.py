"""Text from a Markov chain of given order, whose entropy rate is known exactly."""

from dataclasses import dataclass

import torch
from torch import Tensor

_LARGEST_TABLE = 2**22


@dataclass(frozen=True, eq=False)
class MarkovChain:
    """A chain of order k on v symbols: transition[c_1, ..., c_k, a] = P(a | c_1 ... c_k), all positive."""

    transition: Tensor

    @classmethod
    def draw(cls, symbols: int, order: int, *, sharpness: float, generator: torch.Generator) -> "MarkovChain":
        """Rows softmax(sharpness * g) with standard normal g: 0 gives uniform rows, large values sharp ones."""
        if symbols < 2 or order < 1 or symbols ** (order + 1) > _LARGEST_TABLE:
            raise ValueError(
                f"a chain needs 2 or more symbols, order 1 or more and a table of at most {_LARGEST_TABLE} "
                f"entries, but {symbols} symbols at order {order} are asked."
            )
        if not 0 <= sharpness < 100:
            raise ValueError(f"sharpness must lie in [0, 100), but it is {sharpness}.")
        noise = torch.randn((symbols,) * (order + 1), generator=generator, dtype=torch.float64)
        return cls(torch.softmax(sharpness * noise, dim=-1))

    @property
    def order(self) -> int:
        """How many past symbols the next one depends on."""
        return self.transition.ndim - 1

    @property
    def symbols(self) -> int:
        """Size of the alphabet."""
        return self.transition.shape[-1]

    def stationary(self, tolerance: float = 1e-14) -> Tensor:
        """The stationary law of contexts c_1 ... c_k, of shape (v,) * k, by iteration of the chain."""
        law = torch.full(self.transition.shape[:-1], self.symbols**-self.order, dtype=torch.float64)
        for _ in range(100_000):
            following = (law[..., None] * self.transition).sum(dim=0)
            change = (following - law).abs().sum().item()
            law = following / following.sum()
            if change < tolerance:
                return law
        raise ValueError("the chain mixes too slowly for its stationary law; lower its sharpness.")

    def entropy_rate(self) -> float:
        """The entropy of the next symbol given the past, in nats: the least mean loss of any predictor."""
        surprise = -torch.special.xlogy(self.transition, self.transition).sum(dim=-1)
        return float((self.stationary() * surprise).sum())

    def sample(self, n: int, length: int, *, generator: torch.Generator) -> Tensor:
        """n stationary sequences of the given length: long (n, length)."""
        if n < 1 or length < 1:
            raise ValueError(f"n and length must be at least 1, but they are {n} and {length}.")
        uniform = torch.rand(n, length + 1, generator=generator, dtype=torch.float64)
        contexts = _inverse(self.stationary().flatten().cumsum(0).expand(n, -1), uniform[:, 0])
        base = self.symbols ** torch.arange(self.order - 1, -1, -1)
        drawn = [*(contexts[:, None] // base % self.symbols).unbind(1)]  # k tensors (n,)
        table = self.transition.cumsum(-1)
        for position in range(len(drawn), length):
            row = table[tuple(drawn[-self.order :])]  # (n, v)
            drawn.append(_inverse(row, uniform[:, 1 + position]))
        return torch.stack(drawn[:length], dim=1)


def markov_text(
    n: int,
    length: int,
    *,
    symbols: int = 8,
    order: int = 2,
    sharpness: float = 2.0,
    table_seed: int = 0,
    generator: torch.Generator,
) -> Tensor:
    """n sequences (n, length) of symbols 0 ... symbols - 1 from the Markov chain of the given order.

    The transition table depends on `table_seed` alone, so that texts drawn with different generators, for
    training and for validation, follow one law; `MarkovChain.draw` with that seed gives its entropy rate.
    """
    law = torch.Generator().manual_seed(table_seed)
    chain = MarkovChain.draw(symbols, order, sharpness=sharpness, generator=law)
    return chain.sample(n, length, generator=generator)


def _inverse(cumulative: Tensor, uniform: Tensor) -> Tensor:
    # The last partial sum may round to just below 1, hence the clamp.
    found = torch.searchsorted(cumulative.contiguous(), uniform[:, None].contiguous(), right=True).squeeze(1)
    return found.clamp(max=cumulative.shape[-1] - 1)
