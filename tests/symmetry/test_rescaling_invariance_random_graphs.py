"""Random networks: the groups that are found preserve the function, and the Jacobian knows no others."""

import random

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from rescaling_architectures import disturb, generator, linear
from torch import nn

from verified_dynamics.symmetry.rescaling_invariance import rescale, scale_groups

INPUTS, OUTPUTS = 3, 2
LEAKY = (nn.LeakyReLU(0.2), nn.LeakyReLU(-0.5))  # a unit is never dead
MIXED = (nn.ReLU(), nn.LeakyReLU(0.2), nn.Tanh(), nn.GELU())


class RandomGraph(nn.Module):
    """Linear layers, activations, sums and concatenations in random order; the last layer reads all loose ends."""

    def __init__(self, seed, steps, activations):
        super().__init__()
        draw = random.Random(seed)
        self.activations = nn.ModuleList(activations)
        self.layers = nn.ModuleList()
        self.plan, widths, loose = [], [INPUTS], {0}
        for _ in range(steps):
            kind = draw.choice(("linear", "linear", "active", "sum", "cat"))
            left, right = draw.randrange(len(widths)), draw.randrange(len(widths))
            if kind == "linear" or left == 0:
                width = draw.randint(2, 4)
                self.layers.append(nn.Sequential(linear(widths[left], width), draw.choice(self.activations)))
                step = ("linear", left, len(self.layers) - 1)
            elif kind == "active":
                width, step = widths[left], ("active", left, draw.randrange(len(self.activations)))
            elif kind == "sum" and widths[left] == widths[right]:
                width, step = widths[left], ("sum", left, right)
            else:
                width, step = widths[left] + widths[right], ("cat", left, right)
            loose -= {left, right} if step[0] in ("sum", "cat") else {left}
            self.plan.append(step)
            widths.append(width)
            loose.add(len(widths) - 1)
        self.loose = sorted(loose - {0})
        self.last = linear(sum(widths[index] for index in self.loose), OUTPUTS)

    def forward(self, x):
        values = [x]
        for kind, left, other in self.plan:
            if kind == "linear":
                values.append(self.layers[other](values[left]))
            elif kind == "active":
                values.append(self.activations[other](values[left]))
            elif kind == "sum":
                values.append(values[left] + values[other])
            else:
                values.append(torch.cat([values[left], values[other]], -1))
        return self.last(torch.cat([values[index] for index in self.loose], -1))


def generators(groups, model):
    """The directions v = log d of the free groups as rows (count, p)."""
    rows = []
    for group in range(groups.count):
        scales = torch.ones(groups.count, dtype=torch.float64)
        scales[group] = torch.e
        factors = groups.diagonal(scales)
        rows.append(torch.cat([factors[name].log().flatten() for name, _ in model.named_parameters()]))
    return torch.stack(rows) if rows else torch.zeros(0, sum(p.numel() for p in model.parameters()))


graphs = st.builds(RandomGraph, st.integers(0, 10**6), st.integers(1, 9), st.sampled_from([LEAKY, MIXED]))


@settings(deadline=None, max_examples=60)
@given(graphs, st.integers(0, 100))
def test_random_networks_keep_their_function(model, seed):
    disturb(model, seed)
    x = torch.randn(30, INPUTS, generator=generator(seed), dtype=torch.float64)
    groups = scale_groups(model, x)
    before = model(x)
    with rescale(model, groups.random_scales(generator(seed)), groups=groups):
        assert (model(x) - before).abs().max() < 1e-12 * before.abs().max()
    directions = generators(groups, model)
    if groups.count:
        assert torch.linalg.matrix_rank(directions) == groups.count


def symmetries(model, x, points=20):
    """Dimension of the directions v that leave the function alone at all points.

    A value that was concatenated with itself gives a layer up to 2^4 = 16 equal inputs in five steps, between whose
    weights something can be exchanged at any 16 points, but not at 20.
    """
    rows = []
    for seed in range(points):
        parameters = dict(disturb(model, seed).named_parameters())
        jacobian = torch.func.jacrev(lambda p: torch.func.functional_call(model, p, (x,)).flatten())(
            parameters
        )
        rows.append(
            torch.cat([jacobian[n].flatten(1) * p.detach().flatten() for n, p in parameters.items()], 1)
        )
    matrix = torch.cat(rows)
    return matrix.shape[1] - int(torch.linalg.matrix_rank(matrix, rtol=1e-10))


@settings(deadline=None, max_examples=8)
@given(st.builds(RandomGraph, st.integers(0, 10**6), st.integers(1, 5), st.just(LEAKY)))
def test_random_homogeneous_networks_have_no_other_diagonal_symmetry(model):
    x = 3 * torch.randn(40, INPUTS, generator=generator(), dtype=torch.float64)
    assert symmetries(model, x) == scale_groups(model, x).count
