"""A transformer that predicts the next outcome of a sequence of examples: in-context regression."""

import torch
from torch import Tensor, nn

from verified_dynamics.models.attention import MultiHeadAttention
from verified_dynamics.models.initialisation import embedding, initialise, linear
from verified_dynamics.models.options import floating, positive
from verified_dynamics.models.transformer import FeedForward, LayerNorm, Sublayer


def regression_tokens(x: Tensor, y: Tensor) -> Tensor:
    """Tokens (n, 2K, D + 1) of examples x (n, K, D), y (n, K): (0, x_1), (y_1, 0), (0, x_2), ...

    Source: Garg et al. 2022; Raventós et al. 2023, appendix.
    """
    inputs = torch.cat([torch.zeros_like(x[..., :1]), x], dim=-1)  # (n, K, D + 1)
    outcomes = torch.cat([y[..., None], torch.zeros_like(x)], dim=-1)
    return torch.stack([inputs, outcomes], dim=-2).flatten(-3, -2)


class RegressionTransformer(nn.Module):
    """A causal transformer (x (n, K, D), y (n, K)) -> predictions (n, K) of y_k from x_1, y_1, ..., x_k.

    Tokens as in `regression_tokens`, a linear embedding without bias plus learned positions, `layers` pairs of
    attention (no biases) and a ReLU feed-forward sublayer (hidden width `feed_forward`, the width unless given),
    LayerNorm before each branch and before the linear read-out. At D = 4, K = 8, width 64, 2 layers, 4 heads it
    has the 51,717 parameters of Hoogland et al. 2025.
    """

    def __init__(
        self,
        dimension: int,
        examples: int,
        *,
        width: int,
        layers: int,
        heads: int,
        feed_forward: int | None = None,
        layer_norm_eps: float = 1e-5,
        generator: torch.Generator,
        dtype: torch.dtype = torch.float64,
    ):
        super().__init__()
        hidden = width if feed_forward is None else feed_forward
        positive(dimension=dimension, examples=examples, width=width, layers=layers, heads=heads)
        positive(feed_forward=hidden)
        self.dimension, self.examples = dimension, examples
        self.token = linear(dimension + 1, width, bias=False, dtype=floating(dtype))
        self.position = embedding(2 * examples, width, dtype=dtype)

        def norm() -> LayerNorm:
            return LayerNorm(width, eps=layer_norm_eps, bias=True, dtype=dtype)

        self.blocks = nn.Sequential()
        for _ in range(layers):
            attention = MultiHeadAttention(width, heads, dtype=dtype)
            body = FeedForward(width, hidden, activation="relu", biases=True, dtype=dtype)
            self.blocks.append(
                nn.Sequential(Sublayer(attention, norm(), "pre_ln"), Sublayer(body, norm(), "pre_ln"))
            )
        self.final_norm = norm()
        self.readout = linear(width, dimension + 1, bias=True, dtype=dtype)
        initialise(self, generator)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        # A symbolic trace has no shapes yet, so it is not asked for them.
        if isinstance(x, Tensor) and (x.shape[-1] != self.dimension or x.shape[-2] > self.examples):
            raise ValueError(
                f"x must be of shape (n, at most {self.examples}, {self.dimension}), but is {tuple(x.shape)}."
            )
        tokens = regression_tokens(x, y)
        positions = torch.ones_like(tokens[..., 0], dtype=torch.long).cumsum(dim=-1) - 1  # (n, 2K)
        states = self.blocks(self.token(tokens) + self.position(positions))
        return self.readout(self.final_norm(states))[..., ::2, 0]  # read at the tokens of the inputs
