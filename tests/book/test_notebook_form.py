"""Chapters are stored in one form: canonical, without outputs, each in the table of contents."""

import json
import re
from pathlib import Path

import nbformat
import pytest

from verified_dynamics.book import plain
from verified_dynamics.book.canonical import canonical
from verified_dynamics.book.executed import chapter_name, chapters
from verified_dynamics.book.statements import complaints
from verified_dynamics.notebook import setup_cell

ROOT = Path(__file__).parents[2]
CHAPTERS = chapters(ROOT)
every_chapter = pytest.mark.parametrize("path", CHAPTERS, ids=chapter_name)


@every_chapter
def test_the_file_is_canonical(path):
    text = path.read_text(encoding="utf-8")
    assert text == canonical(text), "write it with `make style`"
    nbformat.validate(json.loads(text))


def test_canonical_form_drops_outputs_counts_and_foreign_metadata(tmp_path):
    cell = {"cell_type": "code", "id": "a-cell", "source": "x = 1\nx", "outputs": [{}], "execution_count": 3}
    cell["metadata"] = {"tags": ["hide-input"], "execution": {"time": 1}}
    notebook = {"cells": [cell], "metadata": {"colab": {}}, "nbformat": 4, "nbformat_minor": 4}
    written = json.loads(canonical(json.dumps(notebook)))
    assert written["cells"][0]["source"] == ["x = 1\n", "x"]
    assert written["cells"][0]["outputs"] == [] and written["cells"][0]["execution_count"] is None
    assert written["cells"][0]["metadata"] == {"tags": ["hide-input"]}
    assert set(written["metadata"]) == {"kernelspec", "language_info"} and written["nbformat_minor"] == 5


def test_canonical_form_writes_the_set_up_cell_and_sets_directives_apart():
    text = {"cell_type": "markdown", "id": "law", "metadata": {}, "source": ":::{note}\nText.\n:::"}
    stale = {"cell_type": "code", "id": "setup", "metadata": {}, "source": "%pip install an-earlier-version"}
    written = json.loads(canonical(json.dumps({"cells": [text, stale], "metadata": {}})))["cells"]
    assert "".join(written[0]["source"]) == ":::{note}\n\nText.\n\n:::"
    assert "".join(written[1]["source"]) == setup_cell()


@every_chapter
def test_there_are_no_outputs_and_no_ways_around_a_failure(path):
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        tags = set(cell["metadata"].get("tags", []))
        assert not tags & {"raises-exception", "skip-execution"}, cell["id"]
        if cell["cell_type"] == "code":
            assert cell["outputs"] == [] and cell["execution_count"] is None, cell["id"]


@every_chapter
def test_cells_have_names_that_last(path):
    names = [cell["id"] for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]]
    assert len(set(names)) == len(names)
    for name in names:
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name) and re.search("[a-z]{3}", name), name


@every_chapter
def test_the_chapter_opens_with_title_and_set_up(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    assert cells[0]["cell_type"] == "markdown"
    assert cells[0]["source"][0].startswith("# ")
    first = next(cell for cell in cells if cell["cell_type"] == "code")
    assert "".join(first["source"]) == setup_cell()
    assert first["id"] == "setup" and first["metadata"] == {"tags": ["hide-input"]}


@every_chapter
def test_every_statement_stands_beside_its_claim(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    assert complaints(cells) == []


@every_chapter
def test_the_text_reads_well_in_plain_jupyter(path):
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "markdown":
            assert plain.complaints("".join(cell["source"])) == [], cell["id"]


@every_chapter
def test_headings_carry_no_numbers_of_their_own_and_display_formulas_stand_apart(path):
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        lines = "".join(cell["source"]).splitlines() if cell["cell_type"] == "markdown" else []
        assert not [line for line in lines if re.match(r"#+ \d", line)], cell["id"]
        formula = False
        for before, line in zip(["", *lines], lines, strict=False):
            starts = line.startswith("$$") and not formula
            # Without an empty line before it, a display formula is read as text with stray dollar signs.
            assert not starts or not before.strip() or before.startswith(":"), f"{cell['id']}: {line}"
            formula ^= line.count("$$") % 2 == 1


def test_every_chapter_is_in_the_table_of_contents_and_the_other_way_round():
    listed = re.findall(r"file:\s*chapters/(\S+)", (ROOT / "_toc.yml").read_text(encoding="utf-8"))
    assert sorted(listed) == sorted(map(chapter_name, CHAPTERS))


def test_the_configuration_repeats_the_repository_address_of_the_package():
    from verified_dynamics import addresses

    url = re.search(r"^  url: (\S+)$", (ROOT / "_config.yml").read_text(encoding="utf-8"), re.MULTILINE)
    assert url[1] == addresses.repository()
