"""The ledger page in a browser: filters and folded statements."""

import re

import pytest

ROWS = "tr[id^=row-]:not([hidden])"
VISIBLE = (
    """selector => [...document.querySelectorAll(selector)].filter(item => item.checkVisibility()).length"""
)
SHOWN = f"() => [...document.querySelectorAll('{ROWS}')].map(row => row.id.slice(4))"


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


def wrong_choices(page, ledger, name):
    """The choices of a filter that show other claims than the ledger says, or count them wrongly."""
    found = []
    for value in sorted({value for claim in ledger["claims"] for value in CASES[name](claim)}):
        choose(page, name, value)
        wanted = [claim["name"] for claim in ledger["claims"] if value in CASES[name](claim)]
        told = f"{len(wanted)} of {len(ledger['claims'])} claims shown."
        if page.evaluate(SHOWN) != wanted or page.inner_text(".vd-count") != told:
            found.append(value)
    return found


@pytest.mark.parametrize("name", sorted(CASES))
def test_each_choice_shows_what_the_ledger_says(opened, ledger, name):
    assert wrong_choices(opened, ledger, name) == []


@pytest.mark.parametrize(
    ("right", "wrong", "name"),
    [
        ("claim.values[name].includes(value)", "true", "square"),
        ("${shown.size.toLocaleString", "${sections.length.toLocaleString", "origin"),
        ('=> [name, value.split("|")]', "=> [name, [value]]", "chapter"),
    ],
)
def test_each_planted_fault_of_the_script_is_seen(site, page, address, ledger, right, wrong, name):
    text = (site / "_static" / "ledger.js").read_text(encoding="utf-8")
    assert text.count(right) == 1
    faulty = text.replace(right, wrong)
    page.route("**/ledger.js*", lambda route: route.fulfill(body=faulty, content_type="text/javascript"))
    page.goto(address, wait_until="load")
    found = wrong_choices(page, ledger, name)
    page.unroute("**/ledger.js*")
    assert found


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
    shown = claims * (1 + 500 // claims)
    assert len(text.encode()) < 2_000 * max(shown, 500), len(text.encode())
    page.route("**/book/ledger.html", lambda route: route.fulfill(body=text, content_type="text/html"))
    page.goto(address, wait_until="load")
    page.unroute("**/book/ledger.html")
    assert len(page.evaluate(SHOWN)) == shown
    choose(page, "square", "partial")
    partial = sum(bool(not_applicable(claim)) for claim in ledger["claims"])
    assert len(page.evaluate(SHOWN)) == partial * (1 + 500 // claims)
