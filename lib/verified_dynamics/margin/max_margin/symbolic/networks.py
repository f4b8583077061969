"""Homogeneous networks: why the smoothed margin cannot fall, and how the loss decays."""

import sympy as sp

from verified_dynamics.proof import AtLeast, Equal, LimitIs, Statement

L = sp.Symbol("L", positive=True)
q = sp.Symbol("q", positive=True)


def network_homogeneity() -> Statement:
    """A two-layer ReLU network with two neurons is of degree 2 in all its weights."""
    return _homogeneity(bias=False)


def biased_homogeneity() -> Statement:
    """Control: with an output bias it is not."""
    return _homogeneity(bias=True)


def _homogeneity(bias) -> Statement:
    scale = sp.Symbol("c", positive=True)
    x = sp.symbols("x_1:3", real=True)
    incoming = [sp.symbols(f"w_{n}_1:3", real=True) for n in (1, 2)]
    outgoing = sp.symbols("a_1:3", real=True)
    b = sp.Symbol("b", real=True) if bias else sp.S.Zero

    def output(factor):
        hidden = [sp.Max(0, sum(factor * w * z for w, z in zip(row, x, strict=True))) for row in incoming]
        return sum(factor * a * f for a, f in zip(outgoing, hidden, strict=True)) + factor * b

    return Equal(output(scale), scale**2 * output(sp.S.One))


def smoothed_margin_identity() -> Statement:
    """d log gamma_s/dt = |P theta'|^2/nu + |theta'|^2 (1/(l log(1/l)) - 1/nu), as l' = -|theta'|^2."""
    return _smoothed_margin(L)


def smoothed_margin_wrong_degree() -> Statement:
    """Control: log(1/l)/rho^(L + 1) has the same derivative."""
    return _smoothed_margin(L + 1)


def _smoothed_margin(degree) -> Statement:
    t = sp.Symbol("t", real=True)
    loss, norm = sp.Function("l", positive=True), sp.Function("rho", positive=True)
    nu, speed, size, value = sp.symbols("nu v rho l", positive=True)  # speed = |theta'|^2
    log_margin = sp.log(-sp.log(loss(t))) - degree * sp.log(norm(t))
    rate = log_margin.diff(t).subs({loss(t).diff(t): -speed, norm(t).diff(t): L * nu / size})
    rate = rate.subs({loss(t): value, norm(t): size})
    across = speed - (L * nu / size) ** 2
    claimed = across / nu + speed * (1 / (-value * sp.log(value)) - 1 / nu)
    return Equal(rate, claimed, given=[value < 1])


def loss_entropy_identity() -> Statement:
    """nu - l log(1/l) = l H(softmax(-q)) for three samples, with nu = sum exp(-q_n) q_n."""
    weights = sp.symbols("e_1:4", positive=True)  # exp(-q_n)
    loss = sum(weights)
    nu = -sum(e * sp.log(e) for e in weights)
    entropy = -sum(e / loss * sp.log(e / loss) for e in weights)
    return Equal(nu + loss * sp.log(loss), loss * entropy)


def entropy_is_not_negative() -> Statement:
    """Each term of the entropy, -s log s with 0 < s <= 1, is at least zero."""
    share = sp.Symbol("s", positive=True)
    return AtLeast(-share * sp.log(share), 0, given=[share <= 1])


def smoothed_below_smallest() -> Statement:
    """log(1/l) <= q_1 for three samples: the smoothed margin bounds the smallest margin from below."""
    weights = sp.symbols("e_1:4", positive=True)
    return AtLeast(-sp.log(weights[0]), -sp.log(sum(weights)))


def bias_alone() -> Statement:
    """A model that is only its bias, q_i = b and m = log n: (b - m)/b^2 has the derivative (2 m - b)/b^3."""
    bias, m = sp.symbols("b m", positive=True)
    return Equal(((bias - m) / bias**2).diff(bias), (2 * m - bias) / bias**3)


def chain_velocity() -> Statement:
    """One weight, q = theta^L: dq/dt = L^2 q^(2 - 2/L) exp(-q)."""
    theta = q ** (1 / L)
    slope = L * theta ** (L - 1)
    return Equal(slope**2 * sp.exp(-(theta**L)), L**2 * q ** (2 - 2 / L) * sp.exp(-q))


def chain_time() -> Statement:
    """t = exp(q) q^-(2 - 2/L)/L^2 solves dt/dq = exp(q) q^-(2 - 2/L)/L^2 up to the factor 1 - (2 - 2/L)/q."""
    t = sp.exp(q) * q ** -(2 - 2 / L) / L**2
    return Equal(t.diff(q) / t, 1 - (2 - 2 / L) / q)


def chain_law_degree_two() -> Statement:
    """l t log t tends to 1/4 for degree 2, with l = exp(-q) and that t."""
    return _chain_law(2)


def chain_law_degree_three() -> Statement:
    """l t (log t)^(4/3) tends to 1/9 for degree 3."""
    return _chain_law(3)


def chain_law_without_logarithm() -> Statement:
    """Control: l t tends to 1/4 for degree 2, as it would in a linear model."""
    return LimitIs(1 / (4 * q), q, sp.oo, sp.Rational(1, 4))


def _chain_law(degree) -> Statement:
    power = sp.Rational(2 * degree - 2, degree)
    log_t = q - power * sp.log(q) - 2 * sp.log(degree)
    return LimitIs((log_t / q) ** power / degree**2, q, sp.oo, sp.Rational(1, degree**2))
