"""The ledger page in a browser: filters, folded statements, and the graph by mouse and keyboard; the gallery."""

import json
import re

import pytest

ROWS = "tr[id^=row-]:not([hidden])"
VISIBLE = (
    """selector => [...document.querySelectorAll(selector)].filter(item => item.checkVisibility()).length"""
)
SHOWN = f"() => [...document.querySelectorAll('{ROWS}')].map(row => row.id.slice(4))"
FOCUSED = "() => document.activeElement.dataset && document.activeElement.dataset.name"
GRAPH = ".vd-graph-chapter:has(a[data-name='{}'])"


@pytest.fixture(scope="module")
def ledger(site):
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
    page.goto(address, wait_until="load")
    return page


def choose(page, name, value):
    page.select_option(f"form.vd-filter select[name={name}]", value)


def fragment(page):
    return page.evaluate("() => location.hash")


def not_applicable(claim):
    return [c for c in ("proves", "refutes", "measures", "rejects") if isinstance(claim[c], dict)]


CASES = {
    "chapter": lambda claim: [claim["chapter"].split("/")[0], claim["chapter"]],
    "square": lambda claim: ["partial", *not_applicable(claim)] if not_applicable(claim) else ["full"],
    "source": lambda claim: claim["papers"] or ["none"],
    "origin": lambda claim: [claim["origin"]],
}


@pytest.mark.parametrize("name", sorted(CASES))
def test_each_choice_shows_what_the_ledger_says(opened, ledger, name):
    for value in sorted({value for claim in ledger["claims"] for value in CASES[name](claim)}):
        choose(opened, name, value)
        wanted = [claim["name"] for claim in ledger["claims"] if value in CASES[name](claim)]
        assert opened.evaluate(SHOWN) == wanted, (name, value)
        told = opened.inner_text(".vd-count")
        assert told == f"{len(wanted)} of {len(ledger['claims'])} claims shown."


def test_choices_are_joined_and_sections_without_a_match_are_gone(opened, ledger):
    chapter, origin = ledger["claims"][-1]["chapter"], "ours"
    choose(opened, "chapter", chapter)
    choose(opened, "origin", origin)
    wanted = [c["name"] for c in ledger["claims"] if c["chapter"] == chapter and c["origin"] == origin]
    assert wanted and opened.evaluate(SHOWN) == wanted
    assert opened.evaluate(VISIBLE, ".vd-by-chapter .vd-chapter-heading") == 1
    assert opened.evaluate(VISIBLE, ".vd-graph-chapter .vd-chapter-heading") == 1
    dim = opened.evaluate("() => [...document.querySelectorAll('a.vd-dim')].map(a => a.dataset.name)")
    assert not set(dim) & set(wanted) and dim


def test_words_are_found_in_name_title_and_statement(opened, ledger):
    field = opened.locator("input[name=words]")
    claim = ledger["claims"][1]
    for words in (claim["name"], claim["title"].upper(), re.findall(r"[a-z]{6,}", claim["statement"])[0]):
        field.fill(words)
        assert claim["name"] in opened.evaluate(SHOWN), words
    assert fragment(opened).startswith("#words=")


def test_nothing_matches_is_a_sentence_with_a_way_back(opened, ledger):
    assert opened.evaluate(VISIBLE, ".vd-nothing") == 0
    opened.locator("input[name=words]").fill("no claim holds these words")
    assert opened.evaluate(SHOWN) == []
    assert "No claim matches" in opened.inner_text(".vd-nothing")
    assert opened.evaluate(VISIBLE, ".vd-chapter-heading") == 0
    opened.locator(".vd-nothing button").click()
    assert len(opened.evaluate(SHOWN)) == len(ledger["claims"])
    assert fragment(opened) == "" and opened.evaluate(VISIBLE, ".vd-nothing") == 0


