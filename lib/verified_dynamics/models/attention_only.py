"""A language model of attention layers alone, whose positions reach queries and keys only."""

import torch
from torch import Tensor, nn

from verified_dynamics.models.attention import MultiHeadAttention
from verified_dynamics.models.initialisation import embedding, initialise, linear
from verified_dynamics.models.options import floating, positive
from verified_dynamics.models.transformer import LayerNorm


class PositionedAttention(nn.Module):
    """A residual step x + attention(LN(x)): queries and keys see LN(x) + positions, values see LN(x) alone."""

    def __init__(self, width: int, heads: int, *, biases: bool, layer_norm_eps: float, dtype: torch.dtype):
        super().__init__()
        self.norm = LayerNorm(width, eps=layer_norm_eps, bias=biases, dtype=dtype)
        self.attention = MultiHeadAttention(width, heads, biases=biases, dtype=dtype)

    def pattern(self, x: Tensor, positions: Tensor) -> Tensor:
        """The attention weights (n, heads, T, T) of x (n, T, m), rows being queries."""
        return self.attention.weights(self.attention.scores(self.norm(x) + positions))

    def forward(self, x: Tensor, positions: Tensor) -> Tensor:
        attention = self.attention
        values = attention.value(self.norm(x)).unflatten(-1, (attention.heads, attention.head_width))
        heads = self.pattern(x, positions) @ values.transpose(-3, -2)  # (n, heads, T, m / heads)
        return x + attention.output(heads.transpose(-3, -2).flatten(-2))


class AttentionOnlyTransformer(nn.Module):
    """Causal attention layers tokens (n, T) -> logits (n, T, vocabulary), with T at most `context`.

    No feed-forward layers. One learned position embedding is added to the inputs of the queries and keys of every
    layer and never to the stream (Press et al. 2021, "shortformer"), so that positions steer attention and are
    not copied. LayerNorm stands before each attention and, with `final_norm`, before the unembedding; `biases`
    switches every additive parameter. With 5000 tokens, width 256, 2 layers, 8 heads, context 1024, biases and
    the final norm it has the 3,355,016 parameters of Hoogland et al. 2025.
    """

    def __init__(
        self,
        vocabulary: int,
        width: int,
        layers: int,
        heads: int,
        *,
        context: int = 64,
        biases: bool = False,
        final_norm: bool = True,
        layer_norm_eps: float = 1e-5,
        generator: torch.Generator,
        dtype: torch.dtype = torch.float64,
    ):
        super().__init__()
        positive(vocabulary=vocabulary, width=width, layers=layers, heads=heads, context=context)
        self.context = context
        self.token = embedding(vocabulary, width, dtype=floating(dtype))
        self.position = embedding(context, width, dtype=dtype)
        self.blocks = nn.ModuleList(
            PositionedAttention(width, heads, biases=biases, layer_norm_eps=layer_norm_eps, dtype=dtype)
            for _ in range(layers)
        )
        norm = LayerNorm(width, eps=layer_norm_eps, bias=biases, dtype=dtype)
        self.final_norm = norm if final_norm else nn.Identity()
        self.unembedding = linear(width, vocabulary, bias=biases, dtype=dtype)
        initialise(self, generator)

    def forward(self, tokens: Tensor) -> Tensor:
        x, positions = self._inputs(tokens)
        for block in self.blocks:
            x = block(x, positions)
        return self.unembedding(self.final_norm(x))

    def patterns(self, tokens: Tensor) -> Tensor:
        """The attention weights of every head, rows being queries: tokens (n, T) -> (n, layers, heads, T, T)."""
        x, positions = self._inputs(tokens)
        found = []
        for block in self.blocks:
            found.append(block.pattern(x, positions))
            x = block(x, positions)
        return torch.stack(found, dim=-4)

    def _inputs(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        # A symbolic trace has no shapes yet, so it is not asked for one.
        if isinstance(tokens, Tensor) and tokens.shape[-1] > self.context:
            raise ValueError(f"{tokens.shape[-1]} tokens are more than the context of {self.context}.")
        return self.token(tokens), self.position(torch.ones_like(tokens).cumsum(dim=-1) - 1)
