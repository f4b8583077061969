"""Models of many kinds are sampled and left alone; what makes no sense is refused with one sentence."""

import warnings

import numpy as np
import pytest
import torch
from torch import nn

from verified_dynamics.degeneracy.local_learning_coefficient import (
    LearningCoefficientError,
    local_learning_coefficient,
    local_learning_coefficients,
    short_softmax,
)
from verified_dynamics.ensemble import Ensemble
from verified_dynamics.models import Transformer

SHORT = dict(chains=2, draws=60, burn_in=50, step=1e-5, batch_size=8)


def cross_entropy(model, x, y):
    return nn.functional.cross_entropy(model(x).flatten(0, -2), y.flatten())


def convolutional():
    layers = (
        nn.Conv2d(1, 4, 3),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Dropout(),
        nn.Linear(36, 3),
    )
    return nn.Sequential(*layers).eval(), torch.randn(20, 1, 8, 8), torch.arange(20) % 3


def attention_of_torch():
    layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.1, batch_first=True)
    tokens = torch.arange(20 * 5).reshape(20, 5) % 7
    return nn.Sequential(nn.Embedding(7, 8), layer, nn.Linear(8, 7)).eval(), tokens, tokens.roll(1, 1)


def transformer():
    tokens = torch.arange(20 * 5).reshape(20, 5) % 7
    model = Transformer(
        7, 8, 1, 2, context=5, layer_norm_eps=1e-5, generator=torch.Generator().manual_seed(0)
    )
    return model, tokens, tokens.roll(1, 1)


def recurrent():
    class Last(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.tensor(1.5))  # a parameter without dimensions
            self.body = nn.Linear(3, 4)

        def forward(self, x):
            state = torch.zeros(x.shape[0], 4, dtype=x.dtype)
            for t in range(x.shape[1]):
                state = torch.tanh(self.scale * state + self.body(x[:, t]))
            return state

    return Last(), torch.randn(20, 6, 3), torch.arange(20) % 4


@pytest.mark.parametrize("make", [convolutional, attention_of_torch, transformer, recurrent])
def test_models_are_sampled_and_left_alone(make):
    torch.manual_seed(0)
    model, x, y = make()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    modes = [part.training for part in model.modules()]
    found = local_learning_coefficient(model, cross_entropy, (x, y), **SHORT)
    assert np.isfinite(found.traces).all() and np.isfinite([found.stability, found.predicted_fall]).all()
    assert found.dimension == sum(p.numel() for p in model.parameters())
    assert found.baseline_loss == pytest.approx(float(cross_entropy(model, x, y).detach()), rel=1e-5)
    assert found.untrained_loss > 0 and np.abs(found.traces).max() > 0
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert [part.training for part in model.modules()] == modes
    assert all(p.grad is None for p in model.parameters())


def linear_problem():
    torch.manual_seed(0)
    return nn.Linear(3, 2), torch.randn(20, 3), torch.randn(20, 2)


def squares(model, x, y):
    return ((model(x) - y) ** 2).mean()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (dict(batch_size=21), "between 1 and the number of samples, 20"),
        (dict(batch_size=0), "between 1 and the number of samples"),
        (dict(parameters=["nothing.*"]), "names no parameter of the model; there are weight, bias"),
        (dict(parameters=[]), "names no parameter"),
        (dict(chains=0), "chains must be a whole number of at least 1"),
        (dict(draws=2), "draws must be a whole number of at least 4"),
        (dict(step=0.0), "step must be finite and positive"),
        (dict(localization=-1.0), "localization must be finite and not negative"),
        (dict(temperature=float("nan")), "temperature must be finite and positive"),
        (dict(sampler="hmc"), "sampler must be one of sgld, rmsprop-sgld, mala"),
        (dict(sampler="mala"), "takes no minibatches"),
        (dict(target_acceptance=0.5), "adapts MALA's step"),
        (dict(chunk=0), "at least one chain"),
    ],
)
def test_settings_that_make_no_sense(change, words):
    model, x, y = linear_problem()
    with pytest.raises(LearningCoefficientError, match=words):
        local_learning_coefficient(model, squares, (x, y), **(SHORT | change))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (lambda x, y: (x[:0], y[:0]), "no samples"),
        (lambda x, y: (), "tuple of at least one tensor"),
        (lambda x, y: x, "tuple of at least one tensor"),
        (lambda x, y: (x, y[:5]), "differ in their first dimensions"),
        (lambda x, y: (x.double(), y), "convert one of them"),
        (lambda x, y: (x, torch.full_like(y, float("inf"))), "it must be finite there"),
    ],
)
def test_data_that_make_no_sense(data, words):
    model, x, y = linear_problem()
    with pytest.raises(LearningCoefficientError, match=words):
        local_learning_coefficient(model, squares, data(x, y), **(SHORT | dict(batch_size=None)))


