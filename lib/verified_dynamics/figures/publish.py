"""Publish a figure: picture, data, claims and origin travel together in the output of the cell."""

import base64
import hashlib
import io
import re

import matplotlib.pyplot as plt
import xarray as xr
from matplotlib.figure import Figure

from verified_dynamics.experiments import Evidence, digest
from verified_dynamics.experiments.storage import to_bytes
from verified_dynamics.figures.pixels import compact_png
from verified_dynamics.figures.style import STYLE

PNG_DPI = 300
FIGURE_MIME = "application/vnd.verified-dynamics.figure+json"


class FigureError(ValueError):
    """A figure lacks what a reader needs to cite it or to read it."""


class publish:
    """A published figure, shown as the value of the last line of its cell.

    name: stable words joined by hyphens, after what the figure shows. title, caption (Markdown, says what to see),
    alt (for readers who cannot see it: what the picture shows, in a sentence or more). evidence: the experiments
    whose numbers it shows. variables: those of their variables that it shows; None means all. claims: names of the
    claims that it supports. Raises FigureError when one of these is missing.
    """

    def __init__(
        self,
        figure: Figure,
        name: str,
        *,
        title: str,
        caption: str,
        alt: str,
        evidence: list[Evidence],
        variables: list[str] | None = None,
        claims: list[str] = (),
    ):
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
            raise FigureError(f"the name of a figure is lower-case words joined by hyphens, not {name!r}.")
        if not evidence:
            raise FigureError(
                f"figure {name} shows no experiment: give its evidence, so that it can be made again."
            )
        if len(alt) < 40:
            raise FigureError(
                f"figure {name}: the alternative text must say what the picture shows, in a sentence."
            )
        if not title or not caption:
            raise FigureError(f"figure {name} needs a title and a caption that says what to see.")
        data = {e.experiment.name: _shown(e, variables, name) for e in evidence}
        with plt.rc_context(STYLE):
            svg = _saved(figure, "svg", {"Date": None}).decode()
            pdf = _saved(figure, "pdf", {"CreationDate": None})
            png = compact_png(_saved(figure, "png", {"Software": None}, dpi=PNG_DPI))
        plt.close(figure)
        self.record = {
            "name": name,
            "title": title,
            "caption": caption,
            "alt": alt,
            "claims": list(claims),
            "profile": "full" if all(e.profile == "full" for e in evidence) else "smoke",
            "state": "; ".join(dict.fromkeys(e.state for e in evidence)),
            "digest": data_digest(data),
            "experiments": [_origin(e, data[e.experiment.name]) for e in evidence],
            "data": {n: base64.b64encode(to_bytes(d)).decode() for n, d in data.items()},
            "svg": svg,
            "pdf": base64.b64encode(pdf).decode(),
            "png": base64.b64encode(png).decode(),
        }

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict:
        text = f"[Figure {self.record['name']}: {self.record['title']}]"
        return {"text/plain": text, "image/svg+xml": self.record["svg"], FIGURE_MIME: self.record}


def _shown(evidence: Evidence, variables: list[str] | None, name: str) -> xr.Dataset:
    data = evidence.data
    if variables is None:
        return data
    chosen = [v for v in variables if v in data.data_vars]
    if not chosen:
        raise FigureError(
            f"figure {name}: experiment {evidence.experiment.name} has none of the variables {', '.join(variables)}; "
            f"it has {', '.join(map(str, data.data_vars))}."
        )
    return data[chosen]


def data_digest(data: dict[str, xr.Dataset]) -> str:
    """SHA-256 of the data of a figure: of the names and digests of its experiments' datasets."""
    return hashlib.sha256(
        "|".join(f"{name}:{digest(data[name])}" for name in sorted(data)).encode()
    ).hexdigest()


def _origin(evidence: Evidence, data: xr.Dataset) -> dict:
    experiment = evidence.experiment
    tolerances = {
        str(v): {"rtol": experiment.tolerances[v].rtol, "atol": experiment.tolerances[v].atol}
        for v in data.data_vars
    }
    return {
        "name": experiment.name,
        "chapter": experiment.chapter,
        "profile": evidence.profile,
        "variables": [str(v) for v in data.data_vars],
        "tolerances": tolerances,
        "unit": experiment.unit,
        "provenance": evidence.provenance,
        "smoke_deviations": _kept_deviations(evidence, data),
    }


def _kept_deviations(evidence: Evidence, data: xr.Dataset) -> dict[str, float] | None:
    """For a figure that shows a record: how far the present code's smoke result is from the record's own."""
    if not evidence.shows_record or evidence.smoke_deviations is None:
        return None
    return {str(v): evidence.smoke_deviations[str(v)] for v in data.data_vars}


def _saved(figure: Figure, kind: str, metadata: dict, **options) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format=kind, bbox_inches="tight", metadata=metadata, **options)
    return buffer.getvalue()
