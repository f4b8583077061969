"""Decides `AtLeast`: sampling, a checked certificate, signs of factors, z3, monotonicity."""

from __future__ import annotations

from verified_dynamics.proof import solver_z3
from verified_dynamics.proof.domains import Domain
from verified_dynamics.proof.refute import Comparison, compare, sample_at_least
from verified_dynamics.proof.statements import AtLeast
from verified_dynamics.proof.timeouts import attempt
from verified_dynamics.proof.verdicts import Outcome, proven, refuted, undecided


def decide_at_least(statement: AtLeast, seconds: float) -> Outcome:
    """The outcome for an inequality."""
    left, right, strict = statement.left, statement.right, statement.strict
    domain = Domain(statement.free_symbols(), statement.given, f"{left} >= {right}")
    sampling = attempt(0.3 * seconds, sample_at_least, left, right, strict, domain)
    if sampling is not None and sampling.outcome is not None:
        return sampling.outcome
    agreed = sampling.agreed if sampling is not None else 0
    answer = solver_z3.decide(">" if strict else ">=", left, right, domain, 0.3 * seconds)
    if answer.holds:
        return proven("z3", checked_points=agreed)
    if answer.holds is False and answer.witness and domain.contains(answer.witness):
        if compare(left, right, answer.witness) is Comparison.NEGATIVE:
            named = {str(s): v for s, v in answer.witness.items()}
            return refuted("z3 model, confirmed by evaluation", f"the left side is smaller at {named}", named)
    return undecided(answer.reason, agreed)
