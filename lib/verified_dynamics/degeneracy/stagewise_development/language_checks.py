"""Checks of how a language model copies: what its last layer can see, and what it does without the first."""

import torch
from torch import Tensor

from verified_dynamics.degeneracy.stagewise_development.corpora import Corpus, block_lengths, probes
from verified_dynamics.degeneracy.stagewise_development.text_metrics import (
    attention_patterns,
    copying_score,
    prefix_matching_score,
)
from verified_dynamics.ensemble import Ensemble


@torch.no_grad()
def predecessor_effect(ensemble: Ensemble, corpus: Corpus) -> Tensor:
    """How the last layer's weights see the token before a key: (members,), 0 where they cannot.

    The token before the last key of the shortest block is exchanged for the last query's own token, so that this key
    now follows a match. The score is the largest change over heads of the log ratio of the last query's weight on that
    key to its weight on the second key, mean over probes: the softmax's normalisation drops out of the ratio. A key of
    the first block, because heads that look one place back may do so only there.
    """
    tokens = corpus.probe[:, :-1]
    key, last = max(3, block_lengths(corpus.context)[0] - 1), tokens.shape[1] - 1
    changed = tokens.clone()
    changed[:, key - 1] = tokens[:, last]

    def effect(model) -> Tensor:
        ratios = []
        for text in (tokens, changed):
            weights = attention_patterns(model, text)[:, -1, :, last].log()  # (n, heads, T)
            ratios.append(weights[..., key] - weights[..., 1])
        return (ratios[0] - ratios[1]).abs().mean(dim=0).amax()

    return ensemble.map(effect)


@torch.no_grad()
def transferred_copying(ensemble: Ensemble, corpus: Corpus) -> Tensor:
    """The copying score (members,) on blocks of all lengths, whatever the lengths of the corpus are."""
    lengths = block_lengths(corpus.context)
    probe, periods = probes(corpus.vocabulary, corpus.context, lengths, 64, seed=8)
    return ensemble.map(copying_score, probe.to(ensemble.device), periods.to(ensemble.device))


@torch.no_grad()
def prefix_matching_without_first_layer(ensemble: Ensemble, corpus: Corpus) -> Tensor:
    """Largest prefix-matching score (members,) of the last layer's heads when the first layer writes nothing."""
    tokens = corpus.probe[:, :-1]

    def score(model) -> Tensor:
        patterns = attention_patterns(model, tokens)
        return prefix_matching_score(patterns, tokens, corpus.periods)[-1].amax()

    return silent_first_layer(ensemble).map(score)


def silent_first_layer(ensemble: Ensemble) -> Ensemble:
    """The same models with a first layer that writes nothing into the stream."""
    name = "blocks.0.attention.output.weight"
    parameters = {**ensemble.parameters, name: torch.zeros_like(ensemble.parameters[name])}
    return Ensemble(ensemble.module, parameters, ensemble.buffers, ensemble.seeds)
