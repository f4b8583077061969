"""The front page's directives: what they count, which figure they show, and what stops the build."""

import json

import pytest
from test_pages import CONF, build

from verified_dynamics.book.front_page import _records

PAGE = """# A book

:::{ledger-totals}
:::

:::{ledger-figure} NAME
Its caption.
:::

:::{ledger-parts}
:::

```{toctree}
chapters/symmetry/scaling
```
"""


@pytest.fixture
def front(square_book):
    root = square_book.root
    (root / "conf.py").write_text(CONF)
    (root / "index.md").write_text(PAGE.replace("NAME", "drift"))
    parts = "parts:\n- caption: Symmetry\n  chapters:\n  - file: chapters/symmetry/scaling\n"
    (root / "_toc.yml").write_text(parts)
    return root


def words(parts):
    return "".join(part if isinstance(part, str) else part.astext() for part in parts)


def test_the_front_page_shows_totals_figure_and_map(front):
    _, warnings = build(front)
    assert warnings == ""
    page = (front / "_build/html/index.html").read_text()
    totals = json.loads((front / "_build/html/ledger.json").read_text())["totals"]
    for name in ("theories", "claims", "full_squares", "controls", "figures"):
        assert f"<b>{totals[name]}</b>" in page
    assert "No experiment has a record at full size" in page
    assert '<img alt="Two points that fall from left to right." src="figures/drift.svg" />' in page
    assert 'href="figures/drift.html"' in page and 'href="chapters/symmetry/scaling.html"' in page
    assert "Its caption." in page
    assert page.count('class="vd-square"') == totals["claims"]


def test_an_unknown_figure_stops_the_build_with_one_sentence(front):
    (front / "index.md").write_text(PAGE.replace("NAME", "drifts"))
    with pytest.raises(SystemExit) as stopped:
        build(front)
    assert str(stopped.value) == (
        "The page index shows the figure 'drifts', which no chapter publishes; the nearest name is 'drift'."
    )


def test_the_records_are_told_by_number_dates_and_commits():
    found = {"count": 2, "experiments": 5, "newest": "2026-02-01", "oldest": "2026-01-31"}
    told = words(_records(found | {"commits": ["0123abc4567", "89abcde0123+"]}))
    assert told == (
        "Recorded at full size: 2 of 5 experiments, 2026-01-31 to 2026-02-01, commit 0123abc, 89abcde+."
    )
    same_day = words(_records(found | {"oldest": "2026-02-01", "commits": []}))
    assert same_day == "Recorded at full size: 2 of 5 experiments, 2026-02-01."


def test_only_a_commit_that_others_can_see_is_linked():
    found = {"count": 1, "experiments": 1, "newest": "2026-02-01", "oldest": "2026-02-01"}
    links = [
        part
        for part in _records(found | {"commits": ["0123abc", "0123abc+", "unknown"]})
        if part.__class__ is not str
    ]
    assert [node["tag"] for node in links] == ["a", "code", "code"]
