"""The kinds of statement that `prove` decides.

A statement speaks about all values that the assumptions of its symbols allow (`Symbol("x", positive=True)`)
and that satisfy `given`, at every point where both of its sides are defined. SymPy cancels `x/x` before anybody
can see it, so a removable singularity does not belong to what a statement says; write `given=[Ne(x, 0)]` where
it should be visible. A symbol without assumptions is complex. Undefined functions stand for all smooth functions.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import sympy as sp
from sympy.core.function import AppliedUndef
from sympy.core.relational import Relational
from sympy.matrices.matrixbase import MatrixBase

from verified_dynamics.proof.statement_base import (
    Statement,
    as_expression,
    as_relations,
    as_tuple,
    set_fields,
)


@dataclass(frozen=True)
class Equal(Statement):
    """`left` equals `right`: scalars, or matrices entry by entry."""

    left: sp.Basic
    right: sp.Basic
    given: tuple = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        left, right = as_expression(self.left), as_expression(self.right)
        shapes = [getattr(side, "shape", None) for side in (left, right)]
        if shapes[0] != shapes[1]:
            raise ValueError(f"The sides of Equal have different shapes, {shapes[0]} and {shapes[1]}.")
        set_fields(self, left=left, right=right, given=as_relations(self.given))

    def parts(self) -> tuple[sp.Basic, ...]:
        return (self.left, self.right, *self.given)

    def entries(self) -> tuple[tuple[sp.Expr, sp.Expr], ...]:
        """The pairs of scalars that must be equal."""
        if isinstance(self.left, MatrixBase):
            return tuple(zip(self.left.flat(), self.right.flat(), strict=True))
        return ((self.left, self.right),)

    def latex(self) -> str:
        return self._with_given(f"{sp.latex(self.left)} = {sp.latex(self.right)}")

    def __str__(self) -> str:
        return self._with_domain(f"{self.left} = {self.right}")


@dataclass(frozen=True)
class AtLeast(Statement):
    """`left >= right`, or `left > right` where `strict`; `certificate` helps the proof and is checked."""

    left: sp.Expr
    right: sp.Expr
    strict: bool = field(default=False, kw_only=True)
    given: tuple = field(default=(), kw_only=True)
    certificate: object = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        left, right = as_expression(self.left), as_expression(self.right)
        if isinstance(left, MatrixBase) or isinstance(right, MatrixBase):
            raise TypeError("AtLeast compares scalars; state an inequality of matrices entry by entry.")
        set_fields(self, left=left, right=right, given=as_relations(self.given))

    def parts(self) -> tuple[sp.Basic, ...]:
        return (self.left, self.right, *self.given)

    def latex(self) -> str:
        sign = ">" if self.strict else r"\geq"
        return self._with_given(f"{sp.latex(self.left)} {sign} {sp.latex(self.right)}")

    def __str__(self) -> str:
        return self._with_domain(f"{self.left} {'>' if self.strict else '>='} {self.right}")


@dataclass(frozen=True)
class LimitIs(Statement):
    """The limit of `expression` as `symbol` tends to `point` is `value` (which may be infinite).

    `direction` is "+" or "-" (from above or below) and only matters at a finite point.
    """

    expression: sp.Expr
    symbol: sp.Symbol
    point: sp.Expr
    value: sp.Expr
    direction: str = field(default="+", kw_only=True)
    given: tuple = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        if self.direction not in ("+", "-"):
            raise ValueError(f'The direction of a limit is "+" or "-", not {self.direction!r}.')
        set_fields(self, expression=as_expression(self.expression), point=as_expression(self.point),
             value=as_expression(self.value), given=as_relations(self.given))  # fmt: skip

    def parts(self) -> tuple[sp.Basic, ...]:
        return (self.expression, self.point, self.value, *self.given)

    def bound(self) -> tuple[sp.Symbol, ...]:
        return (self.symbol,)

    def latex(self) -> str:
        side = "" if self.point.is_infinite else f"^{{{self.direction}}}"
        arrow = rf"\lim_{{{sp.latex(self.symbol)} \to {sp.latex(self.point)}{side}}}"
        return self._with_given(
            rf"{arrow} \left( {sp.latex(self.expression)} \right) = {sp.latex(self.value)}"
        )

    def __str__(self) -> str:
        side = "" if self.point.is_infinite else self.direction
        return self._with_domain(
            f"limit of {self.expression} as {self.symbol} -> {self.point}{side} = {self.value}"
        )


@dataclass(frozen=True)
class AsymptoticTo(Statement):
    """The ratio of `expression` to `other` tends to one as `symbol` tends to `point`."""

    expression: sp.Expr
    other: sp.Expr
    symbol: sp.Symbol
    point: sp.Expr = sp.oo
    given: tuple = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        other = as_expression(self.other)
        if other == 0:
            raise ValueError("Nothing but zero is asymptotic to zero: state it with Equal or LimitIs.")
        set_fields(self, expression=as_expression(self.expression), other=other,
             point=as_expression(self.point), given=as_relations(self.given))  # fmt: skip

    def parts(self) -> tuple[sp.Basic, ...]:
        return (self.expression, self.other, self.point, *self.given)

    def bound(self) -> tuple[sp.Symbol, ...]:
        return (self.symbol,)

    def latex(self) -> str:
        where = rf"\quad ({sp.latex(self.symbol)} \to {sp.latex(self.point)})"
        return self._with_given(rf"{sp.latex(self.expression)} \sim {sp.latex(self.other)} {where}")

    def __str__(self) -> str:
        return self._with_domain(f"{self.expression} ~ {self.other} as {self.symbol} -> {self.point}")


@dataclass(frozen=True)
class SeriesIs(Statement):
    """`expression = polynomial + O((symbol - point)**order)`; at infinity the remainder is `O(symbol**-order)`.

    `polynomial` may hold half-integer powers of `symbol - point` where the expansion has them.
    """

    expression: sp.Expr
    symbol: sp.Symbol
    point: sp.Expr
    order: sp.Expr
    polynomial: sp.Expr
    given: tuple = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        order = sp.sympify(self.order)
        if not order.is_Rational:
            raise ValueError(f"The order of a remainder is a number, not {order}.")
        set_fields(self, expression=as_expression(self.expression), point=as_expression(self.point), order=order,
             polynomial=as_expression(self.polynomial), given=as_relations(self.given))  # fmt: skip

    def parts(self) -> tuple[sp.Basic, ...]:
        return (self.expression, self.point, self.polynomial, *self.given)

    def bound(self) -> tuple[sp.Symbol, ...]:
        return (self.symbol,)

    def remainder(self) -> sp.Expr:
        """The function whose multiple bounds the remainder."""
        if self.point.is_infinite:
            return self.symbol ** (-self.order)
        return (self.symbol - self.point) ** self.order

    def latex(self) -> str:
        where = rf"\quad ({sp.latex(self.symbol)} \to {sp.latex(self.point)})"
        big = rf"O\left({sp.latex(self.remainder())}\right)"
        return self._with_given(rf"{sp.latex(self.expression)} = {sp.latex(self.polynomial)} + {big} {where}")

    def __str__(self) -> str:
        text = f"{self.expression} = {self.polynomial} + O({self.remainder()})"
        return self._with_domain(f"{text} as {self.symbol} -> {self.point}")


@dataclass(frozen=True)
class Solves(Statement):
    """`solution` put in place of `unknown` satisfies `equation` and the `conditions`.

    `unknown` is an applied function, `f(t)` of a differential equation or `f(n)` (n an integer) of a recurrence.
    Systems: sequences for `equation`, `unknown` and `solution`. An equation is an `Eq`, or an expression that
    must vanish; a solution is an expression or `Eq(f(t), expression)`; conditions are equations such as
    `Eq(f(0), a)`.
    """

    equation: tuple
    unknown: tuple
    solution: tuple
    conditions: tuple = field(default=(), kw_only=True)
    given: tuple = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        unknown = as_tuple(self.unknown)
        for function in unknown:
            if not isinstance(function, AppliedUndef):
                raise TypeError(f"The unknown is an applied function such as f(t), not {function}.")
        solution = tuple(s.rhs if isinstance(s, sp.Eq) else sp.sympify(s) for s in as_tuple(self.solution))
        if len(solution) != len(unknown):
            raise ValueError(f"There are {len(unknown)} unknowns and {len(solution)} solutions.")
        set_fields(self, equation=self._equations(self.equation), unknown=unknown, solution=solution,
             conditions=self._equations(self.conditions), given=as_relations(self.given))  # fmt: skip

    @staticmethod
    def _equations(value) -> tuple:
        found = tuple(sp.sympify(equation) for equation in as_tuple(value))
        for equation in found:
            if isinstance(equation, Relational) and not isinstance(equation, sp.Eq):
                raise TypeError(f"Solves takes equations, not {equation}.")
        return tuple(equation for equation in found if equation is not sp.true)

    def parts(self) -> tuple[sp.Basic, ...]:
        return (*self.equation, *self.unknown, *self.solution, *self.conditions, *self.given)

    def latex(self) -> str:
        shown = [*self.equation, *self.conditions]
        shown = [e if isinstance(e, sp.Eq) else sp.Eq(e, 0, evaluate=False) for e in shown]
        pairs = zip(self.unknown, self.solution, strict=True)
        solution = r",\; ".join(f"{sp.latex(f)} = {sp.latex(s)}" for f, s in pairs)
        system = r",\; ".join(sp.latex(equation) for equation in shown)
        return self._with_given(rf"{solution} \quad\text{{solves}}\quad {system}")

    def __str__(self) -> str:
        pairs = zip(self.unknown, self.solution, strict=True)
        solution = ", ".join(f"{f} = {s}" for f, s in pairs)
        system = ", ".join(f"{e.lhs} = {e.rhs}" if isinstance(e, sp.Eq) else f"{e} = 0"
                           for e in (*self.equation, *self.conditions))  # fmt: skip
        return self._with_domain(f"{solution} solves {system}")
