"""Pages that forward: a lasting address for every claim, and for what was renamed the way from its old address.

A forwarding page works from a file, without a network and without JavaScript. With JavaScript it also keeps the
place within the page (`#...`) that the reader asked for.
"""

import os.path
import posixpath
from html import escape
from pathlib import Path

from verified_dynamics import addresses
from verified_dynamics.book.published import living, renamed

__all__ = ["claim_page", "forwarding_pages", "write_forwarding_pages"]

MARK = "<!-- This page forwards to the present address. -->"


def claim_page(name: str) -> str:
    """The lasting address of a claim within the site."""
    return f"claims/{name}.html"


def forwarding_pages(root: Path | str, ledger: dict) -> dict[str, str]:
    """For every forwarding page of the site its address and where it leads, both from the root of the site.

    Raises LedgerError if a redirect does not hold.
    """
    cards = {record["name"]: f"chapters/{record['chapter']}.html#claim-{record['name']}"
             for record in [*ledger["claims"], *ledger["cited"]]}  # fmt: skip
    found = {claim_page(name): cards[name] for kind, name in living(root, ledger) if kind == "claim"}
    for (kind, old), present in renamed(root, ledger).items():
        if kind == "claim":
            found[claim_page(old)] = cards[present]
        else:
            found[f"{kind}s/{old}.html"] = f"{kind}s/{present}.html"
    return found


def write_forwarding_pages(out: Path, root: Path | str, ledger: dict) -> None:
    """Write the forwarding pages below `out`, the folder of the site, and remove those that are gone."""
    wanted = forwarding_pages(root, ledger)
    for folder in ("claims", "chapters", "figures"):
        for path in (out / folder).rglob("*.html"):
            address = path.relative_to(out).as_posix()
            if address not in wanted and path.read_text(encoding="utf-8").startswith(
                f"<!DOCTYPE html>\n{MARK}"
            ):
                path.unlink()
    for address, target in wanted.items():
        path = out / address
        path.parent.mkdir(parents=True, exist_ok=True)
        text = _page(address, target)
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def _page(address: str, target: str) -> str:
    """The forwarding page at `address`, in HTML."""
    page, _, place = target.partition("#")
    to = os.path.relpath(page, posixpath.dirname(address)) + (f"#{place}" if place else "")
    name = escape(posixpath.basename(address).removesuffix(".html"))
    # The place that a reader asked for lies on the present page as well; a script alone can pass it on.
    script = "" if place else f'<script>location.replace("{to}" + location.hash);</script>\n'
    return (
        f'<!DOCTYPE html>\n{MARK}\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{name}</title>\n'
        f'<link rel="canonical" href="{addresses.site()}/{escape(page)}">\n{script}'
        f'<meta http-equiv="refresh" content="0; url={escape(to)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n</head>\n'
        f'<body>\n<p>{name} is at <a href="{escape(to)}">{escape(to)}</a>.</p>\n</body>\n</html>\n'
    )
