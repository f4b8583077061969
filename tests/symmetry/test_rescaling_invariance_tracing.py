"""A model that cannot be traced, and an example that does not fit, are told in one sentence that says where and why."""

import copy
import inspect
import random
from pathlib import Path

import numpy as np
import pytest
import torch
from rescaling_architectures import IMAGE, VECTOR, Net, conv, disturb, generator, linear, two
from torch import nn

from verified_dynamics.symmetry.rescaling_invariance import ScaleGroupError, path_norm, rescale, scale_groups


def branching(net, x):
    h = torch.relu(net.a(x))
    if h.sum() > 0:  # stops here
        return net.b(h)
    return net.b(-h)


def asserting(net, x):
    assert x.shape[1] == 4  # stops here
    return net.a(x)


def looping(net, x):
    total = 0
    for row in x:  # stops here
        total = total + net.a(row)
    return total


def counting(net, x):
    return sum(net.a(x) for _ in range(x.shape[1]))  # stops here


def measuring(net, x):
    return net.a(x) / len(x)  # stops here


def writing(net, x):
    h = net.a(x)
    h[:, 0] = 0  # stops here
    return net.b(h)


def numerical(net, x):
    return net.a(torch.from_numpy(np.asarray(x)))  # stops here


def rounding(net, x):
    return net.a(x) * float(x.shape[1])  # stops here


def checking(net, x):
    assert isinstance(x, torch.Tensor), "not a tensor"  # stops here
    return net.a(x)


def unregistered(net, x):
    return net.listed[0](x)  # stops here


def misspelt(net, x):
    return net.missing(x)  # stops here


def nested(net, x):
    return net.a(branching(net, x))


REASONS = {
    branching: "because the code branches on a traced value",
    asserting: "because the code branches on a traced value",
    looping: "because the code loops over a traced value",
    counting: "because a built-in or library function gets a traced value",
    measuring: "because the code asks for the len() of a traced value",
    writing: "because the code writes into a part of a traced value",
    numerical: "because a built-in or library function gets a traced value",
    rounding: "because a built-in or library function gets a traced value",
    checking: "because the model's own code stops with an error",
    unregistered: "because a layer is called that is not registered in the model",
    misspelt: "because the model's own code stops with an error",
}


def failure(model, example=VECTOR):
    with pytest.raises(ScaleGroupError) as caught:
        scale_groups(model, example)
    message = str(caught.value)
    assert "\n" not in message
    assert message.endswith(".")
    return message


def network(function):
    net = Net(function, a=linear(4, 4), b=linear(4, 2))
    net.listed = [linear(4, 4)]
    return net


def line_of(function):
    lines, first = inspect.getsourcelines(function)
    return first + next(k for k, line in enumerate(lines) if "# stops here" in line)


@pytest.mark.parametrize("function", REASONS, ids=lambda function: function.__name__)
def test_the_line_and_the_reason_are_told(function):
    message = failure(network(function))
    assert message.startswith(
        f"Net cannot be traced by torch.fx at {Path(__file__)}, line {line_of(function)} "
    )
    code = inspect.getsource(function).splitlines()[line_of(function) - inspect.getsourcelines(function)[1]]
    assert code.partition("  #")[0].strip() in message
    assert REASONS[function] in message
    assert message.rpartition(";")[2].strip()  # what to do


def test_the_innermost_line_of_the_user_is_told():
    assert f"line {line_of(branching)} " in failure(network(nested))


def test_spread_arguments_are_told():
    class Spread(nn.Module):
        def __init__(self):
            super().__init__()
            self.a = linear(4, 4)

        def forward(self, *args):
            return sum(self.a(x) for x in args)

    assert "give each argument of forward a name in place of *args" in failure(Spread())


