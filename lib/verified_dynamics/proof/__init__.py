"""Symbolic statements and the three verdicts: proven, refuted by an exact witness, undecided."""

from verified_dynamics.proof.certificates import Convex, Monotone, SignedFactors, SumOfSquares
from verified_dynamics.proof.prove import prove
from verified_dynamics.proof.statement_base import Statement
from verified_dynamics.proof.statements import (
    AsymptoticTo,
    AtLeast,
    Equal,
    LimitIs,
    SeriesIs,
    Solves,
)
from verified_dynamics.proof.verdicts import Proof, ProofError, Verdict

__all__ = [
    "AsymptoticTo",
    "AtLeast",
    "Convex",
    "Equal",
    "LimitIs",
    "Monotone",
    "Proof",
    "ProofError",
    "SeriesIs",
    "SignedFactors",
    "Solves",
    "Statement",
    "SumOfSquares",
    "Verdict",
    "prove",
]
