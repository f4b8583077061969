"""Published names: none disappears, redirects hold, and every old address forwards to its place."""

import re
from pathlib import Path

import pytest

from verified_dynamics.book.executed import chapters
from verified_dynamics.book.forwarding import forwarding_pages, write_forwarding_pages
from verified_dynamics.book.ledger import LedgerError
from verified_dynamics.book.published import broken, living, publish, renamed, unlisted

ROOT = Path(__file__).parents[2]
LEDGER = {
    "claims": [{"name": "drift", "chapter": "symmetry/scaling"}],
    "cited": [{"name": "trusted", "chapter": "symmetry/scaling"}],
    "figures": [{"name": "orbit", "chapter": "symmetry/scaling"}],
}
NAMES = "chapter symmetry/scaling\nclaim drift\nclaim trusted\nfigure orbit\n"


@pytest.fixture
def root(book):
    """A book with one chapter, two statements and a figure, all of them published."""
    book.chapter("symmetry/scaling", ("markdown", "# Scaling"))
    (book.root / "book").mkdir()
    (book.root / "book" / "published.txt").write_text(NAMES)
    return book.root


def redirect(root, *lines):
    (root / "book" / "redirects.txt").write_text("".join(f"{line}\n" for line in lines))


def test_this_book_lists_its_chapters_also_before_they_run():
    empty = {"claims": [], "cited": [], "figures": []}
    assert chapters(ROOT) and unlisted(ROOT, empty) == []


def test_a_living_name_that_was_not_listed_is_found(root):
    assert unlisted(root, LEDGER) == broken(root, LEDGER) == []
    more = {**LEDGER, "figures": [*LEDGER["figures"], {"name": "second", "chapter": "symmetry/scaling"}]}
    assert unlisted(root, more) == [
        "The figure 'second' is not in book/published.txt: run `make publish-names` and commit the file."
    ]
    assert publish(root, more) == 1
    assert unlisted(root, more) == []
    assert (root / "book" / "published.txt").read_text() == NAMES + "figure second\n"


@pytest.mark.parametrize("name", ["chapter symmetry/orbits", "claim law", "figure portrait"])
def test_a_published_name_that_is_gone_needs_a_redirect(root, name):
    kind, old = name.split()
    present = {"chapter": "symmetry/scaling", "claim": "drift", "figure": "orbit"}[kind]
    (root / "book" / "published.txt").write_text(f"{NAMES}{name}\n")
    assert broken(root, LEDGER) == [
        f"The {kind} {old!r} was published and is gone: add its present name to book/redirects.txt."
    ]
    redirect(root, f"{name} {present}")
    assert broken(root, LEDGER) == []
    assert renamed(root, LEDGER) == {(kind, old): present}


def test_publishing_never_takes_a_name_out(root):
    (root / "book" / "published.txt").write_text("claim law\n")
    publish(root, LEDGER)
    assert {("claim", "law"), *living(root, LEDGER)} == {
        tuple(line.split()) for line in (root / "book" / "published.txt").read_text().splitlines()
    }


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["claim law gone"], "leads the claim 'law' to 'gone', which is not in the book"),
        (["claim law rule", "claim rule law"], "leads the claim 'law' in a circle: law to rule to law"),
        (["claim law law"], "in a circle: law to law"),
        (["claim drift trusted"], "redirects the claim 'drift', which is in the book under that name"),
        (["claim law drift", "claim law trusted"], "redirects the claim 'law' to two places"),
        (["figure law drift"], "leads the figure 'law' to 'drift', which is not in the book"),
        (["claim law"], "Line 1 of redirects.txt is 'claim law', and not KIND NAME PRESENT-NAME"),
        (["page law drift"], "with a kind of chapter, claim, figure"),
    ],
)
def test_a_redirect_that_does_not_hold_is_refused_in_one_sentence(root, lines, words):
    redirect(root, *lines)
    with pytest.raises(LedgerError, match=re.escape(words)):
        broken(root, LEDGER)
    with pytest.raises(LedgerError):
        forwarding_pages(root, LEDGER)


def test_a_chain_of_redirects_leads_to_its_end(root):
    redirect(root, "claim law rule  # twice renamed", "", "claim rule drift")
    pages = forwarding_pages(root, LEDGER)
    card = "chapters/symmetry/scaling.html#claim-drift"
    assert pages["claims/law.html"] == pages["claims/rule.html"] == pages["claims/drift.html"] == card


def test_every_claim_and_every_old_name_has_a_page_that_forwards(root, tmp_path):
    redirect(root, "chapter part/former symmetry/scaling", "figure portrait orbit", "claim law drift")
    out = tmp_path / "site"
    living_page = out / "chapters" / "symmetry" / "scaling.html"
    living_page.parent.mkdir(parents=True)
    living_page.write_text("<!DOCTYPE html>\n<p>the chapter</p>")
    write_forwarding_pages(out, root, LEDGER)
    for address, target in [
        ("claims/drift.html", "../chapters/symmetry/scaling.html#claim-drift"),
        ("claims/trusted.html", "../chapters/symmetry/scaling.html#claim-trusted"),
        ("claims/law.html", "../chapters/symmetry/scaling.html#claim-drift"),
        ("chapters/part/former.html", "../symmetry/scaling.html"),
        ("figures/portrait.html", "orbit.html"),
    ]:
        text = (out / address).read_text()
        assert f'http-equiv="refresh" content="0; url={target}"' in text
        assert f'<a href="{target}">' in text and 'rel="canonical"' in text
    redirect(root)
    write_forwarding_pages(out, root, LEDGER)
    assert sorted(path.relative_to(out).as_posix() for path in out.rglob("*.html")) == [
        "chapters/symmetry/scaling.html",
        "claims/drift.html",
        "claims/trusted.html",
    ]
