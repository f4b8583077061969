"""Options that are given by name: the clear refusal of an unknown one."""

import difflib
from collections.abc import Iterable

import torch


def one_of(option: str, name: str, known: Iterable[str]) -> str:
    """Return `name` if it is known for the option, else raise ValueError with the nearest known name."""
    known = tuple(known)
    if name in known:
        return name
    near = difflib.get_close_matches(str(name), known, n=1, cutoff=0.4)
    hint = f"did you mean {near[0]!r}?" if near else f"choose one of {', '.join(known)}."
    raise ValueError(f"{option} {name!r} is unknown; {hint}")


def positive(**sizes: int) -> None:
    """Raise ValueError unless every given size is a positive whole number."""
    for name, size in sizes.items():
        if isinstance(size, bool) or not isinstance(size, int) or size < 1:
            raise ValueError(f"{name} must be a positive whole number, but it is {size!r}.")


def floating(dtype: torch.dtype) -> torch.dtype:
    """Return `dtype` if it is a floating-point one, else raise TypeError."""
    if not isinstance(dtype, torch.dtype) or not dtype.is_floating_point:
        raise TypeError(f"dtype must be a floating-point torch dtype, but it is {dtype!r}.")
    return dtype
