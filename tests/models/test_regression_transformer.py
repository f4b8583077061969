import copy

import pytest
import torch
from torch.func import functional_call, stack_module_state, vmap

from verified_dynamics.data import TaskPool, regression_sequences
from verified_dynamics.models import RegressionTransformer, regression_tokens


def build(seed=0, *, dimension=3, examples=5, **options):
    settings = {"width": 8, "layers": 2, "heads": 2} | options
    return RegressionTransformer(
        dimension, examples, generator=torch.Generator().manual_seed(seed), **settings
    )


def batch(n=4, dimension=3, examples=5, seed=9):
    generator = torch.Generator().manual_seed(seed)
    return regression_sequences(TaskPool(dimension), n, examples, noise_variance=0.1, generator=generator)[:2]


def test_tokens_alternate_inputs_and_outcomes():
    x, y = torch.tensor([[[1.0, 2.0], [3.0, 4.0]]]), torch.tensor([[5.0, 6.0]])
    assert regression_tokens(x, y).tolist() == [[[0, 1, 2], [5, 0, 0], [0, 3, 4], [6, 0, 0]]]


def test_a_prediction_sees_its_input_and_what_came_before_only():
    model, (x, y) = build(), batch()
    before = model(x, y)
    changed_y, changed_x = y.clone(), x.clone()
    changed_y[:, 2] += 1
    changed_x[:, 2] += 1
    after_y, after_x = model(x, changed_y), model(changed_x, y)
    assert torch.allclose(after_y[:, :3], before[:, :3], rtol=0, atol=1e-14)
    assert (after_y[:, 3:] - before[:, 3:]).abs().min() > 1e-6
    assert torch.allclose(after_x[:, :2], before[:, :2], rtol=0, atol=1e-14)
    assert (after_x[:, 2:] - before[:, 2:]).abs().min() > 1e-6


def test_a_prefix_gets_the_same_predictions():
    model, (x, y) = build(), batch()
    assert torch.allclose(model(x[:, :3], y[:, :3]), model(x, y)[:, :3], rtol=0, atol=1e-14)


def test_the_published_size_has_the_published_number_of_parameters():
    model = build(dimension=4, examples=8, width=64, layers=2, heads=4)
    assert sum(p.numel() for p in model.parameters()) == 51_717


def test_members_equal_single_ones_and_the_trace_computes_the_same():
    members, (x, y) = [build(seed) for seed in range(3)], batch()
    single = torch.stack([copy.deepcopy(member)(x, y) for member in members])
    parameters, buffers = stack_module_state(members)
    stacked = vmap(lambda p, b: functional_call(members[0], (p, b), (x, y)))(parameters, buffers)
    assert torch.allclose(stacked, single, rtol=1e-12, atol=1e-14)
    assert torch.equal(torch.fx.symbolic_trace(copy.deepcopy(members[0]))(x, y), single[0])


def test_a_seed_determines_the_network_and_the_global_generator_is_left_alone():
    before = torch.get_rng_state()
    first, again, other = (build(seed) for seed in (0, 0, 1))
    assert torch.equal(before, torch.get_rng_state())
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), again.parameters(), strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(first.parameters(), other.parameters(), strict=True))


def test_bad_input_gets_one_sentence():
    with pytest.raises(ValueError, match="heads"):
        build(heads=0)
    with pytest.raises(ValueError, match="not divisible"):
        build(heads=3)
    x, y = batch(dimension=4)
    with pytest.raises(ValueError, match=r"at most 5, 3"):
        build()(x, y)
    x, y = batch(examples=6)
    with pytest.raises(ValueError, match=r"at most 5, 3"):
        build()(x, y)
