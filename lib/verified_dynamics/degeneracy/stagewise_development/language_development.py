"""Training of attention-only language models, kept as an ensemble of all its checkpoints with their scores."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from verified_dynamics.degeneracy.stagewise_development.corpora import Corpus
from verified_dynamics.degeneracy.stagewise_development.text_metrics import development_metrics
from verified_dynamics.ensemble import Ensemble, train
from verified_dynamics.models import AttentionOnlyTransformer


def next_token_loss(model: Callable, windows: Tensor) -> Tensor:
    """Mean cross-entropy of the next token in nats; windows: (n, T + 1)."""
    logits = model(windows[:, :-1])
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), windows[:, 1:].flatten())


@dataclass(frozen=True)
class LanguageDevelopment:
    """Every checkpoint of a training: member s * len(steps) + i of `checkpoints` is seed s at steps[i].

    scores: those of `development_metrics` by name, (seeds, steps, ...), on the CPU.
    """

    checkpoints: Ensemble
    steps: tuple[int, ...]
    scores: dict[str, Tensor]

    def at(self, steps: Sequence[int]) -> Ensemble:
        """The checkpoints at these steps only, seeds first. Raises ValueError for a step that was not recorded."""
        missing = sorted(set(steps) - set(self.steps))
        if missing:
            raise ValueError(f"There is no checkpoint at step {missing[0]}; the steps are {self.steps}.")
        count = len(self.steps)
        starts = range(0, len(self.checkpoints), count)
        return self.checkpoints.select([start + self.steps.index(step) for start in starts for step in steps])


def train_language_models(
    seeds: Sequence[int],
    corpus: Corpus,
    *,
    width: int,
    layers: int,
    heads: int,
    steps: int,
    batch: int,
    learning_rate: float,
    checkpoints: Sequence[int],
    dtype: torch.dtype,
    device: str | torch.device,
) -> LanguageDevelopment:
    """Train one model for each seed on the corpus, which lies on the device, and keep checkpoints and scores.

    AdamW with weight decay 0.05, as Hoogland et al. 2025 use it, at a constant rate after a warm-up of 2 %; its second
    moment forgets with 0.95 instead of 0.999, because these trainings are a few hundred steps long.
    """

    def make(generator: torch.Generator) -> AttentionOnlyTransformer:
        return AttentionOnlyTransformer(
            corpus.vocabulary, width, layers, heads, context=corpus.context, generator=generator, dtype=dtype
        )

    def record(present: Ensemble, step: int) -> dict[str, Tensor]:
        scores = development_metrics(present, corpus)
        return {f"score {name}": value for name, value in scores.items()} | present.parameters

    ensemble = Ensemble.build(make, seeds, device=device)
    warm_up = max(1, steps // 50)
    trajectory = train(
        ensemble, next_token_loss, (corpus.train,), steps=steps, optimizer=torch.optim.AdamW,
        learning_rate=learning_rate, schedule=lambda step: min(1.0, (step + 1) / warm_up), batch_size=batch,
        optimizer_options={"weight_decay": 0.05, "betas": (0.9, 0.95)}, record=record, record_at=checkpoints,
    )  # fmt: skip
    values = trajectory.values
    parameters = {name: values[name].flatten(0, 1).to(device) for name in ensemble.parameters}
    repeated = tuple(seed for seed in ensemble.seeds for _ in trajectory.steps)
    kept = Ensemble(ensemble.module, parameters, {}, repeated)
    scores = {
        name.removeprefix("score "): value for name, value in values.items() if name.startswith("score ")
    }
    return LanguageDevelopment(kept, trajectory.steps, scores)
