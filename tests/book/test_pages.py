"""A small book built by Sphinx: cards, figures, ledger, and what stops the build."""

import io
import json
import shutil
from pathlib import Path

import pytest
from small_book import bundle, claim_output, figure_output, figure_record, outcome, statement
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace, patch_docutils

from verified_dynamics.book.figure_data import datasets
from verified_dynamics.book.reproductions import write_reproduction

ROOT = Path(__file__).parents[2]
LEDGER = "# Ledger\n\n" + "\n".join(
    f":::{{ledger-{name}}}\n:::\n" for name in ("totals", "parts", "table", "graph", "cited", "figures")
)
CONF = """
extensions = ["myst_nb", "verified_dynamics.book.extension", "sphinx_proof"]
master_doc = "index"
myst_enable_extensions = ["colon_fence", "dollarmath"]
exclude_patterns = ["_build", "lib"]
nitpicky = True
numfig = True
html_theme = "basic"
"""


def build(root):
    """Build and return (the application, warnings)."""
    warnings = io.StringIO()
    out = root / "_build"
    with patch_docutils(str(root)), docutils_namespace():
        app = Sphinx(
            root, root, out / "html", out / "doctrees", "html", status=io.StringIO(), warning=warnings
        )
        app.build()
    return app, warnings.getvalue()


@pytest.fixture
def sources(square_book):
    root = square_book.root
    (root / "conf.py").write_text(CONF)
    (root / "index.md").write_text(LEDGER + "\n```{toctree}\n:numbered:\nchapters/symmetry/scaling\n```\n")
    (root / "_toc.yml").write_text(
        "parts:\n- caption: Symmetry\n  chapters:\n  - file: chapters/symmetry/scaling\n"
    )
    return square_book


def test_the_pages_show_what_the_chapters_recorded(sources):
    _, warnings = build(sources.root)
    assert warnings == ""
    html = sources.root / "_build" / "html"
    chapter = (html / "chapters/symmetry/scaling.html").read_text()
    card = chapter[chapter.index('id="claim-rescaling"') : chapter.index('id="code-rescaling"')]
    for text in ("Theorem 1.1", "Proved", "Control refuted", "witness: x\u00a0=\u00a01/2", "0.90 [0.80, 1.10]",
                 "the scale is left out", "our own result", 'href="#claim-homogeneity"'):  # fmt: skip
        assert text in card
    assert "Not applicable" in chapter and "Cited, not checked here." in chapter
    assert 'id="fig-drift"' in chapter and 'src="../../figures/drift.svg"' in chapter
    ledger = (html / "index.html").read_text()
    assert "<b>1</b><span>full square</span>" in ledger
    assert "Theorem 1.1" in ledger and 'href="chapters/symmetry/scaling.html#claim-rescaling"' in ledger
    assert json.loads((html / "ledger.json").read_text())["totals"]["claims"] == 2

    page = (html / "figures/drift.html").read_text()
    for text in (
        "Figure 1.1",
        "verified-dynamics reproduce drift",
        "@misc{",
        "a processor",
        "Theorem 1.1",
        "float64",
        "Copy the BibTeX",
        "Its authors and Ada Byron (2026). Drift against time. Figure in A Small Book, version 1.2.3.",
        "Not re-run since it was published",
        "seed (2) × step (2)",
        "PNG, 300 dpi",
    ):
        assert text in page
    assert page.count("falls like") == 1
    assert '<a class="reference internal" href="../chapters/symmetry/scaling.html#rescaling"' in page
    names = {
        "drift.svg",
        "drift.pdf",
        "drift.png",
        "drift.nc",
        "drift.json",
        "drift.bib",
        "drift.seed-step.csv",
        "drift.step.csv",
    }
    assert names | {"drift.html"} == {path.name for path in (html / "figures").iterdir()}
    assert all(f'href="{name}"' in page for name in names)


