"""Claims: numbered statements whose four cells are filled by checks, each with a control that must fail."""

from verified_dynamics.claims.card import card, square, summary_table
from verified_dynamics.claims.claim import CITED_MIME, CLAIM_MIME, Cited, Claim, ClaimError, summary
from verified_dynamics.numerals import interval, number, plus_minus, seconds

__all__ = [
    "CITED_MIME",
    "CLAIM_MIME",
    "Cited",
    "Claim",
    "ClaimError",
    "card",
    "interval",
    "number",
    "plus_minus",
    "seconds",
    "square",
    "summary",
    "summary_table",
]
