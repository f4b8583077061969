"""A reader without a mouse: the skip link, a visible focus on the whole way, folds that open, and no trap."""

import pytest

PAGES = ("chapters/symmetry/rescaling-invariance.html", "book/reading.html", "book/ledger.html")
PLACE = """() => {
  const here = document.activeElement;
  if (!here || here === document.body) return null;
  window.numbered = window.numbered || new Map();
  if (!window.numbered.has(here)) window.numbered.set(here, window.numbered.size);
  const style = getComputedStyle(here), box = here.getBoundingClientRect();
  const after = getComputedStyle(here, "::after");
  const lined = one => one.outlineStyle !== "none" && parseFloat(one.outlineWidth) > 0;
  return {
    number: window.numbered.get(here),
    name: here.tagName.toLowerCase() + (here.id ? "#" + here.id : "") + "." + [...here.classList].join("."),
    shown: lined(style) || lined(after) || style.boxShadow !== "none" || here.namespaceURI.endsWith("svg"),
    sized: box.width > 0 && box.height > 0,
  };
}"""


def walk(page, address: str, most: int = 400) -> tuple[list[dict], list[str]]:
    """The stops of the Tab key from the top of a page, and what is wrong on the way."""
    page.goto(address, wait_until="load")
    page.emulate_media(reduced_motion="reduce")
    stops, found = [], []
    for _ in range(most):
        page.keyboard.press("Tab")
        place = page.evaluate(PLACE)
        if place is None:
            break
        if stops and place["number"] == stops[-1]["number"]:
            found.append(f"{place['name']} holds the focus")
            break
        if stops and place["number"] == 0:
            break
        stops.append(place)
    found += [f"{stop['name']} does not show the focus" for stop in stops if not stop["shown"]]
    found += [f"{stop['name']} takes the focus and is not seen" for stop in stops if not stop["sized"]]
    return stops, found


@pytest.mark.parametrize("name", PAGES)
def test_the_tab_key_goes_through_the_page(site, browser, name):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.route("**/mathjax/**", lambda route: route.abort())
    stops, found = walk(page, (site / name).resolve().as_uri())
    names = " ".join(stop["name"] for stop in stops)
    page.close()
    assert found == []
    for wanted in ("search-button", "theme-switch-button", "primary-toggle", "reference"):
        assert wanted in names, wanted


def test_the_skip_link_leads_to_the_text_and_folds_open(site, browser):
    page = browser.new_page()
    page.goto((site / PAGES[0]).resolve().as_uri(), wait_until="load")
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.getAttribute('href')") == "#main-content"
    page.keyboard.press("Enter")
    assert page.evaluate("() => location.hash") == "#main-content"
    summary = page.locator("details > summary").first
    summary.focus()
    page.keyboard.press("Enter")
    assert summary.evaluate("summary => summary.parentElement.open")
    page.close()


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ('<style>a:focus { outline: none }</style><a href="#x">x</a>', "does not show the focus"),
        ('<a href="#x" style="position:absolute;width:0;height:0;overflow:hidden">x</a>', "is not seen"),
        ('<input onkeydown="event.preventDefault()"><a href="#x">x</a>', "holds the focus"),
    ],
)
def test_each_planted_fault_is_found(tmp_path, browser, body, fault):
    (tmp_path / "page.html").write_text(f"<!doctype html><body>{body}</body>")
    page = browser.new_page()
    _, found = walk(page, (tmp_path / "page.html").as_uri())
    page.close()
    assert any(fault in text for text in found), found
