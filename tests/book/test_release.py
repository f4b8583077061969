"""A release refuses what does not agree, and packs the same archive from the same commit."""

import hashlib
import subprocess
import zipfile
from types import SimpleNamespace

import nbformat
import pytest
from small_book import MiniBook, claim_output, figure_output, statement

from verified_dynamics.book.ledger import LedgerError
from verified_dynamics.book.release import ReleaseError, complaints, pack, stale_records, stated_versions

INSTALL = '%pip install -q "verified-dynamics @ git+https://example.org/book@v1.2.3"'
CLAIM = 'claim = Claim("growth", source="ours")\nclaim'


def git(root, *arguments):
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *arguments], cwd=root, check=True, capture_output=True)


@pytest.fixture
def book(tmp_path):
    """A committed book at version 1.2.3, executed and built."""
    small = MiniBook(tmp_path)
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "verified-dynamics"\nversion = "1.2.3"\n')
    (tmp_path / "CITATION.cff").write_text("cff-version: 1.2.0\nversion: 1.2.3\n")
    (tmp_path / "LICENSE").write_text("Apache-2.0\n")
    (tmp_path / ".gitignore").write_text("_build/\n")
    path = small.chapter(
        "margin/growth", ("code", INSTALL), ("markdown", statement("theorem", "growth")), ("code", CLAIM)
    )
    outputs = [claim_output("growth"), figure_output("a-picture", claims=["growth"])]
    small.store(path, {2: outputs})
    record = tmp_path / "book" / "records" / "margin" / "growth" / "x.nc"
    site = tmp_path / "_build" / "html" / "index.html"
    for file, text in ((site, "<p>The book</p>"), (record, "{}")):
        file.parent.mkdir(parents=True)
        file.write_text(text)
    small.store(path, {2: outputs})  # again: the record belongs to the chapter's state
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "The book")
    return tmp_path


def test_a_clean_book_that_agrees_on_its_version_has_no_complaint(book):
    assert set(stated_versions(book).values()) == {"1.2.3"}
    assert complaints(book, "1.2.3") == []


@pytest.mark.parametrize("version", ["1.2", "v1.2.3", "1.2.3; rm", ""])
def test_what_is_no_version_is_refused(book, version):
    assert "is no version such as" in complaints(book, version)[0]


@pytest.mark.parametrize(
    ("file", "before", "after"),
    [
        ("pyproject.toml", "1.2.3", "1.2.4"),
        ("CITATION.cff", "version: 1.2.3", "version: 1.2.4"),
        ("CITATION.cff", "version: 1.2.3", "title: none"),
        ("chapters/margin/growth.ipynb", "@v1.2.3", "@v1.2.4"),
        ("chapters/margin/growth.ipynb", "@v1.2.3", ""),
    ],
)
def test_each_place_that_states_another_version_is_named(book, file, before, after):
    path = book / file
    path.write_text(path.read_text().replace(before, after))
    git(book, "commit", "-q", "-am", "Another version")
    found = complaints(book, "1.2.3")
    assert len(found) == 1 and found[0].startswith(file)


def test_changes_that_are_not_committed_are_refused(book):
    (book / "LICENSE").write_text("none\n")
    assert complaints(book, "1.2.3") == [
        "The checkout has changes that are not committed: commit or remove them."
    ]


def test_a_tag_of_another_commit_is_refused_and_one_of_this_commit_is_not(book):
    git(book, "tag", "-a", "v1.2.3", "-m", "A release")
    assert complaints(book, "1.2.3") == []
    git(book, "commit", "-q", "--allow-empty", "-m", "More")
    assert "The tag v1.2.3 stands at commit" in complaints(book, "1.2.3")[0]


def test_stale_records_speak_against_a_release_and_missing_ones_do_not():
    states = {"a": None, "b": "no record", "c": "stale: the declaration of the experiment changed"}
    experiments = [SimpleNamespace(name=name) for name in states]
    stale, missing = stale_records(experiments, lambda experiment: states[experiment.name])
    assert missing == ["b"] and len(stale) == 1
    assert "record of c is stale: the declaration" in stale[0]


def test_the_archive_holds_everything_with_true_sums_and_is_the_same_again(book, tmp_path):
    path = pack(book, "1.2.3", tmp_path / "_build" / "release")
    first = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        held = {
            name.removeprefix("verified-dynamics-1.2.3/"): archive.read(name) for name in archive.namelist()
        }
    assert set(held) == {
        "site/index.html", "records/margin/growth/x.nc", "notebooks/margin/growth.ipynb", "CITATION.cff", "LICENSE",
        "README.txt", "SHA256SUMS",
    }  # fmt: skip
    sums = dict(reversed(line.split("  ")) for line in held["SHA256SUMS"].decode().splitlines())
    assert sums == {n: hashlib.sha256(c).hexdigest() for n, c in held.items() if n != "SHA256SUMS"}
    assert "Verified Dynamics 1.2.3" in held["README.txt"].decode()
    notebook = nbformat.reads(held["notebooks/margin/growth.ipynb"].decode(), as_version=4)
    kinds = {kind for cell in notebook.cells for output in cell.get("outputs", []) for kind in output.data}
    assert "application/vnd.verified-dynamics.claim+json" in kinds
    assert "application/vnd.verified-dynamics.figure+json" not in kinds
    assert pack(book, "1.2.3", tmp_path / "_build" / "release").read_bytes() == first


def test_nothing_is_packed_without_a_site_or_without_outputs(book, tmp_path):
    (book / "lib").mkdir()
    chapter = book / "chapters" / "margin" / "growth.ipynb"
    chapter.write_text(chapter.read_text().replace('"claim"', '"claim # again"'))
    with pytest.raises(LedgerError, match="Not executed in its present state"):
        pack(book, "1.2.3", tmp_path / "there")
    (book / "_build" / "html" / "index.html").unlink()
    with pytest.raises(ReleaseError, match="The site is not built"):
        pack(book, "1.2.3", tmp_path / "there")
    assert not (tmp_path / "there").exists()
