"""The papers that the source of a claim names, as authors and year."""

import re

__all__ = ["papers"]

_NAME = r"[A-ZÀ-ÖØ-Þ][\w’'-]+"
_PAPER = re.compile(
    rf"(?P<authors>{_NAME}(?:, {_NAME})*(?: and {_NAME})?(?: et al\.)?) (?P<year>\d{{4}}[a-z]?)\b"
    r"|\band (?P<further>\d{4}[a-z]?)\b"
)


def papers(source: str) -> list[str]:
    """Each paper once, in order: "Gunasekar et al. 2018a, theorem 5, and 2018b" names two. Empty if there is none."""
    found: list[str] = []
    authors = None
    for match in _PAPER.finditer(source):
        authors = match["authors"] or authors
        if authors:
            found.append(f"{authors} {match['year'] or match['further']}")
    return list(dict.fromkeys(found))
