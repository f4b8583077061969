"""What `prove` answers: a verdict, and how it was reached."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from verified_dynamics.proof.statements import Statement


class Verdict(Enum):
    """PROVEN on the whole domain, REFUTED by an exact witness, or UNDECIDED (neither)."""

    PROVEN = "PROVEN"
    REFUTED = "REFUTED"
    UNDECIDED = "UNDECIDED"


class ProofError(Exception):
    """Two methods contradict each other, or a statement is malformed: never to be read as a verdict."""


@dataclass(frozen=True)
class Outcome:
    """A verdict without its clock: what one method says about one statement.

    `witness` maps symbol names to exact values, as text; `checked_points` counts the exact points at which
    the statement was evaluated rigorously and found to agree.
    """

    verdict: Verdict
    method: str = ""
    reason: str = ""
    witness: tuple[tuple[str, str], ...] | None = None
    checked_points: int = 0


@dataclass(frozen=True)
class Proof:
    """The answer of `prove`: verdict, method, witness (exact, or None), reason, seconds, checked points."""

    statement: Statement
    verdict: Verdict
    method: str
    witness: dict[str, str] | None
    reason: str
    seconds: float
    checked_points: int

    def __str__(self) -> str:
        detail = self.method if self.verdict is Verdict.PROVEN else self.reason
        return f"{self.verdict.value}: {self.statement}" + (f" ({detail})" if detail else "")


def proven(method: str, reason: str = "", checked_points: int = 0) -> Outcome:
    """An outcome that says PROVEN by `method`."""
    return Outcome(Verdict.PROVEN, method, reason, None, checked_points)


def refuted(method: str, reason: str, witness: dict | None) -> Outcome:
    """An outcome that says REFUTED; the witness maps names (or symbols) to exact values."""
    pairs = tuple((str(name), str(value)) for name, value in (witness or {}).items())
    return Outcome(Verdict.REFUTED, method, reason, pairs)


def undecided(reason: str, checked_points: int = 0) -> Outcome:
    """An outcome that says UNDECIDED, and why."""
    return Outcome(Verdict.UNDECIDED, "", reason, None, checked_points)
