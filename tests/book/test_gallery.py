"""The gallery: what it says of a figure, and small pictures that are small."""

import base64
import io

import pytest
from PIL import Image, ImageDraw
from small_book import PNG

from verified_dynamics.book.gallery import SIZE, opening, thumbnail


@pytest.mark.parametrize(
    ("caption", "told"),
    [
        (
            "The angle falls like $1/t$ for every method and every data set. More follows.",
            "The angle falls like $1/t$ for every method and every data set.",
        ),
        (
            "Each point is one seed. Four rules give the same function. More.",
            "Each point is one seed. Four rules give the same function.",
        ),
        (
            "The long formula $a. B = c$ of this caption is one sentence of its own. Then another.",
            "The long formula $a. B = c$ of this caption is one sentence of its own.",
        ),
        (
            "After Soudry et al. 2018, with the constants\nof the second order in this book. Next.",
            "After Soudry et al. 2018, with the constants of the second order in this book.",
        ),
        ("No full stop", "No full stop"),
    ],
)
def test_the_opening_of_a_caption_says_something(caption, told):
    assert opening(caption) == told


def drawn(width, height):
    """A picture with lines and dots, as PNG."""
    picture = Image.new("RGBA", (width, height), (255, 255, 255, 0))
    pen = ImageDraw.Draw(picture)
    for number in range(40):
        pen.line([(0, number * height // 40), (width, height - number * height // 40)], fill="black", width=4)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize("size", [(1800, 1080), (2400, 700), (600, 1500), (1, 1)])
def test_a_thumbnail_is_light_and_holds_the_whole_picture(size):
    small = thumbnail(drawn(*size) if size != (1, 1) else base64.b64decode(PNG))
    with Image.open(io.BytesIO(small)) as picture:
        assert picture.format == "WEBP" and picture.size == SIZE
        corner = picture.convert("L").getpixel((0, 0))
        used = picture.convert("L").point(lambda value: 255 if value < 128 else 0).getbbox()
    assert len(small) < 30_000
    if size == (2400, 700):  # wide: from edge to edge, white above and below
        assert corner > 240 and used[0] < 5 and used[2] > SIZE[0] - 5 and used[1] > 40
    if size == (600, 1500):
        assert corner > 240 and used[1] < 5 and used[3] > SIZE[1] - 5 and used[0] > 100


def test_a_thumbnail_is_the_same_for_the_same_picture():
    assert thumbnail(drawn(900, 600)) == thumbnail(drawn(900, 600))
