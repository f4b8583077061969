"""The joining of pages into one document, without a browser: where links lead, what stays on the site."""

import json
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from verified_dynamics import addresses
from verified_dynamics.book.pdf import PdfError, make_pdf
from verified_dynamics.book.pdf.contents import documents
from verified_dynamics.book.pdf.edition import Edition
from verified_dynamics.book.pdf.joining import plain
from verified_dynamics.book.pdf.making import joined

TOC = """
root: book/intro
parts:
- caption: Symmetry
  chapters: [{file: chapters/symmetry/scaling}]
- caption: The record
  chapters: [{file: book/figures}]
"""
INTRO = """
<h1>A book<a class="headerlink" href="#a-book">#</a></h1>
<p><a href="../chapters/symmetry/scaling.html#law">x</a></p>"""
CHAPTER = """
<h1>1. Scaling</h1>
<div class="cell"><div class="output stream">PyTorch 2</div></div>
<section id="law"><h2>1.1. The law</h2>
<div class="cell" id="code-law"><div class="cell_input">claim</div></div>
<a id="to-code" href="#code-law">code</a> <a id="to-data" href="../../figures/drift.csv">data</a>
<a id="to-page" href="../../figures/drift.html">cite</a> <a id="to-web" href="https://example.org">web</a>
<details class="vd-formula"><summary>z3, 2 ms · <span class="vd-unfold">formula</span></summary><p>long</p></details>
<figure id="fig-drift"><img src="../../figures/drift.svg" alt="x"><span class="caption-number">Fig. 1.1 </span></figure>
</section>"""
GALLERY = '<h1>Figures</h1><div class="vd-gallery"><a href="../figures/drift.html">Drift</a></div>'


@pytest.fixture
def document(tmp_path):
    """The print document of a book of three pages."""
    (tmp_path / "_toc.yml").write_text(TOC)
    (tmp_path / "_config.yml").write_text("title: A small book\n")
    site = tmp_path / "_build" / "html"
    for name, body in [
        ("book/intro", INTRO),
        ("chapters/symmetry/scaling", CHAPTER),
        ("book/figures", GALLERY),
    ]:
        page = site / f"{name}.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(f"<html><head></head><body><article>{body}</article></body></html>")
    figure = {"name": "drift", "title": "Drift of $x$", "chapter": "symmetry/scaling"}
    (site / "ledger.json").write_text(json.dumps({"claims": [], "cited": [], "figures": [figure]}))
    html, headings = joined(tmp_path, site, tmp_path / "_build" / "pdf", Edition.of(tmp_path))
    return BeautifulSoup(html, "html.parser"), headings


def test_the_order_is_that_of_the_contents(document, tmp_path):
    assert [one.name for one in documents(tmp_path)] == [
        "book/intro",
        "chapters/symmetry/scaling",
        "book/figures",
    ]
    _, headings = document
    assert [(one.level, one.text) for one in headings] == [
        (2, "A book"), (1, "Symmetry"), (2, "1. Scaling"), (3, "1.1. The law"), (1, "The record"), (2, "Figures"),
    ]  # fmt: skip


def test_every_link_leads_into_the_document_or_to_the_site(document):
    soup, _ = document
    ids = [element["id"] for element in soup.find_all(id=True)]
    assert len(ids) == len(set(ids))
    assert {link["href"][1:] for link in soup.select('a[href^="#"]')} <= set(ids)
    assert soup.select_one('a[href="#chapters-symmetry-scaling--law"]')
    chapter, site = "chapters-symmetry-scaling--", addresses.site()
    wanted = {"to-code": f"{site}/chapters/symmetry/scaling.html#code-law", "to-web": "https://example.org",
              "to-data": f"{site}/figures/drift.csv", "to-page": f"{site}/figures/drift.html"}  # fmt: skip
    assert {name: soup.find(id=chapter + name)["href"] for name in wanted} == wanted
    assert soup.find("img")["src"] == "../html/figures/drift.svg"


def test_paper_shows_neither_code_nor_folds_and_lists_the_figures_with_their_addresses(document):
    soup, _ = document
    text = soup.get_text()
    assert (
        "PyTorch 2" not in text and "formula" not in text.partition("1.1. The law")[2] and "z3, 2 ms" in text
    )
    assert soup.select_one(".cell_input, .headerlink, details.vd-formula") is None
    entry = soup.select_one("a.vd-lof")
    assert (
        entry["href"] == "#chapters-symmetry-scaling--fig-drift" and "Fig. 1.1 Drift of" in entry.get_text()
    )
    assert f"{addresses.site()}/figures/drift.html" in soup.select_one(".vd-lof-address").get_text()


def test_the_place_of_a_section_is_its_heading(document):
    """A section may begin at the foot of a page whose heading stands on the next one."""
    soup, headings = document
    assert soup.find(id="chapters-symmetry-scaling--law").name == "h3"
    assert any(heading.anchor == "chapters-symmetry-scaling--law" for heading in headings)


def test_a_heading_is_told_in_plain_words():
    assert plain(r"How slow is <span>\(1/\log t\)</span>") == "How slow is 1/log t"


def test_a_book_that_is_not_built_is_told_in_one_sentence(tmp_path):
    with pytest.raises(PdfError, match=r"^The site is not built: run `make book` first\.$"):
        make_pdf(tmp_path, tmp_path / "book.pdf")
    assert not Path(tmp_path, "book.pdf").exists()


def test_a_machine_without_chromium_is_told_in_one_sentence(document, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PdfError, match=r"^There is no chromium on this machine"):
        make_pdf(tmp_path, tmp_path / "book.pdf")
