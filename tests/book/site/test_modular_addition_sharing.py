"""The simulation of modular addition: its links, what it saves, its gallery, its themes, and the page without it."""

import json
from pathlib import Path

import pytest
from simulation_pages import MODEL, PARTICLES, POINTS, READY, STEP, press, run_until, settle, told

CHAPTER = "chapters/structure/modular-addition.html"


@pytest.fixture
def open_page(open_simulation):
    return lambda fragment="", **options: open_simulation(CHAPTER + fragment, **options)


@pytest.fixture
def page(open_page):
    return open_page()


def test_a_link_opens_with_its_parameters_and_copied_ones_do_the_same(open_page):
    page = open_page("#simulation=modular-addition&modulus=23&seed=42&alignment=2.5&biases=off&start=lattice")
    found = page.evaluate(f"{MODEL}.values")
    assert [found[name] for name in ("modulus", "seed", "alignment", "biases", "start", "width")] == [
        23, 42, 2.5, False, "lattice", 64]  # fmt: skip
    assert page.evaluate(f"document.querySelector('{READY}').getBoundingClientRect().top") < 500
    press(page, "Copy the link")
    page.wait_for_selector("input[aria-label='Link to these parameters']:visible")
    link = page.input_value("input[aria-label='Link to these parameters']")
    other = open_page("#" + link.partition("#")[2])
    assert other.evaluate(f"{MODEL}.values") == found
    other.evaluate("location.hash = '#simulation=modular-addition&modulus=9'")
    other.wait_for_function(f"{MODEL}.values.modulus === 9")
    other.evaluate("location.hash = '#simulation'")  # an anchor of the page is no link of the simulation
    assert other.evaluate(f"{MODEL}.values.modulus") == 9


TAMPERED = (
    "modulus=2",
    "decay=NaN",
    "seed=1;alert(1)",
    "start=<img src=x onerror=alert(1)>",
    "start=javascript:alert(1)",
    "hidden=1",
    "modulus=17&modulus=19",
    "decay=%E0%A4%A",
)


@pytest.mark.parametrize("text", TAMPERED)
def test_a_tampered_link_falls_back_with_a_message_and_runs_nothing(open_page, text):
    page = open_page(f"#simulation=modular-addition&{text}")
    standard = page.evaluate("verifiedDynamics.modularAddition.preset('grid')")
    assert told(page).startswith("The link was not understood, so the simulation begins as usual. ")
    assert page.evaluate(f"{MODEL}.values") == standard
    assert page.locator(f"{READY} img").count() == 0
    press(page, "One step")
    page.wait_for_function(f"{STEP} === 1")


def test_a_split_without_all_classes_is_told_and_the_particles_run(open_page):
    page = open_page("#simulation=modular-addition&share=0.1")
    assert "raise the training share" in told(page)
    run_until(page, 3)
    assert page.inner_text('[data-measure="network: Structure"]') == "–"
    assert page.inner_text('[data-measure="particles: Structure"]') in ("grid", "circle", "line", "other")
    press(page, "Network’s points to the particles")
    press(page, "Grid")
    assert page.evaluate(f"{MODEL}.net !== null")


def test_what_is_saved_can_be_read(page, tmp_path):
    run_until(page, 8)
    saved = {}
    for name in ("Save as JSON", "Save as PNG"):
        with page.expect_download() as download:
            press(page, name)
        saved[name] = tmp_path / download.value.suggested_filename
        download.value.save_as(saved[name])
    record = json.loads(saved["Save as JSON"].read_text(encoding="utf-8"))
    assert record["values"] == page.evaluate(f"{MODEL}.values") and record["step"] == page.evaluate(STEP)
    assert record["state"]["points"] == page.evaluate(POINTS)
    assert record["measures"]["particles"]["label"] and len(record["curve"]) > 5
    picture = saved["Save as PNG"].read_bytes()
    width, height = (int.from_bytes(picture[i : i + 4], "big") for i in (16, 20))
    assert picture.startswith(b"\x89PNG") and width > 400 and height > 400 and len(picture) > 5_000


