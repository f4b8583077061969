"""What the directives that fill a page from the ledger share, and which pages show it."""

import hashlib
from pathlib import Path

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

from verified_dynamics.book.elements import html
from verified_dynamics.book.ledger import collect, to_json

__all__ = ["LedgerDirective", "current_ledger", "forget", "ledger_pages", "outdated_pages", "unlabelled"]


def current_ledger(app) -> dict:
    """The ledger of this build, gathered once."""
    if not hasattr(app, "verified_dynamics_ledger"):
        app.verified_dynamics_ledger = collect(app.srcdir)
    return app.verified_dynamics_ledger


def outdated_pages(app, env) -> list[str]:
    """The pages that show the ledger, if it is another one than when they were read."""
    digest = hashlib.sha256(to_json(current_ledger(app)).encode()).hexdigest()
    same = getattr(env, "verified_dynamics_digest", None) == digest
    env.verified_dynamics_digest = digest
    return [] if same else sorted(ledger_pages(env) & env.found_docs)


def ledger_pages(env) -> set[str]:
    """The documents that show the ledger."""
    if not hasattr(env, "verified_dynamics_pages"):
        env.verified_dynamics_pages = set()
    return env.verified_dynamics_pages


def forget(env, docname: str) -> None:
    """A page is about to be read again, or is gone."""
    ledger_pages(env).discard(docname)


class LedgerDirective(SphinxDirective):
    """What the directives share: the ledger, and Markdown inside them."""

    def run(self) -> list[nodes.Node]:
        """The nodes of `draw`; the page is remembered as one that shows the ledger."""
        ledger_pages(self.env).add(self.env.docname)
        return self.draw(current_ledger(self.env.app))

    def draw(self, ledger: dict) -> list[nodes.Node]:
        """The directive's own nodes."""
        raise NotImplementedError

    def markdown(self, text: str) -> list[nodes.Node]:
        """Nodes of a piece of Markdown."""
        holder = nodes.Element()
        self.state.nested_parse(StringList(text.splitlines(), self.env.docname), 0, holder)
        return holder.children

    def inline(self, text: str) -> list[nodes.Node]:
        """Nodes of a piece of Markdown without the paragraphs around them."""
        return [child for paragraph in self.markdown(text) for child in paragraph.children]

    def heading(self, chapter: str, level: int = 3) -> nodes.Element:
        """A heading that names a chapter and leads to it."""
        return html(
            f"h{level}", *self.inline(f"{{doc}}`/chapters/{chapter}`"), classes=["vd-chapter-heading"]
        )

    def script(self, name: str) -> nodes.Element:
        """A script of the book's own, run when the page is read; its address changes with its text."""
        file = Path(self.env.srcdir, "book", "_static", name)
        version = hashlib.sha256(file.read_bytes()).hexdigest()[:8] if file.is_file() else "0"
        return html("script", src=f"{self.up}_static/{name}?v={version}", defer="defer")

    @property
    def up(self) -> str:
        """The way from this page to the root of the site."""
        return "../" * self.env.docname.count("/")

    def address(self, record: dict) -> str:
        """Relative address of a claim's card."""
        return f"{self.up}chapters/{record['chapter']}.html#claim-{record['name']}"


def unlabelled(text: str) -> str:
    """A statement's Markdown without the labels of its equations, which may occur only once in the book."""
    lines = [line for line in text.splitlines() if not line.startswith(":label:")]
    return "\n".join(lines)
