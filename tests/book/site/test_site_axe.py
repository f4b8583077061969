"""axe-core on every page: no violation that it calls serious or critical, in light, dark and on a phone.

MathJax is held back here: it writes twenty elements for a letter, on which axe-core spends minutes. What it writes
is the same on every page, and `test_drawn_mathematics_is_accessible` looks at it on one.
"""

import os
from pathlib import Path

import pytest
from page_checks import pages

ROOT = Path(__file__).parents[3]
GRAVE = ("serious", "critical")
# Colours differ between the themes, places between the widths; the rest is the same page.
VIEWS = (
    ("light", 1280, {}),
    ("dark", 1280, {"runOnly": ["color-contrast", "link-in-text-block"]}),
    ("light", 375, {"rules": {"color-contrast": {"enabled": False}}}),
)
RUN = """async options => {
  options.resultTypes = ["violations"];
  const report = await axe.run(document, options);
  return report.violations.map(found => [found.impact, found.id, found.nodes.map(node => node.target.join(" "))]);
}"""
SETTLED = """async () => {
  for (let count = 0; count < 4; count++) await new Promise(requestAnimationFrame);
  await Promise.all(document.getAnimations().map(one => one.finished.catch(() => 0)));
}"""


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core, which `make test` installs; without it the tests are skipped, but not in CI."""
    found = sorted(ROOT.glob("_build/axe/*/node_modules/axe-core/axe.min.js"))
    if not found:
        missing = pytest.fail if os.environ.get("CI", "").lower() == "true" else pytest.skip
        missing("axe-core is not installed: install npm and run `make test`.")
    return found[-1].read_text(encoding="utf-8")


def violations(page, address: str, axe: str, views=VIEWS) -> list[str]:
    """What axe-core finds grave on one page: `rule (impact) in theme at width: element`."""
    found = []
    for theme, width, options in views:
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(address, wait_until="load")  # afresh: no colour is on its way from one theme to the other
        page.evaluate(axe)
        page.evaluate(SETTLED)
        for impact, rule, targets in page.evaluate(RUN, options):
            if impact in GRAVE:
                found += [f"{rule} ({impact}) in {theme} at {width}: {target}" for target in targets[:5]]
    return found


def test_no_page_has_a_serious_violation(site, browser, axe):
    found = []
    context = browser.new_context(bypass_csp=True)
    page = context.new_page()
    page.route("**/mathjax/**", lambda route: route.abort())
    for path in [path for path, content in pages(site).items() if not content.redirects]:
        name = path.relative_to(site).as_posix()
        found += [f"{name}: {text}" for text in violations(page, path.resolve().as_uri(), axe)]
    context.close()
    assert found == []


def test_drawn_mathematics_is_accessible(site, browser, axe):
    page = browser.new_page()
    address = (site / "book" / "notation.html").resolve().as_uri()
    page.goto(address, wait_until="load")
    page.evaluate("() => MathJax.startup.promise")
    spoken = page.evaluate(
        "() => document.querySelectorAll('mjx-container > mjx-assistive-mml > math').length"
    )
    page.evaluate(axe)
    found = [rule for impact, rule, _ in page.evaluate(RUN, {}) if impact in GRAVE]
    page.close()
    assert spoken > 0 and found == []


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ('<p style="color:#999;background:#fff">faint words</p>', "color-contrast (serious) in light"),
        ('<p style="color:#555">faint in the dark</p>', "color-contrast (serious) in dark"),
        ('<input type="text">', "label (critical)"),
        ('<a href="#x"></a>', "link-name (serious)"),
        ("<button></button>", "button-name (critical)"),
        ('<div role="button" tabindex="0">a <a href="#x">b</a></div>', "nested-interactive (serious)"),
        ('<div style="overflow-x:auto;width:90px;white-space:nowrap">long words in one long line</div>',
         "scrollable-region-focusable (serious)"),
        ('<img src="x.svg">', "image-alt (critical)"),
        ('<ul><p>no item</p></ul>', "list (serious)"),
        ('<p aria-label="x" role="gruop">x</p>', "aria-roles (critical)"),
    ],
)  # fmt: skip
def test_each_planted_fault_is_reported(tmp_path, browser, axe, body, rule):
    style = "@media (prefers-color-scheme: dark) { body { background: #111; color: #eee } }"
    (tmp_path / "page.html").write_text(
        f'<!doctype html><html lang="en"><head><title>Page</title><style>{style}</style></head>'
        f"<body><main><h1>Page</h1>{body}</main></body></html>"
    )
    page = browser.new_page()
    found = violations(page, (tmp_path / "page.html").as_uri(), axe)
    page.close()
    assert any(text.startswith(rule) for text in found), found
