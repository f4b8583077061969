"""Which committed records count: those on which a claim was judged or which a figure shows."""

import json

import pytest
from small_book import claim_output, claim_record, figure_output

from verified_dynamics.book.executed import chapters
from verified_dynamics.book.ledger import LedgerError, collect
from verified_dynamics.book.recorded import declared, standing, summary

DIGEST = "ab" * 32


def record(book, name, digest, **provenance):
    """A committed record's JSON file, without its data."""
    folder = book.root / "book" / "records" / "symmetry" / "scaling"
    folder.mkdir(parents=True, exist_ok=True)
    origin = {"date": "2026-01-31", "commit": "0123abc", "device_name": "a processor", "wall_seconds": 2.5}
    content = {"experiment": name, "chapter": "symmetry/scaling", "digest": digest}
    (folder / f"{name}.json").write_text(json.dumps(content | {"provenance": origin | provenance}))


def judged_on(digest):
    """A claim one of whose measured checks was judged on the record with this digest."""
    claim = claim_record("rescaling")
    claim["measures"][0]["estimates"].append({**claim["measures"][0]["estimates"][0], "record": digest})
    return claim


def test_a_record_counts_if_a_claim_was_judged_on_it_or_a_figure_shows_it(book):
    record(book, "judged", DIGEST, date="2026-01-01")
    record(book, "shown", "bb", commit="4567def")
    record(book, "stale", "cc")
    figure = {
        "provenance": {"shown": {"profile": "full", "date": "2026-01-31"}, "stale": {"profile": "smoke"}}
    }
    found = standing(book.root, [judged_on(DIGEST)], [figure])
    assert [item["experiment"] for item in found] == ["judged", "shown"]
    assert summary(found, 5) == {
        "count": 2, "experiments": 5, "newest": "2026-01-31", "oldest": "2026-01-01",
        "commits": ["0123abc", "4567def"],
    }  # fmt: skip


def test_the_totals_count_a_record_only_while_it_is_used(square_book):
    record(square_book, "drift-run", DIGEST)
    path = chapters(square_book.root)[0]
    cells = {3: [claim_output("homogeneity")], 5: [claim_output("rescaling")], 8: [figure_output("drift")],
             7: [{"application/vnd.verified-dynamics.cited+json": {"name": "trusted", "source": "x"}}]}  # fmt: skip
    square_book.store(path, cells)
    assert collect(square_book.root)["totals"]["records"]["count"] == 0
    cells[5] = [{"application/vnd.verified-dynamics.claim+json": judged_on(DIGEST)}]
    square_book.store(path, cells)
    assert collect(square_book.root)["totals"]["records"]["count"] == 1


@pytest.mark.parametrize("text", ["{", "[]", "{}"])
def test_a_damaged_record_is_told_in_one_sentence(square_book, text):
    record(square_book, "drift-run", DIGEST)
    path = chapters(square_book.root)[0]
    outputs = {3: [claim_output("homogeneity")], 5: [claim_output("rescaling")], 8: [figure_output("drift")],
               7: [{"application/vnd.verified-dynamics.cited+json": {"name": "trusted", "source": "x"}}]}  # fmt: skip
    next(square_book.root.glob("book/records/*/*/*.json")).write_text(text)
    square_book.store(path, outputs)
    with pytest.raises(LedgerError, match=r"drift-run\.json cannot be read; restore it"):
        collect(square_book.root)


def test_declared_experiments_are_counted_by_chapter():
    found = declared(["margin/saturation", "margin/nothing"])
    assert found["margin/nothing"] == 0 < found["margin/saturation"]
