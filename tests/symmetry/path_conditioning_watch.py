"""What path conditioning must leave as it was, written down before a call and compared after it."""

import pytest
import torch
from torch import nn
from torch.utils._pytree import tree_leaves

from verified_dynamics.symmetry import path_condition
from verified_dynamics.symmetry.rescaling_invariance.untouched import untouched


def given(example):
    return (example,) if isinstance(example, torch.Tensor) else tuple(example)


def outputs(model, example, training):
    """All outputs as one vector, with one realisation of dropout; the model is left as it was."""
    with untouched(model), torch.no_grad():
        model.train(training)
        torch.manual_seed(0)
        return torch.cat([leaf.flatten() for leaf in tree_leaves(model(*given(example)))])


def state(model, optimizer=None):
    """Everything that a call must not change, or that undo must restore: all tensors, modes and the random state."""
    tensors = {f"model {name}": value.clone() for name, value in model.state_dict().items()}
    for number, kept in enumerate([] if optimizer is None else optimizer.state.values()):
        for key, value in kept.items():
            tensors[f"optimizer {number} {key}"] = torch.as_tensor(value).clone()
    modes = {name: module.training for name, module in model.named_modules()}
    trained = {name: parameter.requires_grad for name, parameter in model.named_parameters()}
    return {**tensors, "random": torch.get_rng_state()}, (modes, trained)


def difference(before, after):
    """Names of what differs, bit by bit."""
    found = [name for name, value in before[0].items() if not same(value, after[0].get(name))]
    found += sorted(after[0].keys() - before[0].keys())
    return found + (["modes"] if before[1] != after[1] else [])


def same(first, second):
    if second is None or first.dtype != second.dtype or first.shape != second.shape:
        return False
    # As bytes, so that a NaN equals itself and −0 differs from 0.
    first, second = (value.contiguous().reshape(-1, 1).view(torch.uint8) for value in (first, second))
    return torch.equal(first, second)


def refused(error, model, example, *, optimizer=None, **options):
    """The message of the error; model, gradients and optimizer are compared bit by bit."""
    before = state(model, optimizer) if isinstance(model, nn.Module) else None
    options = options if optimizer is None else {**options, "optimizer": optimizer}
    for dry_run in (True, False):
        with pytest.raises(error) as caught:
            path_condition(model, example, dry_run=dry_run, **options)
        if before is not None:
            assert not difference(before, state(model, optimizer))
    message = str(caught.value)
    assert "\n" not in message
    assert message.endswith(".")
    return message