def test_a_new_execution_is_read_again_and_prose_alone_is_not_executed(sources):
    build(sources.root)
    chapter = sources.root / "chapters/symmetry/scaling.ipynb"
    chapter.write_text(chapter.read_text().replace("# Scaling", "# Another title"))
    build(sources.root)
    assert "Another title" in (sources.root / "_build/html/chapters/symmetry/scaling.html").read_text()

    sources.module("verified_dynamics/__init__.py", "x = 1\n")
    with pytest.raises(
        SystemExit, match=r"^Not executed in its present state: symmetry/scaling; run `make book`"
    ):
        build(sources.root)
    store = sources.root / "_build/executed/symmetry/scaling"
    notebook = json.loads(next(store.glob("*.ipynb")).read_text())
    outputs = {index: [output["data"] for output in cell.get("outputs", [])]
               for index, cell in enumerate(notebook["cells"]) if cell.get("outputs")}  # fmt: skip
    outputs[5][0]["application/vnd.verified-dynamics.claim+json"]["source"] = "another source"
    sources.store(chapter, outputs)
    build(sources.root)
    assert "another source" in (sources.root / "_build/html/chapters/symmetry/scaling.html").read_text()
    assert "another source" in (sources.root / "_build/html/index.html").read_text()


def test_a_ledger_that_does_not_stand_stops_the_build_with_one_sentence(sources):
    sources.chapter("symmetry/other", ("markdown", statement("theorem", "alone")), ("code", "1"))
    sources.store(sources.root / "chapters/symmetry/other.ipynb", {})
    with pytest.raises(SystemExit, match=r"symmetry/other: The theorem 'alone' has no Claim"):
        build(sources.root)


def test_a_figure_that_is_gone_leaves_no_files(sources):
    build(sources.root)
    chapter = sources.root / "chapters/symmetry/scaling.ipynb"
    shutil.rmtree(sources.root / "_build/executed")
    cells = json.loads(chapter.read_text())
    cells["cells"] = cells["cells"][:1]
    chapter.write_text(json.dumps(cells, indent=1) + "\n")
    sources.store(chapter, {})
    build(sources.root)
    assert list((sources.root / "_build/html/figures").iterdir()) == []


def test_an_interval_narrower_than_a_reader_can_use_is_told_by_its_half_width(sources):
    chapter = sources.root / "chapters/symmetry/scaling.ipynb"
    cells = {3: [claim_output("homogeneity")], 5: [claim_output("rescaling")], 8: [figure_output("drift")]}
    cells[7] = [bundle("cited", {"name": "trusted", "statement": "", "source": "A. Author 2020"})]
    estimate = cells[5][0]["application/vnd.verified-dynamics.claim+json"]["measures"][0]["estimates"][0]
    estimate |= {"value": 1.0, "low": 1.0 - 2e-13, "high": 1.0 + 1e-13}
    sources.store(chapter, cells)
    build(sources.root)
    page = (sources.root / "_build/html/chapters/symmetry/scaling.html").read_text()
    assert "1 [±\u00a02\u00a0×\u00a010⁻¹³]" in page


def test_netcdf_of_the_page_opens(sources):
    app, _ = build(sources.root)
    record = app.env.verified_dynamics_figures["chapters/symmetry/scaling"]["drift"]
    assert (sources.root / "_build/html/figures/drift.nc").read_bytes() == datasets(record)["drift-run"][0]


def test_a_kept_outcome_reaches_the_page_though_nothing_else_changed(sources):
    page = sources.root / "_build/html/figures/drift.html"
    build(sources.root)
    assert "Not re-run since it was published" in page.read_text()
    digest = figure_record("drift")["digest"]
    write_reproduction(outcome(digest=digest), sources.root / "book/reproductions")
    build(sources.root)
    assert "0.25 tolerances (drift-run.drift)" in page.read_text()
    (sources.root / "book/reproductions/drift.json").write_text("{")
    with pytest.raises(SystemExit, match=r"The build stops: .* not readable as JSON"):
        build(sources.root)
