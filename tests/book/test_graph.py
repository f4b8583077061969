"""The graph of needs: layers, links, and words for readers who do not see it."""

import re

from small_book import claim_record

from verified_dynamics.book.graph import definitions, layers, svg


def test_a_claim_lies_below_everything_that_it_needs():
    depth = layers({"c": ["a", "b"], "b": ["a"], "a": [], "d": ["elsewhere"]})
    assert depth == {"a": 0, "b": 1, "c": 2, "d": 0}


def test_every_claim_is_a_link_with_its_square_in_words():
    claims = [claim_record("a"), claim_record("b", needs=["a"], measures={"not_applicable": "x"})]
    picture = svg(claims, lambda claim: f"page.html#claim-{claim['name']}", "needs")
    assert re.findall(r'<a href="([^"]*)"', picture) == ["page.html#claim-a", "page.html#claim-b"]
    assert "b: proved, control refuted, measured: not applicable, rival rejected" in picture
    assert picture.count("<path") == 1


def test_boxes_do_not_overlap_and_lie_inside_the_picture():
    claims = [claim_record(f"claim-{n}") for n in range(11)]
    picture = svg(claims, lambda claim: "#", "many")
    width, height = map(int, re.search(r'viewBox="0 0 (\d+) (\d+)"', picture).groups())
    boxes = [tuple(map(int, box)) for box in re.findall(
        r'class="vd-box" x="(\d+)" y="(\d+)" width="(\d+)" height="(\d+)"', picture)]  # fmt: skip
    assert len(set(boxes)) == 11
    for x, y, w, h in boxes:
        assert x + w <= width and y + h <= height
        assert not any(abs(x - u) < w and abs(y - v) < h for u, v, _, _ in boxes if (u, v) != (x, y))


def test_no_claims_make_no_picture():
    assert svg([], str, "nothing") == ""


def test_a_line_names_the_boxes_that_it_joins():
    claims = [claim_record("c", needs=["a", "b"]), claim_record("b", needs=["a"]), claim_record("a")]
    picture = svg(claims, lambda claim: "#", "needs")
    names = re.findall(r'data-name="([^"]*)"', picture)
    edges = {tuple(map(int, pair.split())) for pair in re.findall(r'data-edge="([^"]*)"', picture)}
    assert {(names[need], names[claim]) for need, claim in edges} == {("a", "b"), ("a", "c"), ("b", "c")}


def test_every_square_that_a_picture_uses_is_defined_once():
    claims = [claim_record("a"), claim_record("b", proves={"not_applicable": "x"}), claim_record("c")]
    used = re.findall(r'href="#(vd-mark-\w+)"', svg(claims, lambda claim: "#", "marks"))
    defined = re.findall(r'id="(vd-mark-\w+)"', definitions(claims))
    assert used == ["vd-mark-ffff", "vd-mark-nfff", "vd-mark-ffff"]
    assert defined == ["vd-mark-ffff", "vd-mark-nfff"]
    mark = definitions([claim_record("a", measures={"not_applicable": "x"}, rejects=[])])
    assert [kind for kind in re.findall(r'class="([^"]*)" x=', mark)] == [
        "full",
        "full ctl",
        "na",
        "open ctl",
    ]
    assert mark.count("url(#vd-hatch)") == 1  # controls differ from the others by more than their colour


def test_a_cited_statement_has_words_and_no_square():
    cited = {"name": "trusted", "chapter": "a/b", "needs": [], "foreign": True}
    picture = svg([cited, claim_record("a", needs=["trusted"])], lambda claim: "#", "needs")
    assert 'aria-label="trusted: cited, not verified (of a/b)"' in picture
    assert picture.count("<use") == 1
