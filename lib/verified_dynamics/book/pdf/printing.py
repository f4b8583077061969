"""Chromium prints the joined document, twice: the first time tells on which page everything lies."""

import io
import logging
import shutil
from pathlib import Path

__all__ = ["PdfError", "opened", "page_numbers", "print_pages"]

TEXT_WIDTH = 643  # CSS pixels between the margins of A4, as print-book.css sets them
MOST_PASSES = 4
PATIENCE = 900_000  # milliseconds: thirty chapters on one slow core

DRAWN = """async () => {
  if (window.MathJax && MathJax.startup) await MathJax.startup.promise;
  await document.fonts.ready;
  const broken = [];
  await Promise.all([...document.images].map(image => image.decode().catch(() => broken.push(image.src))));
  const wrong = [...document.querySelectorAll("mjx-merror")].map(error => error.textContent.slice(0, 80));
  const formulas = document.querySelectorAll(".math").length;
  const bare = formulas && !document.querySelector("mjx-container");
  return [...broken.map(source => `The picture ${source} is not drawn.`),
          ...wrong.map(text => `A formula is in error: ${text}.`), ...(bare ? ["No formula is drawn."] : [])];
}"""

# A formula, table or listing that is wider than its place is set smaller until it fits.
FIT = """() => {
  for (const one of document.querySelectorAll("mjx-container")) {
    const inner = one.querySelector("mjx-math"), block = one.closest("p, li, td, th, dd, dt, figcaption, div, summary");
    if (!inner || !block) continue;
    const style = getComputedStyle(block), box = block.getBoundingClientRect();
    const room = box.width - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    const width = inner.getBoundingClientRect().width;
    if (width > room && room > 0) one.style.fontSize = `${100 * Math.max(0.5, 0.99 * room / width)}%`;
  }
  for (const one of document.querySelectorAll("table, pre")) {
    const room = one.parentElement.clientWidth, width = one.scrollWidth;
    if (width > room + 1 && room > 0) one.style.zoom = Math.max(0.5, room / width);
  }
}"""

WIDE = """() => {
  const edge = document.body.getBoundingClientRect().right + 2, found = [];
  for (const one of document.querySelectorAll("mjx-math, table, pre, img, svg, figure, .vd-claim")) {
    const right = one.getBoundingClientRect().right;
    if (right > edge) found.push(`Something is ${Math.round(right - edge)} pixels too wide for the page: ` +
      `${one.tagName.toLowerCase()} in ${one.closest("[id]")?.id || "?"}.`);
  }
  return found;
}"""

FILL = """numbers => {
  for (const one of document.querySelectorAll("[data-page-of]"))
    one.textContent = numbers[one.dataset.pageOf] ?? "";
}"""


class PdfError(Exception):
    """The PDF cannot be made; the message is one sentence."""


def print_pages(source: Path) -> bytes:
    """The PDF of an HTML document, with the page numbers filled in wherever `data-page-of` names a place.

    Raises PdfError if Chromium or a package is missing, or if something in the document cannot be drawn.
    """
    with _browser() as browser:
        page = browser.new_page(viewport={"width": TEXT_WIDTH, "height": 970}, color_scheme="light")
        page.set_default_timeout(PATIENCE)
        page.emulate_media(media="print", color_scheme="light")
        page.goto(source.resolve().as_uri(), wait_until="load")
        faults = page.evaluate(DRAWN)
        page.evaluate(FIT)
        faults += page.evaluate(WIDE)
        if faults:
            raise PdfError(" ".join(faults))
        before: dict[str, int] = {}
        for _ in range(MOST_PASSES):
            printed = page.pdf(prefer_css_page_size=True, print_background=True, tagged=True)
            numbers = page_numbers(printed)
            if numbers == before:
                return printed
            page.evaluate(FILL, numbers)
            before = numbers
    raise PdfError("The page numbers do not settle: each print moves what they point to.")


def page_numbers(printed: bytes) -> dict[str, int]:
    """The page, counted from 1, of every place that a link of the PDF leads to."""
    reader = opened(io.BytesIO(printed))
    return {name.removeprefix("/"): reader.get_destination_page_number(place) + 1
            for name, place in reader.named_destinations.items()}  # fmt: skip


def opened(source: Path | io.BytesIO):
    """A PDF in pypdf, without its remarks on the number of objects, which Chromium states loosely in long documents."""
    from pypdf import PdfReader

    logging.getLogger("pypdf").setLevel(logging.ERROR)
    return PdfReader(source)


class _browser:
    """Headless Chromium for the length of a `with` block."""

    def __enter__(self):
        program = (
            shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        )
        if program is None:
            raise PdfError("There is no chromium on this machine: install it, it prints the book.")
        try:
            import pypdf  # noqa: F401
            from playwright.sync_api import sync_playwright
        except ImportError as error:
            raise PdfError(
                f"The Python package {error.name} is missing: install the book with its extra `pdf`."
            ) from None
        self.session = sync_playwright()
        playwright = self.session.__enter__()
        return playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])

    def __exit__(self, *error) -> None:
        self.session.__exit__(*error)