def test_an_address_can_be_shared_and_back_goes_back(page, address, ledger):
    page.goto(f"{address}#square=partial")
    partial = [claim["name"] for claim in ledger["claims"] if not_applicable(claim)]
    assert partial and page.evaluate(SHOWN) == partial
    assert page.locator("select[name=square]").input_value() == "partial"
    choose(page, "square", "full")
    choose(page, "origin", "paper")
    assert fragment(page) == "#square=full&origin=paper"
    page.go_back()
    assert fragment(page) == "#square=full" and page.locator("select[name=origin]").input_value() == ""
    page.go_back()
    assert page.evaluate(SHOWN) == partial
    page.go_forward()
    assert len(page.evaluate(SHOWN)) == len(ledger["claims"]) - len(partial)


def test_a_word_that_is_typed_is_one_step_back(opened, ledger):
    opened.locator("input[name=words]").press_sequentially("rescaling")
    assert 0 < len(opened.evaluate(SHOWN)) < len(ledger["claims"])
    opened.go_back()
    assert len(opened.evaluate(SHOWN)) == len(ledger["claims"])


def test_an_address_with_unknown_values_shows_everything(page, address, ledger):
    page.goto(f"{address}#source=Nobody%201900&unknown=x")
    assert len(page.evaluate(SHOWN)) == len(ledger["claims"])


def test_a_place_on_the_page_keeps_the_filters_and_a_hidden_one_lifts_them(page, address, ledger):
    page.goto(f"{address}#square=partial")
    partial = page.evaluate(SHOWN)
    page.evaluate("() => { location.hash = 'what-rests-on-what'; }")
    assert page.evaluate(SHOWN) == partial
    full = next(claim["name"] for claim in ledger["claims"] if not not_applicable(claim))
    page.evaluate("name => { location.hash = `row-${name}`; }", full)
    page.wait_for_function(f"name => ({SHOWN})().includes(name)", arg=full)


def test_the_filters_work_from_the_keyboard(opened):
    opened.locator("form.vd-filter select").first.focus()
    for _ in range(5):
        opened.keyboard.press("Tab")
    opened.keyboard.type("zzz")
    assert opened.evaluate(SHOWN) == []
    opened.keyboard.press("Tab")  # what unfolds is out of use while nothing is shown
    assert opened.evaluate("() => document.activeElement.className") == "vd-reset"
    opened.keyboard.press("Enter")
    assert opened.evaluate(SHOWN)
    assert opened.evaluate("() => document.activeElement.name") == "chapter"


def test_a_statement_is_typeset_when_it_is_opened(browser, address, ledger):
    opened = browser.new_page()
    opened.goto(address, wait_until="load")
    name = next(claim["name"] for claim in ledger["claims"] if "$" in claim["statement"])
    row = opened.locator(f"#row-{name}")
    assert row.locator("mjx-container").count() == 0
    row.locator("summary").click()
    row.locator("mjx-container").first.wait_for(timeout=20_000)
    assert row.locator(".vd-tex, mjx-merror").count() == 0
    opened.close()


def test_without_scripts_the_whole_table_and_plain_links_remain(site, browser, ledger):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((site / "book" / "ledger.html").resolve().as_uri())
    assert page.locator("form.vd-filter").is_hidden()
    assert page.locator(".vd-graph-help").is_hidden()
    assert page.locator("tr[id^=row-]").count() == len(ledger["claims"])
    assert page.locator("tr[id^=row-] >> nth=0").is_visible()
    page.locator("svg.vd-graph a").first.click()
    assert "#claim-" in page.url
    context.close()


