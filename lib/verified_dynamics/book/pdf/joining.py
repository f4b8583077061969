"""Pages of the site as parts of one document: what a page of paper can show, with every link led to its new place."""

import os.path
import posixpath
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup, Tag

from verified_dynamics import addresses
from verified_dynamics.book.pdf.contents import Document

__all__ = ["Heading", "Joiner", "plain"]

# What is worked with the mouse, shows code, or repeats statements (in the ledger): it does not belong on paper.
SCREEN_ONLY = (
    "script, style, noscript, template, dialog, button, input, select, textarea, form, iframe, a.headerlink, "
    ".vd-tools, .toctree-wrapper, .vd-screen-only, div.cell_input, details.hide, .bd-header-article, .vd-unfold, "
    ".vd-totop, .vd-statement, [hidden]"
)
REFERRING = ("aria-labelledby", "aria-describedby", "for", "headers")


@dataclass(frozen=True)
class Heading:
    """A line of the table of contents: level 1 for parts, 2 for documents, 3 for their sections."""

    level: int
    html: str
    anchor: str

    @property
    def text(self) -> str:
        """The heading without markup, as bookmarks show it."""
        return plain(self.html)


def plain(html: str) -> str:
    """Words of a piece of HTML on one line; of formulas only letters and signs are left."""
    text = BeautifulSoup(html, "html.parser").get_text()
    text = re.sub(r"\\[()\[\]]|[{}$]", "", text)
    return " ".join(re.sub(r"\\([A-Za-z]+)", r"\1", text).split())


class Joiner:
    """Turns built pages into sections of the print document.

    `site` is the folder of the built pages, `folder` the one where the print document will lie. `headings` fills
    as pages are added.
    """

    def __init__(self, site: Path, folder: Path, documents: list[Document]):
        self.site, self.folder = site, folder
        self.known = {document.name: document for document in documents}
        self.headings: list[Heading] = []

    def section(self, document: Document) -> Tag:
        """The article of a page as a section; its headings stand one level lower than on the site."""
        soup = BeautifulSoup(self._page(document), "html.parser")
        article = soup.select_one("article") or soup.body or soup
        for element in article.select(SCREEN_ONLY):
            element.decompose()
        _open_folds(article)
        _drop_first_output(article)
        _drop_empty_cells(article)
        for element in list(article.find_all(True)):
            self._rename(element, document)
            self._lead(element, document)
        self._lower_headings(article, document)
        article.name, article.attrs = "section", {"class": "vd-document", "id": document.anchor}
        return article

    def _page(self, document: Document) -> str:
        return (self.site / f"{document.name}.html").read_text(encoding="utf-8")

    def _rename(self, element: Tag, document: Document) -> None:
        """Give ids, and what refers to them within the page, the page's own prefix."""
        if element.get("id"):
            element["id"] = document.place(element["id"])
        for attribute in REFERRING:
            if element.get(attribute):
                words = element[attribute]
                names = words if isinstance(words, list) else words.split()
                element[attribute] = " ".join(map(document.place, names))
        for attribute, value in list(element.attrs.items()):
            if isinstance(value, str) and "url(#" in value:
                element[attribute] = value.replace("url(#", f"url(#{document.anchor}--")

    def _lead(self, element: Tag, document: Document) -> None:
        """Lead a link or a picture to its place beside or within the print document."""
        for attribute in ("href", "xlink:href"):
            if element.get(attribute) is not None:
                element[attribute] = self.address(element[attribute], document)
        if element.get("src") and not _foreign(element["src"]):
            target = self.site / posixpath.dirname(document.name) / element["src"]
            element["src"] = os.path.relpath(target, self.folder)
            element.attrs.pop("loading", None)

    def address(self, href: str, document: Document) -> str:
        """Where a link of a page leads in the print document; what is not in it is found on the site."""
        if _foreign(href):
            return href
        parts = urlsplit(href)
        fragment = unquote(parts.fragment)
        if not parts.path:
            return f"#{document.place(fragment)}"
        path = posixpath.normpath(posixpath.join(posixpath.dirname(document.name), parts.path))
        target = self.known.get(path.removesuffix(".html"))
        if target is not None:
            return f"#{target.place(fragment)}"
        return f"{addresses.site()}/{path}" + (f"#{fragment}" if fragment else "")

    def public(self, anchor: str) -> str:
        """The address on the site of a place that the print document leaves out, as a cell of code."""
        name = max((name for name, one in self.known.items() if _lies_in(anchor, one)), key=len, default=None)
        if name is None:
            return addresses.site()
        fragment = anchor.removeprefix(self.known[name].anchor).removeprefix("--")
        return f"{addresses.site()}/{name}.html" + (f"#{fragment}" if fragment else "")

    def _lower_headings(self, article: Tag, document: Document) -> None:
        for heading in article.find_all(re.compile("^h[1-5]$")):
            level = int(heading.name[1]) + 1
            heading.name = f"h{level}"
            if level == 2:
                if document.part:
                    self.headings.append(Heading(1, document.part, document.anchor))
                    heading.insert_before(_part_line(document.part))
                self.headings.append(Heading(2, _words_of(heading), document.anchor))
            elif level == 3 and (anchor := _anchor_of(heading)):
                self.headings.append(Heading(3, _words_of(heading), anchor))


def _lies_in(anchor: str, document: Document) -> bool:
    return anchor == document.anchor or anchor.startswith(f"{document.anchor}--")


def _foreign(address: str) -> bool:
    parts = urlsplit(address)
    return bool(parts.scheme or parts.netloc)


def _anchor_of(heading: Tag) -> str | None:
    """The heading's id.  Sphinx gives it to the section around, which may begin on the page before its heading."""
    section = heading.find_parent("section")
    if not heading.get("id") and section is not None and section.get("id"):
        heading["id"] = section.attrs.pop("id")
    return heading.get("id")


def _words_of(heading: Tag) -> str:
    """The heading as HTML without links and names: it is repeated in the contents, as a link."""
    copy = BeautifulSoup(heading.decode_contents(), "html.parser")
    for element in copy.find_all(True):
        del element["id"]
        if element.name == "a":
            element.unwrap()
    return str(copy).strip()


def _part_line(caption: str) -> Tag:
    line = Tag(name="p", attrs={"class": "vd-part-line"})
    line.string = caption
    return line


def _open_folds(article: Tag) -> None:
    """Folded passages stand open, except the formulas that were put to the prover: only their line stays."""
    for fold in article.select("details"):
        if "vd-formula" in (fold.get("class") or []):
            line = fold.find("summary")
            line.name = "p"
            for text in list(line.find_all(string=True, recursive=False)):
                text.replace_with(re.sub(r"\s*·\s*$", "", text))
            fold.replace_with(line)
        else:
            fold["open"] = ""


def _drop_first_output(article: Tag) -> None:
    """The first cell of a chapter tells of the machine that built the site, and installs; paper runs nothing."""
    first = article.select_one("div.cell")
    if first is not None and first.select_one(".output.stream") is not None:
        first.decompose()


def _drop_empty_cells(article: Tag) -> None:
    for cell in article.select("div.cell"):
        if not cell.get_text(strip=True) and cell.find(["img", "svg"]) is None:
            cell.decompose()
