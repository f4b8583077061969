"""Whatever was published has its address on the built site."""

import json
from pathlib import Path

import pytest
from page_checks import faults, pages

from verified_dynamics.book import published

ROOT = Path(__file__).parents[3]
FOLDERS = {"chapter": "chapters", "claim": "claims", "figure": "figures"}


@pytest.fixture(scope="module")
def ledger(site):
    return json.loads((site / "ledger.json").read_text())


def test_no_published_name_is_lost_and_no_living_name_is_unlisted(ledger):
    assert published.broken(ROOT, ledger) == []
    assert published.unlisted(ROOT, ledger) == []


def test_every_published_name_has_a_page(site):
    names = published.listed(ROOT)
    assert {kind for kind, _ in names} == set(FOLDERS)
    assert [
        name for name in sorted(names) if not (site / FOLDERS[name[0]] / f"{name[1]}.html").is_file()
    ] == []


def test_the_address_of_a_claim_leads_to_its_card(site, ledger):
    found = pages(site)
    for claim in ledger["claims"] + ledger["cited"]:
        page = found[site / "claims" / f"{claim['name']}.html"]
        assert page.redirects
        assert set(page.links) == {f"../chapters/{claim['chapter']}.html#claim-{claim['name']}"}


def test_a_forwarding_page_to_nowhere_is_found(tmp_path):
    (tmp_path / "index.html").write_text('<meta http-equiv="refresh" content="0; url=gone.html#x">')
    assert faults(tmp_path.resolve()) == ["index.html: gone.html#x leads nowhere"]


def test_a_forwarding_page_is_followed_from_a_file_and_keeps_the_place(site, browser, tmp_path, ledger):
    from verified_dynamics.book.forwarding import write_forwarding_pages

    claim = ledger["claims"][0]
    page = browser.new_page()
    page.goto((site / "claims" / f"{claim['name']}.html").resolve().as_uri())
    page.wait_for_url(f"**/{claim['chapter']}.html#claim-{claim['name']}", wait_until="commit")

    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "redirects.txt").write_text("figure former present\n")
    (tmp_path / "_config.yml").write_text("title: A book\n")
    present = {"claims": [], "cited": [], "figures": [{"name": "present", "chapter": "part/chapter"}]}
    write_forwarding_pages(tmp_path / "site", tmp_path, present)
    (tmp_path / "site" / "figures" / "present.html").write_text('<p id="data">x</p>')
    page.goto((tmp_path / "site" / "figures" / "former.html").as_uri() + "#data")
    page.wait_for_url("**/figures/present.html#data", wait_until="commit")
    page.close()
