"""The order of the book: its parts and documents, from `_toc.yml`."""

from dataclasses import dataclass
from pathlib import Path

import yaml

__all__ = ["Document", "documents"]


@dataclass(frozen=True)
class Document:
    """One page of the site as a chapter of the print edition.

    `name` is its address without the suffix, `part` the caption of its part if it is the first one there.
    """

    name: str
    part: str = ""

    @property
    def anchor(self) -> str:
        """Where it begins in the print document."""
        return self.name.replace("/", "-")

    def place(self, fragment: str) -> str:
        """The name that a place of this page has in the print document."""
        return f"{self.anchor}--{fragment}" if fragment else self.anchor


def documents(root: Path) -> list[Document]:
    """Every document in reading order."""
    toc = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    found = [Document(toc["root"])]
    for part in toc.get("parts", []):
        for position, entry in enumerate(part["chapters"]):
            found.append(Document(entry["file"], part["caption"] if position == 0 else ""))
    return found
