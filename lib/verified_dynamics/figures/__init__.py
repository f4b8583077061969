"""Figures in one house style, published with their data, their origin and the command that makes them again."""

from verified_dynamics.figures.drawing import control, guide, measured, theory
from verified_dynamics.figures.publish import FIGURE_MIME, FigureError, publish
from verified_dynamics.figures.style import GREY, INK, PALETTE, STYLE, panels

__all__ = [
    "FIGURE_MIME",
    "GREY",
    "INK",
    "PALETTE",
    "STYLE",
    "FigureError",
    "control",
    "guide",
    "measured",
    "panels",
    "publish",
    "theory",
]
