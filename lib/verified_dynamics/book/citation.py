"""How the book and its figures are cited: BibTeX and a sentence, with lasting addresses and the digest of the data.

Who wrote the book, when this version appeared and under which licence stands in CITATION.cff, and only there.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from verified_dynamics import addresses

__all__ = [
    "Book",
    "CitationError",
    "bibtex",
    "book_bibtex",
    "book_sentence",
    "figure_address",
    "sentence",
]

DIGITS = 16  # of the digest, as many as nobody meets twice by chance
_ESCAPED = {"%": r"\%", "&": r"\&", "#": r"\#", "_": r"\_"}


class CitationError(ValueError):
    """CITATION.cff is missing or lacks what a citation needs."""


@dataclass(frozen=True)
class Book:
    """What CITATION.cff says of the book.

    authors: names as they are printed; kinds: "Person" or "Organization" of each; date: YYYY-MM-DD.
    """

    title: str
    authors: tuple[str, ...]
    kinds: tuple[str, ...]
    date: str
    version: str
    abstract: str

    @property
    def year(self) -> str:
        """The year in which this version appeared."""
        return self.date[:4]

    @classmethod
    def read(cls, root: Path | str) -> "Book":
        """From the CITATION.cff of the book at `root`; raises CitationError with one sentence."""
        import yaml

        path = Path(root, "CITATION.cff")
        try:
            content = yaml.safe_load(path.read_text(encoding="utf-8"))
            authors = tuple(_author(entry) for entry in content["authors"])
            kinds = tuple("Organization" if "name" in entry else "Person" for entry in content["authors"])
            given = (content[key] for key in ("date-released", "version", "abstract"))
            return cls(str(content["title"]), authors, kinds, *map(str, given))
        except OSError as error:
            raise CitationError(f"there is no {path}, which says how the book is cited.") from error
        except (yaml.YAMLError, TypeError) as error:
            raise CitationError(
                f"{path} is not readable as YAML; cffconvert --validate says where."
            ) from error
        except KeyError as error:
            raise CitationError(f"{path} lacks {error}, which a citation needs.") from error


def figure_address(name: str) -> str:
    """Address of a figure's own page in the published book."""
    return f"{addresses.site()}/figures/{name}.html"


def bibtex(figure: dict, book: Book) -> str:
    """BibTeX entry of a figure's record (`name`, `title`, `digest`)."""
    fields = {
        "title": _tex(figure["title"]),
        "author": _bibtex_authors(book),
        "year": book.year,
        "howpublished": f"Figure in {_tex(book.title)}, version {book.version}",
        "url": figure_address(figure["name"]),
        "note": f"Data sha256:{figure['digest'][:DIGITS]}",
    }
    return _entry("misc", f"verified-dynamics-{figure['name']}", fields)


def sentence(figure: dict, book: Book) -> str:
    """The citation of a figure as plain text."""
    return (
        f"{_listed(book.authors)} ({book.year}). {_words(figure['title'])}. Figure in {book.title}, "
        f"version {book.version}. {figure_address(figure['name'])} (data sha256:{figure['digest'][:DIGITS]})."
    )


def book_bibtex(book: Book) -> str:
    """BibTeX entry of the whole book."""
    fields = {
        "title": _tex(book.title),
        "author": _bibtex_authors(book),
        "year": book.year,
        "edition": f"Version {book.version}",
        "url": addresses.site(),
    }
    return _entry("book", "verified-dynamics", fields)


def book_sentence(book: Book) -> str:
    """The citation of the whole book as plain text."""
    return f"{_listed(book.authors)} ({book.year}). {book.title}, version {book.version}. {addresses.site()}."


def _author(entry: dict) -> str:
    if "name" in entry:
        return entry["name"]
    return " ".join(entry[key] for key in ("given-names", "name-particle", "family-names") if key in entry)


def _listed(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _bibtex_authors(book: Book) -> str:
    """Names joined by "and"; braces keep the name of a group from being taken for a family name."""
    return " and ".join(f"{{{_tex(name)}}}" for name in book.authors)


def _entry(kind: str, key: str, fields: dict[str, str]) -> str:
    lines = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items())
    return f"@{kind}{{{key},\n{lines}\n}}\n"


def _tex(title: str) -> str:
    """A title for BibTeX: without Markdown emphasis, with its mathematics, and with TeX's own signs escaped."""
    parts = re.split(r"(\$[^$]*\$)", title)
    return "".join(part if part.startswith("$") else _escaped(part) for part in parts)


def _escaped(text: str) -> str:
    text = re.sub(r"[*`]", "", text)
    return re.sub(r"[%&#_]", lambda found: _ESCAPED[found[0]], text)


def _words(title: str) -> str:
    """A title as plain text: the mathematics stands without its dollar signs."""
    return re.sub(r"\$([^$]*)\$", r"\1", re.sub(r"[*`]", "", title)).rstrip(".")
