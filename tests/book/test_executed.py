"""The store of executed chapters: what its key depends on, what it keeps, what Sphinx reads."""

import os

import nbformat
import pytest

from verified_dynamics.book import executed as store


@pytest.fixture
def chapter(book):
    book.module("verified_dynamics/__init__.py", '"""A library."""\n')
    book.module("verified_dynamics/margin.py", "x = 1\n")
    book.module("verified_dynamics/other.py", "x = 1\n")
    return book.chapter(
        "margin/max-margin",
        ("markdown", "# Title"),
        ("code", "%pip list\nfrom verified_dynamics.margin import x"),
        ("code", "x"),
    )


def test_the_key_ignores_prose_and_modules_that_are_not_reached(book, chapter):
    before = store.key(chapter)
    chapter.write_text(chapter.read_text().replace("# Title", "# Another title"))
    book.module("verified_dynamics/other.py", "x = 2\n")
    assert store.key(chapter) == before


@pytest.mark.parametrize(
    "path", ["lib/verified_dynamics/margin.py", "book/records/margin/max-margin/run.json"]
)
def test_the_key_follows_modules_and_records(book, chapter, path):
    before = store.key(chapter)
    file = book.root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("x = 2\n")
    assert store.key(chapter) != before


def test_the_key_follows_cells_profile_and_packages(chapter, monkeypatch):
    keys = {store.key(chapter)}
    monkeypatch.setenv(store.PROFILE, "full")
    keys.add(store.key(chapter))
    monkeypatch.setattr(store, "_versions", lambda: ("torch=99",))
    keys.add(store.key(chapter))
    chapter.write_text(chapter.read_text().replace('"x"', '"x + 1"'))
    keys.add(store.key(chapter))
    assert len(keys) == 4


def test_what_is_kept_is_found_until_the_state_changes(book, chapter):
    assert store.executed(chapter) is None
    assert store.pending(book.root) == [chapter]
    book.store(chapter, {2: [{"text/plain": "1"}]})
    assert store.executed(chapter).cells[2].outputs[0].data["text/plain"] == "1"
    assert store.pending(book.root) == []
    book.module("verified_dynamics/margin.py", "x = 2\n")
    assert store.pending(book.root) == [chapter]


def test_the_times_of_cells_are_kept_as_their_sum_alone(chapter):
    notebook = nbformat.read(chapter, as_version=4)
    for cell, seconds in zip(notebook.cells[1:], ("02.250000", "04.500000"), strict=True):
        cell.metadata["execution"] = {
            "iopub.execute_input": "2026-01-31T23:59:01.000000Z",
            "shell.execute_reply": f"2026-01-31T23:59:{seconds}Z",
        }
    kept = nbformat.read(store.keep(notebook, chapter), as_version=4)
    assert all("execution" not in cell.metadata for cell in kept.cells)
    assert "execution" in notebook.cells[1].metadata
    assert kept.metadata[store.RUN]["seconds"] == 4.8
    assert kept.metadata[store.RUN]["machine"]


def test_a_notebook_without_times_claims_none(book, chapter):
    book.store(chapter, {})
    assert store.RUN not in store.executed(chapter).metadata


def test_old_states_are_removed_and_nothing_unfinished_is_left(book, chapter):
    for number in range(6):
        file = book.store(chapter, {})
        os.utime(file, (number, number))
        book.module("verified_dynamics/margin.py", f"x = {number}\n")
    folder = store.stored_path(chapter).parent
    assert len(list(folder.iterdir())) == store.KEPT_STATES
    assert file.exists()


def test_the_reader_puts_outputs_into_the_source_and_keeps_our_records_alone(book, chapter):
    ours = {
        "text/plain": "x",
        "text/html": "x",
        "application/vnd.verified-dynamics.claim+json": {"name": "a"},
    }
    book.store(chapter, {1: [ours], 2: [{"text/plain": "1"}]})
    chapter.write_text(chapter.read_text().replace("# Title", "# Another title"))
    read = store.read(chapter.read_text(), book.root)
    assert read.cells[0].source == "# Another title"
    assert list(read.cells[1].outputs[0].data) == ["application/vnd.verified-dynamics.claim+json"]
    assert read.cells[2].outputs[0].data == {"text/plain": "1"}


def test_the_reader_names_the_chapter_that_was_not_executed(book, chapter):
    with pytest.raises(store.NotExecuted, match=r"margin/max-margin; run `make book`"):
        store.read(chapter.read_text(), book.root)


def test_a_notebook_that_is_no_chapter_is_read_as_it_is(book):
    text = nbformat.writes(nbformat.v4.new_notebook())
    assert store.read(text, book.root).cells == []


def test_a_path_outside_every_book_is_told(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"lies in no book"):
        store.root_of(tmp_path / "nowhere")
