"""The files of a figure: pictures, data, and their descriptions, each with its kind, size and digest."""

import base64
import hashlib
import json
from dataclasses import dataclass

from verified_dynamics.book.citation import Book, bibtex, sentence
from verified_dynamics.book.figure_data import datasets, tables
from verified_dynamics.book.pictures import lean

__all__ = ["FORMAT", "GROUPS", "Download", "downloads", "summary"]

FORMAT = "verified-dynamics figure 1"
GROUPS = ("Picture", "Data", "Description")
MEDIA = {
    "svg": "image/svg+xml",
    "pdf": "application/pdf",
    "png": "image/png",
    "csv": "text/csv",
    "nc": "application/x-netcdf",
    "json": "application/json",
    "bib": "application/x-bibtex",
}
_NAMES = {"png": "PNG, 300 dpi", "nc": "NetCDF", "bib": "BibTeX"}
_HEAVY = ("svg", "pdf", "png", "data")


@dataclass(frozen=True)
class Download:
    """One file of a figure. group: one of GROUPS; detail: experiment and table where a figure has several."""

    file: str
    group: str
    detail: str
    content: bytes

    @property
    def suffix(self) -> str:
        """The end of the file's name, without the dot."""
        return self.file.rpartition(".")[2]

    @property
    def media(self) -> str:
        """The media type."""
        return MEDIA[self.suffix]

    @property
    def label(self) -> str:
        """What a reader calls it."""
        kind = _NAMES.get(self.suffix, self.suffix.upper())
        return f"{kind}: {self.detail}" if self.detail else kind

    @property
    def sha256(self) -> str:
        """Digest of the content."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def size(self) -> str:
        """The size in words, such as "38 kB"."""
        count = len(self.content)
        if count < 1000:
            return f"{count} bytes"
        return f"{count / 1000:.0f} kB" if count < 999_500 else f"{count / 1e6:.1f} MB"


def downloads(record: dict, book: Book, reproduction: dict | None = None) -> list[Download]:
    """Every download of a figure, in the order of the page.

    reproduction: the outcome of its last re-run, which the JSON file repeats.
    """
    name = record["name"]
    found = [Download(f"{name}.svg", "Picture", "", lean(record["svg"]).encode())]
    found += [Download(f"{name}.{k}", "Picture", "", base64.b64decode(record[k])) for k in ("pdf", "png")]
    several = len(record["data"]) > 1
    for experiment, (content, data) in datasets(record).items():
        stem, words = (f"{name}.{experiment}", _words(experiment)) if several else (name, "")
        texts = tables(data)
        for dims, text in texts.items():
            file = f"{stem}.{dims}.csv" if len(texts) > 1 else f"{stem}.csv"
            detail = ", ".join(filter(None, (words, _over(dims) if len(texts) > 1 else "")))
            found.append(Download(file, "Data", detail, text.encode()))
        found.append(Download(f"{stem}.nc", "Data", words, content))
    shape = summary(record, book, found, reproduction)
    text = json.dumps(shape, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    found.append(Download(f"{name}.json", "Description", "", text.encode()))
    found.append(Download(f"{name}.bib", "Description", "", bibtex(record, book).encode()))
    return found


def summary(record: dict, book: Book, files: list[Download], reproduction: dict | None) -> dict:
    """The content of a figure's JSON file, as figure.schema.json describes it."""
    shown = {key: value for key, value in record.items() if key not in _HEAVY}
    listed = [
        {"name": f.file, "media_type": f.media, "bytes": len(f.content), "sha256": f.sha256} for f in files
    ]
    return {
        "format": FORMAT,
        **shown,
        "citation": sentence(record, book),
        "files": listed,
        "last_reproduction": reproduction,
    }


def _words(name: str) -> str:
    return name.replace("-", " ")


def _over(dims: str) -> str:
    return "single numbers" if dims == "scalar" else f"over {dims.replace('-', ', ')}"
