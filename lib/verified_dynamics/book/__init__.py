"""The book: the store of executed chapters, the ledger, and (`extension`) the Sphinx side."""

from verified_dynamics.book.citation import bibtex
from verified_dynamics.book.executed import NotExecuted, keep, key, pending, read
from verified_dynamics.book.ledger import LedgerError, collect, figure_records, to_json

__all__ = [
    "LedgerError",
    "NotExecuted",
    "bibtex",
    "collect",
    "figure_records",
    "keep",
    "key",
    "pending",
    "read",
    "to_json",
]
