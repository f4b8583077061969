"""The simulation of modular addition, used as a reader uses it: by pointer, finger and keyboard."""

import pytest
from simulation_pages import MODEL, PARTICLES, POINTS, READY, STEP, press, run_until, settle, spot, told

CHAPTER = "chapters/structure/modular-addition.html"


@pytest.fixture
def open_page(open_simulation):
    return lambda **options: open_simulation(CHAPTER, **options)


@pytest.fixture
def page(open_page):
    return open_page()


def test_run_runs_pause_pauses_and_one_step_is_one(page):
    assert page.evaluate(STEP) == 0
    run_until(page, 10)
    now = page.evaluate(STEP)
    page.wait_for_timeout(200)
    assert page.evaluate(STEP) == now
    press(page, "One step")
    page.wait_for_function(f"{STEP} === {now + 1}")
    assert page.inner_text(".vd-sim-scrub output") == f"step {now + 1}"
    press(page, "Start again")
    assert page.evaluate(STEP) == 0


def test_the_measures_that_are_shown_are_those_of_the_points(page):
    run_until(page, 40)
    page.wait_for_timeout(300)
    found = page.evaluate(f"{MODEL}.measure()")
    for side in ("network", "particles"):
        shown = {name: page.inner_text(f'[data-measure="{side}: {name}"]') for name in
                 ("Structure", "Circularity", "Grid score", "Aspect", "Clusters of sums")}  # fmt: skip
        assert shown["Structure"] == found[side]["label"]
        assert float(shown["Circularity"]) == pytest.approx(found[side]["circularity"], abs=6e-4)
        assert float(shown["Grid score"]) == pytest.approx(found[side]["gridScore"], abs=6e-4)
        assert float(shown["Aspect"]) == pytest.approx(found[side]["aspect"], abs=6e-4)
        assert int(shown["Clusters of sums"]) == found[side]["sumClusters"]
    shown = int(page.inner_text('[data-measure="network: Training accuracy"]').removesuffix(" %"))
    assert abs(shown - 100 * found["network"]["training"]["accuracy"]) <= 0.5 + 1e-9
    assert float(page.inner_text('[data-measure="network: Training loss"]')) == pytest.approx(
        found["network"]["training"]["loss"], abs=6e-5
    )


def test_sliders_by_keyboard_change_what_runs_or_begin_anew(page):
    run_until(page, 5)
    slider = page.get_by_label("Weight decay", exact=True)
    slider.focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate(f"{MODEL}.values.decay") == pytest.approx(1.05)
    assert page.evaluate(STEP) >= 5  # it goes on with the other decay
    modulus = page.get_by_label("Modulus N", exact=True)
    modulus.focus()
    page.keyboard.press("ArrowLeft")
    assert page.evaluate(f"[{MODEL}.values.modulus, {STEP}, {MODEL}.points.length]") == [16, 0, 32]
    page.get_by_label("Biases", exact=True).uncheck()
    assert page.evaluate(f"{MODEL}.net.parameters.intoBias === undefined")
    page.get_by_label("Begin with", exact=True).select_option("circle")
    assert page.evaluate(f"{MODEL}.measure().particles.label") == "circle"


def test_a_number_that_cannot_be_is_told_and_put_back(page):
    seed = page.get_by_label("Seed", exact=True)
    faults = {
        "12345": "is not a number from 0 to 9999",
        "": "is not a number",
        "1.5": "is not a multiple of 1",
    }
    for typed, words in faults.items():
        seed.fill(typed)
        seed.press("Enter")
        seed.blur()
        assert (
            words in told(page) and seed.input_value() == "1" and page.evaluate(f"{MODEL}.values.seed") == 1
        )
    before = page.evaluate(POINTS)
    seed.fill("77")
    seed.blur()
    assert page.evaluate(f"{MODEL}.values.seed") == 77 and page.evaluate(POINTS) != before


def test_examples_set_their_parameters_and_say_what_to_expect(page):
    for preset in page.evaluate("verifiedDynamics.modularAddition.presets"):
        press(page, preset["label"])
        assert told(page) == preset["told"]
        values = page.evaluate(f"{MODEL}.values")
        assert all(values[name] == value for name, value in preset["changes"].items())
        pressed = page.locator('button[aria-pressed="true"]')
        assert pressed.count() == 1 and pressed.inner_text() == preset["label"]


