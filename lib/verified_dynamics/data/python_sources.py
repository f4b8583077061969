"""The sources of Python's standard library as natural text that every machine has."""

import os
import platform
import re
import sysconfig
from pathlib import Path

from verified_dynamics.data.datasets import DataMissing
from verified_dynamics.data.text import Text, encode_characters, encode_words, frequent_words

# Installed beside the library or generated for one platform, hence different between machines of one version.
_GENERATED = ("_sysconfigdata", "sitecustomize")
_LEFT_OUT = {"__pycache__", "dist-packages", "idlelib", "lib2to3", "site-packages", "test", "tests"}
_WORDS = re.compile(r"[^\W\d]\w*|\d+|\n|[^\w\s]")


def standard_library_text(
    *,
    limit: int | None = 1_000_000,
    validation: float = 0.1,
    tokens: str = "characters",
    vocabulary_size: int = 2_000,
    folder: str | Path | None = None,
) -> Text:
    """The first `limit` characters of the standard library's own modules, in the order of their paths.

    tokens: "characters" (98 of them, a fixed vocabulary) or "words" (names, numbers, signs and line ends; the
    `vocabulary_size` most frequent of the training part). The last share `validation` is the validation part.
    Tests, installed packages and generated files are left out. The text differs between versions of Python,
    so its name says which one it is: compare results under one version only.

    Raises DataMissing where Python was installed without its sources.
    """
    if tokens not in ("characters", "words"):
        raise ValueError(f"tokens must be 'characters' or 'words', but it is {tokens!r}.")
    if not 0 < validation < 1:
        raise ValueError(f"validation must be a share between 0 and 1, but it is {validation}.")
    if limit is not None and limit < 100:
        raise ValueError(f"limit must be at least 100 characters, but it is {limit}.")
    if vocabulary_size < 2:
        raise ValueError(f"vocabulary_size must be at least 2, but it is {vocabulary_size}.")
    root = Path(folder) if folder is not None else Path(sysconfig.get_path("stdlib"))
    text = _read(root, limit)
    cut = round(len(text) * (1 - validation))
    name = f"standard library of Python {platform.python_version()}, {tokens}"
    if tokens == "characters":
        encoded, vocabulary = encode_characters(text)
        return Text(encoded[:cut], encoded[cut:], vocabulary, name, str(root))
    first, second = _WORDS.findall(text[:cut]), _WORDS.findall(text[cut:])
    vocabulary = frequent_words(first, size=vocabulary_size, unknown="<unknown>")
    parts = (encode_words(words, vocabulary) for words in (first, second))
    return Text(*parts, vocabulary, name, str(root), joiner=" ")


def _read(root: Path, limit: int | None) -> str:
    collected, size = [], 0
    for path in _modules(root):
        if limit is not None and size >= limit:
            break
        source = path.read_text(encoding="utf-8", errors="replace")
        collected.append(source)
        size += len(source)
    text = "".join(collected)[:limit]
    if len(text) < 100:
        raise DataMissing(f"Python's standard library has no readable sources in {root}.")
    return text


def _modules(root: Path) -> list[Path]:
    found = []
    for folder, inner, files in os.walk(root):
        inner[:] = (name for name in inner if name not in _LEFT_OUT and not name.startswith("config-"))
        names = (name for name in files if name.endswith(".py") and not name.startswith(_GENERATED))
        found += (Path(folder, name) for name in names)
    return sorted(found, key=lambda path: path.relative_to(root).as_posix())
