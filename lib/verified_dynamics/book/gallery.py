"""The gallery of all figures, and the small pictures that it shows."""

import base64
import hashlib
import io
import json
import re
from itertools import groupby
from pathlib import Path

from docutils import nodes
from PIL import Image

from verified_dynamics.book.elements import html
from verified_dynamics.book.ledger_page import LedgerDirective
from verified_dynamics.book.renderers import shelf

__all__ = ["DIRECTIVES", "FOLDER", "SIZE", "opening", "thumbnail", "write_thumbnails"]

FOLDER = "thumbnails"
SIZE = (400, 240)  # pixels, on a card of some 270: sharp enough to recognise, and a few kilobytes
_QUALITY = 55
_SHORTEST_OPENING = 50  # characters: "Each point is one seed." tells too little
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")


class Figures(LedgerDirective):
    """All figures by chapter: a small picture, the title, what it shows, at which size, and the page to cite."""

    def draw(self, ledger):
        """One heading and one grid per chapter."""
        parts: list[nodes.Node] = []
        for chapter, figures in groupby(ledger["figures"], key=lambda figure: figure["chapter"]):
            parts.append(self.heading(chapter, 2))
            parts.append(html("ul", *map(self._item, figures), classes=["vd-gallery"]))
        return parts

    def _item(self, figure: dict) -> nodes.Node:
        picture = html(
            "img",
            src=f"{self.up}{FOLDER}/{figure['name']}.webp",
            alt=figure["alt"],
            loading="lazy",
            decoding="async",
            width=SIZE[0],
            height=SIZE[1],
        )
        title = html("a", *self.inline(figure["title"]), href=f"{self.up}figures/{figure['name']}.html")
        return html(
            "li",
            picture,
            html("p", title, classes=["vd-gallery-title"]),
            html("p", *self.inline(opening(figure["caption"]))),
            html("p", _shows(figure), classes=["vd-small"]),
            classes=["vd-gallery-item"],
        )


def opening(text: str) -> str:
    """The first sentence of a piece of Markdown, or as many as it takes to say something.

    A full stop within a formula ends no sentence.
    """
    pieces = _SENTENCE_END.split(" ".join(text.split()))
    found = pieces.pop(0)
    while pieces and (found.count("$") % 2 or len(found) < _SHORTEST_OPENING):
        found += " " + pieces.pop(0)
    return found


def thumbnail(png: bytes) -> bytes:
    """A picture as WebP of exactly `SIZE` pixels: the whole of it, in the middle of a white card."""
    with Image.open(io.BytesIO(png)) as opened:
        picture = opened.convert("RGBA")
    picture.thumbnail(SIZE, Image.Resampling.LANCZOS, reducing_gap=3.0)
    card = Image.new("RGB", SIZE, "white")
    corner = ((SIZE[0] - picture.width) // 2, (SIZE[1] - picture.height) // 2)
    card.paste(picture, corner, picture)
    buffer = io.BytesIO()
    card.save(buffer, "WEBP", quality=_QUALITY, method=6)
    return buffer.getvalue()


def write_thumbnails(app) -> None:
    """Write the small picture of every figure beside the pages; one whose figure did not change is kept."""
    folder = Path(app.outdir, FOLDER)
    folder.mkdir(parents=True, exist_ok=True)
    notes = Path(app.doctreedir, "thumbnails.json")  # the environment is stored before the pages are written
    before = json.loads(notes.read_text()) if notes.is_file() else {}
    now = {}
    for record in (record for figures in shelf(app.env).values() for record in figures.values()):
        path = folder / f"{record['name']}.webp"
        now[path.name] = hashlib.sha256(record["png"].encode()).hexdigest()
        if before.get(path.name) != now[path.name] or not path.is_file():
            path.write_bytes(thumbnail(base64.b64decode(record["png"])))
    for path in folder.iterdir():
        if path.name not in now:
            path.unlink()
    notes.write_text(json.dumps(now))


def _shows(figure: dict) -> str:
    """The size of the run that the figure shows, and whether a record is stale."""
    size = "full-size record" if figure["profile"] == "full" else "smoke run"
    devices = sorted({origin["device_name"] for origin in figure["provenance"].values()})
    stale = " · the record is stale" if "stale" in figure["state"] else ""
    return f"{size}, {', '.join(devices)}{stale}"


DIRECTIVES = {"ledger-figures": Figures}
