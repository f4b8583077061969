"""How a figure is cited: one BibTeX entry with a lasting address and the digest of its data."""

import re
from importlib.metadata import version

from verified_dynamics import addresses

__all__ = ["bibtex", "figure_address"]

AUTHOR = "{The Verified Dynamics authors}"
BOOK = "Verified Dynamics"


def figure_address(name: str) -> str:
    """Address of a figure's own page in the published book."""
    return f"{addresses.site()}/figures/{name}.html"


def bibtex(figure: dict) -> str:
    """BibTeX entry of a figure's record (`name`, `title`, `digest`)."""
    fields = {
        "title": _plain(figure["title"]),
        "author": AUTHOR,
        "howpublished": f"Figure in {BOOK}, version {version('verified-dynamics')}",
        "url": figure_address(figure["name"]),
        "note": f"Data sha256:{figure['digest'][:16]}",
    }
    lines = ",\n".join(f"  {key} = {{{value}}}" for key, value in fields.items())
    return f"@misc{{verified-dynamics-{figure['name']},\n{lines}\n}}\n"


def _plain(title: str) -> str:
    """A title without Markdown emphasis; mathematics is kept, BibTeX reads it."""
    return re.sub(r"[*`]", "", title)
