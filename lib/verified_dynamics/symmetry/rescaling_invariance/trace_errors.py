"""Why a model cannot be traced, where in its code, and what to do: one sentence for its author."""

from __future__ import annotations

import sysconfig
import traceback
from pathlib import Path

import torch
from torch import nn

_TORCH = Path(torch.__file__).parent
_STANDARD = Path(sysconfig.get_paths()["stdlib"])
_INSTALLED = tuple(Path(sysconfig.get_paths()[kind]) for kind in ("purelib", "platlib"))
_HERE = Path(__file__).parent

# What the error's text contains, what that means, and what to do.
_CAUSES = (
    (
        "inputs to control flow",
        "the code branches on a traced value (if, while, assert, and, or, not)",
        "branch on an attribute of the module, use torch.where, or move the code into a function that is marked with "
        "torch.fx.wrap and whose channels are pinned then",
    ),
    (
        "cannot be iterated",
        "the code loops over a traced value or spreads it with a star",
        "take its parts one by one, as in x[0], and give each argument of forward a name in place of *args",
    ),
    (
        "'len' is not supported",
        "the code asks for the len() of a traced value",
        "write x.size(0) in its place",
    ),
    (
        "item assignment",
        "the code writes into a part of a traced value",
        "build the value with torch.cat, torch.where or torch.masked_fill",
    ),
    (
        "not installed as a submodule",
        "a layer is called that is not registered in the model",
        "keep layers as attributes, in nn.ModuleList or in nn.ModuleDict, not in a plain list",
    ),
)
_BUILTIN = (
    "a built-in or library function gets a traced value where it needs a number or an array",
    "take sizes from attributes of the module, compute with torch's functions, or mark the function with torch.fx.wrap",
)
_OWN = (
    "the model's own code stops with an error when symbols take the place of tensors",
    "let forward accept whatever behaves like a tensor, without checks of type or value",
)


def trace_failure(model: nn.Module, error: Exception) -> str:
    """Where in the user's code the tracing of ``model`` stopped, why, and what to do, in one sentence."""
    said = first_line(error).partition(". ")[0]
    reason, advice = _cause(error, said)
    return (
        f"{type(model).__name__} cannot be traced by torch.fx{_place(error)} "
        f"because {reason} ({type(error).__name__}: {said}); {advice}."
    )


def first_line(error: Exception) -> str:
    """First line of an error's message without its full stop, or the error's name where it has no message."""
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__


def _cause(error: Exception, said: str) -> tuple[str, str]:
    for words, reason, advice in _CAUSES:
        if words in str(error):
            return reason, advice
    built_in = isinstance(error, TypeError) or "Proxy" in said or "__array" in said
    return _BUILTIN if built_in else _OWN


def _place(error: Exception) -> str:
    """The innermost line outside torch; where that is an installed package's, also the line that leads there."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not _machinery(frame.filename)]
    if not frames:
        return ""
    place = f" at {_line(frames[-1])}"
    own = [frame for frame in frames if not _within(frame.filename, _INSTALLED)]
    if own and own[-1] is not frames[-1]:
        place += f", which is reached from {_line(own[-1])},"
    return place


def _line(frame: traceback.FrameSummary) -> str:
    code = f" (`{frame.line}`)" if frame.line else ""
    return f"{frame.filename}, line {frame.lineno}{code}"


def _machinery(filename: str) -> bool:
    generated = filename.startswith(("<frozen", "<eval_with_key>"))
    standard = _within(filename, (_STANDARD,)) and not _within(filename, _INSTALLED)
    return generated or standard or _within(filename, (_TORCH, _HERE))


def _within(filename: str, folders: tuple[Path, ...]) -> bool:
    return any(Path(filename).is_relative_to(folder) for folder in folders)
