"""BatchNorm: conditioning that keeps the function beside one that ignores the normalisation and changes it."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch
import xarray as xr
from torch import Tensor

from verified_dynamics.ensemble import Ensemble
from verified_dynamics.experiments import Profile, Tolerance, experiment
from verified_dynamics.models import MLP
from verified_dynamics.symmetry.path_conditioned_training.experiments.digits import digit_samples
from verified_dynamics.symmetry.path_conditioned_training.experiments.racing import race
from verified_dynamics.symmetry.path_conditioned_training.experiments.setting import CHAPTER
from verified_dynamics.symmetry.path_conditioned_training.experiments.starts import joined
from verified_dynamics.symmetry.path_conditioned_training.stacked import condition_ensemble

TREATMENTS = ("baseline", "function kept", "normalisation ignored")


def treated(widths: Sequence[int], seeds: Sequence[int], device: torch.device) -> list[Ensemble]:
    """BatchNorm networks of these widths, one ensemble for each of `TREATMENTS`.

    function kept: the input of a normalisation keeps its scale, its gain and shift carry the scale of its output.
    normalisation ignored: the scales of the network without its normalisations, on the layer in front of a
    normalisation and on the layer behind. With running statistics 0 and 1 this leaves the function of evaluation mode
    as it is, up to the normalisation's epsilon; in training mode the normalisation takes back the first half of the
    rescaling, and the second half stays.
    """
    baseline = Ensemble.build(
        lambda generator: MLP(widths, batch_norm=True, generator=generator), seeds, device=device
    )
    example = torch.zeros(2, widths[0], dtype=torch.float64, device=device)
    kept = baseline.copy()
    condition_ensemble(kept, example)
    plain = MLP(widths, generator=torch.Generator())
    linear = {name: tensor.clone() for name, tensor in baseline.parameters.items() if "linear" in name}
    without = Ensemble(plain.to("meta"), linear, {}, baseline.seeds)
    condition_ensemble(without, example)
    ignored = baseline.copy()
    ignored.parameters.update(without.parameters)
    return [baseline, kept, ignored]


def outputs(ensemble: Ensemble, x: Tensor, *, training: bool) -> Tensor:
    """Every member's output (members, n, k) in training or evaluation mode."""
    module = copy.deepcopy(ensemble.module).train(training)
    return Ensemble(module, ensemble.parameters, ensemble.buffers, ensemble.seeds)(x)


@experiment(
    "batch-norm-treatments",
    chapter=CHAPTER,
    smoke=Profile(
        grid={"learning_rate": (0.01, 0.001)},
        seeds=6,
        settings={"samples": 320, "batch": 32, "width": 32, "epochs": 6},
    ),
    full=Profile(
        grid={"learning_rate": (0.01, 0.001)},
        seeds=32,
        settings={"samples": 1797, "batch": 128, "width": 128, "epochs": 20},
    ),
    tolerances={
        "loss": Tolerance(rtol=0.02, atol=1e-4),
        "train_change": Tolerance(rtol=1e-3, atol=1e-10),
        "eval_change": Tolerance(rtol=1e-2, atol=1e-10),
    },
)
def batch_norm_treatments(cell: dict, seeds: Sequence[int], device: torch.device) -> xr.Dataset:
    """Treatment and learning rate vary on digits; measured are the change of the output, in both modes, and the loss.

    A network 64-m-m-m-10 with BatchNorm and PyTorch's default initialisation under minibatches; the change is that of
    the treatment alone, before the first step, relative to the norm of the baseline's outputs.
    """
    x, y = digit_samples(cell["samples"], device)
    ensembles = treated((64, *[cell["width"]] * 3, 10), seeds, device)
    found = race(
        joined(ensembles), (x, y), learning_rate=cell["learning_rate"], threshold=0.0, limit=cell["epochs"],
        batch_size=cell["batch"], block=cell["epochs"],
    )  # fmt: skip
    losses = found.losses.unflatten(0, (len(ensembles), -1)).transpose(0, 1)  # (s, treatment, epoch)
    coordinates = {"treatment": list(TREATMENTS), "epoch": list(range(1, cell["epochs"] + 1))}
    return xr.Dataset(
        {
            "loss": (("seed", "treatment", "epoch"), losses.numpy()),
            "train_change": (("seed", "treatment"), _changes(ensembles, x, training=True)),
            "eval_change": (("seed", "treatment"), _changes(ensembles, x, training=False)),
        },
        coords=coordinates,
    )


def treatment_change(treatment: str, *, training: bool):
    """Statistic: relative change of the output by the treatment in training or evaluation mode, per seed."""
    name = "train_change" if training else "eval_change"

    def statistic(data: xr.Dataset) -> xr.DataArray:
        # It is measured before the first step, so that every learning rate has the same.
        return data[name].sel(treatment=treatment, drop=True).isel(learning_rate=0, drop=True)

    return statistic


def loss_ratio(treatment: str, learning_rate: float):
    """Statistic: mean loss of the last epoch over the baseline's at the same learning rate, per seed."""

    def statistic(data: xr.Dataset) -> xr.DataArray:
        last = data["loss"].sel(learning_rate=learning_rate, drop=True).isel(epoch=-1, drop=True)
        return last.sel(treatment=treatment, drop=True) / last.sel(treatment="baseline", drop=True)

    return statistic


def _changes(ensembles: Sequence[Ensemble], x: Tensor, *, training: bool):
    reference, *others = (outputs(ensemble, x, training=training).flatten(1) for ensemble in ensembles)
    changes = [(other - reference).norm(dim=1) / reference.norm(dim=1) for other in (reference, *others)]
    return torch.stack(changes, dim=1).cpu().numpy()  # (s, treatment)
