"""Three kinds of line: theory thin and black, measurement with markers and intervals, a control grey and dashed."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from verified_dynamics.figures.style import GREY, INK
from verified_dynamics.statistics import estimate


def theory(ax: Axes, x, y, *, label: str | None = None, **options) -> None:
    """A predicted curve: thin, black, without markers."""
    ax.plot(
        np.asarray(x), np.asarray(y), **{"color": INK, "linewidth": 0.9, "zorder": 3, **options}, label=label
    )


def guide(ax: Axes, x, y, text: str, **options) -> None:
    """A guide line of a predicted slope with its text at the right end."""
    x, y = np.asarray(x, float), np.asarray(y, float)
    ax.plot(x, y, color=INK, linewidth=0.9, linestyle=":", zorder=1)
    placed = {"xytext": (4, 0), "textcoords": "offset points", "fontsize": 8, "va": "center", **options}
    ax.annotate(text, (x[-1], y[-1]), **placed)


def measured(
    ax: Axes,
    values: xr.DataArray,
    *,
    x: str,
    label: str | None = None,
    color=None,
    summary: str = "mean",
    **options,
) -> None:
    """Estimates against the coordinate x, with 95 % intervals over replicates.

    values: dims (x,) or (x, "seed"); without replicates there are no intervals. summary: as in
    `statistics.estimate`.
    """
    _points(
        ax, values, x, summary, {"label": label, "color": color, "marker": "o", "linestyle": "-", **options}
    )


def control(
    ax: Axes, values: xr.DataArray, *, x: str, label: str | None = None, summary: str = "mean", **options
) -> None:
    """The same for a control: grey and dashed, with open markers."""
    style = {"color": GREY, "marker": "s", "linestyle": "--", "markerfacecolor": "white"}
    _points(ax, values, x, summary, {"label": label, **style, **options})


def _points(ax, values, x, summary, options) -> None:
    extra = set(values.dims) - {x, "seed"}
    if extra or x not in values.dims:
        raise ValueError(
            f"values to draw have the dims {x!r} and perhaps 'seed', not {values.dims}; select the rest."
        )
    positions = values[x].values
    if "seed" not in values.dims or values.sizes["seed"] == 1:
        flat = values.squeeze("seed", drop=True) if "seed" in values.dims else values
        ax.plot(positions, flat.values, **options)
        return
    found = [estimate(values.isel({x: i}), summary=summary) for i in range(values.sizes[x])]
    middle = np.array([e.value for e in found])
    errors = np.array([[max(e.value - e.low, 0.0), max(e.high - e.value, 0.0)] for e in found]).T
    errors = np.where(np.isfinite(errors), errors, 0.0)
    ax.errorbar(positions, middle, yerr=errors, capsize=2, elinewidth=0.9, **options)
