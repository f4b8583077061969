"""A page of its own for every figure: picture, downloads, claims, citation, command, provenance."""

import base64
import json
from collections.abc import Iterator
from html import escape
from pathlib import Path

from docutils import nodes
from docutils.utils import new_document
from sphinx.addnodes import pending_xref

from verified_dynamics import addresses
from verified_dynamics.book.citation import bibtex
from verified_dynamics.book.figure_data import datasets, tables
from verified_dynamics.book.renderers import natural_width, shelf

__all__ = ["pages"]

_HEAVY = ("svg", "pdf", "png", "data")


def pages(app) -> Iterator[tuple[str, dict, str]]:
    """For `html-collect-pages`: writes the files of every figure and gives Sphinx its page."""
    folder = Path(app.outdir, "figures")
    folder.mkdir(parents=True, exist_ok=True)
    kept = set()
    for docname, figures in sorted(shelf(app.env).items()):
        doctree = app.env.get_doctree(docname) if figures else None
        for name, record in figures.items():
            files = _files(record)
            for file, content in files.items():
                _write(folder / file, content)
            kept |= {*files, f"{name}.html"}
            body = _body(app, record, docname, _caption(app, doctree, name), list(files))
            yield f"figures/{name}", {"title": record["title"], "body": body}, "page.html"
    for file in folder.iterdir():
        if file.name not in kept:
            file.unlink()


def _files(record: dict) -> dict[str, bytes]:
    """Every download of a figure: file name and content."""
    name = record["name"]
    found = {f"{name}.svg": record["svg"].encode(), f"{name}.pdf": base64.b64decode(record["pdf"])}
    several = len(record["data"]) > 1
    for experiment, (content, data) in datasets(record).items():
        stem = f"{name}.{experiment}" if several else name
        found[f"{stem}.nc"] = content
        texts = tables(data)
        for dims, text in texts.items():
            found[f"{stem}.{dims}.csv" if len(texts) > 1 else f"{stem}.csv"] = text.encode()
    summary = {key: value for key, value in record.items() if key not in _HEAVY}
    found[f"{name}.json"] = (json.dumps(summary, indent=1, ensure_ascii=False) + "\n").encode()
    found[f"{name}.bib"] = bibtex(record).encode()
    return found


def _write(path: Path, content: bytes) -> None:
    if not path.exists() or path.read_bytes() != content:
        path.write_bytes(content)


def _body(app, record: dict, docname: str, caption: str, files: list[str]) -> str:
    name = record["name"]
    number = _number(app.env, docname, "figure", f"fig-{name}")
    chapter = escape(app.env.titles[docname].astext())
    downloads = " ".join(f'<li><a href="{file}" download>{_kind(file, name)}</a></li>' for file in files)
    parts = [
        f"<h1>{escape(record['title'])}</h1>",
        f'<figure class="vd-figure">{_picture(record)}<figcaption>{caption}</figcaption></figure>',
        f'<p>{f"Figure {number}" if number else "Figure"} of <a href="../{docname}.html#fig-{name}">{chapter}</a>.</p>',
        f'<h2>Download</h2><ul class="vd-downloads">{downloads}</ul>',
        _claims(app.env, record),
        f"<h2>Cite</h2>{_code(bibtex(record))}",
        "<h2>Reproduce</h2><p>In a checkout of the book, this runs the experiment again and reports the largest "
        "deviation of each variable in units of its stated tolerance:</p>",
        _code(f"verified-dynamics reproduce {name}"),
        _provenance(record),
    ]
    return "\n".join(parts)


def _picture(record: dict) -> str:
    words = escape(record["alt"], quote=True)
    style = natural_width(record["svg"])
    return f'<div class="vd-picture"><img src="{record["name"]}.svg" alt="{words}" style="{style}"></div>'


def _kind(file: str, name: str) -> str:
    """What a download is called: its format, and which experiment or table where there are several."""
    stem, _, suffix = file.removeprefix(f"{name}.").rpartition(".")
    label = {"nc": "NetCDF", "bib": "BibTeX"}.get(suffix, suffix.upper())
    return escape(f"{label} ({stem.replace('-', ' ')})" if stem else label)


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


def _provenance(record: dict) -> str:
    words = {"valid": "a full-size record, which the present code still reproduces at the smoke size",
             "no record": "the run at the profile named below; there is no full-size record yet"}  # fmt: skip
    rows = [("Shows", words.get(record["state"], record["state"])), ("Data", f"sha256 {record['digest']}")]
    parts = ["<h2>Made with</h2>", _table(rows)]
    for item in record["experiments"]:
        parts.append(f"<h3>{escape(item['name'])}</h3>{_table(_origin(item))}")
    return "\n".join(parts)


def _origin(item: dict) -> list[tuple[str, str]]:
    """Rows of provenance of one experiment, in the order in which a reader asks."""
    origin = dict(item["provenance"])
    rows = [("profile", item["profile"])]
    versions = origin.pop("versions", {})
    for key in ("device_name", "device", "precision", "commit", "date", "seeds", "parameters"):
        if origin.get(key) not in (None, ""):
            rows.append((key.replace("_", " "), _plain(origin.pop(key))))
    rows.append(("versions", ", ".join(f"{name} {number}" for name, number in versions.items())))
    rows += [
        (key.replace("_", " "), _plain(value))
        for key, value in origin.items()
        if key not in ("profile", "device_name", "device") and value not in (None, "")
    ]
    limits = [f"{name}: rtol {t['rtol']:g}, atol {t['atol']:g}" for name, t in item["tolerances"].items()]
    return [*rows, ("tolerances", "; ".join(limits))]


def _plain(value) -> str:
    """Provenance as words: a range for consecutive seeds, `name = value` for parameters."""
    if isinstance(value, list) and len(value) > 2 and all(isinstance(item, int) for item in value):
        if value == list(range(value[0], value[0] + len(value))):
            return f"{value[0]} to {value[-1]}"
    if isinstance(value, dict):
        return "; ".join(f"{key} = {_plain(item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_plain, value))
    return str(value)


def _table(rows: list[tuple[str, str]]) -> str:
    cells = "".join(
        f'<tr><th scope="row">{escape(key)}</th><td>{_linked(key, value)}</td></tr>' for key, value in rows
    )
    return f'<div class="vd-scroll"><table class="vd-table vd-provenance">{cells}</table></div>'


def _linked(key: str, value: str) -> str:
    text = escape(value)
    if key == "commit" and value.isalnum():
        return f'<a href="{addresses.repository()}/tree/{text}">{text[:12]}</a>'
    return text


def _code(text: str) -> str:
    return f'<div class="highlight"><pre>{escape(text)}</pre></div>'


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