def many(text, claims):
    """The page as it would be with some five hundred claims: its chapters repeated under other names."""
    table = re.search(
        r'<div class="vd-by-chapter".*(?=</section>\s*<section id="what-rests)', text, re.DOTALL
    )
    graph = re.search(r'<div class="vd-graph-chapter".*?(?=<script[^>]*graph.js)', text, re.DOTALL)
    for part in (table[0], graph[0]):
        further = "".join(
            re.sub(r'((?:row-|data-name="))', rf"\1again-{n}-", part) for n in range(500 // claims)
        )
        text = text.replace(part, part + further)
    return text


def test_five_hundred_claims_are_light_and_filtered_at_once(site, page, address, ledger):
    claims = len(ledger["claims"])
    text = many((site / "book" / "ledger.html").read_text(encoding="utf-8"), claims)
    assert len(text.encode()) < 1_000_000 * max(1, claims / 500), len(text.encode())
    page.route("**/book/ledger.html", lambda route: route.fulfill(body=text, content_type="text/html"))
    page.goto(address, wait_until="load")
    page.unroute("**/book/ledger.html")
    assert len(page.evaluate(SHOWN)) == claims * (1 + 500 // claims)
    choose(page, "square", "partial")
    partial = sum(bool(not_applicable(claim)) for claim in ledger["claims"])
    assert len(page.evaluate(SHOWN)) == partial * (1 + 500 // claims)


# The graph.


@pytest.fixture(scope="module")
def linked(ledger):
    """A claim that needs another of its chapter, which needs nothing here, and the claim that it needs."""
    own = {claim["name"]: claim for claim in ledger["claims"]}
    for claim in ledger["claims"]:
        for need in claim["needs"]:
            if need in own and own[need]["chapter"] == claim["chapter"]:
                return claim["name"], need
    pytest.fail("No claim of the book needs another of its chapter.")


def test_a_graph_is_one_stop_of_the_tab_key(opened):
    stops = """() => [...document.querySelectorAll("svg.vd-graph")].map(
        graph => graph.querySelectorAll('a[tabindex="0"]').length)"""
    assert set(opened.evaluate(stops)) == {1}
    opened.locator("svg.vd-graph a").first.focus()
    inside = "() => Boolean(document.activeElement.closest('svg.vd-graph'))"
    assert opened.evaluate(inside)
    opened.keyboard.press("Tab")
    assert not opened.evaluate(f"() => ({inside})() && document.activeElement.closest('.vd-graph-chapter') "
                               "=== document.querySelector('.vd-graph-chapter')")  # fmt: skip


def test_arrows_follow_the_needs_and_escape_leaves(opened, linked, ledger):
    claim, need = linked
    needs = {item["name"]: item["needs"] for item in ledger["claims"]}
    frame = opened.locator(GRAPH.format(claim)).filter(has=opened.locator(f"a[data-name='{claim}']")).first
    frame.locator(f"a[data-name='{claim}']").focus()
    opened.keyboard.press("ArrowUp")
    assert opened.evaluate(FOCUSED) in needs[claim]
    frame.locator(f"a[data-name='{need}']").focus()
    opened.keyboard.press("ArrowDown")
    assert need in needs[opened.evaluate(FOCUSED)]
    opened.keyboard.press("Home")
    first = opened.evaluate(FOCUSED)
    opened.keyboard.press("ArrowRight")
    assert opened.evaluate(FOCUSED) != first
    opened.keyboard.press("ArrowLeft")
    assert opened.evaluate(FOCUSED) == first
    opened.keyboard.press("ArrowLeft")
    assert opened.evaluate(FOCUSED) == first
    assert frame.locator("a.vd-here").count() == 1
    opened.keyboard.press("Escape")
    assert opened.evaluate("() => document.activeElement.className") == "vd-graph-line"
    assert opened.locator("a.vd-here").count() == 0


def test_every_box_is_reached_by_the_arrows(opened):
    names = opened.evaluate(
        "() => [...document.querySelector('svg.vd-graph').querySelectorAll('a')].map(a => a.dataset.name)"
    )
    opened.locator("svg.vd-graph a").first.focus()
    opened.keyboard.press("Home")
    seen = [opened.evaluate(FOCUSED)]
    for _ in names[1:]:
        opened.keyboard.press("ArrowRight")
        seen.append(opened.evaluate(FOCUSED))
    assert seen == names
    assert opened.locator("svg.vd-graph a[tabindex='0']").first.get_attribute("data-name") == names[-1]


def test_what_is_focused_is_marked_and_told_both_ways(opened, linked):
    claim, need = linked
    frame = opened.locator(GRAPH.format(claim)).first
    frame.locator(f"a[data-name='{claim}']").focus()
    assert "vd-above" in frame.locator(f"a[data-name='{need}']").get_attribute("class")
    told = frame.locator(".vd-graph-line").inner_text()
    assert told.startswith(f"{claim} needs ") and need in told
    frame.locator(f"a[data-name='{need}']").focus()
    assert "vd-below" in frame.locator(f"a[data-name='{claim}']").get_attribute("class")
    told = frame.locator(".vd-graph-line").inner_text()
    assert "needed by" in told and claim in told.partition("needed by")[2]
    width = opened.evaluate(
        "() => getComputedStyle(document.querySelector('a.vd-here rect.vd-box')).strokeWidth"
    )
    assert float(width.removesuffix("px")) > 3  # the focus can be seen


def test_the_mouse_marks_the_same(opened, linked):
    claim, need = linked
    frame = opened.locator(GRAPH.format(claim)).first
    frame.locator(f"a[data-name='{claim}']").hover()
    assert "vd-above" in frame.locator(f"a[data-name='{need}']").get_attribute("class")
    opened.mouse.move(1, 1)
    assert frame.locator("a.vd-here, a.vd-above").count() == 0


def test_enter_opens_the_claim(opened, linked):
    claim, _ = linked
    opened.locator(GRAPH.format(claim)).first.locator(f"a[data-name='{claim}']").focus()
    opened.keyboard.press("Enter")
    opened.wait_for_url(f"**#claim-{claim}")


# Squares without colour, and what a screen reader hears.


def test_every_square_of_the_page_has_its_words(opened, ledger):
    wrong = opened.evaluate(
        """() => [...document.querySelectorAll(".vd-ledger .vd-square")].filter(square => {
             const words = square.getAttribute("aria-label").replace(/^[^:]*: /, "").split(", ");
             const cells = [...square.children].map(cell => cell.classList.contains("na") ? "na" : "full");
             return words.length !== 4 ||
                 cells.some((state, place) => (state === "na") !== words[place].endsWith("not applicable"));
           }).map(square => square.getAttribute("aria-label"))"""
    )
    assert wrong == []
    assert opened.locator(".vd-ledger .vd-square").count() == len(ledger["claims"])


@pytest.mark.parametrize("media", [{"forced_colors": "active"}, {"media": "print"}, {}])
def test_the_states_of_a_cell_differ_by_more_than_colour(opened, media):
    opened.emulate_media(**media)
    looks = opened.evaluate(
        """() => Object.fromEntries(["i.full:not(.ctl)", "i.ctl.full", "i.na"].map(kind => {
             const look = getComputedStyle(document.querySelector(".vd-key .vd-square " + kind));
             return [kind, [look.borderTopStyle, look.backgroundImage.split("(")[0],
                            look.backgroundColor !== "rgba(0, 0, 0, 0)", look.printColorAdjust]];
           }))"""
    )
    opened.emulate_media(forced_colors="none", media="screen")
    assert looks["i.full:not(.ctl)"] == ["solid", "none", True, "exact"]
    assert looks["i.ctl.full"][:2] == ["solid", "repeating-linear-gradient"]
    assert looks["i.na"][0] == "dotted"


# The gallery.


def test_the_gallery_shows_every_figure_with_a_light_picture(site, page, ledger):
    page.goto((site / "book" / "figures.html").resolve().as_uri(), wait_until="load")
    links = page.evaluate("() => [...document.querySelectorAll('.vd-gallery-title a')].map(a => a.href)")
    assert [link.rpartition("/")[2] for link in links] == [f"{f['name']}.html" for f in ledger["figures"]]
    pictures = page.evaluate(
        "() => [...document.querySelectorAll('.vd-gallery img')].map(i => [i.alt, i.loading, i.getAttribute('src')])"
    )
    assert [words for words, _, _ in pictures] == [figure["alt"] for figure in ledger["figures"]]
    assert {loading for _, loading, _ in pictures} == {"lazy"}
    sizes = [(site / "book" / source).resolve().stat().st_size for _, _, source in pictures]
    assert max(sizes) < 20_000 and sum(sizes) / len(sizes) < 10_000, sizes
    told = page.locator(".vd-gallery-item .vd-small").all_inner_texts()
    full = [text.startswith("full-size record") for text in told]
    assert full == [figure["profile"] == "full" for figure in ledger["figures"]]


def test_a_card_of_the_gallery_is_one_link(site, page):
    page.goto((site / "book" / "figures.html").resolve().as_uri(), wait_until="load")
    picture = page.locator(".vd-gallery img").first
    picture.scroll_into_view_if_needed()
    box = picture.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_url("**/figures/*.html")
