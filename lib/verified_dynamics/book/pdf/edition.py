"""What only the print edition has: title page, imprint, table of contents, list of figures."""

import json
import re
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from importlib.metadata import version
from pathlib import Path

import yaml

from verified_dynamics import addresses
from verified_dynamics.book.pdf.joining import Heading, plain

__all__ = ["Edition", "contents", "figure_list", "page_rules", "title_page"]


@dataclass(frozen=True)
class Edition:
    """What the title page tells. `made` is the time of the commit, so that one commit gives one edition."""

    title: str
    authors: str
    version: str
    commit: str
    made: datetime | None

    @classmethod
    def of(cls, root: Path) -> "Edition":
        """The edition of the book at `root`, with the commit that is checked out there, if there is one."""
        config = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))
        commit, seconds = _git(root, "log", "-1", "--format=%H %ct").split() or ("", "")
        return cls(config["title"], config.get("author", ""), version("verified-dynamics"), commit,
                   datetime.fromtimestamp(int(seconds), UTC) if seconds else None)  # fmt: skip

    @property
    def date(self) -> str:
        """The day of the commit in words."""
        return f"{self.made.day} {self.made:%B %Y}" if self.made else "date unknown"


def title_page(edition: Edition) -> str:
    """The first page, and the imprint behind it."""
    site = addresses.site()
    commit = f"commit {edition.commit[:12]}" if edition.commit else "without a commit"
    return f"""
<section class="vd-title-page">
<div class="vd-mark vd-square">{2 * '<i class="full"></i><i class="ctl full"></i>'}</div>
<p class="vd-book-title">{escape(edition.title)}</p>
<p class="vd-book-authors">{escape(edition.authors)}</p>
<p class="vd-book-version">Version {escape(edition.version)}<br>{edition.date}</p>
</section>
<section class="vd-imprint">
<p>This is the print edition of <a href="{site}">{site.removeprefix("https://")}</a>, version
{escape(edition.version)}, made from {commit} of {edition.date}.</p>
<p>It holds the text, the statements with their checks, and the figures. The code of the checks, the formulas as they
were put to the provers, and the data behind the figures stand on the site, where each chapter is a notebook to run; a
link that leaves this document leads there. The numbers of chapters, statements and figures are the same in both. A
page of this document carries the number at which a viewer finds it.</p>
<p>To cite a figure, use its address in the list of figures; its page has the citation, the data and the command that
makes it again.</p>
<p>© {edition.made.year if edition.made else ""} {escape(edition.authors)}. Text and figures are licensed under CC BY
4.0, code under Apache-2.0. Source: <a href="{addresses.repository()}">{addresses.repository().removeprefix("https://")}</a>.</p>
</section>"""


def contents(headings: list[Heading]) -> str:
    """The table of contents; Chromium knows the pages only after printing, so that they are filled in then."""
    lines = "\n".join(_line(f"vd-toc-{one.level}", one.html, one.anchor) for one in headings)
    return f'<section class="vd-contents" id="contents"><h2>Contents</h2>\n{lines}\n</section>'


def figure_list(figures: list[dict], numbers: dict[str, tuple[str, str]]) -> str:
    """The figures with page and public address. `numbers` gives number and place of a figure by its name."""
    lines = []
    for figure in figures:
        number, anchor = numbers.get(figure["name"], ("", ""))
        if anchor:
            address = f"{addresses.site()}/figures/{figure['name']}.html"
            lines.append(_line("vd-lof", f"{number} {_title(figure['title'])}", anchor))
            lines.append(f'<p class="vd-lof-address"><a href="{address}">{address}</a></p>')
    return f'<div class="vd-figure-list">{"".join(lines)}</div>'


def _line(kind: str, html: str, anchor: str) -> str:
    return (f'<a class="vd-toc {kind}" href="#{anchor}"><span>{html}</span><span class="vd-dots"></span>'
            f'<span class="vd-page" data-page-of="{anchor}">000</span></a>')  # fmt: skip


def _title(markdown: str) -> str:
    """A figure's title, in which mathematics and emphasis may stand, as HTML."""
    text = escape(markdown, quote=False)
    text = re.sub(r"\$([^$]+)\$", r'<span class="math">\\(\1\\)</span>', text)
    return re.sub(r"\*([^*]+)\*", r"<em>\1</em>", text)


def page_rules(headings: list[Heading], edition: Edition) -> str:
    """CSS that gives the pages of each document their running head: Chromium knows no running titles."""
    rules, name = [], json.dumps(edition.title, ensure_ascii=False)
    for one in headings:
        if one.level == 2:
            head = json.dumps(plain(one.html), ensure_ascii=False)
            rules.append(f"#{one.anchor} {{ page: {one.anchor}; }}\n@page {one.anchor} "
                         f"{{ @top-left {{ content: {name}; }} @top-right {{ content: {head}; }} }}")  # fmt: skip
    return "\n".join(rules)


def _git(root: Path, *arguments: str) -> str:
    """What git answers at `root`; nothing where there is no git or no repository."""
    try:
        ran = subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        return ""
    return ran.stdout.strip() if ran.returncode == 0 else ""
