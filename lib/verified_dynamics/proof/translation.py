"""From SymPy to z3's real arithmetic, division and roots with their conditions, other functions by their properties.

Polynomial, rational and piecewise-linear expressions are translated as they are. Any other function becomes a fresh
real unknown about which only true facts are added (`exp` is positive, increasing, above its tangents): if z3 finds no
counterexample under these, there is none. A model found with fresh unknowns proves nothing; `exact` tells which.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sympy as sp
from sympy.core.function import AppliedUndef
from sympy.core.relational import Relational
from sympy.logic.boolalg import BooleanAtom

from verified_dynamics.proof.enclosures import NoEnclosure, NotDefined, Unresolved, bounds, enclose
from verified_dynamics.proof.exponential_lemmas import exponential_lemmas

_LARGEST_POWER = 16


class Untranslatable(Exception):
    """The expression has no real translation (a complex symbol, a distribution, an unevaluated sum)."""


class Translation:
    """The z3 unknowns and facts that stand for the expressions translated so far."""

    def __init__(self, z3):
        self.z3 = z3
        self.exact = True
        self.unknowns: dict[sp.Symbol, object] = {}
        self.facts: list = []
        self.fresh: dict[object, object] = {}
        self.exponentials: list[tuple[object, object, object]] = []
        self.units: dict[sp.Expr, sp.Rational] = {}
        self._terms: dict[sp.Basic, object] = {}
        self._guards: list = []
        self._count = 0

    def fact(self, formula) -> None:
        """Adds a fact, under the conditions of the pieces that are being translated."""
        self.facts.append(self.z3.Implies(self.z3.And(*self._guards), formula) if self._guards else formula)

    @contextmanager
    def _inside(self, guard) -> Iterator[None]:
        """Facts found inside hold only where `guard` does; terms found inside are forgotten afterwards."""
        before = dict(self._terms), dict(self.fresh)
        self._guards.append(guard)
        yield
        self._guards.pop()
        self._terms, self.fresh = before

    def prepare(self, *expressions: sp.Basic) -> None:
        """Finds, for each monomial in an exponent, the largest unit of which all its coefficients are multiples."""
        for expression in expressions:
            for exponential in expression.atoms(sp.exp):
                for term in sp.Add.make_args(sp.expand(exponential.args[0])):
                    coefficient, monomial = term.as_coeff_Mul()
                    known = self.units.get(monomial, sp.S.Zero)
                    self.units[monomial] = (
                        sp.gcd(known, abs(coefficient)) if coefficient.is_Rational else sp.S.One
                    )

    def term(self, e: sp.Expr):
        """The z3 term for `e`; facts that it needs are added on the way."""
        if e not in self._terms:
            self._terms[e] = self._term(e)
        return self._terms[e]

    def _term(self, e: sp.Expr):
        z3 = self.z3
        if e.is_Rational:
            return z3.Q(int(e.p), int(e.q))
        if e.is_Float:
            return self._term(sp.Rational(e))
        if e.is_Symbol:
            return self._unknown(e)
        if e.is_Add:
            return z3.Sum([self.term(a) for a in e.args])
        if e.is_Mul:
            return self._product(e)
        if isinstance(e, sp.exp) or e is sp.E:
            return self._exponential(sp.S.One if e is sp.E else e.args[0])
        if e.is_Pow:
            return self._power(e)
        return self._function(e)

    def _product(self, e: sp.Mul):
        product = self.term(e.args[0])
        for factor in e.args[1:]:
            product = product * self.term(factor)
        return product

    def _unknown(self, symbol: sp.Symbol):
        if symbol not in self.unknowns:
            if symbol.is_extended_real is not True:
                raise Untranslatable(f"{symbol} is not real")
            unknown = self.unknowns[symbol] = (
                self._integer(symbol) if symbol.is_integer else self.z3.Real(symbol.name)
            )
            if symbol.is_rational is not None and not symbol.is_integer:
                self.exact = False  # z3 takes it for any real number
            self._sign_facts(symbol, unknown)
        return self.unknowns[symbol]

    def _integer(self, symbol: sp.Symbol):
        number = self.z3.Int(symbol.name)
        if symbol.is_even is not None:
            self.fact(number % 2 == (0 if symbol.is_even else 1))
        return self.z3.ToReal(number)

    def _sign_facts(self, e: sp.Expr, term) -> None:
        for holds, fact in ((e.is_positive, term > 0), (e.is_negative, term < 0), (e.is_nonnegative, term >= 0),
                            (e.is_nonpositive, term <= 0), (e.is_nonzero, term != 0)):  # fmt: skip
            if holds:
                self.fact(fact)

    def _power(self, e: sp.Pow):
        base, exponent = e.base, e.exp
        if exponent.is_Integer and abs(exponent) <= _LARGEST_POWER:
            return self._integer_power(self.term(base), int(exponent))
        if exponent.is_Rational and exponent.q <= 6 and abs(exponent.p) <= _LARGEST_POWER:
            return self._integer_power(self._root(base, int(exponent.q)), int(exponent.p))
        if base.is_positive and not exponent.is_Rational:
            return self._exponential(sp.expand(exponent * sp.log(base)))
        return self._opaque(e)

    def _integer_power(self, base, n: int):
        power = self.z3.Q(1, 1)
        for _ in range(abs(n)):
            power = power * base
        if n < 0:
            self.fact(base != 0)
            return 1 / power
        return power

    def _root(self, base: sp.Expr, q: int):
        key = ("root", base, q)
        if key not in self.fresh:
            inside = self.term(base)
            root = self._new(key)
            self.fact(self.z3.And(inside >= 0, root >= 0, self._integer_power(root, q) == inside))
        return self.fresh[key]

    def _new(self, key):
        self._count += 1
        self.fresh[key] = self.z3.Real(f"fresh_{self._count}")
        return self.fresh[key]

    def _exponential(self, exponent: sp.Expr):
        product = None
        for term in sp.Add.make_args(sp.expand(exponent)):
            factor = self._exponential_of_term(term)
            product = factor if product is None else product * factor
        return product

    def _exponential_of_term(self, term: sp.Expr):
        coefficient, monomial = term.as_coeff_Mul()
        unit = self.units.get(monomial, sp.S.One)
        times = coefficient / unit if unit else coefficient
        if not times.is_Integer or abs(times) > _LARGEST_POWER:
            unit, times = coefficient, sp.S.One
        key = ("exp", unit * monomial)
        if key not in self.fresh:
            self.exact = False
            argument = self.term(unit * monomial)
            value = self._new(key)
            self._record_exponential(argument, value)
            self._enclose_constant(sp.exp(unit * monomial), value)
        return self._integer_power(self.fresh[key], int(times))

    def _record_exponential(self, argument, value) -> None:
        self.fact(value > 0)
        self.exponentials.append((argument, value, self.z3.And(*self._guards)))

    def _function(self, e: sp.Expr):
        z3 = self.z3
        if isinstance(e, sp.Abs):
            inside = self.term(e.args[0])
            return z3.If(inside >= 0, inside, -inside)
        if isinstance(e, (sp.Max, sp.Min)):
            return self._extremum(e)
        if isinstance(e, sp.sign):
            inside = self.term(e.args[0])
            return z3.If(inside > 0, z3.Q(1, 1), z3.If(inside < 0, z3.Q(-1, 1), z3.Q(0, 1)))
        if isinstance(e, sp.Heaviside):
            inside = self.term(e.args[0])
            return z3.If(inside > 0, z3.Q(1, 1), z3.If(inside < 0, z3.Q(0, 1), self.term(e.args[1])))
        if isinstance(e, sp.Piecewise):
            return self._piecewise(e)
        if isinstance(e, sp.log) and len(e.args) == 1:
            return self._logarithm(e)
        return self._opaque(e)

    def _extremum(self, e: sp.Expr):
        terms = [self.term(a) for a in e.args]
        best = terms[0]
        for term in terms[1:]:
            best = self.z3.If(term >= best if isinstance(e, sp.Max) else term <= best, term, best)
        return best

    def _piecewise(self, e: sp.Piecewise):
        conditions = [self.condition(c) for _, c in e.args]
        self.fact(self.z3.Or(*conditions))
        result = self.z3.Q(0, 1)
        for (value, _), condition in reversed(list(zip(e.args, conditions, strict=True))):
            with self._inside(condition):
                branch = self.term(value)
            result = self.z3.If(condition, branch, result)
        return result

    def _logarithm(self, e: sp.log):
        key = ("log", e.args[0])
        if key not in self.fresh:
            self.exact = False
            inside = self.term(e.args[0])
            value = self._new(key)
            self.fact(inside > 0)
            self._record_exponential(value, inside)
            self._enclose_constant(e, value)
        return self.fresh[key]

    def _opaque(self, e: sp.Expr):
        """A fresh unknown with the few facts that are known of the function."""
        real = e.is_extended_real or isinstance(e, (sp.sin, sp.cos, sp.tanh, sp.erf, sp.atan))
        if isinstance(e, AppliedUndef):
            real = bool(getattr(e.func, "is_real", None))
        if not real or isinstance(e, (sp.Sum, sp.Product, sp.Integral, sp.Limit)):
            raise Untranslatable(f"{e.func} has no real translation")
        if e not in self.fresh:
            self.exact = False
            value = self._new(e)
            self._sign_facts(e, value)
            self._bounded(e, value)
            self._enclose_constant(e, value)
        return self.fresh[e]

    def _bounded(self, e: sp.Expr, value) -> None:
        """Bounds, signs and the growth of a few odd, bounded functions."""
        if isinstance(e, (sp.sin, sp.cos)):
            self.fact(self.z3.And(value <= 1, value >= -1))
            partner = (sp.cos if isinstance(e, sp.sin) else sp.sin)(e.args[0])
            if partner in self.fresh:
                self.fact(value * value + self.fresh[partner] * self.fresh[partner] == 1)
        if isinstance(e, (sp.tanh, sp.erf, sp.atan)):
            inside = self.term(e.args[0])
            bound = 2 if isinstance(e, sp.atan) else 1
            for fact in (
                value < bound,
                value > -bound,
                (value > 0) == (inside > 0),
                (value < 0) == (inside < 0),
            ):
                self.fact(fact)
            if not isinstance(e, sp.erf):
                self.fact(self.z3.Implies(inside > 0, value < inside))
                self.fact(self.z3.Implies(inside < 0, value > inside))
            for other, other_value in list(self.fresh.items()):
                if isinstance(other, type(e)) and other != e:
                    self.fact((self.term(other.args[0]) < inside) == (other_value < value))

    def _enclose_constant(self, e: sp.Expr, value) -> None:
        if e.free_symbols or e.atoms(AppliedUndef):
            return
        try:
            low, high = bounds(enclose(e, {}, 100))
        except (NotDefined, Unresolved, NoEnclosure):
            return
        step = sp.Rational(1, 2**80)
        for end, sign in ((low, -1), (high, 1)):
            exact = sp.Rational(int(end * 2**100), 2**100) + sign * step
            term = self.z3.Q(int(exact.p), int(exact.q))
            self.fact(value >= term if sign < 0 else value <= term)

    def condition(self, c):
        """The z3 formula for a relation or a Boolean combination of relations."""
        z3 = self.z3
        if isinstance(c, (bool, BooleanAtom)):
            return z3.BoolVal(bool(c))
        if isinstance(c, Relational):
            left, right = self.term(c.lhs), self.term(c.rhs)
            return {"==": left == right, "!=": left != right, ">": left > right, ">=": left >= right,
                    "<": left < right, "<=": left <= right}[c.rel_op]  # fmt: skip
        if isinstance(c, (sp.And, sp.Or)):
            return (z3.And if isinstance(c, sp.And) else z3.Or)(*(self.condition(a) for a in c.args))
        if isinstance(c, sp.Not):
            return z3.Not(self.condition(c.args[0]))
        raise Untranslatable(f"the condition {c}")

    def lemmas(self) -> list:
        """What is true of all exponentials together: growth, and the tangents of the exponential function."""
        return exponential_lemmas(self.z3, self.exponentials)
