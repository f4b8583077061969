"""What Sphinx writes for the ledger page, the page of its schema and the gallery, from a small book."""

import json
import re

import pytest
from test_pages import CONF, build
from typer.testing import CliRunner

from verified_dynamics.book import ledger_schema
from verified_dynamics.book.schema_page import kind

PAGE = "# Ledger\n\n" + "\n".join(
    f":::{{ledger-{name}}}\n:::\n"
    for name in ("key", "filter", "table", "graph", "cited", "schema", "figures")
)


@pytest.fixture
def root(square_book):
    folder = square_book.root
    (folder / "conf.py").write_text(CONF)
    (folder / "index.md").write_text(PAGE + "\n```{toctree}\n:numbered:\nchapters/symmetry/scaling\n```\n")
    toc = "parts:\n- caption: Symmetry\n  chapters:\n  - file: chapters/symmetry/scaling\n"
    (folder / "_toc.yml").write_text(toc)
    return folder


@pytest.fixture
def html(root):
    _, warnings = build(root)
    assert warnings == ""
    return root / "_build" / "html"


def row(page, name):
    return re.search(rf'<tr [^>]*id="row-{name}".*?</tr>', page, re.DOTALL)[0]


def test_rows_carry_what_the_filters_ask(html):
    page = (html / "index.html").read_text()
    partial, full = row(page, "homogeneity"), row(page, "rescaling")
    assert 'data-square="partial|measures"' in partial and 'data-square="full"' in full
    assert 'data-evidence="smoke"' in full and 'data-source="none"' in full
    assert 'data-chapter="symmetry|symmetry/scaling"' in page
    assert "Measured: not applicable, an identity" in partial
    assert 'href="#row-homogeneity"' in full
    options = re.findall(r'<option value="([^"]+)">([^<]*)<', page)
    assert ("symmetry/scaling", "Scaling (2)") in options
    assert ("measures", "Measured (1)") in options and "proves" not in dict(options)
    assert re.search(r'<form[^>]* hidden="hidden"', page)


def test_formulas_of_folded_statements_wait_and_others_do_not(html):
    page = (html / "index.html").read_text()
    folded = re.findall(r"<details.*?</details>", page, re.DOTALL)
    assert len(folded) == 2
    assert 'class="vd-tex"' in folded[0] and "math notranslate" not in "".join(folded)
    cited = page[page.index('class="vd-cited-list"') :]
    assert "math notranslate" in cited and "trusted" in cited and "A. Author 2020" in cited
    assert 'id="row-trusted"' not in page  # what is cited stands apart


def test_the_command_prints_the_bytes_of_the_file(html, root, monkeypatch):
    from verified_dynamics.command_line import application, figures

    monkeypatch.setattr(figures, "checkout", lambda: root)
    printed = CliRunner().invoke(application.application, ["ledger", "--json"])
    assert printed.exit_code == 0
    assert printed.stdout_bytes == (html / "ledger.json").read_bytes()
    assert (html / "ledger.schema.json").read_text() == ledger_schema.schema_text()


def test_every_field_of_the_schema_is_explained(html):
    page = (html / "index.html").read_text()
    tables = re.findall(r'<table class="vd-table vd-fields">.*?</table>', page, re.DOTALL)
    schema = ledger_schema.schema()
    for table, item in zip(tables, [schema, *schema["$defs"].values()], strict=True):
        assert re.findall(r"<th[^>]*><code>([^<]*)</code>", table) == list(item["properties"])
    for name in schema["$defs"]:
        assert f'id="schema-{name.replace("_", "-")}"' in page
    assert "the second when a field or a permitted value is added" in page


def test_kinds_are_told_in_words():
    assert kind({"type": "array", "items": {"type": "string"}}) == "list of text"
    assert kind({"anyOf": [{"type": "number"}, {"enum": ["inf"]}]}) == "number or inf"
    assert kind({"type": ["string", "null"]}) == "text or null"
    assert kind({"$ref": "#/$defs/proof"}) == "<proof>"


def test_thumbnails_come_and_go_with_their_figures(html, root):
    picture = html / "thumbnails" / "drift.webp"
    assert 'src="thumbnails/drift.webp"' in (html / "index.html").read_text()
    first = picture.stat().st_mtime_ns
    (picture.parent / "gone.webp").write_bytes(b"x")
    build(root)
    assert picture.stat().st_mtime_ns == first
    assert [path.name for path in picture.parent.iterdir()] == ["drift.webp"]


def test_a_ledger_with_an_unknown_field_stops_the_build(root, monkeypatch):
    from verified_dynamics.book import ledger

    made = ledger._claim
    monkeypatch.setattr(ledger, "_claim", lambda *given: made(*given) | {"status": "verified"})
    with pytest.raises(
        SystemExit, match=r"The ledger does not stand\. .* does not describe the field 'status'"
    ):
        build(root)
    assert "status" not in json.dumps(ledger_schema.schema()["$defs"]["claim"]["properties"])
