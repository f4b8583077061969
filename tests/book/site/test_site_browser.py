"""Every page in a real browser: no foreign request, no error, mathematics and pictures drawn, nothing too wide."""

import json

import pytest
from page_checks import pages

WIDTHS = (1280, 375)
READY = """async () => {
  if (window.MathJax && MathJax.startup) await MathJax.startup.promise;
  const shown = image => { image.loading = "eager"; return image.decode().catch(() => 0); };
  await Promise.all([...document.images].map(shown));
}"""
STATE = """() => ({
  formulas: document.querySelectorAll(".math").length,
  drawn: document.querySelectorAll("mjx-container").length,
  wrong: [...document.querySelectorAll("mjx-merror")].map(error => error.textContent.slice(0, 80)),
  broken: [...document.images].filter(image => !image.complete || !image.naturalWidth).map(image => image.src),
})"""
TOO_WIDE = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
UNTIL_THEME = """async theme => {
  const end = performance.now() + 2000;
  while (document.documentElement.dataset.theme !== theme && performance.now() < end)
    await new Promise(resolve => setTimeout(resolve, 10));
}"""
DARKNESS = """() => {
  const numbers = getComputedStyle(document.body).backgroundColor.match(/[0-9.]+/g).map(Number);
  return [document.documentElement.dataset.theme, (numbers[0] + numbers[1] + numbers[2]) / 3];
}"""


def visit(page, address: str) -> list[str]:
    """What is wrong with one page, in both widths and both themes."""
    found: list[str] = []
    page.set_viewport_size({"width": WIDTHS[0], "height": 900})
    page.emulate_media(color_scheme="light")
    page.goto(address, wait_until="load")
    page.evaluate(READY)
    state = page.evaluate(STATE)
    if state["formulas"] and not state["drawn"]:
        found.append("the mathematics is not drawn")
    found += [f"mathematics in error: {text}" for text in state["wrong"]]
    found += [f"the picture {source} is not shown" for source in state["broken"]]
    for theme, is_dark in (("light", False), ("dark", True)):
        page.emulate_media(color_scheme=theme)
        page.evaluate(UNTIL_THEME, theme)
        name, brightness = page.evaluate(DARKNESS)
        if name != theme or (brightness < 128) != is_dark:
            found.append(f"the {theme} theme is not shown ({name}, brightness {brightness:.0f})")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        excess = page.evaluate(TOO_WIDE)
        if excess > 0:
            found.append(f"{excess} pixels too wide at {width}")
    return found


@pytest.fixture(scope="module")
def faults(site, browser):
    """What is wrong anywhere on the site: (page, fault)."""
    found: list[str] = []
    context = browser.new_context()
    page = context.new_page()
    name = ""
    page.on(
        "console",
        lambda message: found.append(f"{name}: {message.text}") if message.type == "error" else None,
    )
    page.on("pageerror", lambda error: found.append(f"{name}: {error}"))
    page.on("request", lambda request: None if request.url.startswith(("file:", "data:", "blob:"))
            else found.append(f"{name} asks for {request.url}"))  # fmt: skip
    for path in [path for path, content in pages(site).items() if not content.redirects]:
        name = path.relative_to(site).as_posix()
        found += [f"{name}: {fault}" for fault in visit(page, path.resolve().as_uri())]
    context.close()
    return found


def test_no_page_has_a_fault(faults):
    assert faults == []


def test_the_search_finds_every_chapter_by_its_title(site, browser):
    ledger = json.loads((site / "ledger.json").read_text())
    page = browser.new_page()
    for chapter in sorted({claim["chapter"] for claim in ledger["claims"]}):
        words = chapter.rpartition("/")[2].replace("-", "+")
        page.goto(f"{(site / 'search.html').resolve().as_uri()}?q={words}", wait_until="load")
        page.wait_for_selector(f'#search-results a[href*="{chapter}.html"]', timeout=15_000)
    page.close()


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ('<div style="width:2000px">x</div>', "too wide at 375"),
        ('<img src="gone.svg" alt="x">', "is not shown"),
        ('<span class="math">x</span>', "mathematics is not drawn"),
        ("<mjx-merror>undefined control sequence</mjx-merror>", "mathematics in error"),
        ("", "the dark theme is not shown"),
    ],
)
def test_each_planted_fault_is_seen(tmp_path, browser, body, fault):
    (tmp_path / "page.html").write_text(
        f'<html data-theme="light"><body style="background:#fff">{body}</body></html>'
    )
    page = browser.new_page()
    found = visit(page, (tmp_path / "page.html").as_uri())
    page.close()
    assert any(fault in text for text in found), found
