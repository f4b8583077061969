import platform

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from verified_dynamics.data import DataMissing, standard_library_text
from verified_dynamics.data.text import Text, encode_characters, encode_words, frequent_words


def library(folder, **files):
    for name, content in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_suffix(".py").write_text(content, encoding="utf-8")
    return folder


@given(st.text())
def test_characters_survive_or_become_the_replacement(text):
    tokens, vocabulary = encode_characters(text)
    known = {*vocabulary[1:]}
    decoded = "".join(vocabulary[token] for token in tokens)
    assert decoded == "".join(c if c in known else "\N{REPLACEMENT CHARACTER}" for c in text)
    assert len(vocabulary) == len(set(vocabulary)) == 98


def test_frequent_words_are_ranked_and_the_rest_is_unknown():
    words = "b a b c a b d".split()
    vocabulary = frequent_words(words, size=3, unknown="?")
    assert vocabulary == ("?", "b", "a")
    assert encode_words(words, vocabulary).tolist() == [1, 2, 1, 0, 2, 1, 0]
    assert frequent_words(words, size=None, unknown="?") == ("?", "b", "a", "c", "d")


def test_modules_are_read_in_the_order_of_their_paths_and_generated_ones_left_out(tmp_path):
    root = library(tmp_path, b="B" * 60, a="A" * 60, a__z="Z" * 60)
    library(
        tmp_path, test__c="C", **{"site-packages__d": "D", "_sysconfigdata_linux": "E", "config-x__f": "F"}
    )
    text = standard_library_text(folder=root, validation=0.5)
    assert text.decode(text.train) + text.decode(text.validation) == "A" * 60 + "Z" * 60 + "B" * 60
    assert len(text.train) == len(text.validation) == 90
    assert platform.python_version() in text.name
    shorter = standard_library_text(folder=root, validation=0.5, limit=100)
    assert shorter.decode(shorter.train) == "A" * 50


def test_words_keep_names_numbers_signs_and_line_ends(tmp_path):
    root = library(tmp_path, a="x1 = foo_2(3)\n" * 20)
    text = standard_library_text(folder=root, tokens="words", validation=0.5)
    assert text.decode(text.train[:8]) == "x1 = foo_2 ( 3 ) \n x1"
    assert set(text.vocabulary) == {"<unknown>", "x1", "=", "foo_2", "(", "3", ")", "\n"}


def test_the_real_standard_library_is_natural_text():
    text = standard_library_text(limit=200_000)
    assert (len(text.train), len(text.validation)) == (180_000, 20_000)
    assert "import" in text.decode(text.train)
    assert (text.train == 0).double().mean() < 1e-3
    assert torch.equal(text.train, standard_library_text(limit=200_000).train)


def test_windows_cover_every_token_as_a_target_once():
    text = Text(torch.arange(11), torch.arange(5), tuple("abcdefghijk"), "letters", "made here")
    windows = text.windows(3)
    assert windows.tolist() == [[0, 1, 2, 3], [3, 4, 5, 6], [6, 7, 8, 9]]
    assert text.windows(4, part="validation", limit=1).tolist() == [[0, 1, 2, 3, 4]]
    with pytest.raises(ValueError, match="no part 'test'"):
        text.windows(3, part="test")
    with pytest.raises(ValueError, match="between 1 and 4"):
        text.windows(5, part="validation")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tokens": "bytes"}, "'characters' or 'words'"),
        ({"validation": 0.0}, "between 0 and 1"),
        ({"limit": 5}, "at least 100"),
        ({"tokens": "words", "vocabulary_size": 1}, "vocabulary_size"),
    ],
)
def test_bad_input_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        standard_library_text(**options)


def test_a_python_without_its_sources_is_said_in_one_sentence(tmp_path):
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(DataMissing, match="no readable sources") as caught:
            standard_library_text(folder=folder)
        assert "\n" not in str(caught.value)
