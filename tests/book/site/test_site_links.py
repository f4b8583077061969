"""Links, anchors, sizes and addresses of the built site, without a browser."""

import json
import re

import pytest
from page_checks import faults, pages

FRAME, CHAPTER = (
    4_000_000,
    1_750_000,
)  # bytes: of what every site has, and of a chapter with its figures and data
DATA = {".csv", ".nc", ".json"}


def test_every_link_leads_somewhere_and_nothing_is_loaded_from_elsewhere(site):
    assert faults(site.resolve()) == []


def test_the_site_is_small(site):
    figures = json.loads((site / "ledger.json").read_text())["figures"]
    recorded = {figure["name"] for figure in figures if "valid" in figure["state"]}
    size = sum(
        path.stat().st_size for path in site.rglob("*") if path.is_file() and not is_record(path, recorded)
    )
    chapters = len(list((site / "chapters").glob("*/*.html")))
    assert size <= FRAME + CHAPTER * chapters, f"{size / 1e6:.1f} MB for {chapters} chapters"


def is_record(path, recorded):
    """Whether a file holds the numbers of a full-size record that one of these figures shows."""
    return path.parent.name == "figures" and path.suffix in DATA and path.name.split(".")[0] in recorded


def test_no_picture_is_heavy(site):
    heavy = {path.name: path.stat().st_size for path in site.rglob("*.svg") if path.stat().st_size > 300_000}
    assert heavy == {}


def test_every_claim_has_its_card_and_every_figure_its_page(site):
    ledger = json.loads((site / "ledger.json").read_text())
    found = {path.relative_to(site).as_posix(): page for path, page in pages(site).items()}
    for claim in ledger["claims"]:
        anchors = found[f"chapters/{claim['chapter']}.html"].anchors
        assert {f"claim-{claim['name']}", f"code-{claim['name']}", claim["name"]} <= anchors
    for figure in ledger["figures"]:
        assert f"fig-{figure['name']}" in found[f"chapters/{figure['chapter']}.html"].anchors
        assert f"figures/{figure['name']}.html" in found
    assert ledger["totals"]["claims"] == len(ledger["claims"]) > 0


def test_chapters_open_on_colab_and_binder_at_the_version_of_the_book(site):
    from verified_dynamics import addresses

    owner, revision = addresses.repository().removeprefix("https://github.com/"), addresses.revision()
    found = sorted((site / "chapters").rglob("*.html"))
    assert found
    for path in found:
        name = path.relative_to(site).with_suffix(".ipynb").as_posix()
        links = re.findall(r'href="([^"]+)"', path.read_text(encoding="utf-8"))
        assert f"https://colab.research.google.com/github/{owner}/blob/{revision}/{name}" in links
        assert f"https://mybinder.org/v2/gh/{owner}/{revision}?urlpath=lab/tree/{name}" in links


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ('<a href="gone.html">x</a>', "gone.html leads nowhere"),
        ('<a href="#gone">x</a>', "#gone has no such place"),
        ('<a href="other.html#gone">x</a>', "other.html#gone has no such place"),
        ('<script src="https://cdn.example.org/x.js"></script>', "loads https://cdn.example.org/x.js"),
        ('<script src="//cdn.example.org/x.js"></script>', "loads //cdn.example.org/x.js"),
        ('<link rel="stylesheet" href="https://x.org/x.css">', "loads https://x.org/x.css"),
        ('<img src="other.html">', "has no words"),
        ('<img src="other.html" alt="_images/x.svg">', "has no words"),
    ],
)
def test_each_planted_fault_is_found(tmp_path, body, fault):
    (tmp_path / "other.html").write_text('<p id="here">x</p>')
    (tmp_path / "index.html").write_text(f'<a href="other.html#here">x</a>{body}')
    found = faults(tmp_path.resolve())
    assert len(found) == 1 and fault in found[0]
