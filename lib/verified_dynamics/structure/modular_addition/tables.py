"""The addition table modulo N: unordered pairs, their classes, which pairs interact, which ones are trained on."""

from collections.abc import Sequence
from math import isfinite

import torch
from torch import Tensor

from verified_dynamics.structure.modular_addition.errors import ModularAdditionError

MOST_DRAWS = 1000


def pairs(modulus: int) -> Tensor:
    """All pairs a <= b of residues as rows (P, 2), P = N(N + 1)/2.

    Unordered, because a + b = b + a: with ordered pairs a random split would put (a, b) into training and (b, a) into
    validation. Raises ModularAdditionError for a modulus below 3.
    """
    if not isinstance(modulus, int) or isinstance(modulus, bool) or modulus < 3:
        raise ModularAdditionError(
            f"the modulus is a whole number of at least 3, not {modulus!r}: with fewer residues there is no structure "
            "to find."
        )
    return torch.triu_indices(modulus, modulus).T.contiguous()


def classes(modulus: int) -> Tensor:
    """The class (a + b) mod N of each pair, in the order of `pairs` (P,)."""
    return pairs(modulus).sum(1) % modulus


def incidence(modulus: int, *, dtype=torch.float64) -> Tensor:
    """The matrix B (P, N) with s = B E: a row has 1 at a and 1 at b, and 2 where a = b."""
    table = pairs(modulus)
    rows = torch.arange(len(table))
    matrix = torch.zeros(len(table), modulus, dtype=dtype)
    for column in table.T:
        matrix.index_put_((rows, column), torch.ones((), dtype=dtype), accumulate=True)
    return matrix


def sum_points(embedding: Tensor) -> Tensor:
    """Sum points E_a + E_b of all pairs: (..., N, 2) to (..., P, 2)."""
    first, second = pairs(embedding.shape[-2]).to(embedding.device).T
    return embedding.index_select(-2, first) + embedding.index_select(-2, second)


def coupling(labels: Tensor, modulus: int, *, dtype=torch.float64) -> Tensor:
    """The residual coupling R = Y - 1/N of pairs, Y = 1 where two pairs have the same label (..., P, P)."""
    same = labels.unsqueeze(-1) == labels.unsqueeze(-2)
    return same.to(dtype) - 1.0 / modulus


def split(seeds: Sequence[int], modulus: int, *, share: float) -> Tensor:
    """A mask of training pairs for each seed (s, P): round(share P) pairs, at least one of each class.

    A draw that misses a class is drawn again. Raises ModularAdditionError where the share is no number in (0, 1], or
    where it leaves a class without a training pair however often it is drawn.
    """
    label = classes(modulus)
    if not (isinstance(share, int | float) and isfinite(share) and 0 < share <= 1):
        raise ModularAdditionError(
            f"the share of training pairs is a number above 0 and at most 1, not {share!r}."
        )
    kept = round(share * len(label))
    return torch.stack([_one_split(seed, label, modulus, kept, share) for seed in seeds])


def check_split(mask: Tensor, modulus: int) -> None:
    """Raises ModularAdditionError where a mask (..., P) leaves a class without a training pair."""
    one_hot = torch.nn.functional.one_hot(classes(modulus), modulus).to(mask.device, torch.float32)  # (P, N)
    missing = (mask.to(torch.float32) @ one_hot == 0).nonzero()
    if len(missing):
        raise ModularAdditionError(
            f"class {int(missing[0, -1])} has no training pair: train on a larger share of the table."
        )


def _one_split(seed: int, label: Tensor, modulus: int, kept: int, share: float) -> Tensor:
    generator = torch.Generator().manual_seed(2 * int(seed) + 1)
    for _ in range(MOST_DRAWS if kept >= modulus else 0):
        mask = torch.zeros(len(label), dtype=torch.bool)
        mask[torch.randperm(len(label), generator=generator)[:kept]] = True
        if len(label[mask].unique()) == modulus:
            return mask
    raise ModularAdditionError(
        f"with a share of {share:g}, {kept} of the {len(label)} pairs, a class of N = {modulus} is left without a "
        "training pair: train on a larger share of the table."
    )
