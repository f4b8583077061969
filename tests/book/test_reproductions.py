"""Outcomes of re-runs: kept whole, read back, shown on the figure's page."""

import pytest
from small_book import figure_record, outcome

from verified_dynamics.book.citation import Book
from verified_dynamics.book.figure_origin import build_state, last_run, made_with
from verified_dynamics.book.reproductions import (
    ReproductionError,
    kept_outcomes,
    largest,
    read_reproduction,
    write_reproduction,
)

BOOK = Book("A Book", ("Its authors",), ("Organization",), "2026-11-21", "1.2.3", "About.")


def test_an_outcome_comes_back_as_it_was_written(tmp_path):
    write_reproduction(outcome(), tmp_path)
    found = read_reproduction("drift", tmp_path)
    assert {key: found[key] for key in outcome()} == outcome()
    assert largest(found) == ("drift-run.drift", 0.25)
    assert [path.name for path in tmp_path.iterdir()] == ["drift.json"]
    assert read_reproduction("other", tmp_path) is None


def test_an_infinite_deviation_is_null_and_the_largest(tmp_path):
    experiment = outcome()["experiments"][0] | {"deviations": {"drift": 0.1, "limit": float("inf")}}
    write_reproduction(outcome(experiments=[experiment]), tmp_path)
    assert largest(read_reproduction("drift", tmp_path)) == ("drift-run.limit", float("inf"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "not readable as JSON"),
        ("[]", "no outcome of a re-run of figure 'drift'"),
        ('{"format": "verified-dynamics reproduction 1", "figure": "other"}', "no outcome of a re-run"),
        ('{"format": "verified-dynamics reproduction 1", "figure": "drift"}', "lacks commit, date, digest"),
    ],
)
def test_a_damaged_outcome_is_one_sentence(tmp_path, text, words):
    folder = tmp_path / "book/reproductions"
    folder.mkdir(parents=True)
    (folder / "drift.json").write_text(text)
    with pytest.raises(ReproductionError, match=words):
        kept_outcomes(tmp_path)


def test_the_page_tells_the_last_re_run():
    record = figure_record("drift")
    told = last_run(record, outcome())
    assert "2026-11-22" in told and "0.25 tolerances (drift-run.drift)" in told and ", reproduced." in told
    assert "tolerance: another device (a GPU)" in told
    assert "not reproduced" in last_run(record, outcome(reproduced=False))


def test_the_page_says_when_there_is_none_or_the_figure_changed():
    record = figure_record("drift")
    assert "Not re-run since it was published" in last_run(record, None)
    changed = last_run(record, outcome(digest="cd" * 32))
    assert "Not re-run since it changed" in changed and "0.25" not in changed


def test_the_page_names_build_and_origin(tmp_path):
    record = figure_record("drift")
    told = made_with(record, BOOK, ("0123456789ab", "2026-11-20"))
    assert "version 1.2.3, commit 0123456789ab of 2026-11-20" in told and "a processor" in told
    assert "Live runs" not in told and "there is no full-size record yet" in told
    assert "of the others the run" in made_with(record | {"state": "valid; no record"}, BOOK, ("", ""))
    del record["experiments"][0]["provenance"]["commit"]
    record["experiments"][0]["smoke_deviations"] = {"drift": 0.5, "limit": 0.0}
    told = made_with(record, BOOK, build_state(tmp_path))
    assert "Live runs" in told and "<td>version 1.2.3</td>" in told
    assert "at most 0.5 tolerances (drift)" in told
