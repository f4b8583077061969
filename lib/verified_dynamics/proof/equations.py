"""Decides `Solves`: the solution is put in place of the unknown, and each residual must vanish."""

from __future__ import annotations

import sympy as sp

from verified_dynamics.proof.equalities import combined, equal
from verified_dynamics.proof.statements import Solves
from verified_dynamics.proof.verdicts import Outcome, Verdict, refuted, undecided


def residuals(statement: Solves) -> list[tuple[str, sp.Expr, sp.Expr]]:
    """The pairs of sides that must be equal, each with a name for messages."""
    bodies = {
        unknown.func: sp.Lambda(unknown.args, solution)
        for unknown, solution in zip(statement.unknown, statement.solution, strict=True)
    }
    found = []
    for word, equations in (("equation", statement.equation), ("condition", statement.conditions)):
        for number, equation in enumerate(equations):
            name = word if len(equations) == 1 else f"{word} {number + 1}"
            sides = (equation.lhs, equation.rhs) if isinstance(equation, sp.Eq) else (equation, sp.S.Zero)
            found.append((name, *(put_solution(side, bodies) for side in sides)))
    return found


def put_solution(expression: sp.Expr, bodies: dict) -> sp.Expr:
    """`expression` with each unknown function replaced by its solution, derivatives carried out."""
    for function, body in bodies.items():
        expression = expression.replace(function, body)
    return expression.doit()


def decide_solves(statement: Solves, seconds: float) -> Outcome:
    """The outcome for an equation (or system) with its conditions."""
    pairs = residuals(statement)
    outcomes = []
    for name, left, right in pairs:
        outcome = _part(name, left, right, statement, seconds / len(pairs))
        if outcome.verdict is Verdict.REFUTED:
            return outcome
        outcomes.append(outcome)
    return next((o for o in outcomes if o.verdict is Verdict.UNDECIDED), None) or combined(outcomes)


def _part(name: str, left: sp.Expr, right: sp.Expr, statement: Solves, seconds: float) -> Outcome:
    if left.has(sp.nan, sp.zoo) or right.has(sp.nan, sp.zoo):
        return undecided(f"the solution is not defined in the {name}")
    outcome = equal(left, right, statement, seconds)
    if outcome.verdict is Verdict.REFUTED:
        return refuted(outcome.method, f"the {name} fails: {outcome.reason}", dict(outcome.witness or ()))
    if outcome.verdict is Verdict.UNDECIDED:
        return undecided(f"the {name}: {outcome.reason}", outcome.checked_points)
    return outcome
