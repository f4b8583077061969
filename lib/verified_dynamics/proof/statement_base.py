"""What all kinds of statement share, and the coercion of their fields."""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp
from sympy.core.function import AppliedUndef
from sympy.logic.boolalg import Boolean
from sympy.matrices.matrixbase import MatrixBase


def as_expression(value) -> sp.Basic:
    """`value` as an immutable SymPy expression or matrix."""
    if isinstance(value, MatrixBase):
        return value.as_immutable()
    if isinstance(value, (list, tuple)):
        return sp.ImmutableMatrix(value)
    value = sp.sympify(value)
    if not isinstance(value, (sp.Expr, MatrixBase)):
        raise TypeError(f"A side of a statement is a SymPy expression or matrix, not {type(value).__name__}.")
    return value


def as_relations(given) -> tuple[Boolean, ...]:
    """`given` as a tuple of SymPy relations, without those that the assumptions imply."""
    if isinstance(given, (Boolean, bool)):
        given = (given,)
    kept = []
    for relation in given:
        relation = sp.sympify(relation)
        if not isinstance(relation, Boolean):
            raise TypeError(f"`given` holds relations such as a < b, not {relation}.")
        if relation is sp.false:
            raise ValueError("One of the relations in `given` contradicts the symbols' assumptions.")
        if relation is not sp.true:
            kept.append(relation)
    return tuple(kept)


def as_tuple(value) -> tuple:
    """A list or tuple as a tuple, anything else as a tuple of one."""
    return tuple(value) if isinstance(value, (list, tuple, sp.Tuple)) else (value,)


def set_fields(instance, **values) -> None:
    """Set fields of a frozen dataclass while it is made."""
    for name, value in values.items():
        object.__setattr__(instance, name, value)


def describe_symbol(symbol: sp.Symbol) -> str:
    """The assumptions of a symbol in words, e.g. "x > 0"."""
    facts = symbol.assumptions0
    words = []
    if facts.get("positive"):
        words.append(f"{symbol} > 0")
    elif facts.get("negative"):
        words.append(f"{symbol} < 0")
    elif facts.get("nonnegative"):
        words.append(f"{symbol} >= 0")
    elif facts.get("nonpositive"):
        words.append(f"{symbol} <= 0")
    elif facts.get("real") and facts.get("zero") is False:
        words.append(f"{symbol} real and not 0")
    elif facts.get("real") and not facts.get("rational"):
        words.append(f"{symbol} real")
    elif not facts.get("real"):
        words.append(f"{symbol} complex")
    for name in ("even", "odd", "integer", "rational"):
        if facts.get(name):
            words.append(f"{symbol} {name}")
            break
    return ", ".join(words)


@dataclass(frozen=True)
class Statement:
    """What all kinds share: `given`, text, TeX, and the symbols that the statement speaks about."""

    def parts(self) -> tuple[sp.Basic, ...]:
        """Every expression of the statement, for a search of its symbols and functions."""
        raise NotImplementedError

    def latex(self) -> str:
        """The statement in TeX, with `given` but without the assumptions of the symbols."""
        raise NotImplementedError

    def bound(self) -> tuple[sp.Symbol, ...]:
        """Symbols that the statement binds itself (the variable of a limit or a series)."""
        return ()

    def free_symbols(self) -> tuple[sp.Symbol, ...]:
        """The free symbols in the order of their names."""
        found = set().union(*(part.free_symbols for part in self.parts()), set())
        return tuple(sorted(found - set(self.bound()), key=lambda s: (s.name, s.sort_key())))

    def functions(self) -> tuple:
        """The undefined functions that occur, in the order of their names."""
        found = set().union(*({f.func for f in part.atoms(AppliedUndef)} for part in self.parts()), set())
        return tuple(sorted(found, key=str))

    @property
    def kind(self) -> str:
        """The name of the kind, e.g. "Equal"."""
        return type(self).__name__

    def domain(self) -> str:
        """The domain in words: the symbols' assumptions, then `given`."""
        words = [describe_symbol(symbol) for symbol in self.free_symbols()]
        return "; ".join(words + [str(relation) for relation in self.given])

    def _with_given(self, tex: str) -> str:
        if not self.given:
            return tex
        return tex + r" \quad\text{for } " + r",\; ".join(sp.latex(relation) for relation in self.given)

    def _with_domain(self, text: str) -> str:
        return f"{text}  [{self.domain()}]" if self.domain() else text
