"""How discrete steps, momentum and weight decay change ‖in‖² − ‖out‖²."""

import sympy as sp

from verified_dynamics.proof import AtLeast, Equal, Solves, Statement

eta, rate = sp.symbols("eta rho", positive=True)
t = sp.Symbol("t", nonnegative=True)
u = sp.symbols("u1 u2", real=True)
v = sp.symbols("v1 v2", real=True)
g = sp.symbols("g1 g2", real=True)
k = sp.symbols("k1 k2", real=True)


def exact_drift() -> Statement:
    """One step θ − ηg with any vector g: the change is −2η⟨Aθ, g⟩ + η²(‖g_in‖² − ‖g_out‖²)."""
    first_order = -2 * eta * (_dot(u, g) - _dot(v, k))
    return Equal(_quantity(_step(u, g), _step(v, k)) - _quantity(u, v), first_order + _second_order(g, k))


def gradient_step_drift() -> Statement:
    """The first-order term is gone for the gradient of every smooth loss of the neuron's product."""
    loss = sp.Function("F")(u[0] * v[0])
    incoming, outgoing = [sp.diff(loss, u[0])], [sp.diff(loss, v[0])]
    change = _quantity(_step(u[:1], incoming), _step(v[:1], outgoing)) - _quantity(u[:1], v[:1])
    return Equal(change, _second_order(incoming, outgoing))


def momentum_law() -> Statement:
    """θ'' = −γθ' − ∇L: the quantity obeys h'' + γh' = ‖θ_in'‖² − ‖θ_out'‖² with h = ½(‖in‖² − ‖out‖²)."""
    friction = sp.Symbol("gamma", positive=True)
    a, b = sp.Function("u")(t), sp.Function("v")(t)
    force = sp.Function("f")(t)  # the derivative of the loss by the product, along the motion
    half = (a**2 - b**2) / 2
    accelerations = {
        a.diff(t, 2): -friction * a.diff(t) - b * force,
        b.diff(t, 2): -friction * b.diff(t) - a * force,
    }
    left = (half.diff(t, 2) + friction * half.diff(t)).subs(accelerations)
    return Equal(left, a.diff(t) ** 2 - b.diff(t) ** 2)


def momentum_account() -> Statement:
    """Heavy ball v⁺ = μv + ∇L, θ⁺ = θ − ηv: the charge q = ⟨Aθ, v⟩ obeys q⁺ = μ(q − η(‖v_in‖² − ‖v_out‖²))."""
    mu, force, p, r = sp.symbols(
        "mu f p r", real=True
    )  # f: derivative of the loss by the product at the new point
    moved_in, moved_out = u[0] - eta * p, v[0] - eta * r
    new_charge = moved_in * (mu * p + moved_out * force) - moved_out * (mu * r + moved_in * force)
    return Equal(new_charge, mu * (u[0] * p - v[0] * r - eta * (p**2 - r**2)))


def decay_flow() -> Statement:
    """θ' = −∇L − ρθ: d(‖in‖² − ‖out‖²)/dt = −2ρ(‖in‖² − ‖out‖²), every smooth loss of the products."""
    loss = sp.Function("F")(*(a * b for a in u for b in v))
    return Equal(_decay_rate(loss, rate, rate), -2 * rate * _quantity(u, v))


def decay_solution() -> Statement:
    """h' = −2ρh has the solution h(0) e^{−2ρt}."""
    h = sp.Function("h")
    start = sp.Symbol("h0", real=True)
    equation = sp.Eq(h(t).diff(t), -2 * rate * h(t))
    return Solves(equation, h(t), start * sp.exp(-2 * rate * t), conditions=[sp.Eq(h(0), start)])


def decay_step() -> Statement:
    """One step with decay multiplies by (1 − ηρ)² and adds η²(‖∇_in‖² − ‖∇_out‖²)."""
    loss = sp.Function("F")(u[0] * v[0])
    incoming, outgoing = [sp.diff(loss, u[0])], [sp.diff(loss, v[0])]
    moved_in = [u[0] - eta * (incoming[0] + rate * u[0])]
    moved_out = [v[0] - eta * (outgoing[0] + rate * v[0])]
    shrunk = (1 - eta * rate) ** 2 * _quantity(u[:1], v[:1])
    return Equal(_quantity(moved_in, moved_out), shrunk + _second_order(incoming, outgoing))


def balanced_minimum() -> Statement:
    """Along an orbit a c² + b/c² is never below 2√(ab): decay is a penalty on the product ‖in‖‖out‖."""
    a, b, c = sp.symbols("a b lambda", positive=True)
    return AtLeast(a**2 * c**2 + b**2 / c**2, 2 * a * b)


def drift_without_symmetry() -> Statement:
    """The gradient step's formula for a vector g that is no gradient of a symmetric loss: false."""
    change = _quantity(_step(u, g), _step(v, k)) - _quantity(u, v)
    return Equal(change, _second_order(g, k))


def momentum_as_descent() -> Statement:
    """A heavy-ball step as if its velocity were a gradient, without the charge: false."""
    p, r = sp.symbols("p r", real=True)
    change = _quantity(_step(u[:1], [p]), _step(v[:1], [r])) - _quantity(u[:1], v[:1])
    return Equal(change, _second_order([p], [r]))


def decay_of_incoming_only() -> Statement:
    """Decay of the incoming weights alone: false."""
    loss = sp.Function("F")(*(a * b for a in u for b in v))
    return Equal(_decay_rate(loss, rate, 0), -2 * rate * _quantity(u, v))


def unbalanced_minimum() -> Statement:
    """The present point as the smallest on its orbit: false unless it is balanced."""
    a, b, c = sp.symbols("a b lambda", positive=True)
    return AtLeast(a**2 * c**2 + b**2 / c**2, a**2 + b**2)


def _dot(left, right) -> sp.Expr:
    return sum(a * b for a, b in zip(left, right, strict=True))


def _quantity(incoming, outgoing) -> sp.Expr:
    return sum(p**2 for p in incoming) - sum(p**2 for p in outgoing)


def _step(parameters, gradients) -> list[sp.Expr]:
    return [p - eta * q for p, q in zip(parameters, gradients, strict=True)]


def _second_order(incoming, outgoing) -> sp.Expr:
    return eta**2 * _quantity(incoming, outgoing)


def _decay_rate(loss: sp.Expr, decay_in: sp.Expr, decay_out: sp.Expr) -> sp.Expr:
    incoming = sum(2 * p * (-sp.diff(loss, p) - decay_in * p) for p in u)
    outgoing = sum(2 * p * (-sp.diff(loss, p) - decay_out * p) for p in v)
    return incoming - outgoing
