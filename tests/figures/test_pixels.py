"""The picture of pixels: small, opaque, true to the original."""

import io

import numpy as np
from PIL import Image

from verified_dynamics.figures.pixels import FARTHEST, compact_png


def png(pixels, **options):
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG", **options)
    return stream.getvalue()


def opened(content):
    return Image.open(io.BytesIO(content))


def test_a_line_drawing_gets_a_palette_and_keeps_its_resolution():
    pixels = np.full((300, 400, 3), 255, np.uint8)
    pixels[100:110, :, :] = (0, 114, 178)
    pixels[110, :, :] = np.linspace(0, 255, 400, dtype=np.uint8)[:, None]
    found = opened(compact_png(png(pixels, dpi=(300, 300))))
    assert found.mode == "P" and round(found.info["dpi"][0]) == 300
    moved = np.abs(np.asarray(found.convert("RGB"), int) - pixels.astype(int))
    assert moved.max() <= FARTHEST


def test_a_picture_of_more_colours_than_a_palette_holds_keeps_them_all():
    pixels = np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    found = opened(compact_png(png(pixels)))
    assert found.mode == "RGB" and np.array_equal(np.asarray(found), pixels)


def test_what_is_transparent_becomes_white():
    pixels = np.zeros((10, 10, 4), np.uint8)
    pixels[5:, :, 3] = 255
    found = np.asarray(opened(compact_png(png(pixels))).convert("RGB"))
    assert found[0, 0].tolist() == [255, 255, 255] and found[9, 9].tolist() == [0, 0, 0]


def test_the_same_picture_gives_the_same_bytes():
    pixels = np.random.default_rng(0).integers(0, 255, (50, 50, 3), dtype=np.uint8)
    assert compact_png(png(pixels)) == compact_png(png(pixels))
