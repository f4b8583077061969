"""The generators of a normal form, and the relations between them."""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp


class FinerRoot(Exception):
    """A root of a generator is needed that the present generators do not hold: start again."""


class Generators:
    """The generators met so far: what each stands for, its relation, and the roots that are needed."""

    def __init__(self) -> None:
        self.denominators: dict[sp.Expr, int] = {}
        self.restart()

    def restart(self) -> None:
        """Forgets the generators, keeps the roots that are known to be needed."""
        self.symbols: dict[object, sp.Symbol] = {}
        self.meaning: dict[sp.Symbol, sp.Expr] = {}
        self.relations: list[tuple[sp.Symbol, int, sp.Expr]] = []

    def symbol(self, key, meaning: sp.Expr) -> sp.Symbol:
        """The generator for `key`."""
        if key not in self.symbols:
            new = sp.Symbol(f"g{len(self.symbols)}_")
            self.symbols[key] = new
            self.meaning[new] = meaning
        return self.symbols[key]

    def root_power(self, key: sp.Expr, exponent: sp.Rational, meaning: Callable, radicand=None) -> sp.Expr:
        """key**exponent as an integer power of the finest root of `key` that is needed."""
        q = self.denominators.get(key, 1)
        if q % exponent.q:
            self.denominators[key] = int(sp.ilcm(q, exponent.q))
            raise FinerRoot
        if q == 1 and radicand is not None:
            return radicand**exponent.p
        name = ("root", key, q)
        fresh = name not in self.symbols
        generator = self.symbol(name, meaning(sp.Rational(1, q)))
        if fresh and radicand is not None:
            self.relations.append((generator, q, radicand))
        return generator ** int(exponent * q)

    def back(self, form: sp.Expr) -> sp.Expr:
        """A normal form written in the original symbols again."""
        return form.xreplace(self.meaning)


def apply_relations(polynomial: sp.Expr, relations) -> sp.Expr:
    """Lowers powers of a generator by its relation `generator**q = radicand`, the newest generator first."""
    for generator, q, radicand in reversed(relations):
        if not polynomial.has(generator):
            continue
        poly = sp.Poly(polynomial, generator)
        if poly.degree() < q:
            continue
        if radicand.has(generator):  # relu: r**k = u**(k-1) * r
            inside = sp.cancel(radicand / generator)
            terms = (c * (inside ** (k - 1) * generator if k else 1) for (k,), c in poly.terms())
        else:
            numerator, denominator = sp.fraction(sp.together(radicand))
            top = poly.degree() // q
            terms = (
                c * generator ** (k % q) * numerator ** (k // q) * denominator ** (top - k // q)
                for (k,), c in poly.terms()
            )
        polynomial = sp.Add(*terms)
    return sp.expand(polynomial)
