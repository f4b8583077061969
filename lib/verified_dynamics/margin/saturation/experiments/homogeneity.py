"""Runs on whole transformers: measured degrees, and the approach to saturation."""

import torch
import xarray as xr
from torch import Tensor, nn

from verified_dynamics.ensemble import Ensemble
from verified_dynamics.experiments import Profile, Tolerance, experiment
from verified_dynamics.margin.saturation.attention_counts import one_minus_cosine
from verified_dynamics.margin.saturation.degrees import degree_table
from verified_dynamics.margin.saturation.forward import Saturated
from verified_dynamics.margin.saturation.scaling import homogeneity_degree
from verified_dynamics.models import Transformer
from verified_dynamics.statistics import last_slope

CHAPTER = "margin/saturation"
NORMALISATIONS = ("branch_norm", "post_norm", "pre_ln")


class Encoder(nn.Module):
    """A transformer up to its classifier: tokens (n, T) -> hidden states (n, T, m)."""

    def __init__(self, transformer: Transformer):
        super().__init__()
        self.transformer = transformer

    def forward(self, tokens: Tensor) -> Tensor:
        return self.transformer.encode(tokens)


def hidden_states(ensemble: Ensemble, tokens: Tensor) -> Tensor:
    """Hidden states (s, n, T, m) of an ensemble of transformers for the same tokens."""
    return _within(Encoder(ensemble.module), "transformer.", ensemble)(tokens)


def saturated_states(ensemble: Ensemble, tokens: Tensor) -> Tensor:
    """The exact saturated hidden states (s, n, T, m) of an ensemble of transformers."""
    return _within(Saturated(Encoder(ensemble.module)), "model.transformer.", ensemble)(tokens)


def _within(outer: nn.Module, prefix: str, ensemble: Ensemble) -> Ensemble:
    named = {prefix + name: p for name, p in ensemble.parameters.items()}
    return Ensemble(outer, named, {prefix + name: b for name, b in ensemble.buffers.items()}, ensemble.seeds)


def _transformer(cell, generator) -> Transformer:
    return Transformer(
        10, cell["width"], 2, 4, feed_forward=2 * cell["width"], context=cell["context"], generator=generator,
        normalisation=cell["normalisation"], biases=cell.get("biases", False),
    )  # fmt: skip


def _tokens(cell, seed: int = 1) -> Tensor:
    return torch.randint(0, 10, (2, cell["context"]), generator=torch.Generator().manual_seed(seed))


class Stage(nn.Module):
    """A model cut off after one of its modules, or before it: the output or the input of that module."""

    def __init__(self, model: nn.Module, path: str, *, before: bool = False):
        super().__init__()
        self.model, self.path, self.before = model, path, before

    def forward(self, *inputs: Tensor) -> Tensor:
        found = []
        module = self.model.get_submodule(self.path)
        hook = module.register_forward_hook(lambda m, x, y: found.append(x[0] if self.before else y))
        try:
            self.model(*inputs)
        finally:
            hook.remove()
        return found[0]


STAGES = {
    "head": ("transformer.blocks.0.0.body.output", True),
    "projection": ("transformer.blocks.0.0.body.output", False),
    "normalised": ("transformer.blocks.0.0.norm", False),
    "encoder": ("", False),
}


@experiment(
    "degrees",
    chapter=CHAPTER,
    smoke=Profile(grid={"normalisation": NORMALISATIONS}, seeds=4, settings={"width": 16, "context": 6}),
    full=Profile(grid={"normalisation": NORMALISATIONS}, seeds=32, settings={"width": 256, "context": 64}),
    tolerances={"degree": Tolerance(atol=1e-4), "propagated": Tolerance(atol=1e-12)},
)
def degrees(cell, seeds, device) -> xr.Dataset:
    """Transformers of two layers without biases: the degree of four of their stages in all parameters,
    measured between the scales 10³ and 10⁴, and propagated symbolically.
    """
    tokens = _tokens(cell).to(device)
    measured = []
    for seed in seeds:
        model = Encoder(_transformer(cell, torch.Generator().manual_seed(seed))).to(device)
        stages = [Stage(model, path, before=before) for path, before in STAGES.values()]
        measured.append([homogeneity_degree(stage, tokens) for stage in stages])
    table = {row.path: float(row.degree) for row in degree_table(model, tokens)}
    body = "transformer.blocks.0.0.body"
    propagated = [
        table[f"{body}.value"],
        table[f"{body}.output"],
        table["transformer.blocks.0.0.norm"],
        table[""],
    ]
    return xr.Dataset(
        {"degree": (("seed", "stage"), measured), "propagated": ("stage", propagated)},
        coords={"stage": list(STAGES)},
    )


def degree(normalisation: str, stage: str):
    """The measured degree of one stage of one architecture, per seed."""
    return lambda data: data.degree.sel(normalisation=normalisation, stage=stage)


def degree_error(data: xr.Dataset) -> xr.DataArray:
    """Largest distance of a measured degree from the propagated one, over stages and architectures, per
    seed.
    """
    return abs(data.degree - data.propagated).max(["normalisation", "stage"])


@experiment(
    "approach-to-saturation",
    chapter=CHAPTER,
    smoke=Profile(
        grid={"normalisation": NORMALISATIONS, "biases": (False, True)},
        seeds=20,
        settings={"width": 16, "context": 6, "doublings": 11},
    ),
    full=Profile(
        grid={"normalisation": NORMALISATIONS, "biases": (False, True)},
        seeds=128,
        settings={"width": 64, "context": 12, "doublings": 16},
    ),
    tolerances={"gap": Tolerance(rtol=1e-3, atol=1e-12)},
)
def approach_to_saturation(cell, seeds, device) -> xr.Dataset:
    """Random transformers of two layers: 1 - cos between the hidden states at parameters cθ and the exact
    saturated ones, averaged over positions, against the scale c; with three normalisations, with and without
    biases.
    """
    tokens = _tokens(cell).to(device)
    ensemble = Ensemble.build(lambda generator: _transformer(cell, generator), seeds, device=device)
    scales = [float(2**k) for k in range(cell["doublings"] + 1)]
    with torch.no_grad():
        saturated = saturated_states(ensemble, tokens)  # (s, n, T, m)
        # All scales at once: members (scale, seed) of one larger ensemble.
        scaled = {name: torch.cat([c * p for c in scales]) for name, p in ensemble.parameters.items()}
        many = Ensemble(ensemble.module, scaled, ensemble.buffers, ensemble.seeds * len(scales))
        states = hidden_states(many, tokens).unflatten(0, (len(scales), -1))  # (scales, s, n, T, m)
        gaps = one_minus_cosine(states, saturated).mean(dim=(2, 3))  # (scales, s)
    return xr.Dataset({"gap": (("seed", "scale"), gaps.T.cpu().numpy())}, coords={"scale": scales})


def gap_at(scale: float, *, normalisation: str = "branch_norm", biases: bool = False):
    """1 - cos at one scale, per seed."""
    return lambda data: data.gap.sel(normalisation=normalisation, biases=biases, scale=scale)


def approach_slope(normalisation: str, biases: bool):
    """Slope of log(1 - cos) against log c over the last factor 8 of the scale, per seed."""
    return lambda data: last_slope(
        data.gap.sel(normalisation=normalisation, biases=biases), "scale", decades=0.904
    )
