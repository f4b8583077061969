"""WikiText-2 and the Penn Treebank from small files in the real formats."""

import hashlib
import io
import zipfile

import pytest

from verified_dynamics.data import DataCorrupt, DataMissing, penn_treebank, wikitext2, word_corpora

WIKI = {
    "wiki.train.tokens": " \n = Title = \n \n the cat saw the <unk> \n",
    "wiki.valid.tokens": " the dog \n",
    "wiki.test.tokens": " a cat \n",
}
PENN = {
    "ptb.train.txt": " the cat N <unk>\n the cat\n",
    "ptb.valid.txt": " the dog\n",
    "ptb.test.txt": " cat cat\n",
}


def write(folder, files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())


def zipped(files):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in files.items():
            packed.writestr(f"wikitext-2/{name}", content)
    return stream.getvalue()


def check_wikitext(text):
    assert text.decode(text.train) == "<eos> = Title = <eos> <eos> the cat saw the <unk> <eos>"
    assert text.decode(text.validation) == "the <unk> <eos>"
    assert text.decode(text.test) == "<unk> cat <eos>"
    assert text.vocabulary == ("<unk>", "<eos>", "=", "the", "Title", "cat", "saw")


@pytest.mark.parametrize("inner", ["", "wikitext-2"])
def test_wikitext_is_read_from_files_and_from_the_archive(tmp_path, inner):
    write(tmp_path / "files" / inner, WIKI)
    check_wikitext(wikitext2(tmp_path / "files"))
    write(tmp_path / "archive" / inner, {"wikitext-2-v1.zip": zipped(WIKI)})
    check_wikitext(wikitext2(tmp_path / "archive"))


def test_wikitext_is_downloaded_where_there_is_a_network(served, tmp_path, monkeypatch):
    folder, address = served
    write(folder, {"wikitext-2-v1.zip": zipped(WIKI)})
    digest = "sha256:" + hashlib.sha256((folder / "wikitext-2-v1.zip").read_bytes()).hexdigest()
    file = word_corpora.PublicFile("wikitext-2-v1.zip", (address + "wikitext-2-v1.zip",), digest)
    monkeypatch.setattr(word_corpora, "_WIKITEXT2", file)
    check_wikitext(wikitext2(tmp_path))


def test_the_penn_treebank_is_read_and_downloaded(served, tmp_path, monkeypatch):
    write(tmp_path / "local", PENN)
    text = penn_treebank(tmp_path / "local")
    assert text.decode(text.train) == "the cat N <unk> <eos> the cat <eos>"
    assert text.decode(text.validation) == "the <unk> <eos>"
    folder, address = served
    write(folder, PENN)
    monkeypatch.setattr(word_corpora, "_PENN_ADDRESS", address)
    for part in ("train", "valid", "test"):
        digest = "md5:" + hashlib.md5(PENN[f"ptb.{part}.txt"].encode()).hexdigest()
        monkeypatch.setitem(word_corpora._PENN_DIGESTS, part, digest)
    assert penn_treebank(tmp_path / "new").vocabulary == text.vocabulary


def test_a_smaller_vocabulary_sends_rare_words_to_unknown(tmp_path):
    write(tmp_path, PENN)
    text = penn_treebank(tmp_path, vocabulary_size=3)
    assert text.vocabulary == ("<unk>", "<eos>", "cat")
    assert text.decode(text.train) == "<unk> cat <unk> <unk> <eos> <unk> cat <eos>"
    with pytest.raises(ValueError, match="at least 2"):
        penn_treebank(tmp_path, vocabulary_size=1)


def test_broken_files_are_reported_in_one_sentence(tmp_path):
    cases = {
        "bytes": (WIKI | {"wiki.test.tokens": b"\xff\xfe\xff"}, "UTF-8"),
        "empty": (WIKI | {"wiki.test.tokens": ""}, "empty part"),
        "cut": ({"wikitext-2-v1.zip": zipped(WIKI)[:-30]}, "whole WikiText-2 archive"),
        "other": ({"wikitext-2-v1.zip": zipped({"readme": "x"})}, "whole WikiText-2 archive"),
    }
    for name, (files, message) in cases.items():
        write(tmp_path / name, files)
        with pytest.raises(DataCorrupt, match=message) as caught:
            wikitext2(tmp_path / name)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("load", [wikitext2, penn_treebank])
def test_missing_data_is_one_sentence(load, tmp_path, no_network):
    with pytest.raises(DataMissing, match="is missing: put") as caught:
        load(tmp_path)
    assert "\n" not in str(caught.value)
