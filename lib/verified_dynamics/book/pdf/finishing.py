"""Bookmarks and metadata, which Chromium does not write as a book needs them."""

import io
import os
from pathlib import Path

from verified_dynamics import addresses
from verified_dynamics.book.pdf.edition import Edition
from verified_dynamics.book.pdf.joining import Heading
from verified_dynamics.book.pdf.printing import opened, page_numbers

__all__ = ["finish"]

KEYWORDS = "neural networks, training dynamics, learning theory, verification, reproducibility"


def finish(printed: bytes, target: Path, headings: list[Heading], edition: Edition) -> int:
    """Write the printed pages to `target` with bookmarks for `headings` and with metadata; the number of pages."""
    from pypdf import PdfWriter
    from pypdf.generic import NameObject, create_string_object

    reader = opened(io.BytesIO(printed))
    writer = PdfWriter(clone_from=reader)
    pages = page_numbers(printed)
    above: dict[int, object] = {}
    for heading in headings:
        parent = next((above[level] for level in range(heading.level - 1, 0, -1) if level in above), None)
        page = pages[heading.anchor] - 1
        above = {level: item for level, item in above.items() if level < heading.level}
        above[heading.level] = writer.add_outline_item(heading.text, page, parent=parent)
    writer.add_metadata(_metadata(edition))
    writer.root_object[NameObject("/PageMode")] = NameObject("/UseOutlines")
    writer.root_object[NameObject("/Lang")] = create_string_object("en-GB")
    partial = target.with_suffix(".part")
    writer.write(partial)
    os.replace(partial, target)
    return len(reader.pages)


def _metadata(edition: Edition) -> dict[str, str]:
    """Title, authors, version and commit; the time is the commit's."""
    found = {
        "/Title": edition.title,
        "/Author": edition.authors,
        "/Subject": f"Version {edition.version}, commit {edition.commit or 'unknown'}, {addresses.site()}",
        "/Keywords": KEYWORDS,
        "/Creator": "Verified Dynamics",
    }
    if edition.made:
        found["/CreationDate"] = found["/ModDate"] = f"{edition.made:D:%Y%m%d%H%M%SZ}"
    return found
