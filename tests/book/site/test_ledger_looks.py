"""Squares that need no colour and have their words, and the gallery."""

import pytest

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


LOOKS = """() => Object.fromEntries(["i.full:not(.ctl)", "i.ctl.full", "i.na"].map(kind => {
  const look = getComputedStyle(document.querySelector(".vd-key .vd-square " + kind));
  return [kind, [look.borderTopStyle, look.backgroundImage.split("(")[0],
                 look.backgroundColor !== getComputedStyle(document.body).backgroundColor &&
                 look.backgroundColor !== "rgba(0, 0, 0, 0)", look.printColorAdjust]];
}))"""
NO_COLOUR = {
    "i.full:not(.ctl)": ["solid", "none", True, "exact"],
    "i.ctl.full": ["solid", "repeating-linear-gradient", False, "exact"],
    "i.na": ["dotted", "none", False, "exact"],
}
MEDIA = [{"forced_colors": "active"}, {"media": "print"}, {"color_scheme": "dark"}, {}]


def looks(page, media):
    """Border, pattern, filling, and whether paper keeps them, of each state of a cell."""
    page.emulate_media(**media)
    found = page.evaluate(LOOKS)
    page.emulate_media(forced_colors="none", media="screen", color_scheme="light")
    return found


@pytest.mark.parametrize("media", MEDIA, ids=str)
def test_the_states_of_a_cell_differ_by_more_than_colour(opened, media):
    found = looks(opened, media)
    if (
        media.get("media") == "print"
    ):  # there the hatching is a drawing: a gradient becomes hundreds of rectangles
        assert found["i.ctl.full"][1] == "url"
        found["i.ctl.full"][1] = "repeating-linear-gradient"
    assert found == NO_COLOUR


@pytest.mark.parametrize(
    "style",
    [
        ".vd-square i.ctl.full { background: brown; }",
        ".vd-square i.na { border-style: solid; }",
        "@media (forced-colors: active) { .vd-square i { forced-color-adjust: auto; } }",
        ".vd-square i { print-color-adjust: economy; }",
    ],
)
def test_each_square_that_only_colour_tells_apart_is_seen(opened, style):
    opened.add_style_tag(content=style.replace(";", " !important;"))
    assert looks(opened, {"forced_colors": "active"}) != NO_COLOUR


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
