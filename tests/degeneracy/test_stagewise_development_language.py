"""Corpora, scores and training of the language models, against counts by hand and heads that are built by hand."""

import math

import pytest
import torch
import xarray as xr

from verified_dynamics.degeneracy.stagewise_development import (
    attention_patterns,
    bigram_score,
    block_lengths,
    copying_score,
    corpus,
    development_metrics,
    ngram_score,
    position_use,
    predecessor_effect,
    prefix_matching_score,
    previous_token_score,
    silent_first_layer,
    train_language_models,
)
from verified_dynamics.degeneracy.stagewise_development.corpora import (
    bigram_table,
    frequent_grams,
    probes,
    repeat,
)
from verified_dynamics.degeneracy.stagewise_development.experiments import language_statistics as statistics
from verified_dynamics.degeneracy.stagewise_development.experiments.language import (
    checkpoint_steps,
    language_development,
    text_development,
)
from verified_dynamics.degeneracy.stagewise_development.text_metrics import (
    bigram_divergence,
    late_minus_early,
    token_losses,
)
from verified_dynamics.ensemble import Ensemble
from verified_dynamics.models import AttentionOnlyTransformer

SMALL = corpus("repeated blocks", 24, windows=64, vocabulary=24, held_out=8)


def models(layers=2, seeds=(0, 1)):
    return Ensemble.build(
        lambda generator: AttentionOnlyTransformer(24, 16, layers, 2, context=24, generator=generator), seeds
    )


def test_blocks_repeat_with_their_period_and_differ_inside():
    tokens, periods = probes(24, 24, block_lengths(24), 50)
    assert periods.min() == 4 and periods.max() == 9
    for row, period in zip(tokens, periods.tolist(), strict=True):
        assert torch.equal(row[period:], row[:-period])
        assert len(set(row[:period].tolist())) == period


def test_a_synthetic_corpus_is_the_same_each_time_and_its_windows_repeat():
    again = corpus("repeated blocks", 24, windows=64, vocabulary=24, held_out=8)
    assert torch.equal(SMALL.train, again.train) and torch.equal(SMALL.probe, again.probe)
    assert SMALL.train.shape == (64, 25) and SMALL.validation.shape == (8, 25)
    for row in SMALL.train[:10]:
        assert any(torch.equal(row[p:], row[:-p]) for p in range(4, 10))
    one = corpus("one period", 24, windows=16, vocabulary=24)
    assert torch.equal(one.train[:, 6:], one.train[:, :-6]) and set(one.periods.tolist()) == {6}


def test_bigrams_are_counted():
    table = bigram_table(torch.tensor([[0, 1, 0, 2, 0]]), 3)
    unigram = torch.tensor([2, 1, 1], dtype=torch.float64) / 4  # of the targets
    assert torch.allclose(table[0], (torch.tensor([0.0, 1, 1]) + unigram) / 3)
    assert torch.allclose(table[1], (torch.tensor([1.0, 0, 0]) + unigram) / 2)
    assert torch.allclose(table.sum(1), torch.ones(3, dtype=torch.float64))


def test_frequent_grams_are_the_most_frequent_in_order():
    windows = torch.tensor([[3, 1, 3, 1, 3], [0, 1, 0, 0, 0]])
    assert frequent_grams(windows, 2, 4).tolist()[:3] == [[0, 0], [1, 3], [3, 1]]
    assert frequent_grams(windows, 3, 4, most=1).tolist() == [[3, 1, 3]]


def test_scores_of_the_bigram_model_are_the_entropy_and_zero():
    table = SMALL.bigram

    def model(tokens):
        return table[tokens].log()

    assert float(bigram_score(model, SMALL.validation, table)) == pytest.approx(
        SMALL.bigram_entropy(), rel=1e-12
    )
    assert float(bigram_divergence(model, SMALL.validation, table)) == pytest.approx(0, abs=1e-12)

    def uniform(tokens):
        return torch.zeros(*tokens.shape, 24, dtype=torch.float64)

    gap = math.log(24) - SMALL.bigram_entropy()
    assert float(bigram_divergence(uniform, SMALL.validation, table)) == pytest.approx(gap, rel=1e-12)
    assert float(copying_score(uniform, SMALL.probe, SMALL.periods)) == pytest.approx(0, abs=1e-12)
    assert float(ngram_score(uniform, SMALL.held_out[3], SMALL.frequent[3])) == pytest.approx(1)


def test_a_perfect_copier_gets_the_loss_of_a_guess_as_its_score():
    def copier(tokens):
        logits = torch.zeros(*tokens.shape, 24, dtype=torch.float64)
        for n, period in enumerate(SMALL.periods.tolist()):
            for place in range(period - 1, tokens.shape[1]):
                logits[n, place, tokens[n, place + 1 - period]] = 50.0
        return logits

    assert float(copying_score(copier, SMALL.probe, SMALL.periods)) == pytest.approx(-math.log(24), rel=1e-9)


def test_scores_of_built_heads():
    tokens, periods = SMALL.probe[:, :-1], SMALL.periods
    n, length = tokens.shape
    previous = torch.zeros(n, 1, 1, length, length)
    previous[..., range(1, length), range(length - 1)] = 1
    induction = torch.zeros(n, 1, 1, length, length)
    for row, period in enumerate(periods.tolist()):
        for place in range(period, length):
            induction[row, 0, 0, place, place + 1 - period] = 1
    assert float(previous_token_score(previous)) == 1
    assert float(previous_token_score(induction)) == 0
    assert float(prefix_matching_score(induction, tokens, periods)) == 1
    assert float(prefix_matching_score(previous, tokens, periods)) == 0


