"""A page of its own for every figure: picture, downloads, citation, claims, command, origin, columns of the data."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path

from docutils import nodes
from docutils.utils import new_document
from sphinx.addnodes import pending_xref

from verified_dynamics.book.citation import Book, bibtex, sentence
from verified_dynamics.book.figure_data import datasets, dictionary
from verified_dynamics.book.figure_files import GROUPS, Download, downloads
from verified_dynamics.book.figure_origin import build_state, last_run, made_with
from verified_dynamics.book.renderers import natural_width, shelf
from verified_dynamics.book.reproductions import kept_outcomes
from verified_dynamics.book.structured_data import linked_data

__all__ = ["SCHEMA", "outcomes_changed", "pages"]

SCHEMA = "figure.schema.json"


@dataclass(frozen=True)
class _Around:
    """What a figure's page says besides its record."""

    book: Book
    build: tuple[str, str]
    caption: str
    reproduction: dict | None


def pages(app) -> Iterator[tuple[str, dict, str]]:
    """For `html-collect-pages`: writes the files of every figure and gives Sphinx its page."""
    folder = Path(app.outdir, "figures")
    folder.mkdir(parents=True, exist_ok=True)
    schema = Path(__file__).with_name(SCHEMA)
    _write(Path(app.outdir, SCHEMA), schema.read_bytes())
    book, build, outcomes = Book.read(app.srcdir), build_state(app.srcdir), kept_outcomes(app.srcdir)
    kept = set()
    for docname, figures in sorted(shelf(app.env).items()):
        doctree = app.env.get_doctree(docname) if figures else None
        for name, record in figures.items():
            around = _Around(book, build, _caption(app, doctree, name), outcomes.get(name))
            files = downloads(record, book, around.reproduction)
            for file in files:
                _write(folder / file.file, file.content)
            kept |= {*(file.file for file in files), f"{name}.html"}
            yield f"figures/{name}", _context(app, record, docname, files, around), "page.html"
    for file in folder.iterdir():
        if file.name not in kept:
            file.unlink()


def outcomes_changed(app, env) -> list[str]:
    """The root document if an outcome of a re-run, or the commit, is another one than at the last build.

    Sphinx writes the figures' pages only when it has read something.
    """
    state = (kept_outcomes(app.srcdir), build_state(app.srcdir))
    before, env.verified_dynamics_outcomes = getattr(env, "verified_dynamics_outcomes", None), state
    return [] if before == state else [app.config.root_doc]


def _write(path: Path, content: bytes) -> None:
    if not path.exists() or path.read_bytes() != content:
        path.write_bytes(content)


def _context(app, record: dict, docname: str, files: list[Download], around: _Around) -> dict:
    data = json.dumps(linked_data(record, around.book, files), ensure_ascii=False).replace("</", "<\\/")
    head = (
        f'<meta name="description" content="{escape(record["alt"], quote=True)}">'
        f'<script type="application/ld+json">{data}</script>'
    )
    body = _body(app, record, docname, files, around)
    return {"title": record["title"], "body": body, "metatags": head}


def _body(app, record: dict, docname: str, files: list[Download], around: _Around) -> str:
    name = record["name"]
    number = _number(app.env, docname, "figure", f"fig-{name}")
    chapter = escape(app.env.titles[docname].astext())
    figure = f"Figure {number}" if number else "Figure"
    parts = [
        f"<h1>{escape(record['title'])}</h1>",
        f'<figure class="vd-figure">{_picture(record)}<figcaption>{around.caption}</figcaption></figure>',
        f'<p>{figure} of <a href="../{docname}.html#fig-{name}">{chapter}</a>.</p>',
        f'<h2 id="download">Download</h2>{_downloads(files)}',
        '<h2 id="cite">Cite</h2>',
        copied("citation", "citation", sentence(record, around.book)),
        copied("bibtex", "BibTeX", bibtex(record, around.book)),
        _claims(app.env, record),
        '<h2 id="reproduce">Reproduce</h2><p>In a checkout of the book, this runs the experiments again. On '
        "the machine that made the numbers it compares by equality, elsewhere in units of each tolerance:</p>",
        copied("command", "command", f"verified-dynamics reproduce {name}"),
        last_run(record, around.reproduction),
        made_with(record, around.book, around.build),
        _columns(record),
        '<script src="../_static/copy.js" defer></script>',
    ]
    return "\n".join(parts)


