"""Every page weighs at most 1.5 MB, with all that it loads, and is painted before MathJax arrives."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from page_checks import pages

LIMIT = 1_500_000  # bytes, as they lie on the disk: no server compresses them
SEEN = """async () => {
  if (window.MathJax && MathJax.startup) await MathJax.startup.promise;
  for (const image of document.images) { image.loading = "eager"; await image.decode().catch(() => 0); }
  scrollTo(0, document.documentElement.scrollHeight);
  await document.fonts.ready;
}"""
PAINTED = """() => new Promise(done => {
  new PerformanceObserver(list => { if (list.getEntriesByName("first-contentful-paint").length) done(true); })
    .observe({ type: "paint", buffered: true });
  setTimeout(() => done(false), 8000);
})"""


def loaded(page, path: Path) -> dict[str, int]:
    """Bytes of every file that a page loads until its end has been seen."""
    sizes: dict[str, int] = {}

    def note(request):
        file = Path(unquote(urlsplit(request.url).path))
        if request.url.startswith("file:") and file.is_file():
            sizes[file.as_posix()] = file.stat().st_size

    page.on("request", note)
    page.goto(path.resolve().as_uri(), wait_until="load")
    page.evaluate(SEEN)
    page.remove_listener("request", note)
    return sizes


def fault(name: str, sizes: dict[str, int]) -> str | None:
    """One line that names what is heaviest, if the page is too heavy."""
    total = sum(sizes.values())
    if total <= LIMIT:
        return None
    heaviest = sorted(sizes, key=sizes.get, reverse=True)[:4]
    files = ", ".join(f"{Path(file).name} {sizes[file] / 1000:.0f} KB" for file in heaviest)
    return f"{name} weighs {total / 1e6:.2f} MB: {files}"


def test_no_page_is_heavy_and_only_mathematics_loads_mathjax(site, browser):
    found = []
    for path in [path for path, content in pages(site).items() if not content.redirects]:
        context = browser.new_context(offline=True)  # a context of its own: nothing is cached
        page = context.new_page()
        name = path.relative_to(site).as_posix()
        sizes = loaded(page, path)
        found.append(fault(name, sizes))
        formulas = page.evaluate("() => document.querySelectorAll('.math').length")
        if bool(formulas) != any("/mathjax/packed.js" in file for file in sizes):
            found.append(
                f"{name} has {formulas} formulas and " + ("no MathJax" if formulas else "loads MathJax")
            )
        context.close()
    assert [text for text in found if text] == []


def test_a_heavy_page_is_reported_with_what_is_heaviest(tmp_path, browser):
    (tmp_path / "big.js").write_text("/*" + "x" * 1_600_000 + "*/")
    (tmp_path / "page.html").write_text('<p>x</p><script src="big.js"></script>')
    page = browser.new_page()
    text = fault("page.html", loaded(page, tmp_path / "page.html"))
    page.close()
    assert "page.html weighs 1.60 MB: big.js 1600 KB" in text


def painted_without_mathjax(browser, path: Path) -> bool:
    """Whether a page shows its content while the script of MathJax is held back."""
    context = browser.new_context()
    page = context.new_page()
    held = []
    page.route(
        "**/mathjax/packed.js*", lambda route: held.append(route)
    )  # neither continued nor aborted: the script never arrives
    page.goto(path.resolve().as_uri(), wait_until="commit")
    page.wait_for_selector("h1", state="attached", timeout=30_000)
    painted = page.evaluate(PAINTED)
    words = page.evaluate("() => document.body.innerText.trim().length")
    assert held, "the page asks for no MathJax"
    context.close()
    return painted and words > 0


@pytest.mark.parametrize("name", ["chapters/margin/saturation.html", "book/notation.html"])
def test_the_first_paint_does_not_wait_for_mathjax(site, browser, name):
    assert painted_without_mathjax(browser, site / name)


def test_a_script_that_blocks_the_first_paint_is_seen(tmp_path, browser):
    (tmp_path / "page.html").write_text(
        '<html><head><script src="mathjax/packed.js"></script></head><body><h1>Words</h1></body></html>'
    )
    with pytest.raises(Exception, match="Timeout|waiting"):
        context = browser.new_context()
        page = context.new_page()
        page.route("**/mathjax/packed.js*", lambda route: None)
        page.goto((tmp_path / "page.html").as_uri(), wait_until="commit")
        try:
            page.wait_for_selector("h1", state="attached", timeout=3_000)
        finally:
            context.close()
