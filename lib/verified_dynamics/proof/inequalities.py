"""Decides `AtLeast`: sampling, a checked certificate, signs of factors, z3, monotonicity, a search for the minimum."""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp

from verified_dynamics.proof import solver_z3
from verified_dynamics.proof.certificates import CertificateError, Monotone
from verified_dynamics.proof.descent import lowest_point
from verified_dynamics.proof.domains import Domain
from verified_dynamics.proof.normal_form import is_positive, nonnegative, simplified
from verified_dynamics.proof.refute import Comparison, compare, sample_at_least
from verified_dynamics.proof.statements import AtLeast, Statement
from verified_dynamics.proof.timeouts import attempt
from verified_dynamics.proof.verdicts import Outcome, ProofError, Verdict, proven, refuted, undecided

_ROUNDS = 2  # how often monotonicity may be used inside monotonicity


def decide_at_least(statement: AtLeast, seconds: float, decide: Callable[[Statement, float], Outcome],
                    rounds: int = _ROUNDS) -> Outcome:  # fmt: skip
    """The outcome for an inequality; `decide` decides the parts of certificates."""
    left, right, strict = statement.left, statement.right, statement.strict
    domain = Domain(statement.free_symbols(), statement.given, f"{left} >= {right}")
    sampling = attempt(0.2 * seconds, sample_at_least, left, right, strict, domain)
    if sampling is not None and sampling.outcome is not None:
        return sampling.outcome
    agreed = sampling.agreed if sampling is not None else 0
    if statement.certificate is not None:
        return _by_certificate(statement, 0.8 * seconds, decide, agreed)
    difference = (left - right).subs(domain.determined)
    if not domain.determined and attempt(0.1 * seconds, _signed, difference, strict, default=False):
        return _compared_with_z3("signs of factors", statement, domain, agreed)
    answer = solver_z3.decide(">" if strict else ">=", left, right, domain, 0.1 * seconds)
    if answer.holds:
        return proven("z3", checked_points=agreed)
    found = _confirmed(statement, domain, answer.witness if answer.holds is False else None)
    if found is not None:
        return found
    if rounds and attempt(0.35 * seconds, _monotone, statement, 0.35 * seconds, decide, rounds, default=False):
        return proven("monotonicity", checked_points=agreed)
    found = attempt(0.1 * seconds, _searched, statement, domain)
    if found is not None:
        return found
    simpler = attempt(0.05 * seconds, simplified, difference)
    if simpler is not None and simpler != difference:
        again = solver_z3.decide(">" if strict else ">=", simpler, sp.S.Zero, domain, 0.1 * seconds)
        if again.holds:
            return proven("z3 on the normal form", checked_points=agreed)
    return undecided(f"no certificate, no proof and no witness was found ({answer.reason})", agreed)


def _by_certificate(statement: AtLeast, seconds: float, decide, agreed: int) -> Outcome:
    """The parts of the certificate, each of them decided."""
    name = type(statement.certificate).__name__
    try:
        parts = statement.certificate.parts(statement.left, statement.right, statement.strict, statement.given)
    except CertificateError as error:
        return undecided(f"the certificate {name} does not apply: {error}", agreed)
    for part in parts:
        outcome = decide(part, seconds / len(parts))
        if outcome.verdict is not Verdict.PROVEN:
            return undecided(f"the certificate {name} fails at {part}: {outcome.reason}", agreed)
    return proven(f"certificate {name}", checked_points=agreed)


def _signed(difference: sp.Expr, strict: bool) -> bool:
    """Whether the assumptions give each factor of the normal form its sign."""
    test = is_positive if strict else nonnegative
    if test(difference):
        return True
    try:
        form = sp.factor(simplified(difference))
    except (ArithmeticError, AttributeError, KeyError, NotImplementedError, TypeError, ValueError):
        return False
    negative = 0
    for factor in sp.Mul.make_args(form):
        if test(factor):
            continue
        if not test(-factor):
            return False
        negative += 1
    return negative % 2 == 0


def _compared_with_z3(method: str, statement: AtLeast, domain: Domain, agreed: int) -> Outcome:
    answer = solver_z3.decide(">" if statement.strict else ">=", statement.left, statement.right, domain, 0.25)
    if answer.holds is False and answer.exact:
        raise ProofError(f"{method} prove {statement}, z3 has a counterexample {answer.witness}.")
    return proven(f"{method}; z3 agrees" if answer.holds else method, checked_points=agreed)


def _confirmed(statement: AtLeast, domain: Domain, witness: dict | None) -> Outcome | None:
    """A refutation at a candidate point, if rigorous evaluation confirms it."""
    if not witness or not set(domain.symbols) <= set(witness) or not domain.contains(witness):
        return None
    verdict = compare(statement.left, statement.right, witness)
    if verdict is not Comparison.NEGATIVE and not (statement.strict and verdict is Comparison.ZERO):
        return None
    if verdict is Comparison.ZERO and sp.simplify((statement.left - statement.right).subs(witness)) != 0:
        return None
    named = {str(s): v for s, v in witness.items()}
    word = "smaller" if verdict is Comparison.NEGATIVE else "equal, not larger"
    return refuted("exact witness", f"the left side is {word} at {named}", named)


def _searched(statement: AtLeast, domain: Domain) -> Outcome | None:
    """A descent in ordinary arithmetic, whose end is made exact and evaluated rigorously."""
    for candidate in lowest_point(statement.left - statement.right, domain):
        found = _confirmed(statement, domain, candidate)
        if found is not None:
            return found
    return None


def _ends(symbol: sp.Symbol) -> list[tuple[sp.Expr, bool]]:
    """The ends of a symbol's range, each with whether it is the upper one."""
    if symbol.is_integer:
        return []
    if symbol.is_nonnegative:
        return [(sp.S.Zero, False), (sp.oo, True)]
    if symbol.is_nonpositive:
        return [(-sp.oo, False), (sp.S.Zero, True)]
    return [(-sp.oo, False), (sp.oo, True)] if symbol.is_real and not symbol.is_nonzero else []


def _monotone(statement: AtLeast, seconds: float, decide, rounds: int) -> bool:
    """Monotonicity in one of the symbols, tried from each end of its range."""
    from verified_dynamics.proof.limits import true_limit

    difference = statement.left - statement.right
    symbols = [s for s in statement.free_symbols() if not any(g.has(s) for g in statement.given)]
    for symbol in symbols[:2]:
        for start, decreasing in _ends(symbol):
            value = true_limit(difference, symbol, start, "-" if decreasing else "+", 0.3 * seconds)
            if value is None or not (value.is_nonnegative or value is sp.oo):
                continue
            if value is sp.oo:
                continue
            certificate = Monotone(symbol, start, value, decreasing)
            parts = certificate.parts(statement.left, statement.right, statement.strict, statement.given)
            if all(_proves(part, seconds / 3, decide, rounds) for part in parts):
                return True
    return False


def _proves(part: Statement, seconds: float, decide, rounds: int) -> bool:
    if isinstance(part, AtLeast):
        return decide_at_least(part, seconds, decide, rounds - 1).verdict is Verdict.PROVEN
    return decide(part, seconds).verdict is Verdict.PROVEN
