"""The rewriting of an expression into a rational function of generators, by rules that the assumptions allow."""

from __future__ import annotations

import sympy as sp
from sympy.core.function import AppliedUndef
from sympy.polys.polyerrors import PolynomialError

from verified_dynamics.proof.generators import Generators, apply_relations
from verified_dynamics.proof.signs import is_positive, nonnegative


class Builder:
    """Rewrites an expression into a rational function of generators."""

    def __init__(self, generators: Generators):
        self.g = generators
        self._known: dict[sp.Expr, sp.Expr] = {}

    def form(self, e: sp.Expr) -> sp.Expr:
        """The normal form (not yet reduced) of `e`."""
        if e not in self._known:
            self._known[e] = self._form(e)
        return self._known[e]

    def _form(self, e: sp.Expr) -> sp.Expr:
        if e.is_Rational:
            return e
        if e.is_Symbol:
            return self._symbol(e)
        if e is sp.I:
            return self._unit()
        if e is sp.E:
            return self._exp(sp.S.One)
        if e.is_Add or e.is_Mul:
            return e.func(*(self.form(a) for a in e.args))
        if isinstance(e, sp.exp):
            return self._exp(e.args[0])
        if e.is_Pow:
            return self._power(e.base, e.exp)
        if isinstance(e, sp.log) and len(e.args) == 1:
            return self._log(e.args[0])
        if isinstance(e, (sp.Max, sp.Min, sp.Abs, sp.Heaviside, sp.sign)):
            return self._cases(e)
        return self._atom(e)

    def _unit(self) -> sp.Expr:
        fresh = "I" not in self.g.symbols
        unit = self.g.symbol("I", sp.I)
        if fresh:
            self.g.relations.append((unit, 2, sp.S.NegativeOne))
        return unit

    def _symbol(self, e: sp.Symbol) -> sp.Expr:
        if e.is_nonnegative:
            return self.g.root_power(e, sp.S.One, lambda r: e**r)
        return self.g.symbol(e, e)

    def _atom(self, e: sp.Expr) -> sp.Expr:
        """Anything else: a generator of its own, its arguments in canonical form."""
        if (
            isinstance(e, (sp.Integral, sp.Sum, sp.Product, sp.Derivative, sp.Subs, sp.Piecewise))
            or not e.args
        ):
            return self.g.symbol(e, e)
        arguments = [self.canonical(a) if isinstance(a, sp.Expr) else a for a in e.args]
        rebuilt = e.func(*arguments)
        if rebuilt.func is not e.func and not isinstance(e, AppliedUndef):
            return self.form(rebuilt)
        return self.g.symbol(rebuilt, rebuilt)

    def _cases(self, e: sp.Expr) -> sp.Expr:
        """Maxima, minima and absolute values by `relu(u) = Max(u, 0)`; steps with their argument's scale removed."""
        if any(a.is_extended_real is not True for a in e.args):
            return self._atom(e)
        if isinstance(e, (sp.Max, sp.Min)):
            sign = 1 if isinstance(e, sp.Max) else -1
            best = sign * self.form(e.args[0])
            for other in e.args[1:]:
                best = best + self._relu(sign * self.form(other) - best)
            return sign * best
        inside = self.form(e.args[0])
        if isinstance(e, sp.Abs):
            return 2 * self._relu(inside) - inside
        _, direction, rest = self._oriented(inside, strictly=True)
        meaning = self.g.back(rest)
        if isinstance(e, sp.sign):
            return direction * (self.g.symbol(sp.sign(meaning), sp.sign(meaning)) if rest != 1 else sp.S.One)
        if e.args[1] != sp.S.Half or (rest == 1 and direction == 0):
            return self._atom(e)
        step = self.g.symbol(sp.Heaviside(meaning), sp.Heaviside(meaning)) if rest != 1 else sp.S.One
        return step if direction > 0 else 1 - step

    def _oriented(self, form: sp.Expr, strictly: bool = False) -> tuple[sp.Expr, int, sp.Expr]:
        """`form` as scale * direction * rest: scale >= 0 (> 0 if `strictly`), direction 1, -1 or 0."""
        content, pieces = self.factors(form)
        if content == 0:
            return sp.S.Zero, 0, sp.S.One
        test = is_positive if strictly else nonnegative
        direction, scale, rest = (1 if content > 0 else -1), abs(content), sp.S.One
        for piece, power in pieces:
            meaning = self.g.back(piece)
            kept = 2 - power % 2 if strictly else power % 2  # an even power is >= 0, but may vanish
            if test(meaning):
                scale *= piece**power
            elif test(-meaning):
                scale, direction = scale * (-piece) ** power, direction * (-1) ** power
            else:
                scale, rest = scale * piece ** (power - kept), rest * piece**kept
        return scale, direction, sp.expand(rest)

    def _relu(self, form: sp.Expr) -> sp.Expr:
        """Max(form, 0), by one generator r for each oriented argument u: r**2 = u*r and relu(-u) = r - u."""
        scale, direction, rest = self._oriented(form)
        if rest == 1 or direction == 0:
            return scale * max(direction, 0)
        fresh = ("relu", rest) not in self.g.symbols
        generator = self.g.symbol(("relu", rest), sp.Max(self.g.back(rest), 0))
        if fresh:
            self.g.relations.append((generator, 2, rest * generator))
        return scale * (generator if direction > 0 else generator - rest)

    def canonical(self, e: sp.Expr) -> sp.Expr:
        """`e` in the original symbols, rewritten so that equal expressions look equal."""
        if e.is_Rational or e.is_Symbol or not isinstance(e, sp.Expr):
            return e
        reduced = self.reduce(self.form(e))
        return self.g.back(reduced)

    def reduce(self, form: sp.Expr) -> sp.Expr:
        """Numerator over denominator, without common factors, the relations applied to both."""
        numerator, denominator = sp.fraction(sp.cancel(sp.together(form)))
        numerator, denominator = (apply_relations(p, self.g.relations) for p in (numerator, denominator))
        return sp.cancel(numerator / denominator) if denominator != 0 else sp.nan

    def factors(self, form: sp.Expr) -> tuple[sp.Rational, list[tuple[sp.Expr, int]]]:
        """The content and the irreducible factors of a normal form, numerator and denominator together."""
        numerator, denominator = sp.fraction(self.reduce(form))
        if sp.nan in (numerator, denominator):
            raise PolynomialError("an expression that is nowhere defined")
        content, found = sp.S.One, []
        for part, sign in ((numerator, 1), (denominator, -1)):
            constant, pieces = sp.factor_list(part) if part.free_symbols else (part, [])
            content *= sp.Rational(constant) ** sign
            found += [(piece, sign * power) for piece, power in pieces]
        return content, found

    def _exp(self, argument: sp.Expr) -> sp.Expr:
        result = sp.S.One
        for term in sp.Add.make_args(sp.expand(self.canonical(sp.expand(argument)))):
            result *= self._exp_term(term)
        return result

    def _exp_term(self, term: sp.Expr) -> sp.Expr:
        coefficient, rest = term.as_coeff_Mul()
        if rest is sp.S.One:
            return self.g.root_power(sp.exp(1), coefficient, lambda r: sp.exp(r))
        if coefficient.is_Rational:
            logs = [f for f in sp.Mul.make_args(rest) if isinstance(f, sp.log)]
            if len(logs) == 1 and len(logs[0].args) == 1:
                return self._power(logs[0].args[0], term / logs[0])
            if isinstance(rest, sp.LambertW) and len(rest.args) == 1 and coefficient.is_Integer:
                return (self.form(rest.args[0]) / self.form(rest)) ** coefficient
            if rest == sp.I * sp.pi:
                return (
                    self.form(sp.exp(term, evaluate=True))
                    if coefficient.q <= 2
                    else self._root_of_unity(term)
                )
            return self.g.root_power(sp.exp(rest), coefficient, lambda r: sp.exp(r * rest))
        return self.g.symbol(sp.exp(term), sp.exp(term))

    def _root_of_unity(self, term: sp.Expr) -> sp.Expr:
        value = sp.exp(term).rewrite(sp.cos)
        return (
            self.form(value) if not value.has(sp.exp, sp.cos, sp.sin) else self.g.symbol(sp.exp(term), value)
        )

    def _power(self, base: sp.Expr, exponent: sp.Expr) -> sp.Expr:
        if exponent.is_Integer:
            return self.form(base) ** exponent
        if base is sp.E:
            return self._exp(exponent)
        exponent = sp.expand(self.canonical(exponent))
        result = sp.S.One
        content, pieces = self.factors(self.form(base))
        rest = sp.S.One
        if content < 0 and not exponent.is_integer:
            rest, content = sp.S.NegativeOne, -content
        for prime, power in sp.factorrat(content).items():
            result *= self._powers(sp.Integer(prime), exponent * power)
        for piece, power in pieces:
            meaning = self.g.back(piece)
            if is_positive(-meaning) and not exponent.is_integer:
                meaning, piece, rest = -meaning, -piece, rest * (-1) ** power
            if exponent.is_integer or is_positive(meaning) or nonnegative(meaning):
                result *= self._powers(meaning, exponent * power, piece)
            else:
                rest *= meaning**power
        if content < 0:
            result *= self._powers(sp.S.NegativeOne, exponent)
        return result if rest is sp.S.One else result * self._powers(rest, exponent)

    def _powers(self, base: sp.Expr, exponent: sp.Expr, piece: sp.Expr | None = None) -> sp.Expr:
        """base**exponent, the exponent split into its terms."""
        result = sp.S.One
        for term in sp.Add.make_args(sp.expand(exponent)):
            coefficient, symbolic = term.as_coeff_Mul()
            if symbolic is sp.S.One:
                result *= self._rational_power(base, coefficient, piece)
            elif isinstance(base, sp.exp):
                result *= self._exp_term(sp.expand(base.args[0] * term))
            elif base is sp.S.NegativeOne and symbolic.is_integer and coefficient.is_Integer:
                result *= self._sign_power(symbolic) ** (int(coefficient) % 2)
            else:
                result *= self.g.root_power(
                    base**symbolic, coefficient, lambda r, s=symbolic: base ** (r * s)
                )
        return result

    def _sign_power(self, exponent: sp.Expr) -> sp.Expr:
        fresh = (-1) ** exponent not in self.g.symbols
        generator = self.g.symbol((-1) ** exponent, (-1) ** exponent)
        if fresh:
            self.g.relations.append((generator, 2, sp.S.One))
        return generator

    def _rational_power(self, base: sp.Expr, exponent: sp.Rational, piece: sp.Expr | None) -> sp.Expr:
        if base is sp.S.NegativeOne and exponent.q == 2:
            return self._unit() ** exponent.p
        if isinstance(base, sp.exp):
            return self._exp_term(sp.expand(base.args[0] * exponent))
        if base.is_Symbol and base.is_nonnegative:
            return self.g.root_power(base, exponent, lambda r: base**r)
        if base.is_Pow and (base.exp * exponent).is_Integer and nonnegative(base.base):
            return self.form(base.base) ** (base.exp * exponent)
        radicand = self.form(base) if piece is None else piece
        return self.g.root_power(base, exponent, lambda r: base**r, radicand)

    def _log(self, argument: sp.Expr) -> sp.Expr:
        content, pieces = self.factors(self.form(argument))
        result, rest = sp.S.Zero, sp.S.One
        if content < 0:
            content, rest = -content, sp.S.NegativeOne
        for prime, power in sp.factorrat(content).items():
            result += power * self.g.symbol(sp.log(prime), sp.log(prime))
        for piece, power in pieces:
            meaning = self.g.back(piece)
            if is_positive(-meaning):
                meaning, rest = -meaning, rest * (-1) ** power
            if is_positive(meaning):
                result += power * self._log_of_positive(meaning)
            else:
                rest *= meaning**power
        if rest is sp.S.One:
            return result
        if rest is sp.S.NegativeOne:
            return result + self._unit() * self.form(sp.pi)
        return result + self.g.symbol(sp.log(rest), sp.log(rest))

    def _log_of_positive(self, e: sp.Expr) -> sp.Expr:
        if isinstance(e, sp.exp) and e.args[0].is_real:
            return self.form(e.args[0])
        if e.is_Pow and is_positive(e.base) and e.exp.is_real:
            return self.form(e.exp) * self._log(e.base)
        if isinstance(e, sp.LambertW) and len(e.args) == 1 and is_positive(e.args[0]):
            return self._log(e.args[0]) - self.form(e)
        return self.g.symbol(sp.log(e), sp.log(e))
