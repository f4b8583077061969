"""A picture of pixels, for slides and word processors that read no vector picture: as small as it can be."""

import io

import numpy as np
from PIL import Image

__all__ = ["compact_png"]

FARTHEST = 16  # of 255: no eye sees such a difference at the rim of a line


def compact_png(content: bytes) -> bytes:
    """The PNG without its transparency on white, and with a palette of 256 colours where these are enough.

    They are enough if no pixel moves by more than FARTHEST in any channel; a picture with smooth shades keeps all its
    colours. The resolution is kept; the same picture gives the same bytes.
    """
    with Image.open(io.BytesIO(content)) as opened:
        resolution = opened.info.get("dpi")
        picture = Image.new("RGB", opened.size, "white")
        rgba = opened.convert("RGBA")
        picture.paste(rgba, mask=rgba.getchannel("A"))
    few = picture.quantize(256, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    moved = np.abs(np.asarray(few.convert("RGB"), dtype=int) - np.asarray(picture, dtype=int)).max()
    stream = io.BytesIO()
    chosen = few if moved <= FARTHEST else picture
    chosen.save(stream, "PNG", optimize=True, **({"dpi": resolution} if resolution else {}))
    return stream.getvalue()