def test_a_point_is_dragged_with_the_pointer_while_it_runs(page):
    settle(page)
    x, y = spot(page, 3)
    before = page.evaluate(POINTS)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 30, y - 20, steps=4)
    page.mouse.up()
    after = page.evaluate(POINTS)
    assert after[6] > before[6] + 0.1 and after[7] > before[7] + 0.1
    assert after[:6] == before[:6] and after[8:] == before[8:]
    press(page, "Run")
    page.wait_for_function(f"{STEP} >= 3")
    x, y = spot(page, 5)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 5, y + 5)
    held, steps = page.evaluate(POINTS)[10:12], page.evaluate(STEP)
    page.wait_for_function(f"{STEP} > {steps + 10}")
    assert page.evaluate(POINTS)[10:12] == held  # the forces do not take it out of the hand
    page.mouse.up()
    press(page, "Pause")
    press(page, "One step")
    page.wait_for_function(f"{STEP} > {steps + 10}")
    assert page.evaluate(POINTS)[10:12] != held


def test_a_finger_drags_a_point_and_the_page_stays_where_it_is(open_page):
    page = open_page(viewport={"width": 375, "height": 800}, has_touch=True, is_mobile=True)
    settle(page)
    x, y = spot(page, 7)
    before, scrolled = page.evaluate(POINTS), page.evaluate("scrollY")
    fingers = page.context.new_cdp_session(page)

    def touch(kind, *at):
        points = [{"x": at[0], "y": at[1]}] if at else []
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", x, y)
    for i in range(1, 6):
        touch("touchMove", x, y - 8 * i)
    touch("touchEnd")
    after = page.evaluate(POINTS)
    assert after[15] > before[15] + 0.1
    assert page.evaluate("scrollY") == scrolled


def test_points_are_chosen_and_moved_with_the_keys(page):
    page.focus(PARTICLES)
    page.keyboard.press("PageDown")
    page.keyboard.press("PageDown")
    before = page.evaluate(POINTS)
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Shift+ArrowLeft")
    after = page.evaluate(POINTS)
    assert after[3] > before[3] and after[2] < before[2]
    assert told(page).startswith("Point 1 of the particles at (")
    assert after[:2] == before[:2] and after[4:] == before[4:]


def test_the_tab_key_reaches_every_control_and_each_has_a_name(page):
    kinds = "button, input, select, summary, canvas[tabindex]"
    wanted = page.evaluate(f"""() => [...document.querySelectorAll("{READY} :is({kinds})")]
      .filter(one => one.checkVisibility()).map((one, i) => (one.dataset.place = i))""")
    page.evaluate(f"document.querySelector('{READY} button').focus()")
    reached = set()
    for _ in range(len(wanted) + 5):
        reached.add(page.evaluate("Number(document.activeElement.dataset.place)"))
        page.keyboard.press("Tab")
    assert set(wanted) <= reached
    unnamed = page.evaluate(f"""() => [...document.querySelectorAll("{READY} :is(input, select, canvas)")]
      .filter(one => !one.labels?.length && !one.getAttribute("aria-label")).map(one => one.outerHTML)""")
    assert unnamed == []


def test_the_time_line_goes_back_and_what_runs_then_begins_there(page):
    run_until(page, 30)
    late = page.evaluate(POINTS)
    scrubber = page.get_by_label("Time-line: go back to an earlier step")
    scrubber.focus()
    page.keyboard.press("Home")
    assert page.evaluate(STEP) == 0 and page.evaluate(POINTS) != late
    page.keyboard.press("ArrowRight")
    step = page.evaluate(STEP)
    assert 0 < step < 30
    press(page, "One step")
    page.wait_for_function(f"{STEP} === {step + 1}")
    last = "document.getElementById('simulation').simulation.states.entries.at(-1).step"
    assert page.evaluate(last) <= step + 1


def test_the_network_hands_its_points_to_the_particles(page):
    run_until(page, 30)
    press(page, "Network’s points to the particles")
    ratio = page.evaluate(f"""() => {{ const one = {MODEL}.cloud("network"), other = {MODEL}.cloud("particles");
      return Array.from(other, (x, i) => x / one[i]); }}""")
    assert max(ratio) == pytest.approx(min(ratio), rel=1e-9)  # the same shape, at the particles' size
