"""`prove`: the one door to all methods, with a time limit and cross-checks."""

from __future__ import annotations

import time

from verified_dynamics.proof.domains import DomainError, with_signs
from verified_dynamics.proof.equalities import decide_equal
from verified_dynamics.proof.equations import decide_solves
from verified_dynamics.proof.inequalities import decide_at_least
from verified_dynamics.proof.limit_forms import SYMPY_FAILURES
from verified_dynamics.proof.limits import decide_asymptotic, decide_limit
from verified_dynamics.proof.series import decide_series
from verified_dynamics.proof.statement_base import Statement
from verified_dynamics.proof.statements import (
    AsymptoticTo,
    AtLeast,
    Equal,
    LimitIs,
    SeriesIs,
    Solves,
)
from verified_dynamics.proof.timeouts import TimeLimit, time_limit
from verified_dynamics.proof.verdicts import Outcome, Proof, undecided


def decide(statement: Statement, seconds: float) -> Outcome:
    """The outcome for a statement of any kind, without the outer time limit."""
    return _DECIDERS[type(statement)](statement, seconds)


_DECIDERS = {
    Equal: decide_equal,
    AtLeast: lambda statement, seconds: decide_at_least(statement, seconds, decide),
    LimitIs: decide_limit,
    AsymptoticTo: decide_asymptotic,
    SeriesIs: decide_series,
    Solves: decide_solves,
}


def prove(statement: Statement, *, timeout: float = 20.0) -> Proof:
    """Decides a statement: PROVEN, REFUTED with a witness, or UNDECIDED with the reason.

    `timeout` is in seconds of CPU time. The same statement gets the same verdict and the same witness at every call;
    whether it is reached within the limit depends on the machine. Raises `ProofError` where two methods contradict
    each other, `TypeError` for anything that is no statement.
    """
    if type(statement) not in _DECIDERS:
        kinds = ", ".join(kind.__name__ for kind in _DECIDERS)
        raise TypeError(f"prove takes one of {kinds}, not {type(statement).__name__}.")
    if timeout <= 0:
        raise ValueError(f"The time limit must be positive, not {timeout}.")
    start = time.process_time()
    token = None
    try:
        with time_limit(timeout) as token:
            outcome = decide(with_signs(statement), timeout)
    except TimeLimit as error:
        if error.owner is not token:
            raise
        outcome = undecided(f"the time limit of {timeout:g} s ran out")
    except DomainError:
        raise
    except SYMPY_FAILURES as error:
        outcome = undecided(f"SymPy failed: {type(error).__name__}: {error}")
    return Proof(
        statement=statement,
        verdict=outcome.verdict,
        method=outcome.method,
        witness=dict(outcome.witness) if outcome.witness is not None else None,
        reason=outcome.reason,
        seconds=time.process_time() - start,
        checked_points=outcome.checked_points,
    )
