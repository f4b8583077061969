"""`scale_groups` and `rescale` on many architectures: the function is preserved, or the channels are pinned."""

import pytest
import torch
from rescaling_architectures import FOLLOWED, IMAGE, PINNED, VECTOR, Net, disturb, generator, linear
from rescaling_layers import FOLLOWED_LAYERS, PINNED_LAYERS
from torch import nn

from verified_dynamics.models import NORMALISATIONS, Transformer
from verified_dynamics.symmetry.rescaling_invariance import (
    ScaleGroupError,
    balance,
    noether_audit,
    rescale,
    scale_groups,
)

FOLLOWED, PINNED = FOLLOWED | FOLLOWED_LAYERS, PINNED | PINNED_LAYERS

# 1e-12 is some thousand times the rounding of these small sums in float64, and far below any real change.
ROUNDING = 1e-12


def run(model, x):
    """The output, with one realisation of dropout and with running statistics left as they were."""
    state = {name: value.clone() for name, value in model.state_dict().items()}
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        value = model(x).clone()
    for name, buffer in model.named_buffers():
        buffer.copy_(state[name])
    return value


def relative_change(model, x, groups, seed=5):
    before = run(model, x)
    with rescale(model, groups.random_scales(generator(seed)), groups=groups):
        after = run(model, x)
    assert torch.equal(run(model, x), before)
    return ((after - before).abs().max() / before.abs().max()).item()


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", FOLLOWED)
def test_the_function_is_preserved_and_every_group_is_found(name, training):
    model, x, count = FOLLOWED[name]
    disturb(model).train(training)
    groups = scale_groups(model, x)
    assert groups.count == count
    assert relative_change(model, x, groups) < ROUNDING
    largest = max(d.max().item() for d in groups.diagonal(groups.random_scales(generator(5))).values())
    assert largest > 1.5  # the rescaling was no trifle


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", PINNED)
def test_what_does_not_commute_is_pinned(name, training):
    model, x = PINNED[name]
    disturb(model).train(training)
    groups = scale_groups(model, x)
    assert groups.count == 0
    assert groups.pinned
    assert "because" in str(groups)


@pytest.mark.parametrize("name", FOLLOWED)
def test_a_scale_on_one_side_alone_changes_the_function(name):
    model, x, _ = FOLLOWED[name]
    disturb(model).eval()
    groups = scale_groups(model, x)
    label = groups.labels[0]
    layer = dict(model.named_parameters())[f"{label.rpartition('[')[0]}.weight"]
    before = run(model, x)
    with torch.no_grad():
        layer[int(label.rpartition("[")[2][:-1])] *= 3
    after = run(model, x)
    assert ((after - before).abs().max() / before.abs().max()).item() > 1e-6


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", FOLLOWED)
def test_the_gradient_is_orthogonal_to_every_generator(name, training):
    model, x, _ = FOLLOWED[name]
    disturb(model).train(training)
    state = {key: value.clone() for key, value in model.state_dict().items()}
    audit = noether_audit(
        model, lambda net, inputs: net(inputs).sin().sum(), x, groups=scale_groups(model, x)
    )
    model.load_state_dict(state)
    assert audit.violation < ROUNDING


@pytest.mark.parametrize("name", FOLLOWED)
def test_balancing_keeps_the_function_and_makes_every_group_even(name):
    model, x, _ = FOLLOWED[name]
    disturb(model).eval()
    groups, before = scale_groups(model, x), run(model, x)
    result = balance(model, groups=groups)
    assert result.converged
    assert not result.disconnected
    assert (run(model, x) - before).abs().max() < ROUNDING * before.abs().max()
    entering, leaving = groups.incoming_outgoing(
        {key: p.detach() ** 2 for key, p in model.named_parameters()}
    )
    assert torch.allclose(entering, leaving, rtol=1e-9)
    result.rescaling.undo()


def diagonal_symmetries(model, x, points=4):
    """Dimension of the space of v with f(e^v theta) = f(theta) to first order at several theta, by Jacobians."""
    rows = []
    for seed in range(points):
        parameters = dict(disturb(model, seed).named_parameters())

        def outputs(values):
            return torch.func.functional_call(model, values, (x,)).flatten()

        jacobian = torch.func.jacrev(outputs)(parameters)
        columns = [jacobian[name].flatten(1) * value.detach().flatten() for name, value in parameters.items()]
        rows.append(torch.cat(columns, dim=1))  # (outputs, p)
    matrix = torch.cat(rows)
    return matrix.shape[1] - int(torch.linalg.matrix_rank(matrix, rtol=1e-10))


