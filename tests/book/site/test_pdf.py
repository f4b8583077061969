"""The whole book on paper: made by its own command, which looks through what it made; and the faults that it finds."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from verified_dynamics.book.pdf.faults import (
    PrintedBook,
    contents_faults,
    link_faults,
    missing_words,
    page_number_faults,
)

ROOT = Path(__file__).parents[3]
FOOT = "<style>@page { size: A4; margin: 20mm; @bottom-center { content: counter(page) } }</style>"
BREAK = '<div style="break-before: page"></div>'
WORDS = "Enough words to fill a page that is not empty. "


def test_the_book_is_printed_without_a_fault(site, browser):
    if site != ROOT / "_build" / "html":
        pytest.skip("The command prints the site of this checkout.")
    ran = subprocess.run(
        [sys.executable, "-m", "verified_dynamics.book.pdf"], cwd=ROOT, capture_output=True, text=True
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    file = ROOT / "_build" / "pdf" / "verified-dynamics.pdf"
    assert file.stat().st_size < 15_000_000


@pytest.fixture
def printed(browser, tmp_path):
    """A function from the body of a page to the book that Chromium prints of it."""

    def show(body: str) -> PrintedBook:
        source = tmp_path / "book.html"
        source.write_text(f"<!DOCTYPE html><html><head>{FOOT}</head><body>{body}</body></html>")
        page = browser.new_page()
        page.goto(source.as_uri())
        (tmp_path / "book.pdf").write_bytes(page.pdf(prefer_css_page_size=True, outline=True, tagged=True))
        page.close()
        return PrintedBook(tmp_path / "book.pdf")

    return show


def test_a_page_without_its_number_is_found(printed):
    good = f"<p>{WORDS}</p>{BREAK}<p>{WORDS}</p>"
    assert page_number_faults(printed(good)) == []
    bad = "<style>@page { @bottom-center { content: counter(page) 'x' counter(page) } }</style>"
    silent = "<style>@page { @bottom-center { content: none } }</style>"
    assert page_number_faults(printed(silent + good)) == ["Page 2 carries '' for a number."]
    assert page_number_faults(printed(bad.replace("counter(page) '", "'") + good)) == [
        "Page 2 carries 'x2' for a number."
    ]
    assert page_number_faults(printed(f"<p>{WORDS}</p>{BREAK}")) == ["Page 2 is empty."]


def test_a_link_to_a_file_is_found(printed):
    good = f'<p id="here">{WORDS}</p><a href="#here">in</a> <a href="https://example.org">out</a>'
    assert link_faults(printed(good)) == []
    found = link_faults(printed(f'{good}<a href="other.html">bad</a>'))
    assert len(found) == 1 and found[0].startswith("A link on page 1 leads to file:")


def test_a_wrong_number_in_the_contents_is_found(printed):
    body = "<p>Contents</p><p>Part</p><p>The law 2</p>{}<h1>Part</h1><h2>The law</h2><p>{}</p>"
    book = printed(body.format(BREAK, WORDS))
    assert contents_faults(book) == []
    wrong = printed(body.format(BREAK, WORDS).replace("law 2", "law 3"))
    assert contents_faults(wrong) == ["The contents do not say that 'The law' is on page 2."]
    assert contents_faults(printed(f"<p>{WORDS}</p>")) == ["There are no bookmarks."]


def test_missing_names_and_formulas_in_error_are_found(printed):
    book = printed(f"<p>{WORDS} exact-drift</p>")
    assert missing_words(book, ["exact-drift"]) == []
    assert missing_words(book, ["gone"]) == ["The book does not contain 'gone'."]
    assert missing_words(printed("<p>Math input error</p>"), []) == ["The book shows 'Math input error'."]


def test_a_formula_in_error_stops_the_print(site, tmp_path):
    if shutil.which("chromium") is None:
        pytest.skip("There is no chromium on this machine.")
    (tmp_path / "book.html").write_text("<mjx-merror>undefined</mjx-merror>")
    code = ("from pathlib import Path; from verified_dynamics.book.pdf.printing import print_pages;"
            f"print_pages(Path({str(tmp_path / 'book.html')!r}))")  # fmt: skip
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ran.returncode == 1 and "PdfError: A formula is in error: undefined." in ran.stderr
