"""z3 as a second prover: real statements by search for a counterexample.

z3 is imported on first use. Where it is not installed the answer is None with a reason that names the package.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import sympy as sp

from verified_dynamics.proof.domains import Domain
from verified_dynamics.proof.translation import Translation, Untranslatable

# The limit is set in z3's own unit of work, so that its answers do not depend on how busy the machine is; the wall
# clock is a second line of defence only.
_RESOURCES_PER_SECOND = 800_000
_WALL_FACTOR = 20


@dataclass(frozen=True)
class Answer:
    """`holds`: True (no counterexample exists), False (a model was found) or None, with the reason.

    `witness` is the model as exact numbers; it is a counterexample only where `exact` is True, and even then the
    caller confirms it by evaluation.
    """

    holds: bool | None
    witness: dict[sp.Symbol, sp.Expr] | None = None
    exact: bool = True
    reason: str = ""


def decide(relation: str, left: sp.Expr, right: sp.Expr, domain: Domain, seconds: float) -> Answer:
    """Asks z3 for a point of the domain at which `left relation right` fails; relation is "==", ">=" or ">"."""
    try:
        import z3
    except ImportError:
        return Answer(None, reason="the package z3-solver is not installed")
    # Freeing the context when Python exits takes minutes after some thousand questions; the system frees it at once.
    z3.main_ctx().owner = False
    with _undisturbed():
        return _ask(z3, relation, left, right, domain, seconds)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """No cyclic garbage collection inside: z3 lets other threads run, and in a kernel one of them could collect.

    It would then free z3's terms while z3 works in this thread, which z3 does not allow. What was made inside is young
    and is collected at the end, by this thread.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.collect(0)
        if enabled:
            gc.enable()


def _ask(z3, relation: str, left: sp.Expr, right: sp.Expr, domain: Domain, seconds: float) -> Answer:
    translation = Translation(z3)
    try:
        translation.prepare(left, right, *domain.given)
        for symbol in domain.symbols:
            translation.term(symbol)
        a, b = translation.term(left), translation.term(right)
        given = [translation.condition(g) for g in domain.given]
    except Untranslatable as error:
        return Answer(None, reason=f"z3 does not apply: {error}")
    claim = {"==": a == b, ">=": a >= b, ">": a > b}[relation]
    solver = _solver(z3, seconds)
    solver.add(*given, *translation.facts, *translation.lemmas(), z3.Not(claim))
    result = _check(z3, solver, seconds)
    if result == z3.unsat:
        return Answer(True, exact=translation.exact)
    if result == z3.sat:
        return Answer(False, _model(solver.model(), translation), translation.exact, "z3 found a model")
    return Answer(None, reason=f"z3 gave no answer ({solver.reason_unknown()})")


def inhabited(domain: Domain, seconds: float = 1.0) -> bool:
    """Whether z3 finds a point of the domain: a statement about no point at all must not pass for a proven one."""
    answer = decide("==", sp.S.Zero, sp.S.One, domain, seconds)
    return answer.holds is False and answer.exact


def _solver(z3, seconds: float):
    solver = z3.Solver()
    solver.set("timeout", max(1, int(1000 * _WALL_FACTOR * seconds)))
    solver.set("rlimit", max(1, int(_RESOURCES_PER_SECOND * seconds)))
    solver.set("random_seed", 0)
    return solver


def _check(z3, solver, seconds: float):
    """`solver.check()`, interrupted from another thread should z3 miss its own limits.

    The thread knows the context only, and has ended when this returns: the last reference to a solver, dropped in
    another thread while z3 works here, would crash the process.
    """
    watchdog = threading.Timer(2 * _WALL_FACTOR * seconds + 1, z3.main_ctx().interrupt)
    watchdog.daemon = True
    watchdog.start()
    try:
        return solver.check()
    except z3.Z3Exception:
        return z3.unknown
    finally:
        watchdog.cancel()
        watchdog.join()


def _model(model, translation: Translation) -> dict[sp.Symbol, sp.Expr] | None:
    witness = {}
    for symbol, unknown in translation.unknowns.items():
        value = _number(translation.z3, model.eval(unknown, model_completion=True))
        if value is None:
            return None
        witness[symbol] = value
    return witness


def _number(z3, value) -> sp.Expr | None:
    """A z3 number, rational or algebraic, as an exact SymPy number."""
    if z3.is_rational_value(value):
        return sp.Rational(value.numerator_as_long(), value.denominator_as_long())
    if not z3.is_algebraic_value(value):
        return None
    x = sp.Dummy("x")
    coefficients = [sp.Rational(c.numerator_as_long(), c.denominator_as_long()) for c in value.poly()]
    polynomial = sp.Poly(list(reversed(coefficients)), x)
    roots = polynomial.real_roots()
    index = value.index() - 1
    return roots[index] if 0 <= index < len(roots) else None
