"""The whole book as one PDF: its built pages, joined into one document and printed by Chromium."""

from verified_dynamics.book.pdf.faults import faults
from verified_dynamics.book.pdf.making import PdfError, make_pdf

__all__ = ["PdfError", "faults", "make_pdf"]