def test_the_gallery_counts_sixteen_seeds_and_stops_when_told(page):
    page.get_by_text("Gallery: one setting, sixteen seeds").click()
    press(page, "Run 16 seeds")
    press(page, "Stop")
    press(page, "Circle")
    page.get_by_label("Seeds of").select_option("particles")
    press(page, "Run 16 seeds")
    page.wait_for_function(
        "document.querySelector('.vd-sim-counts').textContent.startsWith('After')", timeout=120_000
    )
    words = page.inner_text(".vd-sim-counts").removeprefix("After 800 steps: ").rstrip(".").split(", ")
    counts = {name: int(count) for name, count in map(str.split, words)}
    assert sum(counts.values()) == 16 and counts["circle"] >= 8


def ink(page):
    """The darkness of the picture's lightest and darkest places."""
    return page.evaluate(f"""() => {{ const canvas = document.querySelector("{PARTICLES}");
      const data = canvas.getContext("2d").getImageData(0, canvas.height / 2, canvas.width, 1).data;
      const found = []; for (let i = 0; i < data.length; i += 4) if (data[i + 3] > 200) found.push(data[i]);
      return found[Math.floor(found.length / 2)]; }}""")


def test_the_theme_switch_repaints_at_once(open_page):
    page = open_page(color_scheme="light")
    settle(page)
    light = ink(page)
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    settle(page)
    assert light - ink(page) > 60  # the axes are light grey on white, dark grey on black
    paper = page.evaluate(f"getComputedStyle(document.querySelector('{READY}')).backgroundColor")
    assert paper == "rgb(20, 24, 29)"


PICTURES = f"""async () => {{
  const canvas = document.querySelector("{PARTICLES}"), end = performance.now() + 2600;
  const seen = new Set();
  while (performance.now() < end) {{ seen.add(canvas.toDataURL()); await new Promise(done => setTimeout(done, 30)); }}
  return seen.size;
}}"""


@pytest.mark.parametrize(("motion", "least", "most"), [("reduce", 2, 7), ("no-preference", 8, 10_000)])
def test_whoever_asks_for_little_motion_sees_two_pictures_a_second(open_page, motion, least, most):
    page = open_page(reduced_motion=motion)
    page.locator(PARTICLES).scroll_into_view_if_needed()
    assert page.evaluate(STEP) == 0  # nothing moves unasked
    press(page, "Run")
    assert least <= page.evaluate(PICTURES) <= most
    press(page, "Pause")
    assert page.evaluate(STEP) > 0


def test_nothing_is_too_wide_on_a_phone(open_page):
    page = open_page(viewport={"width": 375, "height": 800})
    page.get_by_text("Gallery: one setting, sixteen seeds").click()
    press(page, "Copy the link")
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(wide) <= 0
    spilled = page.evaluate(f"""() => [...document.querySelectorAll("{READY} *")].filter(one => one.checkVisibility()
      && one.getBoundingClientRect().right > document.querySelector("{READY}").getBoundingClientRect().right + 1)
      .map(one => one.className || one.tagName)""")
    assert spilled == []


def test_without_javascript_the_published_figure_is_seen_instead(site, browser):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((site / CHAPTER).resolve().as_uri(), wait_until="load")
    assert page.locator("#simulation button").count() == 0
    assert "needs JavaScript" in page.inner_text("#simulation")
    figure = page.locator("#simulation a[href^='#fig-']").get_attribute("href")
    assert page.locator(figure).is_visible() and page.locator(f"{figure} img").count() >= 1
    context.close()


def test_only_the_chapter_loads_the_simulation(site):
    scripts = "_static/simulations/"
    assert scripts in (site / CHAPTER).read_text(encoding="utf-8")
    assert scripts not in (site / "index.html").read_text(encoding="utf-8")
    others = [path for path in Path(site, "chapters").rglob("*.html") if path != site / CHAPTER]
    assert not [path.name for path in others if scripts in path.read_text(encoding="utf-8")]
