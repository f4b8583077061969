"""The house style: small, sans, no frame on top and right, colours that the colour-blind can tell apart."""

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Okabe and Ito's palette without its yellow, which is too faint on white.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
GREY = "#777777"
INK = "#111111"

STYLE = {
    "font.size": 9,
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # ships with matplotlib, so that every machine draws the same
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "axes.labelsize": 9,
    "axes.prop_cycle": plt.cycler(color=PALETTE),
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "lines.linewidth": 1.3,
    "lines.markersize": 4.5,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "savefig.dpi": 200,  # of what is rasterised inside a vector picture
    "svg.hashsalt": "verified-dynamics",
    "svg.fonttype": "path",
    "pdf.fonttype": 42,
}


def panels(
    columns: int = 1, rows: int = 1, *, width: float | None = None, height: float = 3.2
) -> tuple[Figure, list[Axes]]:
    """A figure with rows x columns panels in the house style, and its axes as a flat list, row by row.

    width, height: inches of one panel; a single panel is 5.6 wide, several share 8.4.
    """
    plt.rcParams.update(STYLE)
    panel = width or (5.6 if columns == 1 else 8.4 / columns)
    figure, axes = plt.subplots(
        rows, columns, figsize=(panel * columns, height * rows), squeeze=False, layout="constrained"
    )
    return figure, list(axes.ravel())
