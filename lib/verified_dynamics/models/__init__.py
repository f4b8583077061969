"""Small networks as the theories need them: seeded, in float64, and traceable."""

from verified_dynamics.models.activations import ACTIVATION_DEGREES, SquaredReLU, activation
from verified_dynamics.models.attention import (
    MASKS,
    AttentionWeights,
    MultiHeadAttention,
    causal_mask,
    masked_softmax,
    multiply_mask,
    saturated_softmax,
)
from verified_dynamics.models.attention_only import AttentionOnlyTransformer, PositionedAttention
from verified_dynamics.models.convolutional import ConvNet
from verified_dynamics.models.dense import DenseLayer, DenseNet
from verified_dynamics.models.mlp import MLP
from verified_dynamics.models.regression_transformer import RegressionTransformer, regression_tokens
from verified_dynamics.models.residual import ResidualBlock, ResNet
from verified_dynamics.models.transformer import NORMALISATIONS, FeedForward, LayerNorm, Sublayer, Transformer

__all__ = [
    "ACTIVATION_DEGREES",
    "MASKS",
    "MLP",
    "NORMALISATIONS",
    "AttentionOnlyTransformer",
    "AttentionWeights",
    "ConvNet",
    "DenseLayer",
    "DenseNet",
    "FeedForward",
    "LayerNorm",
    "MultiHeadAttention",
    "PositionedAttention",
    "RegressionTransformer",
    "ResNet",
    "ResidualBlock",
    "SquaredReLU",
    "Sublayer",
    "Transformer",
    "activation",
    "causal_mask",
    "masked_softmax",
    "multiply_mask",
    "regression_tokens",
    "saturated_softmax",
]
