"""What can be read off the pages' HTML without a browser."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src"}


@dataclass
class Page:
    """Anchors, links, loaded addresses and images of one page."""

    anchors: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)
    images: list[tuple[str, str | None]] = field(default_factory=list)
    redirects: bool = False


class _Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.page = Page()

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.page.anchors.update(filter(None, (found.get("id"), found.get("name"))))
        if tag == "a" and found.get("href"):
            self.page.links.append(found["href"])
        if tag == "link" and found.get("rel") not in (
            "canonical",
            "search",
            "prev",
            "next",
            "index",
            "author",
        ):
            self.page.loaded.append(found.get("href") or "")
        if tag in LOADED and found.get(LOADED[tag]):
            self.page.loaded.append(found[LOADED[tag]])
        if tag == "meta" and (found.get("http-equiv") or "").lower() == "refresh":
            self.page.redirects = True
            self.page.links.append(found["content"].partition("url=")[2])
        if tag == "img":
            self.page.images.append((found.get("src") or "", found.get("alt")))


def pages(site: Path) -> dict[Path, Page]:
    """Every page of the site; the theme's templates below _static are none."""
    found = {}
    for path in sorted(site.rglob("*.html")):
        if "_static" not in path.relative_to(site).parts:
            reader = _Reader()
            reader.feed(path.read_text(encoding="utf-8"))
            found[path] = reader.page
    return found


def faults(site: Path) -> list[str]:
    """One line for each link to nowhere, address of another server that a page loads, and picture without words."""
    known = pages(site)
    found = []
    for path, page in known.items():
        name = path.relative_to(site).as_posix()
        found += [f"{name} loads {address}" for address in page.loaded if _foreign(address)]
        local = [address for address in [*page.links, *page.loaded] if not _foreign(address)]
        found += [f"{name}: {fault}" for address in local if (fault := _broken(address, path, known))]
        found += [f"{name}: the picture {source} has no words" for source, words in page.images
                  if not words or words.strip() in ("", source) or words.endswith((".svg", ".png"))]  # fmt: skip
    return found


def _foreign(address: str) -> bool:
    return bool(urlsplit(address).scheme or urlsplit(address).netloc)


def _broken(address: str, path: Path, known: dict[Path, Page]) -> str | None:
    parts = urlsplit(address)
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if not target.is_file():
        return f"{address} leads nowhere"
    anchor = unquote(parts.fragment)
    if anchor and target in known and anchor not in known[target].anchors:
        return f"{address} has no such place"
    return None
