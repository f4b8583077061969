"""Runs in which small language models are trained: attention under two masks, and the budget of the norm."""

import torch
import xarray as xr
from torch import Tensor

from verified_dynamics.ensemble import Ensemble, train
from verified_dynamics.experiments import Profile, Tolerance, experiment
from verified_dynamics.margin.saturation import attention_counts as counts
from verified_dynamics.margin.saturation import language_models
from verified_dynamics.margin.saturation.experiments.homogeneity import hidden_states, saturated_states
from verified_dynamics.margin.saturation.norm_budget import NormBudget

CHAPTER = "margin/saturation"


@experiment(
    "attention-masks",
    chapter=CHAPTER,
    smoke=Profile(
        grid={"mask": ("causal", "multiplicative")},
        seeds=4,
        settings={"width": 24, "context": 16, "steps": 120, "batch": 16, "texts": 2000},
    ),
    full=Profile(
        grid={"mask": ("causal", "multiplicative")},
        seeds=16,
        settings={"width": 64, "context": 32, "steps": 1000, "batch": 32, "texts": 20_000},
    ),
    tolerances={
        "head_count": Tolerance(atol=0.2),
        "rows_with_ties": Tolerance(rtol=0.05, atol=20.0),
        "future_share": Tolerance(atol=1e-6),
        "prefix_share": Tolerance(atol=1e-6),
        "excess_loss": Tolerance(atol=0.01),
        "entropy": Tolerance(atol=0.01),
        "leak": Tolerance(rtol=0.1),
        "future_count": Tolerance(),
        "prefix_count": Tolerance(),
    },
)
def attention_masks(cell, seeds, device) -> xr.Dataset:
    """Language models of two layers with four heads, trained by AdamW (step size 0.01) on Markov text with
    the hidden scores set to minus infinity ("causal") or multiplied by zero ("multiplicative"): positions
    that the saturated heads attend to, entropy of the unsaturated heads over its largest value, and
    validation loss minus the entropy rate.
    """
    texts = language_models.text(cell["texts"], cell["context"], seed=10_001).to(device)
    held_out = language_models.text(64, cell["context"], seed=10_002).to(device)
    ensemble = language_models.build(
        seeds, width=cell["width"], context=cell["context"], mask=cell["mask"], device=device
    )
    train(ensemble, language_models.next_token_loss, (texts,), steps=cell["steps"], optimizer=torch.optim.AdamW,
          learning_rate=0.01, batch_size=cell["batch"])  # fmt: skip
    members = [_attention(ensemble.member(k), held_out[:32, :-1]) for k in range(len(seeds))]
    with torch.no_grad():
        loss = (
            ensemble.map(language_models.next_token_loss, held_out).cpu()
            - language_models.chain().entropy_rate()
        )
    values = {
        name: ("seed", [member[name] for member in members]) for name in members[0] if name != "head_count"
    }
    values["head_count"] = (("seed", "head"), [member["head_count"] for member in members])
    uniform = {"future_count": counts.future_uniform(cell["context"])[0],
               "prefix_count": counts.causal_uniform(cell["context"])[0]}  # fmt: skip
    return xr.Dataset(
        values | uniform | {"excess_loss": ("seed", loss.numpy())}, coords={"head": list(range(8))}
    )


def _attention(model, tokens: Tensor) -> dict:
    ties = counts.tied_sets(model, tokens)  # (layers, n, heads, T, T)
    several, future, past = (int(number) for number in counts.tie_kinds(ties))
    return {
        "head_count": counts.head_counts(ties).flatten().tolist(),
        "rows_with_ties": float(several),
        "future_share": future / several if several else 0.0,
        "prefix_share": past / several if several else 0.0,
        "entropy": float(counts.relative_entropy(model, tokens).mean()),
        "leak": _leak(model, tokens),
    }


@torch.no_grad()
def _leak(model, tokens: Tensor) -> float:
    """Relative change of the logits of all positions but the last when the last token is exchanged for another."""
    other = tokens.clone()
    other[:, -1] = (other[:, -1] + 1) % language_models.SYMBOLS
    before, after = model(tokens)[:, :-1], model(other)[:, :-1]
    return float(torch.linalg.vector_norm(after - before) / torch.linalg.vector_norm(before))


def largest_head_count(mask: str):
    """Largest mean number of attended positions over the heads of a model, per seed."""
    return lambda data: data.head_count.sel(mask=mask).max("head")


def count_over(kind: str):
    """Largest head count under the multiplicative mask over that of a head uniform over the "future" or the
    "prefix".
    """

    def ratio(data):
        return largest_head_count("multiplicative")(data) / data[f"{kind}_count"].isel(mask=0, drop=True)

    return ratio


def share_of_ties(kind: str):
    """Share of the rows with several attended positions that attend to exactly the "future" or the "prefix"."""
    return lambda data: data[f"{kind}_share"].sel(mask="multiplicative")


def leak(mask: str):
    """Relative change of earlier logits when the last token is exchanged, per seed: 0 for a mask that hides it."""
    return lambda data: data.leak.sel(mask=mask)