def _picture(record: dict) -> str:
    words = escape(record["alt"], quote=True)
    style = natural_width(record["svg"])
    return f'<div class="vd-picture"><img src="{record["name"]}.svg" alt="{words}" style="{style}"></div>'


def _downloads(files: list[Download]) -> str:
    groups = []
    for group in GROUPS:
        links = " ".join(
            f'<li><a href="{f.file}" download>{escape(f.label)} <span class="vd-size">{f.size}</span></a></li>'
            for f in files
            if f.group == group
        )
        groups.append(f'<h3>{group}</h3><ul class="vd-downloads">{links}</ul>')
    return "".join(groups)


def _columns(record: dict) -> str:
    """The dictionary of the data: what each variable is over, its range, and its tolerance."""
    origins = {item["name"]: item for item in record["experiments"]}
    parts = [
        '<h2 id="columns">What the data hold</h2><p>A row of a CSV table is one point: its coordinates, then every '
        "variable over these dimensions, to twelve digits. The NetCDF file holds the same in the precision of the run; "
        "xarray opens it. The JSON file describes the figure without its numbers, as "
        f'<a href="../{SCHEMA}">its schema</a> says. Quantities are plain numbers unless a unit is given.</p>'
    ]
    keys = ("type", "values")
    heads = ("Name", "Over", *map(str.title, keys), "Tolerance, unit")
    titles = "".join(f'<th scope="col">{title}</th>' for title in heads)
    for experiment, (_, data) in datasets(record).items():
        rows = "".join(
            f'<tr><th scope="row"><code>{escape(row["name"])}</code></th><td>{escape(row["over"] or row["role"])}</td>'
            + "".join(f"<td>{escape(row[key])}</td>" for key in keys)
            + f"<td>{escape(', '.join(filter(None, (row['tolerance'], row['unit']))))}</td></tr>"
            for row in dictionary(data, origins[experiment])
        )
        parts.append(
            f"<h3>{escape(experiment)}</h3>"
            f'<div class="vd-scroll" tabindex="0" role="region" aria-label="Data of {escape(experiment)}">'
            f'<table class="vd-table vd-columns"><thead><tr>{titles}</tr></thead><tbody>{rows}</tbody></table></div>'
        )
    return "".join(parts)


def copied(key: str, what: str, text: str) -> str:
    """HTML: a text with a button that copies it, and a place where a screen reader hears that it did."""
    return (
        f'<div class="vd-copy"><pre id="text-{key}" tabindex="0">{escape(text.rstrip())}</pre>'
        f'<p><button type="button" data-copies="text-{key}" hidden>Copy the {what}</button> '
        '<span role="status"></span></p></div>'
    )


def _claims(env, record: dict) -> str:
    rows = []
    for name in record["claims"]:
        known = getattr(env, "proof_list", {}).get(name)
        if known:
            number = _number(env, known["docname"], known["countertype"], name)
            words = f"{known['realtype'].title()} {number}".strip()
            rows.append(
                f'<li><a href="../{known["docname"]}.html#claim-{name}">{words}, {escape(name)}</a></li>'
            )
    return f"<h2>Claims that it supports</h2><ul>{''.join(rows)}</ul>" if rows else ""


def _number(env, docname: str, kind: str, label: str) -> str:
    return ".".join(map(str, env.toc_fignumbers.get(docname, {}).get(kind, {}).get(label, ())))


def _caption(app, doctree: nodes.document, name: str) -> str:
    """The figure's caption as HTML whose links start from the figure's page."""
    figure = next(node for node in doctree.findall(nodes.figure) if f"fig-{name}" in node["ids"])
    caption = next(node for node in figure.children if isinstance(node, nodes.caption))
    here = f"figures/{name}"
    page = new_document(here, doctree.settings)
    page.append(nodes.paragraph("", "", *(child.deepcopy() for child in caption.children)))
    for reference in page.findall(pending_xref):
        reference["refdoc"] = here
    app.env.resolve_references(page, here, app.builder)
    return app.builder.render_partial(page[0])["fragment"]
