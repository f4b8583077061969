"""Decides `Equal`: sampling for a witness, the symbolic methods, z3, and the comparison of their answers."""

from __future__ import annotations

from functools import partial

import sympy as sp
from sympy.core.function import AppliedUndef

from verified_dynamics.proof import solver_z3
from verified_dynamics.proof.continuity import continuous_on, nonnegative_on
from verified_dynamics.proof.domains import Domain
from verified_dynamics.proof.refute import Comparison, compare, sample_equal
from verified_dynamics.proof.statements import Equal
from verified_dynamics.proof.symbolic import has_cases, zero_method
from verified_dynamics.proof.timeouts import attempt
from verified_dynamics.proof.undefined_functions import jets
from verified_dynamics.proof.verdicts import Outcome, ProofError, Verdict, proven, refuted, undecided

_CHECKED_POINTS = 12
_CROSS_CHECK_SECONDS = 0.25


def decide_equal(statement: Equal, seconds: float) -> Outcome:
    """The outcome for all entries: refuted by the first that fails, proven where all are proven."""
    statement = without_function_givens(statement)
    entries = statement.entries()
    outcomes = []
    for index, (left, right) in enumerate(entries):
        outcome = equal(left, right, statement, seconds / len(entries))
        if outcome.verdict is Verdict.REFUTED:
            where = f"entry {index}: " if len(entries) > 1 else ""
            return refuted(outcome.method, where + outcome.reason, dict(outcome.witness or {}))
        outcomes.append(outcome)
    for outcome in outcomes:
        if outcome.verdict is Verdict.UNDECIDED:
            return outcome
    return combined(outcomes)


def without_function_givens(statement: Equal) -> Equal:
    """Equations in `given` for an undefined function or its derivative, put into the sides.

    What is left speaks of values and derivatives at a point, which a smooth function takes at will.
    """
    known = {}
    for relation in statement.given:
        if isinstance(relation, sp.Eq) and isinstance(jets(relation.lhs), AppliedUndef):
            known[jets(relation.lhs)] = jets(relation.rhs)
    if not known:
        return statement
    rest = tuple(g for g in statement.given if not (isinstance(g, sp.Eq) and jets(g.lhs) in known))
    sides = [jets(side).subs(known) for side in (statement.left, statement.right)]
    return Equal(*sides, given=rest)


def combined(outcomes: list[Outcome]) -> Outcome:
    """One proven outcome from several proven ones."""
    methods = ", ".join(dict.fromkeys(outcome.method for outcome in outcomes))
    return proven(methods, checked_points=sum(outcome.checked_points for outcome in outcomes))


def equal(left: sp.Expr, right: sp.Expr, statement, seconds: float) -> Outcome:
    """Whether two scalars are equal on the domain of `statement`."""
    if left == right:
        return proven("identical expressions")
    domain = Domain(statement.free_symbols(), statement.given, f"{left} = {right}")
    sampling = attempt(0.5 * seconds, sample_equal, left, right, domain, _CHECKED_POINTS)
    if sampling is not None and sampling.outcome is not None:
        return sampling.outcome
    if sampling is not None and sampling.saw_nothing() and not solver_z3.inhabited(domain):
        return undecided(
            "no point of the domain was found: the relations in `given` may contradict each other"
        )
    agreed = sampling.agreed if sampling is not None else 0
    difference = (left - right).subs(domain.determined)
    method = zero_method(difference, 0.3 * seconds)
    ask = partial(solver_z3.decide, "==", jets(left), jets(right), domain)
    if method is not None:
        return _cross_checked(method, left, right, ask, agreed, sampling)
    if attempt(0.2 * seconds, constant_zero, difference, domain, default=False):
        return proven("vanishing derivative and a value", checked_points=agreed)
    answer = ask(0.3 * seconds)
    if answer.holds and _real(left, domain) and _real(right, domain):
        return proven("z3", checked_points=agreed)
    if answer.holds is False and answer.witness and domain.contains(answer.witness):
        if compare(left, right, answer.witness) not in (Comparison.ZERO, Comparison.UNKNOWN):
            named = {str(s): v for s, v in answer.witness.items()}
            return refuted("z3 model, confirmed by evaluation", f"the sides differ at {named}", named)
    points = f"it agrees at {agreed} exact points; " if agreed else ""
    return undecided(
        f"no symbolic method shows it and no witness was found ({points}{answer.reason})", agreed
    )


def constant_zero(difference: sp.Expr, domain: Domain) -> bool:
    """Whether a continuous function of one real symbol has no slope and vanishes exactly at one point."""
    if len(domain.symbols) != 1 or domain.given or domain.symbols[0].is_integer or difference.has(sp.I):
        return False
    symbol = domain.symbols[0]
    punctured = symbol.is_nonzero and not (symbol.is_positive or symbol.is_negative)
    if symbol.is_real is not True or punctured or not continuous_on(difference, domain):
        return False
    if zero_method(difference.diff(symbol), 1.0) is None:
        return False
    simple = (v for v in (sp.S.Zero, sp.S.One, sp.S.NegativeOne) if v in domain.pools[symbol])
    return any(zero_method(difference.subs(symbol, value), 0.5) is not None for value in simple)


def _cross_checked(method, left, right, ask, agreed: int, sampling) -> Outcome:
    """A symbolic proof, compared with what sampling and z3 say."""
    if sampling is not None and not agreed and sampling.failed:
        return undecided(
            "a symbolic method applies, but the sides could be evaluated at no point of the domain"
        )
    if (
        (has_cases(left) or has_cases(right) or _rational(left - right))
        and not left.has(sp.I)
        and not right.has(sp.I)
    ):
        answer = ask(_CROSS_CHECK_SECONDS)
        if answer.holds is False and answer.exact:
            raise ProofError(f"{method} proves {left} = {right}, z3 has a counterexample {answer.witness}.")
        if answer.holds:
            return proven(f"{method}; z3 agrees", checked_points=agreed)
    return proven(method, checked_points=agreed)


def _real(expression: sp.Expr, domain: Domain) -> bool:
    """Whether each root and logarithm has a real value on the whole domain: z3 sees nothing else."""
    bases = [p.base for p in expression.atoms(sp.Pow) if not p.exp.is_integer]
    return all(nonnegative_on(u, domain) for u in bases + [e.args[0] for e in expression.atoms(sp.log)])


def _rational(expression: sp.Expr) -> bool:
    return bool(expression.is_rational_function(*expression.free_symbols)) and expression.count_ops() < 60
