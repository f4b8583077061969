"""The Sphinx side of the book: cards, figures, ledger pages, offline mathematics, outputs from the store."""

import hashlib
from itertools import chain
from pathlib import Path

from verified_dynamics import addresses
from verified_dynamics.book import (
    crate,
    forwarding,
    front_page,
    gallery,
    graph_page,
    ledger_filter,
    ledger_schema,
    ledger_table,
    mathjax,
    published,
    schema_page,
    simulations,
    styles,
)
from verified_dynamics.book.cards import JoinStatements
from verified_dynamics.book.chapter_head import add_head
from verified_dynamics.book.citation import Book, CitationError
from verified_dynamics.book.elements import HtmlElement, leave, skip, visit
from verified_dynamics.book.executed import chapter_name, chapters, key, not_executed_message, pending
from verified_dynamics.book.figure_pages import outcomes_changed, pages
from verified_dynamics.book.ledger import LedgerError, to_json
from verified_dynamics.book.ledger_page import current_ledger, forget, ledger_pages, outdated_pages
from verified_dynamics.book.ledger_table import Folded, leave_folded, visit_folded
from verified_dynamics.book.markup import mend_page
from verified_dynamics.book.renderers import shelf
from verified_dynamics.book.reproductions import ReproductionError, kept_outcomes

__all__ = ["setup"]

DIRECTIVE_MODULES = (front_page, gallery, graph_page, ledger_filter, ledger_table, schema_page)

# Files of the theme that no page asks for: 6 MB of source maps, translations, and icons as a script.
THEME_BALLAST = ("**/*.map", "locales/**/*.[mp]o", "scripts/fontawesome.js*")


def setup(app) -> dict:
    """Called by Sphinx."""
    quiet = (skip, skip)
    app.add_node(HtmlElement, html=(visit, leave), latex=quiet, text=quiet, man=quiet, texinfo=quiet)
    app.add_node(Folded, html=(visit_folded, leave_folded), latex=quiet, text=quiet, man=quiet, texinfo=quiet)
    app.add_transform(JoinStatements)
    for name, directive in chain.from_iterable(module.DIRECTIVES.items() for module in DIRECTIVE_MODULES):
        app.add_directive(name, directive)
    app.set_html_assets_policy("always")  # the figures' pages hold mathematics, and Sphinx does not see it
    app.connect("config-inited", configure, priority=100)
    app.connect("builder-inited", require_outputs)
    app.connect("env-get-outdated", outdated)
    app.connect("env-before-read-docs", note_reading)
    app.connect("env-get-updated", renumbered)
    app.connect("env-purge-doc", purge)
    app.connect("doctree-resolved", add_head)
    app.connect("html-page-context", simulations.add_files)
    app.connect("html-page-context", mend_page, priority=900)
    app.connect("html-collect-pages", pages)
    app.connect("build-finished", finish)
    return {"env_version": own_state(), "parallel_read_safe": False, "parallel_write_safe": True}


def own_state() -> int:
    """A number that changes with the source of this package: pages drawn by an earlier one are read again."""
    files = sorted(file for file in Path(__file__).parent.iterdir() if file.suffix in (".py", ".json"))
    return int(hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12], 16)


def configure(app, config) -> None:
    """Take the addresses from the package's metadata, outputs from the store, MathJax from the book."""
    reader = "verified_dynamics.book.executed.read"
    config.nb_custom_formats = {".ipynb": [reader, {"root": str(app.srcdir)}, False]}
    config.nb_execution_mode = "off"
    config.mathjax_path = mathjax.BUNDLE
    config.html_baseurl = config.ogp_site_url = addresses.site() + "/"
    if "repository_url" in config.html_theme_options:
        config.html_theme_options["repository_url"] = addresses.repository()
        # Chapters open elsewhere as they were when this version was made, with the library of the same version.
        config.html_theme_options["repository_branch"] = addresses.revision()


def require_outputs(app) -> None:
    """Stop with one sentence if a chapter was not executed, or if claims and statements do not fit together.

    SystemExit, because Jupyter Book would bury an ordinary exception under tracebacks of its own.
    """
    missing = pending(app.srcdir)
    if missing:
        raise SystemExit(not_executed_message(missing))
    try:
        gone = published.broken(app.srcdir, current_ledger(app))
        Book.read(app.srcdir)
        kept_outcomes(app.srcdir)
    except LedgerError as error:
        raise SystemExit(f"The ledger does not stand. {error}") from None
    except (CitationError, ReproductionError) as error:
        raise SystemExit(f"The build stops: {error}") from None
    if gone:
        raise SystemExit(" ".join(gone))


def outdated(app, env, added, changed, removed) -> list[str]:
    """Chapters whose executed state is another one than when they were read, and pages that show the ledger."""
    states = {f"chapters/{chapter_name(path)}": key(path) for path in chapters(app.srcdir)}
    before = getattr(env, "verified_dynamics_states", {})
    env.verified_dynamics_states = states
    return (
        [name for name in states if states[name] != before.get(name)]
        + outdated_pages(app, env)
        + outcomes_changed(app, env)
    )


def note_reading(app, env, docnames) -> None:
    """Sphinx does not say later whether this build read anything."""
    app.verified_dynamics_reads = bool(docnames)


def renumbered(app, env) -> list[str]:
    """When anything was read, numbers may have moved: the pages that repeat them are written again."""
    return sorted(ledger_pages(env)) if app.verified_dynamics_reads else []


def purge(app, env, docname: str) -> None:
    """Forget what a document held."""
    shelf(env).pop(docname, None)
    forget(env, docname)


def finish(app, error) -> None:
    """Put MathJax and the ledger beside the pages, and take out what only the theme's developers need."""
    if error is None and app.builder.format == "html":
        for pattern in THEME_BALLAST:
            for file in Path(app.outdir, "_static").glob(pattern):
                file.unlink()
        remove_former_pages(app)
        forwarding.write_forwarding_pages(Path(app.outdir), app.srcdir, current_ledger(app))
        gallery.write_thumbnails(app)
        mathjax.copy_files(Path(app.outdir, "_static"))
        styles.cut_down(Path(app.outdir))
        ledger = current_ledger(app)
        Path(app.outdir, "ledger.json").write_text(to_json(ledger), encoding="utf-8")
        Path(app.outdir, ledger_schema.FILE_NAME).write_text(ledger_schema.schema_text(), encoding="utf-8")
        metadata = crate.crate(Path(app.outdir), shelf(app.env), Book.read(app.srcdir), ledger)
        Path(app.outdir, crate.FILE_NAME).write_text(crate.to_json(metadata), encoding="utf-8")
        Path(
            app.outdir, ".nojekyll"
        ).touch()  # GitHub leaves out folders that begin with an underscore otherwise


def remove_former_pages(app) -> None:
    """Take pages out of the site whose sources are gone; Sphinx leaves them there."""
    for folder in ("book", "chapters"):
        for page in Path(app.outdir, folder).rglob("*.html"):
            if page.relative_to(app.outdir).with_suffix("").as_posix() not in app.env.found_docs:
                page.unlink()
