"""Tokenised text with a training and a validation part."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Text:
    """Tokens of a text, long (N,) in each part; token i stands for vocabulary[i].

    `joiner` stands between tokens when they are decoded: nothing for characters, a space for words.
    """

    train: Tensor
    validation: Tensor
    vocabulary: tuple[str, ...]
    name: str
    source: str
    test: Tensor | None = None
    joiner: str = ""

    def decode(self, tokens: Tensor | Sequence[int]) -> str:
        """The text of a one-dimensional sequence of tokens."""
        return self.joiner.join(self.vocabulary[int(token)] for token in tokens)

    def windows(self, length: int, *, part: str = "train", limit: int | None = None) -> Tensor:
        """Consecutive windows (n, length + 1) of one part: inputs are [:, :-1], targets [:, 1:].

        Neighbouring windows share one token, so that every token but the first is a target once; what does
        not fill a window at the end is left out.
        """
        tokens = {"train": self.train, "validation": self.validation, "test": self.test}.get(part)
        if tokens is None:
            raise ValueError(f"{self.name} has no part {part!r}.")
        if not 1 <= length < len(tokens):
            raise ValueError(f"length must lie between 1 and {len(tokens) - 1}, but it is {length}.")
        return tokens.unfold(0, length + 1, length)[:limit].clone()


PRINTABLE = tuple(map(chr, range(32, 127)))


def encode_characters(text: str) -> tuple[Tensor, tuple[str, ...]]:
    """Tokens (N,) of the text's characters, and the vocabulary, which does not depend on the text.

    The vocabulary is U+FFFD for every character outside it, newline, tab, and printable ASCII.
    """
    vocabulary = ("\N{REPLACEMENT CHARACTER}", "\n", "\t", *PRINTABLE)
    table = np.zeros(128, dtype=np.int64)
    for index, character in enumerate(vocabulary[1:], start=1):
        table[ord(character)] = index
    codes = np.frombuffer(text.encode("utf-32-le", errors="replace"), dtype=np.uint32)
    return torch.from_numpy(np.where(codes < 128, table[np.minimum(codes, 127)], 0)), vocabulary


def frequent_words(words: Sequence[str], *, size: int | None, unknown: str) -> tuple[str, ...]:
    """`unknown`, then the most frequent words (ties in alphabetical order), `size` entries at most."""
    counts = Counter(words)
    counts.pop(unknown, None)
    ranked = sorted(counts, key=lambda word: (-counts[word], word))
    return (unknown, *ranked[: None if size is None else size - 1])


def encode_words(words: Sequence[str], vocabulary: Sequence[str]) -> Tensor:
    """Tokens (N,) of words by their place in the vocabulary; a word that is not in it becomes 0."""
    number = {word: index for index, word in enumerate(vocabulary)}
    return torch.tensor([number.get(word, 0) for word in words], dtype=torch.long)
