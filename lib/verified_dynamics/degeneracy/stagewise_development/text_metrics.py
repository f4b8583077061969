"""What a language model can do: scores of its behaviour and of its attention, for every member of an ensemble.

Each score takes one member as a function of its input, so that `Ensemble.map` computes it for all of them. Names and
definitions after Hoogland et al. 2025 and Olsson et al. 2022 where nothing else is said; all in nats.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.func import functional_call

from verified_dynamics.degeneracy.stagewise_development.corpora import Corpus
from verified_dynamics.ensemble import Ensemble

cross_entropy = nn.functional.cross_entropy


def token_losses(model: Callable, windows: Tensor) -> Tensor:
    """Cross-entropy (n, T) of each next token of windows (n, T + 1)."""
    logits = model(windows[:, :-1])
    losses = cross_entropy(logits.flatten(0, 1), windows[:, 1:].flatten(), reduction="none")
    return losses.unflatten(0, (-1, windows.shape[1] - 1))


def bigram_score(model: Callable, windows: Tensor, bigram: Tensor) -> Tensor:
    """Mean cross-entropy of the prediction under P(next | token) (v, v): at least the entropy of that law."""
    surprise = -torch.log_softmax(model(windows[:, :-1]), dim=-1)  # (n, T, v)
    return (bigram[windows[:, :-1]].to(surprise.dtype) * surprise).sum(dim=-1).mean()


def bigram_divergence(model: Callable, windows: Tensor, bigram: Tensor) -> Tensor:
    """Mean Kullback-Leibler divergence of the prediction from P(next | token) (v, v): 0 for the bigram model."""
    law = bigram[windows[:, :-1]]
    prediction = torch.log_softmax(model(windows[:, :-1]), dim=-1)
    return (torch.special.xlogy(law, law) - law * prediction).sum(dim=-1).mean()


def in_context_score(model: Callable, windows: Tensor) -> Tensor:
    """Mean loss on the last quarter of the context minus that on its first eighth: negative where context helps."""
    return late_minus_early(token_losses(model, windows))


def late_minus_early(losses: Tensor) -> Tensor:
    """The in-context score of losses (n, T); the very first token, which has one token of context, is left out."""
    length = losses.shape[1]
    return losses[:, -(length // 4) :].mean() - losses[:, 1 : max(2, length // 8)].mean()


def copying_score(model: Callable, probe: Tensor, periods: Tensor) -> Tensor:
    """Mean loss on the repeated part of probes (n, T + 1) minus that on their first block, whose tokens are random."""
    losses = token_losses(model, probe)
    repeated = (torch.arange(1, probe.shape[1], device=probe.device) >= periods[:, None]).to(losses.dtype)
    return (losses * repeated).sum() / repeated.sum() - (losses * (1 - repeated)).sum() / (1 - repeated).sum()


def ngram_score(model: Callable, held_out: Tensor, frequent: Tensor) -> Tensor:
    """Loss on the last token of n-grams (m, n) of the text over that of frequent ones: large where these are known."""
    return token_losses(model, held_out)[:, -1].mean() / token_losses(model, frequent)[:, -1].mean()


def position_use(model, windows: Tensor) -> Tensor:
    """Loss with all position embeddings set to zero minus the loss."""
    blind = dict(model.parameters)
    blind["position.weight"] = torch.zeros_like(blind["position.weight"])
    without = functional_call(model.template, (blind, model.buffers), (windows[:, :-1],))
    return (
        cross_entropy(without.flatten(0, 1), windows[:, 1:].flatten()) - token_losses(model, windows).mean()
    )


def attention_patterns(model, tokens: Tensor) -> Tensor:
    """A member's attention weights (n, layers, heads, T, T) on tokens (n, T)."""
    tensors = {f"model.{name}": t for name, t in (*model.parameters.items(), *model.buffers.items())}
    return functional_call(_Patterns(model.template), tensors, (tokens,))


def previous_token_score(patterns: Tensor) -> Tensor:
    """Mean weight (layers, heads) on the position before, over queries from the second on."""
    return patterns.diagonal(-1, dim1=-2, dim2=-1).mean(dim=(0, -1))


def prefix_matching_score(patterns: Tensor, tokens: Tensor, periods: Tensor) -> Tensor:
    """Mean weight (layers, heads) on keys that follow an earlier copy of the query's token, on probes (n, T)."""
    length = tokens.shape[1]
    follows = torch.zeros(len(tokens), length, length, dtype=torch.bool, device=tokens.device)
    follows[:, :, 1:] = tokens[:, :, None] == tokens[:, None, :-1]
    follows &= torch.ones_like(follows).tril()
    asked = (torch.arange(length, device=tokens.device) >= periods[:, None]).to(patterns.dtype)  # (n, T)
    weight = (patterns * follows[:, None, None].to(patterns.dtype)).sum(dim=-1)  # (n, layers, heads, T)
    return (weight * asked[:, None, None]).sum(dim=(0, -1)) / asked.sum()


class _Patterns(nn.Module):
    """The model's attention weights as an output, so that they can be computed for stacked members."""

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model

    def forward(self, tokens: Tensor) -> Tensor:
        return self.model.patterns(tokens)


@torch.no_grad()
def development_metrics(ensemble: Ensemble, corpus: Corpus) -> dict[str, Tensor]:
    """Every score of every member by name, each (members,) or, for the two of attention, (members, layers, heads)."""

    def scores(model) -> dict[str, Tensor]:
        losses = token_losses(model, corpus.validation)
        patterns = attention_patterns(model, corpus.probe[:, :-1])
        found = {
            "loss": losses.mean(),
            "bigram_score": bigram_score(model, corpus.validation, corpus.bigram),
            "bigram_divergence": bigram_divergence(model, corpus.validation, corpus.bigram),
            "in_context_score": late_minus_early(losses),
            "copying_score": copying_score(model, corpus.probe, corpus.periods),
            "position_use": position_use(model, corpus.validation),
            "previous_token_score": previous_token_score(patterns),
            "prefix_matching_score": prefix_matching_score(patterns, corpus.probe[:, :-1], corpus.periods),
        }
        grams = {
            f"{n}gram_score": ngram_score(model, corpus.held_out[n], corpus.frequent[n])
            for n in corpus.frequent
        }
        return found | grams

    return ensemble.map(scores)
