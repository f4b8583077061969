"""Small books in temporary folders: a library, chapters, and stored outputs made by hand."""

import json
from pathlib import Path

import nbformat

from verified_dynamics.book.executed import keep

# A white picture of one pixel, in base 64.
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4//8/AAX+Av4N70a4AAAAAElFTkSuQmCC"

METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


CITATION = """title: A Small Book
authors: [{name: Its authors}, {given-names: Ada, family-names: Byron}]
date-released: "2026-11-21"
version: 1.2.3
abstract: What it is about.
"""


class MiniBook:
    """A book with a `_config.yml`, a `lib` and chapters."""

    def __init__(self, root: Path):
        self.root = root
        (root / "_config.yml").write_text("title: A small book\n")
        (root / "CITATION.cff").write_text(CITATION)

    def module(self, path: str, text: str) -> Path:
        """Write a file below lib."""
        file = self.root / "lib" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def chapter(self, name: str, *cells: tuple[str, str]) -> Path:
        """Write the chapter `<part>/<name>` from (kind, source) pairs."""
        made = [_cell(kind, source, number) for number, (kind, source) in enumerate(cells)]
        path = self.root / "chapters" / f"{name}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        notebook = {"cells": made, "metadata": METADATA, "nbformat": 4, "nbformat_minor": 5}
        path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n")
        return path

    def store(self, path: Path, outputs: dict[int, list[dict]]) -> Path:
        """Store the chapter as if it had run; outputs: MIME bundles by index of the cell."""
        notebook = nbformat.read(path, as_version=4)
        for index, bundles in outputs.items():
            notebook.cells[index].outputs = [
                nbformat.v4.new_output("display_data", data=data) for data in bundles
            ]
        return keep(notebook, path)


def statement(kind: str, name: str, text: str = "For every $x$, $x = x$.") -> str:
    """A statement's Markdown."""
    return f":::{{prf:{kind}}} A title\n:label: {name}\n{text}\n:::"


def bundle(kind: str, record: dict) -> dict:
    """A MIME bundle as a cell's output holds it."""
    return {"text/plain": "x", f"application/vnd.verified-dynamics.{kind}+json": record}


def claim_record(name: str, **changes) -> dict:
    """A claim's record with four filled cells."""
    symbolic = {
        "text": "for all $x$", "statement": "x = x", "plain": "x = x", "kind": "Equal", "verdict": "PROVEN",
        "method": "difference is zero", "witness": None, "seconds": 0.01, "checked_points": 20,
    }  # fmt: skip
    estimate = {
        "profile": "smoke", "device": "a processor", "value": 0.9, "low": 0.8, "high": 1.1, "level": 0.95,
        "replicates": 8, "nonfinite": 0, "method": "t interval", "record": None,
    }  # fmt: skip
    measured = {
        "label": "change", "predicted": 1.0, "within": 0.5, "summary": "mean", "because": None, "unit": "seeds",
        "experiment": "drift-run", "estimates": [estimate],
    }  # fmt: skip
    return {
        "name": name,
        "source": "ours",
        "origin": "ours",
        "needs": [],
        "proves": [symbolic],
        "refutes": [symbolic | {"verdict": "REFUTED", "witness": {"x": "1/2"}}],
        "measures": [measured],
        "rejects": [measured | {"because": "the scale is left out"}],
        "profile": "smoke",
        "seconds": 1.0,
    } | changes


def claim_output(name: str, **changes) -> dict:
    """The output of a claim's cell."""
    return bundle("claim", claim_record(name, **changes))


def figure_output(name: str, **changes) -> dict:
    """The output of a figure's cell, with one experiment of two variables."""
    return bundle("figure", figure_record(name, **changes))


def figure_record(name: str, **changes) -> dict:
    """A figure's record."""
    import base64

    import xarray as xr

    data = xr.Dataset(
        {"drift": (("seed", "step"), [[1.0, 2.0], [3.0, 4.0]]), "limit": ("step", [0.5, 0.25])},
        coords={"seed": [0, 1], "step": [10, 20]},
    )
    provenance = {
        "device": "cpu", "device_name": "a processor", "precision": "float64", "versions": {"torch": "2.13.0"},
        "commit": "0123abc", "seeds": [0, 1], "profile": "smoke", "parameters": {"step": [10, 20]},
    }  # fmt: skip
    tolerances = {"drift": {"rtol": 1e-6, "atol": 0.0}, "limit": {"rtol": 1e-6, "atol": 0.0}}
    experiment = {
        "name": "drift-run", "chapter": "symmetry/scaling", "profile": "smoke", "variables": ["drift", "limit"],
        "tolerances": tolerances, "unit": "seeds", "provenance": provenance, "smoke_deviations": None,
    }  # fmt: skip
    picture = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><rect width="40" height="20"/></svg>'
    )
    return {
        "name": name,
        "title": "Drift against time",
        "caption": "The drift falls like $1/t$, as {prf:ref}`rescaling` says.",
        "alt": "Two points that fall from left to right.",
        "claims": [],
        "profile": "smoke",
        "digest": "ab" * 32,
        "state": "no record",
        "experiments": [experiment],
        "data": {"drift-run": base64.b64encode(bytes(data.to_netcdf(engine="scipy"))).decode()},
        "svg": picture,
        "pdf": base64.b64encode(b"%PDF-1.4").decode(),
        "png": PNG,
    } | changes


def outcome(**changes):
    """An outcome for the small book's figure `drift`."""
    experiment = {
        "name": "drift-run", "profile": "smoke", "compared": "tolerance", "why": "another device (a GPU)",
        "reproduced": True, "device_name": "a GPU", "machine": {}, "versions": {},
        "deviations": {"drift": 0.25, "limit": 0.0}, "unequal": ["drift"],
    }  # fmt: skip
    return {
        "figure": "drift", "digest": "ab" * 32, "date": "2026-11-22", "commit": "0123abc", "reproduced": True,
        "experiments": [experiment],
    } | changes  # fmt: skip


def _cell(kind: str, source: str, number: int) -> dict:
    cell = {"cell_type": kind}
    if kind == "code":
        cell |= {"execution_count": None}
    cell |= {"id": f"cell-{number}", "metadata": {}}
    if kind == "code":
        cell |= {"outputs": []}
    return cell | {"source": source.splitlines(keepends=True)}