COMPLETE = {
    "three layers": nn.Sequential(linear(4, 5), nn.ReLU(), linear(5, 3), nn.ReLU(), linear(3, 2)),
    "leaky": nn.Sequential(linear(4, 5), nn.LeakyReLU(0.2), linear(5, 2)),
    "identity skip": FOLLOWED["identity skip"][0],
    "projection skip": FOLLOWED["projection skip"][0],
    "cat with itself": FOLLOWED["cat with itself"][0],
    "gelu": PINNED["gelu"][0],
    "constant added": PINNED["constant added"][0],
    "layer used twice": PINNED["layer used twice"][0],
}


@pytest.mark.parametrize("name", COMPLETE)
def test_no_diagonal_symmetry_is_missed(name):
    x = torch.randn(100, 4, generator=generator(), dtype=torch.float64)
    assert diagonal_symmetries(COMPLETE[name], x) == scale_groups(COMPLETE[name], x).count


def test_the_symmetry_of_a_squared_relu_is_another_one_and_is_not_claimed():
    x = torch.randn(100, 4, generator=generator(), dtype=torch.float64)
    model = PINNED["square"][0]
    assert diagonal_symmetries(model, x) == 4  # in times c, out divided by c^2
    assert scale_groups(model, x).count == 0


@pytest.mark.parametrize("normalisation", NORMALISATIONS)
def test_a_transformer_keeps_its_function_whatever_is_found(normalisation):
    model = disturb(Transformer(7, 8, 2, 2, normalisation=normalisation, biases=True, generator=generator()))
    tokens = torch.randint(7, (3, 9), generator=generator(1))
    groups = scale_groups(model, tokens)
    assert relative_change(model, tokens, groups) < ROUNDING
    assert groups.count == 2 * 4 * 8  # the hidden units of the two feed-forward layers


def test_without_an_example_values_are_taken_to_be_batched_features():
    model = disturb(nn.Sequential(linear(4, 4), nn.BatchNorm1d(4), nn.ReLU(), linear(4, 2))).eval()
    groups = scale_groups(model)
    assert groups.count == 4
    assert relative_change(model, VECTOR, groups) < ROUNDING


def test_groups_belong_to_the_mode_in_which_the_model_was_traced():
    def forward(net, x):
        hidden = net.a(x)
        return net.b(torch.tanh(hidden) if net.training else torch.relu(hidden))

    model = Net(forward, a=linear(4, 4), b=linear(4, 2))
    assert scale_groups(model.train()).count == 0
    assert scale_groups(model.eval()).count == 4


def test_the_example_leaves_modes_statistics_and_random_state_alone():
    model = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Dropout(0.5), nn.Flatten(), linear(144, 2)
    ).double()
    model.train()
    model[1].eval()  # a frozen layer in a network that trains
    state, random = {k: v.clone() for k, v in model.state_dict().items()}, torch.get_rng_state()
    scale_groups(model, IMAGE)
    assert [module.training for module in model] == [True, False, True, True, True]
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    assert torch.equal(random, torch.get_rng_state())


@pytest.mark.parametrize(
    ("model", "example", "message"),
    [
        (nn.Sequential(linear(4, 5)), torch.zeros(2, 3), "does not accept the example input"),
        (
            nn.Sequential(linear(4, 5)),
            torch.zeros(2, 4, dtype=torch.float32),
            "does not accept the example input",
        ),
        (nn.Embedding(3, 2), torch.tensor([7]), "does not accept the example input"),
        (nn.Sequential(linear(4, 5)), [None], "does not accept the example input"),
        (Net(lambda net, x: x if x.sum() > 0 else -x), VECTOR, "cannot be traced"),
    ],
)
def test_a_model_or_an_example_that_does_not_fit_is_one_sentence(model, example, message):
    with pytest.raises(ScaleGroupError, match=message) as caught:
        scale_groups(model, example)
    assert "\n" not in str(caught.value)
