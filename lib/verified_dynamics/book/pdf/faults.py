"""What can be wrong with a printed book, read off the PDF itself."""

import json
import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from verified_dynamics.book.pdf.printing import opened

__all__ = ["PrintedBook", "faults"]

FOOT = 60  # points above the lower edge, below which only the page number stands
ERRORS = ("mjx-merror", "Math input error", "Undefined control sequence")


class PrintedBook:
    """A PDF as its checks see it: text, numbers at the foot, links, bookmarks. Pages count from 1."""

    def __init__(self, path: Path):
        self.reader = opened(path)
        self.texts: list[str] = []
        self.feet: list[str] = []
        for page in self.reader.pages:
            foot: list[str] = []
            text = page.extract_text(visitor_text=lambda part, matrix, place, *_, foot=foot: foot.append(part)
                                     if _height(matrix, place) < FOOT else None)  # fmt: skip
            self.texts.append(" ".join(text.split()))
            self.feet.append("".join(foot).strip())

    @cached_property
    def places(self) -> dict[str, int]:
        """The page of each named place."""
        known = self.reader.named_destinations
        return {name: self.reader.get_destination_page_number(place) + 1 for name, place in known.items()}

    def links(self) -> Iterator[tuple[int, str | None, str | None]]:
        """For each link: its page, the place within the document, the address elsewhere."""
        for number, page in enumerate(self.reader.pages, 1):
            for annotation in page.get("/Annots") or []:
                entry = annotation.get_object()
                action = entry.get("/A", {})
                place = entry.get("/Dest", action.get("/D"))
                if entry.get("/Subtype") == "/Link":
                    yield number, None if place is None else str(place), action.get("/URI")

    def bookmarks(self) -> list[tuple[int, str, int]]:
        """Level (parts that hold documents have 1), title and page of each bookmark, in order."""
        found: list[tuple[int, str, int]] = []

        def walk(items, level: int) -> None:
            for item in items:
                if isinstance(item, list):
                    walk(item, level + 1)
                else:
                    found.append((level, item.title, self.reader.get_destination_page_number(item) + 1))

        walk(self.reader.outline, 1)
        return found


def faults(path: Path, site: Path) -> list[str]:
    """One sentence for each thing that is wrong with the PDF of the built book at `site`."""
    book = PrintedBook(path)
    found = [*page_number_faults(book), *link_faults(book), *contents_faults(book)]
    return found + missing_words(book, expected_words(site))


def page_number_faults(book: PrintedBook) -> list[str]:
    """Every page but the title carries its own number at the foot, and none is empty."""
    found = [f"Page {number} carries {foot!r} for a number." for number, foot in enumerate(book.feet, 1)
             if number > 1 and re.match(r"\d*", foot)[0] != str(number)]  # fmt: skip
    return found + [f"Page {number} is empty." for number, text in enumerate(book.texts, 1)
                    if len(text) < 40]  # fmt: skip


def link_faults(book: PrintedBook) -> list[str]:
    """Every link leads to a place of the document or to an address of the web."""
    found = []
    for page, place, address in book.links():
        if place is not None and place not in book.places:
            found.append(f"A link on page {page} leads to {place}, which is nowhere.")
        elif place is None and not re.match("https?://|mailto:", address or ""):
            found.append(f"A link on page {page} leads to {address}.")
    return found


def contents_faults(book: PrintedBook) -> list[str]:
    """The contents name every bookmark with the page on which it lies."""
    if not book.bookmarks():
        return ["There are no bookmarks."]
    first = next((page for page, text in enumerate(book.texts, 1) if "Contents" in text[:60]), None)
    if first is None:
        return ["There is no table of contents."]
    last = min(page for _, _, page in book.bookmarks())
    contents = _words(" ".join(book.texts[first - 1 : last - 1]))
    found = []
    for level, title, page in book.bookmarks():
        # Glyphs of a formula may come in another order than its letters in the title.
        words = ".{0,14}?".join(map(re.escape, _words(title).split()))
        line = words if level == 1 else rf"{words} (\D{{1,12}} )?{page}\b"
        if not re.search(rf"\b{line}", contents):
            found.append(f"The contents do not say that {title!r} is on page {page}.")
        elif not re.search(words, _words(book.texts[page - 1])):
            found.append(f"Page {page} does not hold the heading {title!r}.")
    return found


def expected_words(site: Path) -> list[str]:
    """What the book must contain: names of claims, addresses of figures."""
    ledger = json.loads((site / "ledger.json").read_text(encoding="utf-8"))
    return [*(claim["name"] for claim in ledger["claims"]),
            *(f"figures/{figure['name']}.html" for figure in ledger["figures"])]  # fmt: skip


def missing_words(book: PrintedBook, words: list[str]) -> list[str]:
    """The words that no page holds, and the messages of formulas that were not drawn."""
    text = "".join(map(_letters, book.texts))
    found = [f"The book does not contain {word!r}." for word in words if _letters(word) not in text]
    return found + [f"The book shows {error!r}." for error in ERRORS if _letters(error) in text]


def _words(text: str) -> str:
    """Words and numbers with one space between them, in small letters: signs and capitals differ between prints."""
    return " ".join(re.findall(r"[^\W_]+", text.casefold()))


def _letters(text: str) -> str:
    """The same without spaces: a long name may be broken between lines."""
    return _words(text).replace(" ", "")


def _height(matrix, place) -> float:
    """Height above the lower edge, in points, at which a piece of text stands."""
    return matrix[1] * place[4] + matrix[3] * place[5] + matrix[5]
