"""The book's own colours in its style sheet, and the palette of its figures, against the backgrounds they stand on."""

import re
from pathlib import Path

import pytest

from verified_dynamics.figures.style import GREY, INK, PALETTE

SHEET = Path(__file__).parents[2] / "book" / "_static" / "verified-dynamics.css"
TEXT = ("ink", "soft", "ok", "control", "accent")  # WCAG AA asks 4.5 of text
MARKS = ("none",)  # and 3 of what is drawn


def luminance(colour: str) -> float:
    """Relative luminance of `#rgb` or `#rrggbb`, as WCAG 2 defines it."""
    digits = colour.lstrip("#")
    digits = "".join(2 * digit for digit in digits) if len(digits) == 3 else digits
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Contrast of two colours, from 1 to 21."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def themes(sheet: str) -> dict[str, dict[str, str]]:
    """The colours of each theme by their names without `--vd-`; the dark theme inherits what it does not set."""
    light, dark = (
        dict(
            re.findall(
                r"--vd-([a-z]+): (#[0-9a-f]{3,6})",
                re.search(rf"{selector} \{{(.*?)\}}", sheet, re.S | re.M)[1],
            )
        )
        for selector in (r"^html", r'^html\[data-theme="dark"\]')
    )
    return {"light": light, "dark": light | dark}


def faint(sheet: str) -> list[str]:
    """Colours that are too faint on paper or wash: `soft on wash in dark: 3.9`."""
    found = []
    for theme, colours in themes(sheet).items():
        for names, least in ((TEXT, 4.5), (MARKS, 3.0)):
            for name in names:
                for ground in ("paper", "wash"):
                    ratio = contrast(colours[name], colours[ground])
                    if ratio < least:
                        found.append(f"{name} on {ground} in {theme}: {ratio:.1f}")
    return found


def test_the_books_colours_stand_out_in_both_themes():
    assert faint(SHEET.read_text(encoding="utf-8")) == []


def test_a_faint_colour_is_found():
    same = "".join(f"--vd-{name}: #222; " for name in ("ink", "ok", "control", "accent"))
    light = f"html {{ {same}--vd-soft: #aaa; --vd-none: #777; --vd-paper: #fff; --vd-wash: #fff; }}"
    sheet = light + '\nhtml[data-theme="dark"] { --vd-soft: #222; }'
    assert faint(sheet) == ["soft on paper in light: 2.3", "soft on wash in light: 2.3"]


@pytest.mark.parametrize(("one", "other", "ratio"), [("#000", "#fff", 21.0), ("#777777", "#ffffff", 4.48)])
def test_contrast_is_that_of_the_standard(one, other, ratio):
    assert contrast(one, other) == pytest.approx(ratio, abs=0.005)


def test_text_and_the_leading_colours_of_figures_stand_out_on_white():
    assert contrast(INK, "#fff") >= 4.5 and contrast(GREY, "#fff") >= 3
    assert [colour for colour in PALETTE[:3] if contrast(colour, "#fff") < 3] == []
