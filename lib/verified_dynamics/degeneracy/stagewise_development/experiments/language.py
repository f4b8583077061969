"""Runs in which attention-only language models develop: on text with known structure, and on natural text."""

from functools import lru_cache

import numpy as np
import torch
import xarray as xr

from verified_dynamics.degeneracy.local_learning_coefficient import local_learning_coefficients
from verified_dynamics.degeneracy.stagewise_development.corpora import Corpus, corpus
from verified_dynamics.degeneracy.stagewise_development.language_checks import (
    predecessor_effect,
    prefix_matching_without_first_layer,
    silent_first_layer,
    transferred_copying,
)
from verified_dynamics.degeneracy.stagewise_development.language_development import (
    LanguageDevelopment,
    next_token_loss,
    train_language_models,
)
from verified_dynamics.experiments import Profile, Tolerance, experiment

CHAPTER = "degeneracy/stagewise-development"
SETUPS = {
    "two layers": (2, "repeated blocks"),
    "one layer": (1, "repeated blocks"),
    "one layer, one period": (1, "one period"),
}
CURVES = ("loss", "bigram_score", "bigram_divergence", "in_context_score", "copying_score", "position_use",
          "previous_token_score", "prefix_matching_score")  # fmt: skip
GRAMS = ("2gram_score", "3gram_score", "4gram_score")
N_BETA = {"warm": 30.0, "cold": 300.0}
LOCALIZATION = {"warm": 100.0, "cold": 300.0}
STEP = {"warm": 1e-3, "cold": 3e-4}


def checkpoint_steps(steps: int, count: int) -> list[int]:
    """0 and about `count` steps from 2 to `steps`, evenly spaced in their logarithm."""
    return sorted({0, *np.geomspace(2, steps, count).round().astype(int).tolist()})


@lru_cache(maxsize=4)
def _developed(
    name: str, layers: int, seeds: tuple[int, ...], context: int, vocabulary: int, windows: int, width: int,
    heads: int, steps: int, batch: int, learning_rate: float, checkpoints: int, device: str,
) -> tuple[Corpus, LanguageDevelopment]:  # fmt: skip
    # Kept because the smoke run of the second experiment trains the very models of the first.
    text = corpus(name, context, windows=windows, vocabulary=vocabulary, held_out=96).to(device)
    development = train_language_models(
        seeds, text, width=width, layers=layers, heads=heads, steps=steps, batch=batch, learning_rate=learning_rate,
        checkpoints=checkpoint_steps(steps, checkpoints), dtype=torch.float32, device=device,
    )  # fmt: skip
    return text, development


def _from_cell(cell, name: str, layers: int, seeds, device) -> tuple[Corpus, LanguageDevelopment]:
    names = ("context", "vocabulary", "windows", "width", "heads", "steps", "batch", "learning_rate",
             "checkpoints")  # fmt: skip
    return _developed(name, layers, tuple(seeds), *(cell[key] for key in names), str(device))


def _curves(development: LanguageDevelopment, names) -> dict:
    """Scores (seed, step); those of attention are the largest over all heads."""
    found = {}
    for name in names:
        value = development.scores[name]
        largest = value.flatten(2).amax(dim=2) if value.ndim > 2 else value
        found[name] = (("seed", "step"), largest.double().numpy())
    return found


SMALL = {"context": 24, "vocabulary": 24, "windows": 4096, "width": 32, "heads": 4, "batch": 32,
         "learning_rate": 0.01}  # fmt: skip


@experiment(
    "language-development",
    chapter=CHAPTER,
    smoke=Profile(grid={"setup": tuple(SETUPS)}, seeds=2, settings=SMALL | {"steps": 240, "checkpoints": 10}),
    full=Profile(grid={"setup": tuple(SETUPS)}, seeds=8, settings=SMALL | {"steps": 400, "checkpoints": 32}),
    tolerances={name: Tolerance(rtol=0.01, atol=0.01) for name in CURVES}
    | {
        "bigram_entropy": Tolerance(atol=1e-6),
        "predecessor_effect": Tolerance(rtol=0.02, atol=1e-4),
        "predecessor_effect_without_first_layer": Tolerance(rtol=0.02, atol=1e-4),
        "prefix_matching_without_first_layer": Tolerance(rtol=0.02, atol=0.01),
        "transferred_copying": Tolerance(rtol=0.02, atol=0.02),
    },
)
def language_development(cell, seeds, device) -> xr.Dataset:
    """Attention-only models with two layers, with one, and with one on text whose blocks all have one length, trained
    on blocks of a Markov chain that repeat: loss, scores of behaviour and of attention over training, and at its end
    what the last layer's weights know of the token before a key, and its prefix matching without the first layer.
    """
    layers, name = SETUPS[cell["setup"]]
    text, development = _from_cell(cell, name, layers, seeds, device)
    last = development.at(development.steps[-1:])
    measured = {
        "predecessor_effect": predecessor_effect(last, text),
        "predecessor_effect_without_first_layer": predecessor_effect(silent_first_layer(last), text),
        "prefix_matching_without_first_layer": prefix_matching_without_first_layer(last, text),
        "transferred_copying": transferred_copying(last, text),
    }
    return xr.Dataset(
        _curves(development, CURVES)
        | {name: ("seed", value.cpu().double().numpy()) for name, value in measured.items()}
        | {"bigram_entropy": text.bigram_entropy()},
        coords={"step": list(development.steps)},
    )