def test_models_and_losses_that_make_no_sense():
    model, x, y = linear_problem()
    with pytest.raises(LearningCoefficientError, match="must be a torch.nn.Module, not function"):
        local_learning_coefficient(lambda x: x, squares, (x, y), **SHORT)
    with pytest.raises(LearningCoefficientError, match="must give a scalar"):
        local_learning_coefficient(model, lambda m, x, y: (m(x) - y) ** 2, (x, y), **SHORT)
    with pytest.raises(LearningCoefficientError, match="draws random numbers"):
        local_learning_coefficient(model, lambda m, x, y: m(x + torch.randn_like(x)).mean(), (x, y), **SHORT)
    for layer, words in (
        (nn.BatchNorm1d(3), r"'0' \(BatchNorm1d\) is in training mode"),
        (nn.Dropout(0.1), "drops units"),
    ):
        with pytest.raises(LearningCoefficientError, match=words):
            local_learning_coefficient(nn.Sequential(layer, model), squares, (x, y), **SHORT)
    broken = nn.Linear(3, 2)
    broken.weight.data[0, 0] = float("nan")
    with pytest.raises(LearningCoefficientError, match="weight are not finite"):
        local_learning_coefficient(broken, squares, (x, y), **SHORT)
    with pytest.raises(LearningCoefficientError, match="no parameter that requires a gradient"):
        local_learning_coefficient(nn.Linear(3, 2).requires_grad_(False), squares, (x, y), **SHORT)
    with pytest.raises(LearningCoefficientError, match="at least 3 samples"):
        local_learning_coefficient(model, squares, (x[:2], y[:2]), **(SHORT | dict(batch_size=None)))
    ensemble = Ensemble.build(lambda g: nn.Linear(3, 2), [0, 1])
    with pytest.raises(LearningCoefficientError, match="one number or one per point"):
        local_learning_coefficients(ensemble, squares, (x, y), step=torch.ones(3), chains=2)
    with pytest.raises(LearningCoefficientError, match="has the 2 members first, not 20"):
        local_learning_coefficients(ensemble, squares, (x[:, None], y[:, None]), shared_data=False, chains=2)


def test_all_data_as_a_minibatch_is_no_minibatch():
    model, x, y = linear_problem()
    one, other = (
        local_learning_coefficient(model, squares, (x, y), **(SHORT | dict(batch_size=size)))
        for size in (None, 20)
    )
    assert (one.traces == other.traces).all() and other.full_batch


def test_memory_that_does_not_suffice_halves_the_chunk(monkeypatch):
    from verified_dynamics.degeneracy.local_learning_coefficient import sampling

    run, sizes = sampling._Chains.run, []

    def with_little_memory(self):
        sizes.append(len(self.points))
        if len(self.points) > 3:
            raise torch.OutOfMemoryError("out of memory")
        return run(self)

    model, x, y = linear_problem()
    expected = local_learning_coefficient(model, squares, (x, y), **(SHORT | dict(chains=8)))
    monkeypatch.setattr(sampling._Chains, "run", with_little_memory)
    found = local_learning_coefficient(model, squares, (x, y), **(SHORT | dict(chains=8)))
    np.testing.assert_allclose(found.traces, expected.traces, rtol=1e-3, atol=1e-5)
    assert sizes[0] == 8 and max(sizes[2:]) <= 3


@pytest.mark.parametrize("sampler", ["sgld", "mala"])
def test_inference_data(sampler):
    model, x, y = linear_problem()
    settings = SHORT | dict(sampler=sampler, batch_size=None)
    found = local_learning_coefficient(model, squares, (x, y), **settings)
    data = found.inference_data()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import arviz
    values = data["posterior"]["learning_coefficient"]
    assert values.dims == ("chain", "draw") and (values.values == found.traces).all()
    assert float(values.mean()) == pytest.approx(found.estimate)
    summary = arviz.rhat(data, var_names=["learning_coefficient"])
    assert float(summary["learning_coefficient"]) == pytest.approx(found.r_hat, rel=1e-8)
    loss = data["sample_stats"]["loss"]
    assert float(loss.mean()) == pytest.approx(found.chain_loss)
    assert ("acceptance_rate" in data["sample_stats"]) == (sampler == "mala")


@pytest.mark.parametrize("entries", [5, 50])
def test_softmax_over_few_entries_is_softmax(entries):
    """Composed where entries are few, fused elsewhere; equal to rounding with hidden entries too."""
    operations = short_softmax.DECOMPOSITIONS
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(3, 4, entries, generator=generator, dtype=torch.float64)
    x[0, 0, 1:] = -torch.inf
    gradient = torch.randn(3, 4, entries, generator=generator, dtype=torch.float64)
    for name, masked in (("_log_softmax", x.clamp(min=-50)), ("_softmax", x)):
        forward = getattr(torch.ops.aten, name).default
        backward = getattr(torch.ops.aten, f"{name}_backward_data").default
        output = forward(masked, 2, False)
        found = operations[forward](masked, 2, False)
        slope = operations[backward](gradient, output, 2, torch.float64)
        if entries == 50:
            assert found is NotImplemented and slope is NotImplemented
            continue
        torch.testing.assert_close(found, output)
        torch.testing.assert_close(slope, backward(gradient, output, 2, torch.float64))
        assert operations[forward](masked, 2, True) is NotImplemented