def test_stacked_patterns_and_metrics_are_those_of_single_models():
    ensemble = models()
    stacked = ensemble.map(attention_patterns, SMALL.probe[:, :-1])
    assert torch.allclose(
        stacked[1], ensemble.member(1).patterns(SMALL.probe[:, :-1]), rtol=1e-12, atol=1e-14
    )
    scores = development_metrics(ensemble, SMALL)
    alone = development_metrics(ensemble.select([1]), SMALL)
    assert all(torch.allclose(scores[name][1:], alone[name], rtol=1e-10) for name in scores)
    losses = token_losses(ensemble.member(1), SMALL.validation).detach()
    assert float(scores["loss"][1]) == pytest.approx(float(losses.mean()))
    assert float(scores["in_context_score"][1]) == pytest.approx(float(late_minus_early(losses)))


def test_positions_are_of_use_only_where_they_are_not_zero():
    ensemble = models()
    assert ensemble.map(position_use, SMALL.validation).abs().min() > 1e-6
    ensemble.parameters["position.weight"].zero_()
    assert ensemble.map(position_use, SMALL.validation).abs().max() < 1e-12


def test_one_layer_sees_no_predecessor_and_two_do_unless_the_first_is_silent():
    assert predecessor_effect(models(layers=1), SMALL).max() < 1e-12
    assert predecessor_effect(models(), SMALL).min() > 1e-4
    assert predecessor_effect(silent_first_layer(models()), SMALL).max() < 1e-12


def test_a_short_training_keeps_its_checkpoints_and_lowers_the_loss():
    settings = {"width": 16, "layers": 1, "heads": 2, "steps": 30, "batch": 16, "learning_rate": 0.02,
                "checkpoints": [0, 10, 30], "dtype": torch.float64, "device": "cpu"}  # fmt: skip
    text = corpus("repeated blocks", 24, windows=1000, vocabulary=24, held_out=64)
    found = train_language_models([0, 1], text, **settings)
    assert found.steps == (0, 10, 30) and len(found.checkpoints) == 6
    assert (found.scores["loss"][:, 2] < found.scores["loss"][:, 0] - 0.1).all()
    last = found.at([30])
    assert development_metrics(last, text)["loss"].tolist() == pytest.approx(
        found.scores["loss"][:, 2].tolist()
    )
    alone = train_language_models([1], text, **settings)
    assert alone.scores["loss"][0].tolist() == pytest.approx(found.scores["loss"][1].tolist(), rel=1e-12)
    with pytest.raises(ValueError, match="no checkpoint at step 7"):
        found.at([7])


def test_natural_text_is_read_as_words():
    found = corpus("standard library", 16, windows=40, vocabulary=50, held_out=5)
    assert found.train.shape == (40, 17) and found.vocabulary == 50
    assert found.train.max() < 50 and 0 < found.bigram_entropy() < math.log(50)


def test_bad_names_get_one_sentence():
    with pytest.raises(ValueError, match="repeated blocks, one period, standard library"):
        corpus("pile", 24, windows=4, vocabulary=24)
    with pytest.raises(ValueError, match="different tokens for a block"):
        corpus("repeated blocks", 24, windows=4, vocabulary=6)


def test_half_times_are_interpolated_in_the_logarithm():
    steps = [0, 9, 99, 999]
    data = xr.DataArray(
        [[0.0, 0.0, 1.0, 1.0], [4.0, 3.0, 3.0, 0.0]], dims=("seed", "step"), coords={"step": steps}
    )
    # halfway between steps 9 and 99 in log(1 + t): sqrt(10 * 100) - 1; then a third of the way from 99 to 999
    expected = [math.sqrt(1000) - 1, 100 * 10 ** (1 / 3) - 1]
    assert statistics.half_time(data).values.tolist() == pytest.approx(expected)


def test_repeat_and_checkpoint_steps():
    assert repeat(torch.arange(5)[None], torch.tensor([2])).tolist() == [[0, 1, 0, 1, 0]]
    assert checkpoint_steps(100, 4) == [0, 2, 7, 27, 100]


def test_the_experiments_run_on_natural_text_and_on_every_setup():
    tiny = {"context": 16, "vocabulary": 40, "windows": 100, "width": 8, "heads": 2, "batch": 8, "steps": 6,
            "checkpoints": 3}  # fmt: skip
    sampling = {"estimated": 2, "samples": 8, "points_at_once": 3, "chain_batch": 4, "draws": 4, "burn_in": 2}
    natural = text_development.smoke.changed(settings=tiny | sampling | {"corpus": "standard library"})
    found = text_development.run(natural).data
    assert found.estimate.sizes == {"seed": 2, "checkpoint": 2, "sampling": 2}
    assert bool(found.estimate.notnull().all()) and bool((found["3gram_score"] > 0).all())
    excess = found.chain_loss - found.baseline_loss
    n_beta = xr.DataArray([30.0, 300.0], dims="sampling")
    assert float(abs(found.estimate - n_beta * excess).max()) < 1e-6
    setups = language_development.run(language_development.smoke.changed(settings=tiny)).data
    assert float(setups.predecessor_effect.sel(setup=["one layer", "one layer, one period"]).max()) < 1e-4
    assert float(abs(setups.bigram_score - setups.bigram_divergence - setups.bigram_entropy).max()) < 1e-5
