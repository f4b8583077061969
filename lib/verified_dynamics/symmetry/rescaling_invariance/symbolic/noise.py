"""Label noise balances the second moments of the gradients, not the norms (claim: noise-balance)."""

import itertools

import sympy as sp

from verified_dynamics.proof import AtLeast, Equal, Statement

eta, sigma, x, w, c = sp.symbols("eta sigma x w lambda", positive=True)
u = sp.symbols("u1 u2", real=True)


def expected_drift() -> Statement:
    """At a minimum of y = u·relu(wx), two outputs, label noise ±σ: E[Δ(w² − ‖u‖²)] = η²σ²x²(‖u‖² − 2w²)."""
    return Equal(_mean_change(u), eta**2 * sigma**2 * x**2 * (u[0] ** 2 + u[1] ** 2 - 2 * w**2))


def single_output_drift() -> Statement:
    """One output: E[Δ(w² − u²)] = −η²σ²x²(w² − u²), a decay at a rate proportional to the step size."""
    return Equal(_mean_change(u[:1]), -(eta**2) * sigma**2 * x**2 * (w**2 - u[0] ** 2))


def restoring() -> Statement:
    """Along the orbit the drift a/c² − b c² falls strictly, so its zero attracts."""
    a, b = sp.symbols("a b", positive=True)
    return AtLeast(-sp.diff(a / c**2 - b * c**2, c), 0, strict=True)


def equilibrium() -> Statement:
    """The zero of the drift is where the second moments agree, c⁴ = a/b."""
    a, b = sp.symbols("a b", positive=True)
    return Equal(
        (a / c**2).subs(c, (a / b) ** sp.Rational(1, 4)), (b * c**2).subs(c, (a / b) ** sp.Rational(1, 4))
    )


def norms_balance() -> Statement:
    """No drift where ‖u‖² = w² with two outputs: false, the norms are not what balances."""
    size = w / sp.sqrt(2)
    return Equal(_mean_change((size, size)), sp.Integer(0))


def _mean_change(outgoing) -> sp.Expr:
    """Exact mean over all signs of the label noise of the change of w² − ‖u‖² in one step from a minimum."""
    total = 0
    patterns = list(itertools.product((-1, 1), repeat=len(outgoing)))
    for signs in patterns:
        errors = [sigma * s for s in signs]
        moved_w = w - eta * x * sum(p * r for p, r in zip(outgoing, errors, strict=True))
        moved_u = [p - eta * w * x * r for p, r in zip(outgoing, errors, strict=True)]
        total += moved_w**2 - sum(p**2 for p in moved_u) - w**2 + sum(p**2 for p in outgoing)
    return total / len(patterns)
