"""A transformer whose normalisation, mask and biases are options, as theories of its limits need them."""

import torch
from torch import Tensor, nn

from verified_dynamics.models.activations import activation as activation_named
from verified_dynamics.models.attention import MultiHeadAttention
from verified_dynamics.models.initialisation import embedding, initialise, linear
from verified_dynamics.models.options import floating, one_of, positive

NORMALISATIONS = ("branch_norm", "post_norm", "pre_ln")


class LayerNorm(nn.Module):
    """(x - mean) / sqrt(variance + eps) over the last dimension, times a learned gain, plus an optional bias.

    With eps = 0 the map is exactly invariant under x -> c x for c > 0, as long as squares neither overflow
    nor vanish; a constant row, whose variance is 0, is then sent to 0. Dividing by the l2 norm of the centred
    row instead of its standard deviation, as Merrill et al. 2021 do, differs by the constant sqrt(m), which
    the gain absorbs.
    """

    def __init__(
        self, width: int, *, eps: float = 0.0, bias: bool = False, dtype: torch.dtype = torch.float64
    ):
        super().__init__()
        if eps < 0:
            raise ValueError(f"layer_norm_eps must not be negative, but it is {eps}.")
        self.eps = eps
        self.gain = nn.Parameter(torch.ones(width, dtype=dtype))
        self.bias = nn.Parameter(torch.zeros(width, dtype=dtype)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        centred = x - x.mean(dim=-1, keepdim=True)
        variance = centred.square().mean(dim=-1, keepdim=True) + self.eps
        deviation = torch.where(variance > 0, variance, 1.0).sqrt()
        scaled = centred / deviation * self.gain
        return scaled if self.bias is None else scaled + self.bias


class FeedForward(nn.Module):
    """x (n, T, m) -> (n, T, m) through one hidden layer of the given width."""

    def __init__(self, width: int, hidden: int, *, activation: str, biases: bool, dtype: torch.dtype):
        super().__init__()
        self.inner = linear(width, hidden, bias=biases, dtype=dtype)
        self.activation = activation_named(activation)
        self.outer = linear(hidden, width, bias=biases, dtype=dtype)

    def forward(self, x: Tensor) -> Tensor:
        return self.outer(self.activation(self.inner(x)))


class Sublayer(nn.Module):
    """A residual step around `body`, with its LayerNorm where the normalisation puts it.

    "branch_norm": x + LN(body(x)); "post_norm": LN(x + body(x)); "pre_ln": x + body(LN(x)).
    """

    def __init__(self, body: nn.Module, norm: LayerNorm, normalisation: str):
        super().__init__()
        self.body = body
        self.norm = norm
        self.normalisation = normalisation

    def forward(self, x: Tensor) -> Tensor:
        if self.normalisation == "branch_norm":
            return x + self.norm(self.body(x))
        if self.normalisation == "post_norm":
            return self.norm(x + self.body(x))
        return x + self.body(self.norm(x))


class Transformer(nn.Module):
    """A transformer tokens (n, T) -> logits (n, T, vocabulary), with T at most `context`.

    The encoder adds learned token and position embeddings and applies `layers` pairs of an attention and a
    feed-forward sublayer (hidden width `feed_forward`, 4 m unless given). `biases` switches every additive
    parameter, those of LayerNorm and of the classifier included. `final_norm` puts one more LayerNorm after
    the last layer, as GPT-style networks with "pre_ln" do. The masks are explained at `AttentionWeights`.
    Source of "branch_norm", there called pre-norm: Merrill et al. 2021, section 2.
    """

    def __init__(
        self,
        vocabulary: int,
        width: int,
        layers: int,
        heads: int,
        *,
        feed_forward: int | None = None,
        context: int = 256,
        normalisation: str = "branch_norm",
        mask: str = "causal",
        biases: bool = False,
        layer_norm_eps: float = 0.0,
        final_norm: bool = False,
        activation: str = "relu",
        generator: torch.Generator,
        dtype: torch.dtype = torch.float64,
    ):
        super().__init__()
        hidden = 4 * width if feed_forward is None else feed_forward
        positive(vocabulary=vocabulary, width=width, layers=layers, heads=heads, context=context)
        positive(feed_forward=hidden)
        one_of("normalisation", normalisation, NORMALISATIONS)
        self.context = context
        self.token = embedding(vocabulary, width, dtype=floating(dtype))
        self.position = embedding(context, width, dtype=dtype)

        def norm() -> LayerNorm:
            return LayerNorm(width, eps=layer_norm_eps, bias=biases, dtype=dtype)

        self.blocks = nn.Sequential()
        for _ in range(layers):
            attention = MultiHeadAttention(width, heads, mask=mask, biases=biases, dtype=dtype)
            body = FeedForward(width, hidden, activation=activation, biases=biases, dtype=dtype)
            self.blocks.append(
                nn.Sequential(
                    Sublayer(attention, norm(), normalisation), Sublayer(body, norm(), normalisation)
                )
            )
        self.final_norm = norm() if final_norm else nn.Identity()
        self.classifier = linear(width, vocabulary, bias=biases, dtype=dtype)
        initialise(self, generator)

    def encode(self, tokens: Tensor) -> Tensor:
        """The encoder's hidden state of each position: (n, T) -> (n, T, m)."""
        # A symbolic trace has no shapes yet, so it is not asked for one.
        if isinstance(tokens, Tensor) and tokens.shape[-1] > self.context:
            raise ValueError(f"{tokens.shape[-1]} tokens are more than the context of {self.context}.")
        positions = torch.ones_like(tokens).cumsum(dim=-1) - 1  # (n, T)
        return self.final_norm(self.blocks(self.token(tokens) + self.position(positions)))

    def forward(self, tokens: Tensor) -> Tensor:
        return self.classifier(self.encode(tokens))