@experiment(
    "text-development",
    chapter=CHAPTER,
    smoke=Profile(
        seeds=2,
        settings=SMALL
        | {"steps": 240, "checkpoints": 10, "corpus": "repeated blocks", "estimated": 3, "samples": 16,
           "points_at_once": 12, "chains": 2, "chain_batch": 8, "draws": 10, "burn_in": 10},
    ),
    full=Profile(
        seeds=4,
        settings={
            "context": 128, "vocabulary": 2000, "windows": 6000, "width": 128, "heads": 4, "batch": 64,
            "learning_rate": 1e-3, "steps": 3000, "checkpoints": 40, "corpus": "standard library", "estimated": 12,
            "samples": 128, "points_at_once": 8, "chains": 4, "chain_batch": 16, "draws": 100, "burn_in": 100,
        },
    ),
    tolerances={name: Tolerance(rtol=0.01, atol=0.01) for name in (*CURVES, *GRAMS)}
    | {
        "bigram_entropy": Tolerance(atol=1e-6),
        "estimate": Tolerance(rtol=0.05, atol=0.5),
        "standard_error": Tolerance(rtol=0.2, atol=0.5),
        "chain_loss": Tolerance(rtol=0.01, atol=0.01),
        "baseline_loss": Tolerance(rtol=0.01, atol=0.01),
        "untrained_loss": Tolerance(rtol=0.05, atol=0.05),
        "predicted_fall": Tolerance(rtol=0.1, atol=0.1),
        "trustworthy": Tolerance(),
    },
)  # fmt: skip
def text_development(cell, seeds, device) -> xr.Dataset:
    """A two-layer model on the sources of Python's standard library (smoke: on repeated blocks, which are the
    same under every version of Python): the scores over training, and at some checkpoints the local learning
    coefficient by SGLD at two temperatures, with the loss of its chains, that of an untrained network, and whether
    its verdict is clean.
    """
    text, development = _from_cell(cell, cell["corpus"], 2, seeds, device)
    chosen = _spread(development.steps, cell["estimated"])
    estimates = _estimates(development, text, chosen, len(seeds), cell)
    return xr.Dataset(
        _curves(development, (*CURVES, *GRAMS)) | estimates | {"bigram_entropy": text.bigram_entropy()},
        coords={"step": list(development.steps), "checkpoint": chosen, "sampling": list(N_BETA)},
    )


def _spread(steps: tuple[int, ...], count: int) -> list[int]:
    places = np.linspace(0, len(steps) - 1, count).round().astype(int)
    return [steps[place] for place in dict.fromkeys(places)]


def _estimates(development: LanguageDevelopment, text: Corpus, chosen, seeds: int, cell) -> dict:
    """For all seeds, checkpoints and both temperatures, (seed, checkpoint, sampling) each.

    In groups of points, because the curvature of a group is held at once.
    """
    points = development.at(chosen)
    rows = [k for k in range(len(points)) for _ in N_BETA]
    samples = min(cell["samples"], len(text.train))
    found = []
    for first in range(0, len(rows), cell["points_at_once"]):
        group = slice(first, first + cell["points_at_once"])

        def each(values: dict, group: slice = group) -> torch.Tensor:
            return torch.tensor(list(values.values()), dtype=torch.float64).repeat(len(points))[group]

        found += local_learning_coefficients(
            points.select(rows[group]), next_token_loss, (text.train[:samples],), chains=cell["chains"],
            draws=cell["draws"], burn_in=cell["burn_in"], temperature=samples / each(N_BETA),
            localization=each(LOCALIZATION), step=each(STEP), batch_size=min(cell["chain_batch"], samples),
            shared_batches=True, seed=first,
        )  # fmt: skip
    names = ("estimate", "standard_error", "chain_loss", "baseline_loss", "untrained_loss", "predicted_fall")
    shape = (seeds, len(chosen), len(N_BETA))
    dims = ("seed", "checkpoint", "sampling")
    values = {name: (dims, np.reshape([getattr(e, name) for e in found], shape)) for name in names}
    clean = np.reshape([float(e.verdict.trustworthy) for e in found], shape)
    return values | {"trustworthy": (dims, clean)}
