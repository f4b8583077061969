"""Statements about homogeneity: products, normalisation, heads, and the way to saturation (appendix of the
paper).
"""

import sympy as sp

from verified_dynamics.proof import AsymptoticTo, AtLeast, Equal, SeriesIs, Statement

c, theta = sp.symbols("c theta", positive=True)
v, w, x, h = sp.symbols("v w x h", positive=True)


def _sigmoid(z: sp.Expr) -> sp.Expr:
    return 1 / (1 + sp.exp(-z))


def _literal_error() -> sp.Expr:
    """f(cθ) - c f(θ) for f(θ) = θ σ(θ), the product of a 1-homogeneous and an approximately 0-homogeneous
    factor.
    """
    return c * theta * _sigmoid(c * theta) - c * theta * _sigmoid(theta)


def product_error_grows() -> Statement:
    """The absolute error of the product θ·σ(θ) grows like c θ/(1 + e^θ): lemma 4 with definition 3 cannot
    hold.
    """
    return AsymptoticTo(_literal_error(), c * theta / (1 + sp.exp(theta)), c)


def product_error_bounded() -> Statement:
    """Control: the literal lemma, weakened to any bound at all below 1."""
    return AtLeast(1, _literal_error())


def product_relative_error() -> Statement:
    """Relative to c^k the error of the same product stays below θ/(1 + e^θ), by exactly θ/(1 + e^(cθ))."""
    return Equal(theta / (1 + sp.exp(theta)) - _literal_error() / c, theta / (1 + sp.exp(c * theta)))


def product_of_relative_errors() -> Statement:
    """c^k (f + a) times c^l (g + b) has degree k + l and the relative error f b + g a + a b: the corrected
    lemma.
    """
    f, g, a, b, k, l = sp.symbols("f g a b k l", real=True)  # noqa: E741
    product = c**k * (f + a) * c**l * (g + b) - c ** (k + l) * f * g
    return Equal(product, c ** (k + l) * (f * b + g * a + a * b))


def _first_normalised(p, q, eps) -> sp.Expr:
    """First coordinate of the LayerNorm of the centred vector (p, q, -p-q)."""
    return p / sp.sqrt((p**2 + q**2 + (p + q) ** 2) / 3 + eps)


def layer_norm_invariant() -> Statement:
    """Without epsilon LayerNorm is exactly invariant under scaling; shown for a centred vector of three
    entries.
    """
    p, q = sp.symbols("p q", positive=True)
    return Equal(_first_normalised(c * p, c * q, 0), _first_normalised(p, q, 0))


def layer_norm_invariant_with_epsilon() -> Statement:
    """Control: the same with an epsilon under the root."""
    p, q, eps = sp.symbols("p q epsilon", positive=True)
    return Equal(_first_normalised(c * p, c * q, eps), _first_normalised(p, q, eps))


def layer_norm_epsilon_order() -> Statement:
    """With epsilon the normalised value deviates by ε/(2 s³ c²) of the deviation s: a correction of order
    c^-2.
    """
    s, eps = sp.symbols("s epsilon", positive=True)
    return AsymptoticTo(1 / s - c / sp.sqrt(c**2 * s**2 + eps), eps / (2 * s**3 * c**2), c)


def _head() -> sp.Expr:
    """A head with two scalar positions x + h > x > 0 and a value weight v, all parameters scaled by c.

    The scores are query times key times two embeddings, of degree 4, and differ by c^4 w with w > 0.
    """
    return c**2 * v * (x + h * _sigmoid(c**4 * w))


def head_degree_two() -> Statement:
    """The attention head has degree 2: values are weight times embedding, and the attention weights have
    degree 0.
    """
    return AsymptoticTo(_head(), c**2 * v * (x + h), c)


def head_degree_one() -> Statement:
    """Control: proposition 4 of the paper gives the head degree 1."""
    return AsymptoticTo(_head(), c * v * (x + h), c)


def degree_from_two_scales() -> Statement:
    """The degree of a homogeneous function is the slope between two scales, whatever its size f > 0."""
    c1, c2, f = sp.symbols("c_1 c_2 f", positive=True)
    k = sp.Symbol("k", real=True)
    slope = (sp.log(c2**k * f) - sp.log(c1**k * f)) / (sp.log(c2) - sp.log(c1))
    return Equal(slope, k, given=[sp.Ne(c1, c2)])


def relu_homogeneous() -> Statement:
    """ReLU(c z) = c ReLU(z)."""
    z = sp.Symbol("z", real=True)
    return Equal(sp.Max(c * z, 0), c * sp.Max(z, 0))


def _gelu(z: sp.Expr) -> sp.Expr:
    return z * (1 + sp.erf(z / sp.sqrt(2))) / 2


def gelu_homogeneous() -> Statement:
    """Control: GELU in the place of ReLU."""
    z = sp.Symbol("z", positive=True)
    return Equal(_gelu(c * z), c * _gelu(z))


def gelu_degree() -> Statement:
    """GELU(c z) ~ c z for z > 0: the degree is that of ReLU, but only in the limit."""
    return AsymptoticTo(_gelu(c * x), c * x, c)


def pre_ln_correction() -> Statement:
    """In pre-LN a branch of degree 3 is added to a stream of degree 1: the stream is a relative correction
    of c^-2.
    """
    return Equal((c * x + c**3 * v) / (c**3 * v) - 1, x / (v * c**2))


def pre_ln_degree_one() -> Statement:
    """Control: the pre-LN stream as a quantity of degree 1."""
    return AsymptoticTo(c * x + c**3 * v, c * x, c)


def cosine_of_a_correction() -> Statement:
    """A relative correction u·(p, q) turns the direction (a, 0) so that 1 - cos = q² u²/(2 a²) + O(u³)."""
    a, u = sp.symbols("a u", positive=True)
    p, q = sp.symbols("p q", real=True)
    cosine = (a + p * u) / sp.sqrt((a + p * u) ** 2 + q**2 * u**2)
    return SeriesIs(1 - cosine, u, 0, 3, q**2 * u**2 / (2 * a**2))


def cosine_first_order() -> Statement:
    """Control: 1 - cos of first order in the correction."""
    a, u, q = sp.symbols("a u q", positive=True)
    cosine = a / sp.sqrt(a**2 + q**2 * u**2)
    return AsymptoticTo(1 - cosine, q * u / a, u, 0)
