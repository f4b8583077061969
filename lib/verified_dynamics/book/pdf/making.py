"""From the built site to the PDF: join the pages, print them, put in page numbers, bookmarks and metadata."""

import json
import os.path
import re
from pathlib import Path

from bs4 import BeautifulSoup

from verified_dynamics.book.pdf.contents import documents
from verified_dynamics.book.pdf.edition import Edition, contents, figure_list, page_rules, title_page
from verified_dynamics.book.pdf.finishing import finish
from verified_dynamics.book.pdf.joining import Heading, Joiner
from verified_dynamics.book.pdf.printing import PdfError, print_pages

__all__ = ["PdfError", "joined", "make_pdf"]

STYLES = ("pygments.css", "verified-dynamics.css", "print.css", "print-book.css")


def make_pdf(root: Path, target: Path, site: Path | None = None) -> int:
    """Print the built site of the book at `root` to `target`; the number of pages.

    The document that is printed stays beside the PDF as HTML. Raises PdfError, with one sentence, if the site is
    not built, Chromium or a package is missing, or mathematics or pictures cannot be drawn.
    """
    site = site or root / "_build" / "html"
    if not (site / "ledger.json").is_file():
        raise PdfError("The site is not built: run `make book` first.")
    target.parent.mkdir(parents=True, exist_ok=True)
    edition = Edition.of(root)
    html, headings = joined(root, site, target.parent, edition)
    source = target.with_suffix(".html")
    source.write_text(html, encoding="utf-8")
    return finish(print_pages(source), target, headings, edition)


def joined(root: Path, site: Path, folder: Path, edition: Edition) -> tuple[str, list[Heading]]:
    """The whole book as one HTML document that will lie in `folder`, and its headings in order."""
    order = documents(root)
    joiner = Joiner(site, folder, order)
    sections = [joiner.section(document) for document in order]
    ledger = json.loads((site / "ledger.json").read_text(encoding="utf-8"))
    body = BeautifulSoup("", "html.parser")
    for section in sections:
        body.append(section)
    numbers = _figure_numbers(body)
    for gallery in body.select(".vd-gallery"):
        shown = set(re.findall(r"/figures/([^/\"]+)\.html", str(gallery)))
        figures = [figure for figure in ledger["figures"] if figure["name"] in shown]
        gallery.replace_with(BeautifulSoup(figure_list(figures, numbers), "html.parser"))
    front = BeautifulSoup(title_page(edition) + contents(joiner.headings), "html.parser")
    body.insert(0, front)
    _lead_out(body, joiner)
    pages = [site / f"{document.name}.html" for document in order]
    head = _head(site, folder, pages, edition, joiner.headings)
    return (
        f'<!DOCTYPE html>\n<html lang="en-GB" data-theme="light">{head}<body>{body}</body></html>\n',
        joiner.headings,
    )


def _figure_numbers(body: BeautifulSoup) -> dict[str, tuple[str, str]]:
    """Number ("Figure 2.3") and place of each figure by its name."""
    found = {}
    for figure in body.select("figure[id]"):
        name = figure["id"].partition("--fig-")[2]
        number = figure.select_one(".caption-number")
        found[name] = (number.get_text(strip=True) if number else "Figure", figure["id"])
    return found


def _lead_out(body: BeautifulSoup, joiner: Joiner) -> None:
    """A link to something that paper does not show leads to the site."""
    present = {element["id"] for element in body.find_all(id=True)}
    for link in body.find_all("a", href=re.compile("^#")):
        if link["href"][1:] not in present:
            link["href"] = joiner.public(link["href"][1:])


def _head(site: Path, folder: Path, pages: list[Path], edition: Edition, headings: list[Heading]) -> str:
    """Styles, the mathematics of the site as its pages set it up, and the rules of the pages."""
    texts = (page.read_text(encoding="utf-8") for page in pages)
    with_mathematics = next((text for text in texts if "/mathjax/" in text), "")
    soup = BeautifulSoup(with_mathematics, "html.parser")
    static = os.path.relpath(site / "_static", folder)
    links = "".join(f'<link rel="stylesheet" href="{static}/{name}">' for name in STYLES
                    if (site / "_static" / name).is_file())  # fmt: skip
    return (
        f'<head><meta charset="utf-8"><title>{edition.title}</title>{links}'
        f"<style>{page_rules(headings, edition)}</style>{_mathematics(soup, static)}</head>"
    )


def _mathematics(page: BeautifulSoup, static: str) -> str:
    """The scripts with which a page of the site draws its formulas; MathML for screen readers is left out."""
    scripts = []
    for script in page.find_all("script"):
        if "window.MathJax" in (script.string or ""):
            scripts.append(f"<script>{script.string}</script>")
        elif "/mathjax/" in script.get("src", ""):
            source = f"{static}/mathjax/" + script["src"].partition("/mathjax/")[2].partition("?")[0]
            scripts.append(
                "<script>window.MathJax = window.MathJax || {};"
                "MathJax.options = {...MathJax.options, enableAssistiveMml: false};</script>"
                f'<script defer src="{source}"></script>'
            )
    return "".join(scripts)
