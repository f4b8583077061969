"""The distribution of the path magnitudes of a network, before and after conditioning."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import xarray as xr

from verified_dynamics.experiments import Profile, Tolerance, experiment
from verified_dynamics.symmetry.path_conditioned_training.experiments.setting import CHAPTER, moons_networks
from verified_dynamics.symmetry.path_conditioned_training.path_diagonal import diagonal_function
from verified_dynamics.symmetry.path_conditioned_training.stacked import condition_ensemble

_EDGES = torch.linspace(-8.0, 4.0, 121, dtype=torch.float64)  # log10 of a magnitude over the mean of all


@experiment(
    "path-magnitude-histogram",
    chapter=CHAPTER,
    smoke=Profile(grid={"criterion": ("none", "path", "norm")}, seeds=4),
    full=Profile(grid={"criterion": ("none", "path", "norm")}, seeds=64),
    tolerances={
        # A magnitude that lies on the edge of two bins may fall on either side.
        "share": Tolerance(atol=1e-3),
        "imbalance": Tolerance(rtol=1e-6),
        "spread": Tolerance(rtol=1e-6),
    },
)
def path_magnitude_histogram(cell: dict, seeds: Sequence[int], device: torch.device) -> xr.Dataset:
    """The criterion varies; measured is how the path magnitudes of networks 2-64-64-64-64-2 are distributed.

    PyTorch's default initialisation without an output bias; conditioned to convergence, without a limit of the scales.
    ``share``: of the parameters in bins of log10 of g over its mean; ``spread``: standard deviation of log g.
    """
    ensemble = moons_networks(seeds, device)
    example = torch.ones(1, 2, dtype=torch.float64, device=device)
    if cell["criterion"] != "none":
        condition_ensemble(ensemble, example, criterion=cell["criterion"], max_log_scale=None)
    diagonal = torch.func.vmap(diagonal_function(ensemble.member(0), example))(ensemble.parameters)
    flat = torch.cat([g.flatten(1) for g in diagonal.values()], dim=1).cpu()  # (s, p)
    mean = flat.mean(1, keepdim=True)
    shares = torch.stack([torch.histogram(row, _EDGES).hist / flat.shape[1] for row in (flat / mean).log10()])
    logs = flat.log()
    return xr.Dataset(
        {
            "share": (("seed", "bin"), shares.numpy()),
            "imbalance": ("seed", (mean[:, 0].log() - logs.mean(1)).numpy()),
            "spread": ("seed", logs.std(1).numpy()),
        },
        coords={"bin": ((_EDGES[1:] + _EDGES[:-1]) / 2).numpy()},
    )


def imbalance_ratio(criterion: str):
    """Statistic: path imbalance of the conditioned network over that of the network as it was drawn, per seed."""

    def statistic(data: xr.Dataset) -> xr.DataArray:
        after, before = (data["imbalance"].sel(criterion=name, drop=True) for name in (criterion, "none"))
        return after / before

    return statistic
