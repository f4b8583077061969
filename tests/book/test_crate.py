"""The RO-Crate of a site: its structure, its references, and the files that it names."""

import hashlib
import json

import pytest
from crate_checks import faults
from small_book import claim_record, figure_record

from verified_dynamics.book.citation import Book
from verified_dynamics.book.crate import FILE_NAME, crate, to_json

CHAPTER = "chapters/symmetry/scaling"


@pytest.fixture
def site(book):
    """A site with one figure, and its crate."""
    root = book.root / "site"
    (root / "figures").mkdir(parents=True)
    (root / "_sources/chapters/symmetry").mkdir(parents=True)
    for name in ("ledger.json", "figures/drift.svg", "figures/drift.csv", f"_sources/{CHAPTER}.ipynb"):
        (root / name).write_text(name)
    (root / "figures/drift.html").write_text("a page")
    claim = claim_record("rescaling") | {
        "statement": "x = x",
        "chapter": "symmetry/scaling",
        "title": "Scaling",
    }
    figures = {CHAPTER: {"drift": figure_record("drift", claims=["rescaling"])}, "book/intro": {}}
    found = crate(root, figures, Book.read(book.root), {"claims": [claim], "cited": []})
    (root / FILE_NAME).write_text(to_json(found))
    return root


def read(site):
    return json.loads((site / FILE_NAME).read_text())


def entity(content, identifier):
    return next(item for item in content["@graph"] if item["@id"] == identifier)


def test_a_figure_is_an_action_with_notebook_parameters_and_files(site):
    assert faults(site) == []
    content = read(site)
    action = entity(content, "#make-drift")
    assert action["@type"] == "CreateAction"
    assert {"@id": f"_sources/{CHAPTER}.ipynb"} in action["instrument"]
    assert {"@id": "#torch-2.13.0"} in action["instrument"]
    assert action["result"] == [{"@id": "figures/drift.csv"}, {"@id": "figures/drift.svg"}]
    parameters = json.loads(entity(content, action["object"][0]["@id"])["value"])
    assert parameters == {"parameters": {"step": [10, 20]}, "seeds": [0, 1]}
    picture = entity(content, "figures/drift.svg")
    assert picture["sha256"] == hashlib.sha256(b"figures/drift.svg").hexdigest()
    assert picture["about"] == [{"@id": "#claim-rescaling"}] and picture["encodingFormat"] == "image/svg+xml"
    root = entity(content, "./")
    assert root["name"] == "A Small Book" and root["datePublished"] == "2026-11-21"
    assert [entity(content, person["@id"])["@type"] for person in root["author"]] == [
        "Organization",
        "Person",
    ]


def test_a_site_without_sources_names_the_notebook_in_the_repository(site, book):
    (site / f"_sources/{CHAPTER}.ipynb").unlink()
    figures = {CHAPTER: {"drift": figure_record("drift")}}
    (site / FILE_NAME).write_text(
        to_json(crate(site, figures, Book.read(book.root), {"claims": [], "cited": []}))
    )
    assert faults(site) == []
    assert any(item["@id"].endswith(f"/blob/main/{CHAPTER}.ipynb") for item in read(site)["@graph"])


def change(site, identifier, **fields):
    content = read(site)
    found = entity(content, identifier)
    found.update(fields)
    for key in [key for key, value in found.items() if value is None]:
        del found[key]
    (site / FILE_NAME).write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("identifier", "fields", "words"),
    [
        ("./", {"license": None}, "the root lacks license"),
        ("./", {"datePublished": "yesterday"}, "datePublished 'yesterday' is no date"),
        ("./", {"hasPart": []}, "is no part of the root"),
        (FILE_NAME, {"conformsTo": None}, "does not say to which version"),
        ("#make-drift", {"instrument": [{"@id": "#gone"}]}, "names #gone, which is not described"),
        ("#make-drift", {"result": None}, "#make-drift lacks result"),
        ("figures/drift.svg", {"sha256": "0" * 64}, "figures/drift.svg has another sha256"),
        ("figures/drift.svg", {"contentSize": "1"}, "figures/drift.svg has another size"),
        ("figures/drift.svg", {"encodingFormat": None}, "figures/drift.svg lacks encodingFormat"),
        ("figures/drift.svg", {"@id": "figures/gone.svg"}, "figures/gone.svg is not in the site"),
    ],
)
def test_each_planted_fault_is_found(site, identifier, fields, words):
    change(site, identifier, **fields)
    assert any(words in fault for fault in faults(site)), faults(site)


def test_an_entity_that_is_described_twice_is_found(site):
    content = read(site)
    content["@graph"].append(content["@graph"][-1])
    (site / FILE_NAME).write_text(json.dumps(content))
    assert any("described twice" in fault for fault in faults(site))
