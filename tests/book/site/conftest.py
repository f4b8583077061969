"""The built site, and one browser for all its pages."""

import json
import os
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def site() -> Path:
    """The folder of the built site; every test here fails with one sentence if there is none."""
    folder = Path(os.environ.get("VERIFIED_DYNAMICS_SITE", ROOT / "_build" / "html"))
    if not (folder / "index.html").is_file():
        pytest.fail("The site is not built: run `make book` first.", pytrace=False)
    return folder


@pytest.fixture(scope="session")
def browser():
    """Headless Chromium; without it the tests are skipped, except in continuous integration, where they fail."""
    missing = pytest.fail if os.environ.get("CI", "").lower() == "true" else pytest.skip
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        missing("There is no chromium on this machine: install it to check the site in a browser.")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing(
            "Playwright is not installed: install the package's test extra to check the site in a browser."
        )
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        yield found
        found.close()


@pytest.fixture(scope="session")
def ledger(site):
    """The ledger beside the pages."""
    return json.loads((site / "ledger.json").read_text())


@pytest.fixture(scope="module")
def page(site, browser):
    """A page without MathJax, which only the test of the formulas needs."""
    opened = browser.new_page(viewport={"width": 1280, "height": 900})
    opened.route("**/mathjax/**", lambda route: route.abort())
    yield opened
    opened.close()


@pytest.fixture
def address(site, page):
    """The page's address; the page itself is left before, so that each test begins with a fresh one."""
    page.goto("about:blank")
    return (site / "book" / "ledger.html").resolve().as_uri()


@pytest.fixture
def opened(page, address):
    """The ledger page, fresh."""
    page.goto(address, wait_until="load")
    return page


@pytest.fixture
def open_simulation(site, browser):
    """Opens a page with a simulation, `name#fragment`, with options of the browser's context.

    Afterwards: the page had no error, opened no dialog, and asked no server for anything.
    """
    contexts, faults = [], []

    def note(request):
        if not request.url.startswith(("file:", "data:", "blob:")):
            faults.append(request.url)

    def open_(name: str, **options):
        path, _, fragment = name.partition("#")
        context = browser.new_context(**({"viewport": {"width": 1280, "height": 1000}} | options))
        contexts.append(context)
        opened = context.new_page()
        opened.route("**/mathjax/**", lambda route: route.abort())
        opened.on("pageerror", lambda error: faults.append(str(error)))
        opened.on("dialog", lambda dialog: (faults.append("a dialog opened"), dialog.dismiss()))
        opened.on("request", note)
        opened.goto(f"{(site / path).resolve().as_uri()}#{fragment}", wait_until="load")
        opened.wait_for_selector(".vd-sim-ready")
        return opened

    yield open_
    for context in contexts:
        context.close()
    assert faults == []
