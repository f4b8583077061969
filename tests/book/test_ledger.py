"""The ledger gathers what ran, and refuses what does not fit together."""

import json

import pytest
from small_book import claim_record

from verified_dynamics.book.ledger import LedgerError, collect, figure_records, to_json, validate


def claim(name, **changes):
    return claim_record(name, **changes) | {"chapter": "a/b"}


def test_the_ledger_holds_claims_cited_figures_and_totals(square_book):
    ledger = collect(square_book.root)
    first, second = ledger["claims"]
    assert first["name"] == "homogeneity"
    assert first["statement"] == "For every $x$, $x = x$."
    assert first["chapter"] == "symmetry/scaling"
    assert second["needs"] == ["homogeneity"]
    assert ledger["cited"][0]["source"] == "A. Author 2020"
    assert ledger["figures"][0]["provenance"]["drift-run"]["device"] == "cpu"
    assert ledger["totals"] == {
        "theories": 1, "claims": 2, "full_squares": 1, "checks": 7, "controls": 4, "cited": 1, "figures": 1,
        "records": {"count": 0, "experiments": 0, "newest": None, "oldest": None, "commits": []},
    }  # fmt: skip


def test_the_json_has_the_documented_keys_and_no_pictures(square_book):
    ledger = json.loads(to_json(collect(square_book.root)))
    wanted = {"name", "chapter", "statement", "source", "needs", "proves", "refutes", "measures", "rejects"}
    assert all(wanted <= set(claim) for claim in ledger["claims"])
    assert {"name", "chapter", "claims", "profile", "digest", "provenance"} <= set(ledger["figures"][0])
    assert "svg" not in ledger["figures"][0]


def test_figure_records_are_whole(square_book):
    assert figure_records(square_book.root)["drift"]["svg"].startswith("<svg")


def test_chapters_come_in_reading_order(book):
    for name in ("margin/a", "margin/b"):
        path = book.chapter(name, ("code", "1"), ("markdown", f":::{{prf:lemma}}\n:label: {name[-1]}\nx\n:::"),
                            ("code", f'Claim("{name[-1]}", source="")'))  # fmt: skip
        book.store(path, {2: [{"application/vnd.verified-dynamics.claim+json": claim_record(name[-1])}]})
    (book.root / "_toc.yml").write_text("  - file: chapters/margin/b\n  - file: chapters/margin/a\n")
    assert [claim["name"] for claim in collect(book.root)["claims"]] == ["b", "a"]


def test_a_chapter_that_was_not_executed_is_named(book):
    book.chapter("margin/new", ("code", "1"))
    with pytest.raises(LedgerError, match=r"margin/new; run `make book`"):
        collect(book.root)


def test_a_claim_that_is_not_shown_is_named(book):
    text = ":::{prf:lemma}\n:label: hidden\nx\n:::"
    path = book.chapter("margin/new", ("markdown", text), ("code", 'Claim("hidden", source="")'))
    book.store(path, {})
    with pytest.raises(LedgerError, match=r"'hidden' is not shown"):
        collect(book.root)


def test_a_breach_between_text_and_checks_is_named_with_its_chapter(book):
    path = book.chapter("margin/new", ("code", 'Claim("lonely", source="")'))
    book.store(path, {})
    with pytest.raises(LedgerError, match=r"margin/new: The claim 'lonely' has no statement"):
        collect(book.root)


@pytest.mark.parametrize(
    ("claims", "figures", "complaint"),
    [
        ([claim("a"), claim("a")], [], "Two claims share the name 'a'"),
        ([claim("norm-growth"), claim("b", needs=["norm-grow"])], [], "the nearest name is 'norm-growth'"),
        ([claim("a", needs=["b"]), claim("b", needs=["a"])], [], "a needs b needs a"),
        ([claim("a", needs=["a"])], [], "a needs a"),
        ([claim("a")], [{"name": "f", "chapter": "x", "claims": ["z"]}], "The figure 'f' supports 'z'"),
        ([], [{"name": "f", "chapter": "x", "claims": []}] * 2, "Two figures share the name 'f'"),
        ([claim("a", measures=[])], [], "has nothing under 'measures'"),
    ],
)
def test_each_planted_error_is_one_sentence(claims, figures, complaint):
    with pytest.raises(LedgerError) as caught:
        validate(claims, [], figures)
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_claim_may_need_a_cited_statement():
    validate([claim("a", needs=["trusted"])], [{"name": "trusted", "chapter": "a/b"}], [])
