"""Small language models trained as an ensemble, for what their attention and their norm do in training."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from verified_dynamics.data import MarkovChain
from verified_dynamics.ensemble import Ensemble
from verified_dynamics.models import Transformer

SYMBOLS = 10


def chain() -> MarkovChain:
    """The second-order Markov chain that every model here learns; its entropy rate is known exactly."""
    return MarkovChain.draw(SYMBOLS, 2, sharpness=2.0, generator=torch.Generator().manual_seed(0))


def text(n: int, length: int, *, seed: int) -> Tensor:
    """n sequences (n, length + 1) of the chain."""
    return chain().sample(n, length + 1, generator=torch.Generator().manual_seed(seed))


def build(
    seeds: Sequence[int], *, width: int, context: int, mask: str = "causal", normalisation: str = "branch_norm",
    wrap: Callable = lambda model: model, device: torch.device | str = "cpu",
) -> Ensemble:  # fmt: skip
    """One transformer per seed, of two layers with four heads, without biases, in float64; `wrap` goes
    around each.
    """

    def make(generator):
        return wrap(Transformer(
            SYMBOLS, width, 2, 4, feed_forward=2 * width, context=context, mask=mask, normalisation=normalisation,
            generator=generator,
        ))  # fmt: skip

    return Ensemble.build(make, seeds, device=device)


def next_token_loss(model: Callable, sequences: Tensor) -> Tensor:
    """Mean cross-entropy of the next token in nats; sequences: (n, T + 1)."""
    logits = model(sequences[:, :-1])
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), sequences[:, 1:].flatten())
