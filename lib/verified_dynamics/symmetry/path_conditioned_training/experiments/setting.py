"""What the chapter's experiments share: its name, generators, and the networks on which several of them run."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import xarray as xr
from torch import Tensor

from verified_dynamics.ensemble import Ensemble
from verified_dynamics.models import MLP

CHAPTER = "symmetry/path-conditioned-training"
MOONS_WIDTHS = (2, 64, 64, 64, 64, 2)


def generator(seed: int, stream: int) -> torch.Generator:
    """A CPU generator for the draws of one experiment (``stream``) at one seed."""
    return torch.Generator().manual_seed(7919 * (stream + 1) + seed)


def without_output_bias(
    widths: Sequence[int], generator: torch.Generator, dtype: torch.dtype = torch.float64
) -> MLP:
    """A fully connected ReLU network with PyTorch's default initialisation whose last layer has no bias."""
    model = MLP(widths, generator=generator, dtype=dtype)
    getattr(model, f"linear{len(model.widths) - 1}").register_parameter("bias", None)
    return model


def moons_networks(seeds: Sequence[int], device: torch.device) -> Ensemble:
    """Networks 2-64-64-64-64-2 with PyTorch's default initialisation and no output bias, one per seed."""
    return Ensemble.build(lambda g: without_output_bias(MOONS_WIDTHS, g), seeds, device=device)


def layer_parameters(parameters: dict[str, Tensor], layers: int) -> tuple[list[Tensor], list[Tensor | None]]:
    """Weights and biases (None where there is none) of a stacked MLP, in the order of its layers."""
    names = [f"linear{layer}" for layer in range(1, layers + 1)]
    return (
        [parameters[f"{name}.weight"] for name in names],
        [parameters.get(f"{name}.bias") for name in names],
    )


def statistic_of(variable: str):
    """Statistic: one variable as it is, per seed."""

    def statistic(data: xr.Dataset) -> xr.DataArray:
        return data[variable].astype(float)

    return statistic