def test_code_of_an_installed_package_is_told_with_the_line_that_leads_there(tmp_path, monkeypatch):
    from verified_dynamics.symmetry.rescaling_invariance import trace_errors

    package = tmp_path / "installed_layers.py"
    package.write_text("def pick(h):\n    return h if h.sum() > 0 else -h\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(trace_errors, "_INSTALLED", (tmp_path,))
    import installed_layers

    def calling(net, x):
        return net.b(installed_layers.pick(net.a(x)))  # stops here

    message = failure(network(calling))
    assert f"{package}, line 2 (`return h if h.sum() > 0 else -h`), which is reached from " in message
    assert f"{Path(__file__)}, line {line_of(calling)} " in message


class Masked(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = linear(4, 5), linear(5, 2)

    def forward(self, x, mask=None, *, flipped=False, scale=1.0):
        h = torch.relu(self.a(x))
        if mask is not None:
            h = torch.tanh(h) * mask
        return self.b(-h if flipped else h * scale)


def test_arguments_that_are_not_given_stay_at_their_defaults():
    model = disturb(Masked())
    for example in (VECTOR, None, (VECTOR,)):
        groups = scale_groups(model, example)
        assert groups.count == 5
        assert not any("assert" in pin.where or "eq" in pin.where for pin in groups.pinned)
    before = model(VECTOR)
    with rescale(model, groups.random_scales(generator(1)), groups=groups):
        assert (model(VECTOR) - before).abs().max() < 1e-12 * before.abs().max()
    assert scale_groups(model, (VECTOR, torch.ones(1, dtype=torch.float64))).count == 0


def test_models_with_several_inputs_take_a_tuple_of_examples():
    class Siamese(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b, self.c = linear(4, 5), linear(3, 5), linear(5, 2)

        def forward(self, x, y):
            return self.c(torch.relu(self.a(x) + self.b(y)))

    model, other = disturb(Siamese()), VECTOR[:, :3]
    groups = scale_groups(model, (VECTOR, other))
    assert groups.count == 5
    before = model(VECTOR, other)
    with rescale(model, groups.random_scales(generator(1)), groups=groups):
        assert (model(VECTOR, other) - before).abs().max() < 1e-12 * before.abs().max()
    assert "takes 2 inputs, but the example has 3" in failure(model, (VECTOR, other, other))
    assert "does not accept the example input" in failure(model, VECTOR)


@pytest.mark.parametrize(
    ("model", "example", "words"),
    [
        (
            nn.Sequential(linear(4, 5), nn.ReLU(), linear(4, 2)),
            VECTOR,
            "at '2' (Linear), which gets (7, 5): ",
        ),
        (
            nn.Sequential(linear(4, 5)),
            torch.zeros(2, 3),
            "(2, 3) torch.float32 at '0' (Linear), which gets (2, 3): ",
        ),
        (two(lambda h: torch.cat([h, h[:1]], 1)), VECTOR, "at 'cat', which gets (7, 4) and (1, 4): "),
        (nn.Sequential(conv(3, 4)).double(), IMAGE[:, :2], "(5, 2, 8, 8) torch.float64 at '0' (Conv2d)"),
        (nn.Sequential(linear(4, 5)), [None], "the example input None at '0' (Linear), which gets no tensor"),
        (nn.Sequential(linear(4, 5)), {"x": VECTOR}, "is of type dict; pass a tensor, or a tuple of tensors"),
        (nn.Sequential(linear(4, 5)), np.zeros((2, 4)), "is of type ndarray; pass a tensor"),
        (
            nn.Sequential(nn.LazyLinear(3)),
            VECTOR,
            "0.weight of Sequential has no shape yet; run the model once",
        ),
    ],
)
def test_an_example_that_does_not_fit_is_told_with_the_layer_that_refuses_it(model, example, words):
    message = failure(model, example)
    assert words in message
    assert "; pass " in message or "; run " in message


class Noting(nn.Module):
    """A model that changes itself whenever it runs, as logging and running averages do."""

    def __init__(self):
        super().__init__()
        self.a, self.drop, self.b = linear(4, 5), nn.Dropout(0.5), linear(5, 2)
        self.norm = nn.BatchNorm1d(5)
        self.register_buffer("calls", torch.zeros(()))
        self.register_buffer("last", torch.zeros(2))
        self.count, self.hidden = 0, None

    def forward(self, x):
        self.calls += 1
        self.last = self.last + torch.rand(2)
        self.count += 1
        random.random()
        np.random.rand()
        self.hidden = self.drop(torch.relu(self.norm(self.a(x))))
        return self.b(self.hidden)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("broken", [True, False])
def test_a_model_that_changes_itself_is_left_as_it_was_found(training, broken):
    model = Noting().double().train(training)
    model.norm.eval()
    buffer, state = model.calls, copy.deepcopy(model.state_dict())
    drawn = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].copy()
    if broken:
        failure(model, VECTOR[:, :3])
    else:
        assert scale_groups(model, VECTOR).count == 5
    assert model.calls is buffer
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    assert (model.count, model.hidden) == (0, None)
    assert (model.training, model.drop.training, model.norm.training) == (training, training, False)
    assert torch.equal(torch.get_rng_state(), drawn[0])
    assert random.getstate() == drawn[1]
    assert np.array_equal(np.random.get_state()[1], drawn[2])


def test_the_watch_on_the_model_can_fail():
    model = Noting().double()
    model(VECTOR)
    assert model.count == 1
    assert model.calls == 1


@pytest.mark.parametrize(("kind", "inside"), [("OptimizedModule", "_orig_mod"), ("DataParallel", "module")])
def test_a_wrapped_model_is_told_to_be_passed_without_the_wrapper(kind, inside):
    wrapper = type(kind, (nn.Module,), {})()
    assert f"{kind} wraps the model; pass the model inside, which is its {inside}." in failure(wrapper)


def test_path_norms_trace_in_the_same_way():
    assert path_norm(disturb(Masked()), VECTOR) > 0