OPTIMIZERS = {
    "sgd": (torch.optim.SGD, 0.3, {}),
    "adamw": (torch.optim.AdamW, 0.01, {"weight_decay": 0.0}),
    "adamw with decay": (torch.optim.AdamW, 0.01, {"weight_decay": 0.1}),
}


@experiment(
    "norm-budget",
    chapter=CHAPTER,
    smoke=Profile(
        grid={"optimizer": tuple(OPTIMIZERS)},
        seeds=4,
        settings={"width": 16, "context": 8, "steps": 40, "batch": 16, "texts": 2000},
    ),
    full=Profile(
        grid={"optimizer": tuple(OPTIMIZERS)},
        seeds=16,
        settings={"width": 64, "context": 32, "steps": 2000, "batch": 32, "texts": 20_000},
    ),
    tolerances={
        "part": Tolerance(rtol=1e-3, atol=1e-3),
        "squared_norm": Tolerance(rtol=1e-4),
        "identity_error": Tolerance(atol=1e-10),
        "printed_error": Tolerance(rtol=1e-3, atol=1e-6),
        "gap": Tolerance(rtol=0.02, atol=1e-3),
        "loss": Tolerance(rtol=1e-3),
    },
)
def norm_budget(cell, seeds, device) -> xr.Dataset:
    """Language models trained by three optimisers: squared norm of their layers, its parts (squared steps,
    cross term, weight decay), the relative error of the identity that adds them up and of the printed one
    without the factor 2, the distance from saturation of the hidden states, and the loss.
    """
    rule, rate, options = OPTIMIZERS[cell["optimizer"]]
    texts = language_models.text(cell["texts"], cell["context"], seed=10_001).to(device)
    ensemble = language_models.build(seeds, width=cell["width"], context=cell["context"], device=device)
    recorder = _Recorder(rate * options.get("weight_decay", 0.0), texts[:16], every=cell["steps"] // 10)
    run = train(ensemble, language_models.next_token_loss, (texts,), steps=cell["steps"], optimizer=rule,
                learning_rate=rate, batch_size=cell["batch"], optimizer_options=options, record=recorder,
                record_at=range(cell["steps"] + 1))  # fmt: skip
    kept = list(range(0, cell["steps"] + 1, recorder.every))
    names = {name: value[:, kept] for name, value in run.values.items()}
    parts = torch.stack(
        [names.pop(part) for part in ("steps", "cross", "decay")], dim=1
    )  # (s, parts, records)
    return xr.Dataset(
        {name: (("seed", "step"), value.numpy()) for name, value in names.items()}
        | {"part": (("seed", "kind", "step"), parts.numpy())},
        coords={"step": kept, "kind": ["squared steps", "cross term", "weight decay"]},
    )


def _layers(ensemble: Ensemble) -> dict[str, Tensor]:
    """The parameters of the layers, without embeddings and classifier, as in the paper's norms."""
    return {name: tensor for name, tensor in ensemble.parameters.items() if name.startswith("blocks.")}


class _Recorder:
    """Keeps the budget up to date at every step of the training; the dear measurements only every few steps."""

    def __init__(self, decay: float, sequences: Tensor, *, every: int):
        self.decay, self.sequences, self.every = decay, sequences, every
        self.budget: NormBudget | None = None
        self.last: dict[str, Tensor] = {}

    def __call__(self, ensemble: Ensemble, step: int) -> dict[str, Tensor]:
        if step == 0:
            self.budget = NormBudget(_layers(ensemble), stacked=True)
        else:
            self.budget.update(_layers(ensemble), decay=self.decay)
            self.budget.check()
        total = self.budget.totals()
        growth, explained = total["now"] - total["start"], total["steps"] + total["cross"] + total["decay"]
        printed = total["steps"] + (total["cross"] + total["decay"]) / 2
        if step % self.every == 0:
            self.last = self._measured(ensemble)
        return {
            "squared_norm": total["now"],
            "steps": total["steps"],
            "cross": total["cross"],
            "decay": total["decay"],
            "identity_error": (growth - explained) / total["now"],
            "printed_error": (growth - printed) / total["now"],
        } | self.last

    def _measured(self, ensemble: Ensemble) -> dict[str, Tensor]:
        tokens = self.sequences[:, :-1]
        with torch.no_grad():
            loss = ensemble.map(language_models.next_token_loss, self.sequences)
            gap = counts.one_minus_cosine(hidden_states(ensemble, tokens), saturated_states(ensemble, tokens))
        return {"loss": loss, "gap": gap.mean(dim=(1, 2))}


def largest_identity_error(kind: str):
    """Largest relative error of the budget over the run and the optimisers, per seed: kind "identity" or
    "printed".
    """
    return lambda data: abs(data[f"{kind}_error"]).max(["step", "optimizer"])


def share_of_growth(optimizer: str, kind: str):
    """One part of the budget over the growth of the squared norm at the end of the run, per seed."""

    def share(data):
        run = data.sel(optimizer=optimizer)
        return run.part.sel(kind=kind).isel(step=-1) / (
            run.squared_norm.isel(step=-1) - run.squared_norm.isel(step=0)
        )

    return share
