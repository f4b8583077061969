"""Fully connected networks."""

from collections import OrderedDict
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import nn

from verified_dynamics.models.activations import activation as activation_named
from verified_dynamics.models.initialisation import initialise, linear
from verified_dynamics.models.options import floating, positive


class MLP(nn.Sequential):
    """A fully connected network x (n, d) -> (n, k) with the given widths (d, m_1, ..., m_{L-1}, k).

    Children are named `linear1`, `norm1` (with `batch_norm`), `activation1`, `linear2`, ...; the last layer
    is linear. `activation` is a name in `ACTIVATION_DEGREES`.
    """

    def __init__(
        self,
        widths: Sequence[int],
        *,
        activation: str = "relu",
        bias: bool = True,
        batch_norm: bool = False,
        generator: torch.Generator,
        dtype: torch.dtype = torch.float64,
    ):
        widths = tuple(widths)
        if len(widths) < 2:
            raise ValueError(f"widths needs an input and an output width, but it is {widths}.")
        positive(**{f"widths[{index}]": width for index, width in enumerate(widths)})
        floating(dtype)
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        for depth, (inputs, outputs) in enumerate(pairwise(widths), start=1):
            layers[f"linear{depth}"] = linear(inputs, outputs, bias=bias, dtype=dtype)
            if depth < len(widths) - 1:
                if batch_norm:
                    layers[f"norm{depth}"] = nn.BatchNorm1d(outputs, dtype=dtype)
                layers[f"activation{depth}"] = activation_named(activation)
        super().__init__(layers)
        self.widths = widths
        initialise(self, generator)
