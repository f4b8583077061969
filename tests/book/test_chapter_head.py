"""The head of a chapter: its claims, running time and sources, from what ran and never from what was typed."""

import json
import re

import nbformat
import pytest
from test_pages import CONF, build

from verified_dynamics.book import executed as store
from verified_dynamics.book.chapter_head import duration, running_time, works_named

BIB = """
@article{noether1918, author = {Noether, Emmy}, title = {Invariante {Variationsprobleme}}, year = {1918}, journal = {J}}
@article{ab2020, author = {Aa, B. and Bb, C.}, title = {Pairs}, year = {2020}, journal = {J}}
@article{abc2020, author = {Xx, B. and Bb, C. and Cc, D.}, title = {Triples}, year = {2020}, journal = {J}}
"""
INDEX = "# Book\n\n```{toctree}\nchapters/symmetry/scaling\nreferences\n```\n"
WORKS = {"aa2020": ("Aa", "2020"), "aa2021": ("Aa", "2021"), "bb2020": ("Bb", "2020")}


@pytest.fixture
def cited_book(square_book):
    root = square_book.root
    conf = CONF.replace('"sphinx_proof"]', '"sphinx_proof", "sphinxcontrib.bibtex"]')
    (root / "conf.py").write_text(conf + 'bibtex_bibfiles = ["works.bib"]\n')
    (root / "works.bib").write_text(BIB)
    (root / "index.md").write_text(INDEX)
    (root / "references.md").write_text(
        "# References\n\n{cite:t}`ab2020,abc2020`\n\n```{bibliography}\n```\n"
    )
    chapter = root / "chapters/symmetry/scaling.ipynb"
    chapter.write_text(
        chapter.read_text().replace("# Scaling", "# Scaling\\n\\nAs {cite:t}`noether1918` says.")
    )
    stored = store.stored_path(chapter)
    for output in (notebook := json.loads(stored.read_text()))["cells"][5]["outputs"]:
        output["data"]["application/vnd.verified-dynamics.claim+json"]["source"] = "Xx et al. 2020, lemma 2"
    notebook["metadata"][store.RUN] = {"seconds": 48.2, "machine": "a processor"}
    stored.write_text(json.dumps(notebook))
    return root


def head(root):
    _, warnings = build(root)
    assert warnings == ""
    page = (root / "_build/html/chapters/symmetry/scaling.html").read_text()
    start = page.index('<div class="vd-head">')
    assert page.index("<h1>") < start < page.index("says.")
    return page[start : page.index("</details>", start)]


def test_the_head_tells_claims_time_and_sources(cited_book):
    found = head(cited_book)
    assert "<b>2 claims</b>" in found and found.count('class="vd-square"') == 2
    assert 'href="#claim-rescaling"' in found
    assert "at smoke size 48\u00a0s on a processor." in found
    assert "<summary>2 sources, how to run it</summary>" in found
    links = re.findall(r'<a href="\.\./\.\./references\.html#(\w+)" title="([^"]*)">([^<]*)</a>', found)
    assert [link[1:] for link in links] == [
        ("Invariante Variationsprobleme", "Noether 1918"),
        ("Triples", "Xx et al. 2020"),
    ]
    references = (cited_book / "_build/html/references.html").read_text()
    assert all(f'id="{anchor}"' in references for anchor, *_ in links)
    assert "pytest chapters/symmetry/scaling.ipynb" in found


def test_a_chapter_whose_times_were_not_kept_claims_none(cited_book):
    stored = store.stored_path(cited_book / "chapters/symmetry/scaling.ipynb")
    notebook = nbformat.read(stored, as_version=4)
    del notebook.metadata[store.RUN]
    nbformat.write(notebook, stored)
    assert "at smoke size not timed." in head(cited_book)


def test_full_size_time_is_the_sum_of_the_records_by_device():
    run = {"seconds": 48.2, "machine": "a processor"}
    records = [
        {"device_name": name, "wall_seconds": seconds}
        for name, seconds in (("B", 60.0), ("A", 3.0), ("B", 65.2))
    ]
    told = running_time(run, records, 5).replace("\u00a0", " ")
    assert told == (
        "at smoke size 48 s on a processor; at full size 3 s on A and 2 min 5 s on B for 3 of 5 experiments; "
        "the others are not recorded."
    )
    assert running_time(run, records, 3).endswith("for 3 of 3 experiments; all are recorded.")
    assert running_time(run, [], 5).endswith("at full size none of 5 experiments is recorded.")


@pytest.mark.parametrize(
    ("value", "words"),
    [(0.2, "under 1 s"), (48.4, "48 s"), (59.7, "1 min"), (125, "2 min 5 s"), (4800, "1 h 20 min")],
)
def test_durations_are_told_as_a_reader_says_them(value, words):
    assert duration(value).replace("\u00a0", " ") == words


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("Aa et al. 2020, lemma 3", {"aa2020"}),
        ("rate: Aa, Xx and Yy 2021a; constant: ours", {"aa2021"}),
        ("Aa; this chapter 2020", set()),
        ("Aaron 2020", set()),
        ("Bb and Aa 2020; Cc, Aa and Dd 2021", {"bb2020"}),
        ("see {cite:p}`bb2020, aa2021`", {"bb2020", "aa2021"}),
        ("this book", set()),
    ],
)
def test_works_are_found_by_role_and_by_name_and_year(text, keys):
    assert works_named(text, WORKS) == keys
