"""Decides `AtLeast`: sampling, a checked certificate, signs of factors, z3, monotonicity, a search for the minimum."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice

import sympy as sp

from verified_dynamics.proof import solver_z3
from verified_dynamics.proof.certificates import CertificateError, Convex, Monotone
from verified_dynamics.proof.continuity import continuous_on
from verified_dynamics.proof.descent import lowest_point
from verified_dynamics.proof.domains import Domain
from verified_dynamics.proof.limits import true_limit
from verified_dynamics.proof.normal_form import simplified
from verified_dynamics.proof.refute import Comparison, compare, sample_at_least
from verified_dynamics.proof.signs import is_positive, nonnegative
from verified_dynamics.proof.statement_base import Statement
from verified_dynamics.proof.statements import AtLeast
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
    if sampling is not None and sampling.saw_nothing() and not solver_z3.inhabited(domain):
        return undecided(
            "no point of the domain was found: the relations in `given` may contradict each other"
        )
    agreed = sampling.agreed if sampling is not None else 0
    if statement.certificate is not None:
        return _by_certificate(statement, domain, 0.8 * seconds, decide, agreed)
    if sampling is not None and not agreed and sampling.failed:
        return undecided("the sides could be evaluated and compared at no point of the domain")
    method, outcome, reason = _shown(statement, domain, seconds)
    if method is None and outcome is None:
        method, outcome = _shown_by_analysis(statement, domain, seconds, decide, rounds)
    if method is not None:
        return proven(method, checked_points=agreed)
    return outcome or undecided(f"no certificate, no proof and no witness was found{reason}", agreed)


def _shown(statement: AtLeast, domain: Domain, seconds: float) -> tuple[str | None, Outcome | None, str]:
    """Signs of factors, z3, z3 after exponentiation: the method that proves, or a refutation, or why neither."""
    left, right, strict = statement.left, statement.right, statement.strict
    relation = ">" if strict else ">="
    difference = (left - right).subs(domain.determined)
    if not domain.determined and attempt(0.1 * seconds, _signed, difference, strict, default=False):
        return _compared_with_z3("signs of factors", statement, domain), None, ""
    answer = solver_z3.decide(relation, left, right, domain, 0.08 * seconds)
    if answer.holds:
        return "z3", None, ""
    found = _confirmed(statement, domain, answer.witness if answer.holds is False else None)
    if found is not None:
        return None, found, ""
    raised = exponentiated(left - right)
    if raised is not None and solver_z3.decide(relation, raised, sp.S.One, domain, 0.08 * seconds).holds:
        return "z3 after exponentiation", None, ""
    return None, None, f" ({answer.reason})" if answer.holds is None else ""


def _shown_by_analysis(statement: AtLeast, domain: Domain, seconds: float, decide, rounds: int):
    """Monotonicity, convexity, the half lines; a descent to a witness; z3 on the normal form."""
    if rounds and attempt(
        0.25 * seconds, _monotone, statement, domain, 0.25 * seconds, decide, rounds, default=False
    ):
        return "monotonicity", None
    found = attempt(0.1 * seconds, _searched, statement, domain)
    if found is not None:
        return None, found
    if rounds == _ROUNDS:
        if attempt(0.15 * seconds, _convex, statement, domain, 0.15 * seconds, decide, default=False):
            return "convexity", None
        if attempt(0.2 * seconds, _on_half_lines, statement, 0.2 * seconds, decide, default=False):
            return "monotonicity on both half lines", None
    difference = (statement.left - statement.right).subs(domain.determined)
    simpler = attempt(0.05 * seconds, simplified, difference)
    if simpler is not None and simpler != difference:
        relation = ">" if statement.strict else ">="
        if solver_z3.decide(relation, simpler, sp.S.Zero, domain, 0.08 * seconds).holds:
            return "z3 on the normal form", None
    return None, None


def exponentiated(difference: sp.Expr) -> sp.Expr | None:
    """exp(difference), in which logarithms and maxima have become products; None where there is no logarithm."""
    if not difference.has(sp.log):
        return None
    product = sp.S.One
    for term in sp.Add.make_args(sp.expand(difference)):
        coefficient, rest = term.as_coeff_Mul()
        if isinstance(rest, sp.log) and coefficient.is_Rational:
            product *= rest.args[0] ** coefficient
        elif isinstance(rest, (sp.Max, sp.Min)) and coefficient.is_Rational:
            product *= rest.func(*(sp.exp(a) for a in rest.args)) ** coefficient
        else:
            product *= sp.exp(term)
    return product


def _by_certificate(statement: AtLeast, domain: Domain, seconds: float, decide, agreed: int) -> Outcome:
    """The parts of the certificate, each of them decided."""
    name = type(statement.certificate).__name__
    try:
        parts = statement.certificate.parts(
            statement.left, statement.right, statement.strict, statement.given
        )
    except CertificateError as error:
        return undecided(f"the certificate {name} does not apply: {error}", agreed)
    if statement.certificate.needs_continuity and not continuous_on(statement.left - statement.right, domain):
        return undecided(f"the certificate {name} needs a continuous difference, which was not shown", agreed)
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


def _compared_with_z3(method: str, statement: AtLeast, domain: Domain) -> str:
    answer = solver_z3.decide(
        ">" if statement.strict else ">=", statement.left, statement.right, domain, 0.25
    )
    if answer.holds is False and answer.exact:
        raise ProofError(f"{method} prove {statement}, z3 has a counterexample {answer.witness}.")
    return f"{method}; z3 agrees" if answer.holds else method


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


def _monotone(statement: AtLeast, domain: Domain, seconds: float, decide, rounds: int) -> bool:
    """Monotonicity in one of the symbols, tried from each end of its range."""
    difference = statement.left - statement.right
    if not continuous_on(difference, domain):
        return False
    symbols = [s for s in statement.free_symbols() if not any(g.has(s) for g in statement.given)]
    for symbol in symbols[:2]:
        for start, decreasing in _ends(symbol):
            value = true_limit(difference, symbol, start, "-" if decreasing else "+", 0.3 * seconds)
            if value is None or not value.is_nonnegative or value is sp.oo:
                continue
            certificate = Monotone(symbol, start, value, decreasing)
            if _certifies(certificate, statement, seconds / 3, decide, rounds):
                return True
    return False


def _convex(statement: AtLeast, domain: Domain, seconds: float, decide) -> bool:
    """Convexity in the only symbol, its minimiser guessed by a descent."""
    symbols = statement.free_symbols()
    difference = statement.left - statement.right
    if len(symbols) != 1 or not continuous_on(difference, domain):
        return False
    for candidate in islice(lowest_point(difference, domain), 4):
        certificate = Convex(symbols[0], candidate[symbols[0]])
        if _certifies(certificate, statement, seconds / 4, decide, 0):
            return True
    return False


def _on_half_lines(statement: AtLeast, seconds: float, decide) -> bool:
    """The statement for x >= 0 and for x <= 0 apart, each by monotonicity."""
    symbols = statement.free_symbols()
    if len(symbols) != 1 or statement.given or symbols[0].is_nonnegative or symbols[0].is_nonpositive:
        return False
    half = sp.Symbol("half_", nonnegative=True)
    if symbols[0].assumptions0 != sp.Symbol("x", real=True).assumptions0:
        return False
    for value in (half, -half):
        side = AtLeast(statement.left.subs(symbols[0], value), statement.right.subs(symbols[0], value),
                       strict=statement.strict)  # fmt: skip
        if decide_at_least(side, seconds / 2, decide, 2).verdict is not Verdict.PROVEN:
            return False
    return True


def _certifies(certificate, statement: AtLeast, seconds: float, decide, rounds: int) -> bool:
    try:
        parts = certificate.parts(statement.left, statement.right, statement.strict, statement.given)
    except CertificateError:
        return False
    return all(_proves(part, seconds, decide, rounds) for part in parts)


def _proves(part: Statement, seconds: float, decide, rounds: int) -> bool:
    if isinstance(part, AtLeast):
        return decide_at_least(part, seconds, decide, rounds - 1).verdict is Verdict.PROVEN
    return decide(part, seconds).verdict is Verdict.PROVEN
