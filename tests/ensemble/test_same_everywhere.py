"""The compositions are the functions that they replace, and do not depend on where an entry lies."""

import pytest
import torch
import torch.nn.functional as F

from verified_dynamics.ensemble import EnsembleError
from verified_dynamics.ensemble import same_everywhere as steady

PAIRS = {
    "sigmoid": (steady.sigmoid, torch.sigmoid),
    "softplus": (steady.softplus, F.softplus),
    "sharp softplus": (lambda x: steady.softplus(x, 3.0, 5.0), lambda x: F.softplus(x, 3.0, 5.0)),
    "silu": (steady.silu, F.silu),
    "gelu": (steady.gelu, F.gelu),
    "gelu tanh": (lambda x: steady.gelu(x, "tanh"), lambda x: F.gelu(x, approximate="tanh")),
    "mish": (steady.mish, F.mish),
    "elu": (lambda x: steady.elu(x, 0.7), lambda x: F.elu(x, 0.7)),
    "celu": (lambda x: steady.celu(x, 0.5), lambda x: F.celu(x, 0.5)),  # PyTorch rounds 1 / alpha to a float
    "selu": (steady.selu, F.selu),
}
X = torch.cat([torch.linspace(-40, 40, 997, dtype=torch.float64), torch.zeros(1, dtype=torch.float64)])


def with_gradient(function, x):
    x = x.clone().requires_grad_()
    y = function(x)
    return y.detach(), torch.autograd.grad(y.sum(), x)[0]


@pytest.mark.parametrize("name", PAIRS)
def test_composition_is_the_function(name):
    composed, plain = (with_gradient(function, X) for function in PAIRS[name])
    for ours, theirs in zip(composed, plain, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("name", PAIRS)
def test_composition_does_not_depend_on_the_place(name):
    whole = with_gradient(PAIRS[name][0], X)
    for start in range(1, 12):
        part = with_gradient(PAIRS[name][0], X[start : start + 500 + start])
        for long, short in zip(whole, part, strict=True):
            assert torch.equal(long[start : start + 500 + start], short)


def test_mode_replaces_modules_functions_and_methods():
    calls = {
        "module": torch.nn.SiLU(), "function": F.gelu, "method": lambda x: x.sigmoid(), "torch": torch.sigmoid
    }  # fmt: skip
    expected = {
        "module": steady.silu,
        "function": steady.gelu,
        "method": steady.sigmoid,
        "torch": steady.sigmoid,
    }
    for name, call in calls.items():
        with steady.SameEverywhere():
            assert torch.equal(call(X), expected[name](X)), name


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("shape", [(9, 4), (9, 4, 5), (3, 4, 5, 6)])
def test_batch_normalisation_is_the_function(training, shape):
    generator = torch.Generator().manual_seed(0)

    def draw(*size):
        return torch.rand(*size, generator=generator, dtype=torch.float64) + 0.5

    x, weight, bias = draw(*shape), draw(4), draw(4)
    ours, theirs = (draw(4), draw(4)), None
    theirs = tuple(tensor.clone() for tensor in ours)
    torch.testing.assert_close(
        steady.batch_norm(x, *ours, weight, bias, training), F.batch_norm(x, *theirs, weight, bias, training)
    )
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other)


def test_batch_normalisation_of_one_value_is_refused():
    with pytest.raises(EnsembleError, match="more than one value"):
        steady.batch_norm(torch.ones(1, 4), torch.zeros(4), torch.ones(4), training=True)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_logistic_loss_is_the_function(reduction):
    target, weight = torch.rand_like(X), torch.rand_like(X)
    options = {"weight": weight, "pos_weight": torch.tensor(2.0), "reduction": reduction}
    torch.testing.assert_close(
        steady.binary_cross_entropy_with_logits(X, target, **options),
        F.binary_cross_entropy_with_logits(X, target, **options),
    )
