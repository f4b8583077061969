"""What a reader sees before scrolling: the front page at a glance, a chapter's claim, refutation and finding."""

import json
import re

import pytest

SCREEN = {"width": 1280, "height": 900}
BOTTOM = "element => element.getBoundingClientRect().bottom"
WORK = re.compile(r"(?:\w+: |compare |after )?([A-Z]\w+).*?\b((?:19|20)\d\d)")
TOP = "element => element.getBoundingClientRect().top"


@pytest.fixture
def page(browser):
    opened = browser.new_page(viewport=SCREEN)
    yield opened
    opened.close()


def chapters(site):
    return sorted({claim["chapter"] for claim in json.loads((site / "ledger.json").read_text())["claims"]})


def test_the_front_page_shows_totals_figure_and_ways_in_on_the_first_screen(site, page):
    page.goto((site / "book" / "intro.html").resolve().as_uri(), wait_until="load")
    assert page.locator(".vd-totals").evaluate(BOTTOM) <= SCREEN["height"]
    assert page.locator(".vd-front-figure img").evaluate(TOP) < SCREEN["height"] / 2
    assert page.locator(".vd-way").count() == 3
    assert all(way.evaluate(TOP) < SCREEN["height"] for way in page.locator(".vd-way").all())


def test_each_chapter_says_within_a_screen_what_is_claimed_refuting_and_found(site, page):
    for chapter in chapters(site):
        page.goto((site / f"chapters/{chapter}.html").resolve().as_uri(), wait_until="load")
        page.evaluate("async () => { if (window.MathJax && MathJax.startup) await MathJax.startup.promise; }")
        found = page.locator("p", has=page.locator("strong", has_text="What was found.")).first
        height = found.evaluate(BOTTOM) - page.locator("h1").first.evaluate(BOTTOM)
        assert height <= SCREEN["height"], f"{chapter}: {height:.0f} pixels below the title"
        assert page.locator(".vd-head .vd-square").count() > 0


def test_the_sources_of_every_claim_that_names_a_year_stand_in_its_chapters_head(site):
    ledger = json.loads((site / "ledger.json").read_text())
    for claim in ledger["claims"]:
        html = (site / f"chapters/{claim['chapter']}.html").read_text(encoding="utf-8")
        head = html[html.index('<div class="vd-head">') :]
        head = head[: head.index("</details>")]
        named = [WORK.match(part.strip()) for part in claim["source"].split(";")]
        for surname, year in (match.groups() for match in named if match):
            assert re.search(rf">{surname}[^<]* {year}", head), f"{claim['name']}: {surname} {year}"
