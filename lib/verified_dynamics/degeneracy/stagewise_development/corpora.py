"""Texts on which a language model develops in stages, with what its metrics need: bigrams, n-grams and probes."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from verified_dynamics.data import MarkovChain, Text, penn_treebank, standard_library_text, wikitext2

SYNTHETIC = ("repeated blocks", "one period")
NATURAL = ("standard library", "penn treebank", "wikitext-2")
_SHARPNESS = 1.0


@dataclass(frozen=True, eq=False)
class Corpus:
    """Windows of a text, its bigrams, and probes that ask for what cannot be known from bigrams.

    train, validation (n, T + 1): inputs are [:, :-1], targets [:, 1:]. bigram (v, v): the empirical P(next | token) of
    the training part. probe (n, T + 1): blocks of random tokens, all different inside a block, repeated with the
    period of each row, periods (n,). frequent, held_out: frequent n-grams of the training part and n-grams of the
    validation part as they come, (m, n) by n.
    """

    name: str
    train: Tensor
    validation: Tensor
    bigram: Tensor
    probe: Tensor
    periods: Tensor
    frequent: dict[int, Tensor]
    held_out: dict[int, Tensor]

    @property
    def vocabulary(self) -> int:
        """How many tokens there are."""
        return len(self.bigram)

    @property
    def context(self) -> int:
        """The number T of inputs in a window."""
        return self.train.shape[1] - 1

    def bigram_entropy(self) -> float:
        """The mean entropy of P(next | token) over the validation inputs: the least bigram score, in nats."""
        entropy = -torch.special.xlogy(self.bigram, self.bigram).sum(dim=-1)
        return float(entropy[self.validation[:, :-1]].mean())

    def to(self, device: str | torch.device) -> "Corpus":
        """The corpus on this device."""
        names = ("train", "validation", "bigram", "probe", "periods")
        moved = {name: getattr(self, name).to(device) for name in names}
        grams = {
            name: {n: rows.to(device) for n, rows in getattr(self, name).items()}
            for name in ("frequent", "held_out")
        }
        return replace(self, **moved, **grams)


def corpus(name: str, context: int, *, windows: int, vocabulary: int, held_out: int = 256) -> Corpus:
    """The corpus of this name in windows of `context` tokens, the same on every machine for `SYNTHETIC` ones.

    "repeated blocks": each window is a block of a first-order Markov chain, repeated with a period drawn between a
    sixth and three eighths of the context; "one period": the same with the quarter of the context for all.
    "standard library": words of Python's own sources, which differ between versions of Python. "penn treebank" and
    "wikitext-2" are read from the data folder or downloaded (see `verified_dynamics.data`). windows, held_out: how
    many of the training and validation part. Raises ValueError for another name or too small a text.
    """
    if name in SYNTHETIC:
        train, validation = _repeated_blocks(name, context, windows, vocabulary, held_out)
    elif name in NATURAL:
        text = _text(name, vocabulary)
        train, validation = _windows(text, context, windows), text.windows(context, part="validation")
        validation = _spread(validation, held_out)
        vocabulary = len(text.vocabulary)
    else:
        raise ValueError(f"a corpus is one of {', '.join((*SYNTHETIC, *NATURAL))}, not {name!r}.")
    lengths = (context // 4, context // 4) if name == "one period" else block_lengths(context)
    probe, periods = probes(vocabulary, context, lengths, 64)
    return Corpus(
        name, train, validation, bigram_table(train, vocabulary), probe, periods,
        {n: frequent_grams(train, n, vocabulary) for n in (2, 3, 4)}, {n: validation[:, :n] for n in (2, 3, 4)},
    )  # fmt: skip


def repeat(blocks: Tensor, periods: Tensor) -> Tensor:
    """Each row (n, length) with its first `periods` (n,) tokens repeated to the row's end."""
    places = torch.arange(blocks.shape[1], device=blocks.device)[None, :] % periods[:, None]
    return blocks.gather(1, places)


def probes(
    vocabulary: int, context: int, lengths: tuple[int, int], n: int, *, seed: int = 7
) -> tuple[Tensor, Tensor]:
    """Repeated blocks (n, context + 1) of different random tokens, and their periods (n,) between the two lengths."""
    generator = torch.Generator().manual_seed(seed)
    lowest, highest = lengths
    if vocabulary < highest:
        raise ValueError(
            f"a vocabulary of {vocabulary} has no {highest} different tokens for a block; take more."
        )
    order = torch.rand(n, vocabulary, generator=generator).argsort(dim=1)[:, :highest]
    periods = torch.randint(lowest, highest + 1, (n,), generator=generator)
    blocks = torch.cat([order, order.new_zeros(n, context + 1 - highest)], dim=1)
    return repeat(blocks, periods), periods


def bigram_table(windows: Tensor, vocabulary: int) -> Tensor:
    """P(next | token) (v, v) from counts, each row with one more count that is spread as the unigrams are."""
    pairs = windows[:, :-1] * vocabulary + windows[:, 1:]
    counts = torch.bincount(pairs.flatten(), minlength=vocabulary**2).double().view(vocabulary, vocabulary)
    unigram = counts.sum(dim=0) / counts.sum()
    return (counts + unigram) / (counts.sum(dim=1, keepdim=True) + 1)


def frequent_grams(windows: Tensor, n: int, vocabulary: int, *, most: int = 256) -> Tensor:
    """The most frequent n-grams of the windows (m, n), ties in the order of their tokens."""
    places = vocabulary ** torch.arange(n - 1, -1, -1, device=windows.device)
    codes, counts = (windows.unfold(1, n, 1) * places).sum(dim=-1).unique(return_counts=True)
    first = codes[counts.sort(descending=True, stable=True).indices[:most]]
    return first[:, None] // places % vocabulary


def block_lengths(context: int) -> tuple[int, int]:
    """The shortest and the longest period of repeated blocks: a sixth and three eighths of the context."""
    return max(2, context // 6), 3 * context // 8


def _repeated_blocks(
    name: str, context: int, windows: int, vocabulary: int, held_out: int
) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    chain = MarkovChain.draw(vocabulary, 1, sharpness=_SHARPNESS, generator=generator)
    lowest, highest = block_lengths(context) if name == "repeated blocks" else (context // 4, context // 4)
    total = windows + held_out
    periods = torch.randint(lowest, highest + 1, (total,), generator=generator)
    text = repeat(chain.sample(total, context + 1, generator=generator), periods)
    return text[:windows], text[windows:]


def _text(name: str, vocabulary: int) -> Text:
    if name == "standard library":
        return standard_library_text(limit=4_000_000, tokens="words", vocabulary_size=vocabulary)
    loader = penn_treebank if name == "penn treebank" else wikitext2
    return loader(vocabulary_size=vocabulary)


def _windows(text: Text, context: int, windows: int) -> Tensor:
    found = text.windows(context)
    if len(found) < windows:
        raise ValueError(
            f"{text.name} has {len(found)} windows of {context} tokens, fewer than {windows}: ask for fewer."
        )
    return _spread(found, windows)


def _spread(rows: Tensor, count: int) -> Tensor:
    """`count` rows at equal distances."""
    return rows[torch.linspace(0, len(rows) - 1, min(count, len(rows))).round().long()]
