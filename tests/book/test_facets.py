"""What the ledger page can be filtered by."""

import json

from small_book import claim_record

from verified_dynamics.book.facets import evidence, facets, filters, parts, title_of

PLACES = [("Margin", ["margin/one", "margin/two"]), ("Symmetry", ["symmetry/three"])]


def claim(name="a", chapter="margin/one", papers=(), **changes):
    return claim_record(name, **changes) | {"chapter": chapter, "papers": list(papers)}


def measured(*records):
    check = claim_record("x")["measures"][0]
    estimates = [check["estimates"][0] | {"record": record} for record in records]
    return check | {"estimates": estimates}


def test_evidence_is_full_only_if_every_check_has_its_record():
    assert evidence(claim(measures=[measured(None, "ab")], rejects=[measured(None, "cd")])) == "record"
    assert evidence(claim(measures=[measured(None, "ab")], rejects=[measured(None)])) == "smoke"
    assert evidence(claim()) == "smoke"
    nothing = {"not_applicable": "x"}
    assert evidence(claim(measures=nothing, rejects=nothing)) == "symbolic"
    assert evidence(claim(measures=nothing, rejects=[measured(None, "ab")])) == "record"


def test_a_claim_stands_under_its_part_and_chapter_and_under_each_paper():
    found = facets(claim(papers=["A 2020", "B 2021"], rejects={"not_applicable": "x"}))
    assert found["chapter"] == ["margin", "margin/one"]
    assert found["square"] == ["partial", "rejects"]
    assert found["source"] == ["A 2020", "B 2021"]
    assert facets(claim())["square"] == ["full"]
    assert facets(claim())["source"] == ["none"]


def test_every_choice_is_counted_and_none_is_empty():
    claims = [claim("a", papers=["B 2021"]), claim("b", origin="paper", papers=["a 2020", "B 2021"]),
              claim("c", "symmetry/three", proves={"not_applicable": "x"})]  # fmt: skip
    found = {entry.name: entry for entry in filters(claims, PLACES, {"margin/one": "The first"})}
    assert list(found) == ["chapter", "square", "evidence", "source", "origin"]
    counted = {name: [(c.value, c.count) for c in entry.choices] for name, entry in found.items()}
    assert counted["chapter"] == [("margin", 2), ("margin/one", 2), ("symmetry", 1), ("symmetry/three", 1)]
    assert counted["square"] == [("full", 2), ("partial", 1), ("proves", 1)]
    assert counted["source"] == [("a 2020", 1), ("B 2021", 2), ("none", 1)]
    assert counted["origin"] == [("paper", 1), ("ours", 2)]
    words = [choice.words for choice in found["chapter"].choices]
    assert words == ["All of Margin", "The first", "All of Symmetry", "symmetry/three"]
    values = [facets(item) for item in claims]
    for name, entry in found.items():  # what can be chosen is what rows carry
        assert {choice.value for choice in entry.choices} == {v for item in values for v in item[name]}


def test_parts_without_chapters_are_left_out(tmp_path):
    (tmp_path / "_toc.yml").write_text(
        "parts:\n- caption: How to read\n  chapters:\n  - file: book/reading\n"
        "- caption: Margin\n  chapters:\n  - file: chapters/margin/one\n  - file: chapters/margin/two\n"
    )
    assert parts(tmp_path) == [("Margin", ["margin/one", "margin/two"])]


def test_a_chapter_is_called_by_its_first_heading(tmp_path):
    cells = [{"cell_type": "code", "source": ["# no heading"]},
             {"cell_type": "markdown", "source": ["intro\n", "# The *title*\n", "text"]}]  # fmt: skip
    (tmp_path / "a.ipynb").write_text(json.dumps({"cells": cells}))
    assert title_of(tmp_path / "a.ipynb") == "The *title*"
    (tmp_path / "b.ipynb").write_text(json.dumps({"cells": cells[:1]}))
    assert title_of(tmp_path / "b.ipynb") == "b"
