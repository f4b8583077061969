"""Strings of the counter language a^n b^n c^n, and strings that miss it narrowly."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product

import torch
from torch import Tensor

from verified_dynamics.data.datasets import DataSet


@dataclass(frozen=True, eq=False)
class StringSet(DataSet):
    """Strings as padded tokens x (n, T), long, with y (n,) = 1 for members of the language and 0 for others.

    Token i stands for symbols[i]; the number len(symbols) pads.
    """

    strings: tuple[str, ...] = ()
    symbols: str = ""


def is_counter_string(string: str, symbols: str = "abc") -> bool:
    """Whether the string is s_1^n s_2^n ... s_k^n for some n >= 1, s_i being the given symbols."""
    count, rest = divmod(len(string), len(symbols))
    return count > 0 and not rest and string == "".join(symbol * count for symbol in symbols)


def counter_language(largest: int, *, smallest: int = 1, symbols: str = "abc") -> StringSet:
    """All members s_1^n ... s_k^n with smallest <= n <= largest, each followed by its near misses.

    Near misses of a member: one symbol more or fewer in one block, two neighbours exchanged at a border of
    blocks, two blocks exchanged, and the member written twice. Without repetitions; no random choice.
    """
    if not 1 <= smallest <= largest:
        raise ValueError(f"counts must satisfy 1 <= smallest <= largest, but are {smallest} and {largest}.")
    _check_symbols(symbols)
    found = {}
    for count in range(smallest, largest + 1):
        for string in (_blocks([count] * len(symbols), symbols), *_near_misses(count, symbols)):
            found[string] = is_counter_string(string, symbols)
    language = "".join(f"{symbol}^n " for symbol in symbols).strip()
    return _string_set(found, symbols, f"{language} and near misses")


def every_string(longest: int, *, symbols: str = "abc") -> StringSet:
    """All strings of length 1 to `longest` over the symbols, labelled by `is_counter_string`.

    There are k + k^2 + ... + k^longest of them for k symbols: 1,092 for three symbols up to length 6.
    """
    _check_symbols(symbols)
    total = sum(len(symbols) ** length for length in range(1, longest + 1))
    if not 0 < total <= 1_000_000:
        raise ValueError(f"longest must give 1 to 1,000,000 strings, but {longest} gives {total}.")
    lengths = range(1, longest + 1)
    strings = ("".join(letters) for length in lengths for letters in product(symbols, repeat=length))
    found = {string: is_counter_string(string, symbols) for string in strings}
    return _string_set(found, symbols, f"every string up to length {longest}")


def _check_symbols(symbols: str) -> None:
    if len(symbols) < 2 or len(set(symbols)) != len(symbols):
        raise ValueError(f"symbols must be two or more different characters, but they are {symbols!r}.")


def _blocks(counts: Iterable[int], symbols: str) -> str:
    return "".join(symbol * count for symbol, count in zip(symbols, counts, strict=True))


def _near_misses(count: int, symbols: str) -> Iterable[str]:
    counts = [count] * len(symbols)
    member = _blocks(counts, symbols)
    for change in (1, -1):
        for index in range(len(symbols)):
            yield _blocks([*counts[:index], count + change, *counts[index + 1 :]], symbols)
    for border in range(count, len(member), count):
        yield member[: border - 1] + member[border] + member[border - 1] + member[border + 1 :]
    for index in range(len(symbols) - 1):
        exchanged = symbols[:index] + symbols[index + 1] + symbols[index] + symbols[index + 2 :]
        yield _blocks(counts, exchanged)
    yield member * 2


def _string_set(labelled: dict[str, bool], symbols: str, name: str) -> StringSet:
    longest = max(len(string) for string in labelled)
    number = {symbol: index for index, symbol in enumerate(symbols)}
    rows = [[number[letter] for letter in string] for string in labelled]
    x: Tensor = torch.tensor([row + [len(symbols)] * (longest - len(row)) for row in rows])
    y = torch.tensor([int(member) for member in labelled.values()])
    return StringSet(x, y, name, "generated", ("other", "member"), tuple(labelled), symbols)
