"""The graphs of needs in a browser, by mouse and by keyboard."""

import pytest

FOCUSED = "() => document.activeElement.dataset && document.activeElement.dataset.name"
GRAPH = ".vd-graph-chapter:has(a[data-name='{}'])"


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


def lost_steps(page, ledger):
    """The boxes of the first graph from which an arrow does not lead along a need."""
    needs = {claim["name"]: claim["needs"] for claim in ledger["claims"]}
    frame = page.locator(".vd-graph-chapter").first
    names = frame.locator("a[data-name]").evaluate_all("links => links.map(link => link.dataset.name)")
    shown = {(need, name) for name in names for need in needs.get(name, ()) if need in names}
    found = []
    for name in names:
        for key, ends in (("ArrowUp", {a for a, b in shown if b == name}),
                          ("ArrowDown", {b for a, b in shown if a == name})):  # fmt: skip
            frame.locator(f"a[data-name='{name}']").focus()
            page.keyboard.press(key)
            if page.evaluate(FOCUSED) not in (ends or {name}):
                found.append((name, key))
    return found


def test_no_arrow_leaves_the_needs(opened, ledger):
    assert lost_steps(opened, ledger) == []


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("nearest(box, needs(box))", "box - 1"),
        ("nearest(box, neededBy(box))", "nearest(box, needs(box))"),
    ],
)
def test_each_planted_fault_of_the_script_is_seen(site, page, address, ledger, right, wrong):
    text = (site / "_static" / "graph.js").read_text(encoding="utf-8")
    assert text.count(right) == 1
    faulty = text.replace(right, wrong)
    page.route("**/graph.js*", lambda route: route.fulfill(body=faulty, content_type="text/javascript"))
    page.goto(address, wait_until="load")
    found = lost_steps(page, ledger)
    page.unroute("**/graph.js*")
    assert found


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
