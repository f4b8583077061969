"""CITATION.cff is valid and says of the book what pyproject.toml says."""

import os
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from verified_dynamics import addresses
from verified_dynamics.book.citation import Book

ROOT = Path(__file__).parents[1]
TOOL = ROOT / ".venv/cffconvert/bin/cffconvert"
CITATION = (ROOT / "CITATION.cff").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def validate():
    """A function from the path of a citation file to cffconvert's exit status and words."""
    if not TOOL.exists():
        missing = pytest.fail if os.environ.get("CI", "").lower() == "true" else pytest.skip
        missing("cffconvert is not installed: `make test` installs it into .venv/cffconvert.")

    def run(path: Path) -> tuple[int, str]:
        done = subprocess.run([TOOL, "--validate", "-i", path], capture_output=True, text=True, timeout=120)
        return done.returncode, done.stdout + done.stderr

    return run


def test_the_citation_file_is_valid(validate):
    status, words = validate(ROOT / "CITATION.cff")
    assert status == 0 and "valid according to schema version 1.2.0" in words


@pytest.mark.parametrize(
    ("there", "planted"),
    [
        ("title: Verified Dynamics\nabstract", "abstract"),
        ('date-released: "', 'date-released: "the '),
        ("message: ", "massage: "),
    ],
)
def test_a_planted_fault_is_found(validate, tmp_path, there, planted):
    assert CITATION.count(there) == 1
    (tmp_path / "CITATION.cff").write_text(CITATION.replace(there, planted))
    status, _ = validate(tmp_path / "CITATION.cff")
    assert status != 0


def test_it_agrees_with_the_package():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    book, content = Book.read(ROOT), yaml.safe_load(CITATION)
    assert book.version == project["version"]
    assert list(book.authors) == [author["name"] for author in project["authors"]]
    assert content["url"] == project["urls"]["Site"] == addresses.site()
    assert content["repository-code"] == project["urls"]["Repository"]


def test_the_preferred_citation_says_the_same_as_the_rest():
    content = yaml.safe_load(CITATION)
    preferred = content["preferred-citation"]
    assert preferred["title"] == content["title"] and preferred["authors"] == content["authors"]
    assert str(preferred["year"]) == Book.read(ROOT).year and preferred["url"] == content["url"]
    assert preferred.get("version", content["version"]) == content["version"]
