"""A figure in the vocabulary of schema.org, in the head of its page: search engines for data read it there."""

from verified_dynamics import addresses
from verified_dynamics.book.citation import Book, figure_address
from verified_dynamics.book.figure_files import Download

__all__ = ["LICENCES", "authors", "linked_data"]

CONTEXT = "https://schema.org"
LICENCES = {
    "text": ("https://creativecommons.org/licenses/by/4.0/", "CC BY 4.0"),
    "code": ("https://www.apache.org/licenses/LICENSE-2.0", "Apache License 2.0"),
}


def linked_data(record: dict, book: Book, files: list[Download]) -> dict:
    """The figure as a schema.org Dataset with its pictures as ImageObjects; nothing in it is fetched by a reader."""
    address = figure_address(record["name"])
    return {
        "@context": CONTEXT,
        "@type": "Dataset",
        "@id": address,
        "url": address,
        "name": record["title"],
        "description": record["alt"],
        "identifier": f"sha256:{record['digest']}",
        "creator": authors(book),
        "license": LICENCES["text"][0],
        "version": book.version,
        "datePublished": book.date,
        "isAccessibleForFree": True,
        "isPartOf": {"@type": "Book", "name": book.title, "url": addresses.site()},
        "variableMeasured": sorted({v for item in record["experiments"] for v in item["variables"]}),
        "image": [_file(f, address, "ImageObject") for f in files if f.group == "Picture"],
        "distribution": [_file(f, address, "DataDownload") for f in files if f.group == "Data"],
    }


def authors(book: Book) -> list[dict]:
    """The authors as schema.org persons and organisations."""
    return [{"@type": kind, "name": name} for name, kind in zip(book.authors, book.kinds, strict=True)]


def _file(file: Download, address: str, kind: str) -> dict:
    return {
        "@type": kind,
        "name": file.label,
        "contentUrl": address.rsplit("/", 1)[0] + "/" + file.file,
        "encodingFormat": file.media,
        "contentSize": f"{len(file.content)} B",
        "sha256": file.sha256,
    }
