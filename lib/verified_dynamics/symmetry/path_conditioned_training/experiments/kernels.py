"""Runs about the path-lifting's metric and kernel: exact identities of small networks, and spectra on two moons."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
import xarray as xr
from torch import Tensor, nn

from verified_dynamics.data import moons
from verified_dynamics.experiments import Profile, Tolerance, experiment
from verified_dynamics.models import MLP
from verified_dynamics.symmetry.path_conditioned_training.experiments.setting import (
    CHAPTER,
    MOONS_WIDTHS,
    generator,
    layer_parameters,
    moons_networks,
)
from verified_dynamics.symmetry.path_conditioned_training.experiments.unrolled import (
    convolution_identities,
    difference_up_to_scale,
)
from verified_dynamics.symmetry.path_conditioned_training.path_diagonal import path_diagonal
from verified_dynamics.symmetry.path_conditioned_training.path_kernel import (
    layers_of,
    lifting,
    lifting_jacobian,
    path_activations,
    path_metric_masses,
)
from verified_dynamics.symmetry.path_conditioned_training.stacked import condition_ensemble
from verified_dynamics.symmetry.rescaling_invariance import path_lifting

_WIDTHS = (3, 4, 3, 2)
_ROUNDING = Tolerance(rtol=0.0, atol=1e-11)
_CONTROL = Tolerance(rtol=1e-6)
# Relative errors of equalities; all of them are sums of at most a few thousand products in float64.
IDENTITIES = (
    "function", "kernel", "invariance", "factorisation", "transport", "congruence", "null_vectors", "diagonal",
    "rank_one", "convolution", "average_pooling", "max_pooling", "unpadded_rank_one",
)  # fmt: skip
_CONTROLS = ("uncompensated", "gelu", "padded_rank_one", "plain_pooling", "active", "tangent_kernel")


@experiment(
    "path-lifting-identities",
    chapter=CHAPTER,
    smoke=Profile(seeds=4, settings={"points": 12, "spread": 0.7}),
    full=Profile(seeds=64, settings={"points": 12, "spread": 0.7}),
    tolerances={
        **dict.fromkeys(IDENTITIES, _ROUNDING),
        **dict.fromkeys(_CONTROLS, _CONTROL),
        "rank_missing": Tolerance(),
        "tied_rank_excess": Tolerance(),
    },
)
def path_lifting_identities(cell: dict, seeds: Sequence[int], device: torch.device) -> xr.Dataset:
    """Seeds vary; measured are errors of f = CΦ, of the kernel CJJᵀCᵀ, of the laws of J and G, and of broken ones.

    The network is 3-4-3-2 with biases; every hidden layer has units that are active at some of the points, so that the
    kernel is not zero for the trivial reason.  The identities of convolutions are measured on unrolled networks.
    """
    draws = [_draw(seed, cell) for seed in seeds]
    theta, x, log_scales = (torch.stack(column) for column in zip(*draws, strict=True))
    found = torch.func.vmap(_identities)(theta, x, log_scales)
    jacobians = torch.func.vmap(lambda t: lifting_jacobian(t, _WIDTHS))(theta)
    found["rank_missing"] = torch.linalg.matrix_rank(jacobians, rtol=1e-9) - (
        theta.shape[1] - sum(_WIDTHS[1:-1])
    )
    rows = [_by_module(seed, theta[k]) for k, seed in enumerate(seeds)]
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    return xr.Dataset(
        {name: ("seed", values) for name, values in columns.items()}
        | {name: ("seed", values.numpy()) for name, values in found.items()}
    )


def largest_identity_error(*names: str):
    """Statistic: the largest relative error of the named equalities (all of them without names), per seed."""
    return lambda data: data[list(names or IDENTITIES)].to_array().max("variable")


@experiment(
    "kernel-spectra",
    chapter=CHAPTER,
    smoke=Profile(grid={"criterion": ("none", "path", "norm")}, seeds=4, settings={"points": 200}),
    full=Profile(grid={"criterion": ("none", "path", "norm")}, seeds=64, settings={"points": 200}),
    tolerances={
        # The optimum is found to 1e-8 in z, which the eigenvalues follow.
        "trace": Tolerance(rtol=1e-6),
        "leading": Tolerance(rtol=1e-6),
        "fifth": Tolerance(rtol=1e-6),
        "effective_rank": Tolerance(rtol=1e-6),
        "imbalance": Tolerance(rtol=1e-6),
        "spectrum": Tolerance(rtol=1e-5),
    },
)
def kernel_spectra(cell: dict, seeds: Sequence[int], device: torch.device) -> xr.Dataset:
    """The criterion varies; measured is the spectrum of the tangent kernel of f_1 − f_0 on two moons, at the start.

    Networks 2-64-64-64-64-2 with PyTorch's default initialisation and no output bias, conditioned to convergence.
    """
    points = moons(cell["points"], noise=0.1, generator=generator(0, stream=11)).x.to(device)
    ensemble = moons_networks(seeds, device)
    if cell["criterion"] != "none":
        condition_ensemble(ensemble, points[:1], criterion=cell["criterion"], max_log_scale=None)
    weights, biases = layer_parameters(ensemble.parameters, len(MOONS_WIDTHS) - 1)
    eigenvalues = torch.linalg.eigvalsh(difference_kernel(weights, biases, points)).flip(-1).cpu()
    trace = eigenvalues.sum(-1)
    found = {
        "trace": trace,
        "leading": eigenvalues[:, 0] / trace,
        "fifth": eigenvalues[:, 4] / eigenvalues[:, 0],
        "effective_rank": trace**2 / (eigenvalues**2).sum(-1),
        "imbalance": imbalance(weights, biases).cpu(),
    }
    return xr.Dataset(
        {name: ("seed", values.numpy()) for name, values in found.items()}
        | {"spectrum": (("seed", "index"), eigenvalues[:, :10].numpy())},
        coords={"index": range(1, 11)},
    )


def over_baseline(variable: str, criterion: str):
    """Statistic: a property of the kernel after conditioning over its value before, per seed."""

    def statistic(data: xr.Dataset) -> xr.DataArray:
        after, before = (data[variable].sel(criterion=c, drop=True) for c in (criterion, "none"))
        return after / before

    return statistic


def difference_kernel(weights: Sequence[Tensor], biases: Sequence[Tensor | None], x: Tensor) -> Tensor:
    """Tangent kernel (s, n, n) of f_1 − f_0 for stacked ReLU networks, from forward and backward signals.

    A layer contributes the products of its backward signals times the products of its inputs, plus one for a bias.
    """
    inputs, signals = [x.expand(len(weights[0]), *x.shape)], []
    for weight, bias in zip(weights[:-1], biases[:-1], strict=True):
        before = inputs[-1] @ weight.mT + (0 if bias is None else bias[:, None])
        inputs.append(torch.relu(before))  # (s, n, m)
    top = weights[-1].new_tensor([-1.0, 1.0]).expand(len(weights[0]), len(x), 2)
    signals.append(top)
    for weight, after in zip(reversed(weights[1:]), reversed(inputs[1:]), strict=True):
        signals.append((signals[-1] @ weight) * (after > 0))
    signals.reverse()
    kernel = 0
    for signal, entering, bias in zip(signals, inputs, biases, strict=True):
        kernel = kernel + (signal @ signal.mT) * (entering @ entering.mT + (bias is not None))
    return kernel


def imbalance(weights: Sequence[Tensor], biases: Sequence[Tensor | None]) -> Tensor:
    """Logarithm of the arithmetic over the geometric mean of the path diagonal, (s,), from its rank-one layers."""
    parts = []
    for (backward, forward), bias in zip(path_metric_masses(weights, biases), biases, strict=True):
        parts.append((backward[..., :, None] * forward[..., None, :]).flatten(1))
        parts += [] if bias is None else [backward]
    diagonal = torch.cat(parts, dim=1)
    return torch.log(diagonal.mean(1)) - torch.log(diagonal).mean(1)


def _draw(seed: int, cell: dict) -> tuple[Tensor, Tensor, Tensor]:
    """Parameters, points and log-scales; drawn again while a hidden layer is silent, or active, at all points."""
    g = generator(seed, stream=1)
    size = sum((inputs + 1) * outputs for inputs, outputs in pairwise(_WIDTHS))
    while True:
        theta = torch.randn(size, generator=g, dtype=torch.float64)
        x = torch.randn(cell["points"], _WIDTHS[0], generator=g, dtype=torch.float64)
        shares = _active_shares(theta, x)
        if bool(((shares > 0.1) & (shares < 0.9)).all()):
            return (
                theta,
                x,
                cell["spread"] * torch.randn(sum(_WIDTHS[1:-1]), generator=g, dtype=torch.float64),
            )


def _active_shares(theta: Tensor, x: Tensor) -> Tensor:
    return torch.stack([(h > 0).to(x.dtype).mean() for h in _forward(theta, x, torch.relu)[:-1]])


def _forward(theta: Tensor, x: Tensor, activation) -> list[Tensor]:
    """Hidden layers after the activation, and the output."""
    weights, biases = layers_of(theta, _WIDTHS)
    layers = []
    for weight, bias in zip(weights, biases, strict=True):
        x = x @ weight.T + bias
        x = activation(x) if len(layers) < len(weights) - 1 else x
        layers.append(x)
    return layers


def _exponents() -> tuple[Tensor, Tensor]:
    """Rows of ±1 and 0 (parameters, hidden): the action on log |θ| of scales, and of incoming scales alone."""
    first, full, incoming = 0, [], []
    hidden = sum(_WIDTHS[1:-1])
    units = torch.eye(hidden, dtype=torch.float64)
    own = [torch.zeros(_WIDTHS[0], hidden, dtype=torch.float64)]
    for n in _WIDTHS[1:-1]:
        own.append(units[first : first + n])
        first += n
    own.append(torch.zeros(_WIDTHS[-1], hidden, dtype=torch.float64))
    for below, above in pairwise(own):
        into = above[:, None].expand(-1, len(below), -1).reshape(-1, hidden)
        full += [into - below.repeat(len(above), 1), above]
        incoming += [into, above]
    return torch.cat(full), torch.cat(incoming)


def _identities(theta: Tensor, x: Tensor, log_scales: Tensor) -> dict[str, Tensor]:
    """Errors for one network; θ never vanishes, because its entries are drawn from a density."""
    action, incoming = _exponents()
    d = torch.exp(action @ log_scales)
    phi, c, j = lifting(theta, _WIDTHS), path_activations(theta, _WIDTHS, x), lifting_jacobian(theta, _WIDTHS)
    there, moved = lifting(d * theta, _WIDTHS), lifting_jacobian(d * theta, _WIDTHS)
    derivative = torch.func.jacrev(lambda t: _forward(t, x, torch.relu)[-1])(theta).flatten(0, 1)
    kernel, lifted = derivative @ derivative.T, c.flatten(0, 1) @ j
    # The skeleton: which parameter lies on which path, read off the signs of a network of twos and ones.
    on_path = _skeleton(theta)
    metric, masses = j.T @ j, path_metric_masses(*layers_of(theta, _WIDTHS))
    parts = [part for back, front in masses for part in (torch.outer(back, front).flatten(), back)]
    gelu = [_forward(t, x, nn.functional.gelu)[-1] for t in (theta, d * theta)]
    return {
        "function": _error(c @ phi, _forward(theta, x, torch.relu)[-1]),
        "kernel": _error(lifted @ lifted.T, kernel),
        "tangent_kernel": kernel.norm(),
        "active": _active_shares(theta, x).amin(),
        "invariance": _error(there, phi),
        "factorisation": _error(phi[:, None] * on_path / theta, j),
        "transport": _error(moved * d, j),
        "congruence": _error(moved.T @ moved, metric / d[:, None] / d),
        "null_vectors": (j @ (action * theta[:, None])).norm() / j.norm(),
        "rank_one": _error(torch.cat(parts), metric.diagonal()),
        "uncompensated": _error(lifting(torch.exp(incoming @ log_scales) * theta, _WIDTHS), phi),
        "gelu": _error(gelu[1], gelu[0]),
    }


def _skeleton(theta: Tensor) -> Tensor:
    """0/1 incidence (paths, parameters): Φ of ones is one for every path, and doubles where a parameter doubles."""
    ones = torch.ones_like(theta)
    doubled = torch.func.vmap(lambda row: lifting(ones + row, _WIDTHS))(
        torch.eye(len(theta), dtype=theta.dtype)
    )
    return doubled.T - 1


def _by_module(seed: int, theta: Tensor) -> dict[str, float]:
    """What is measured on modules: the diagonal of one pass against the list of the paths."""
    model = MLP(_WIDTHS, generator=generator(seed, stream=2))
    nn.utils.vector_to_parameters(theta, model.parameters())
    found = path_diagonal(model, torch.zeros(1, _WIDTHS[0], dtype=torch.float64))
    flat = torch.cat([found[name].reshape(-1) for name, _ in model.named_parameters()])
    expected = (lifting_jacobian(theta, _WIDTHS) ** 2).sum(0)
    return {
        "diagonal": difference_up_to_scale({"all": flat}, {"all": expected}),
        "tied_rank_excess": _tied_rank_excess(generator(seed, stream=3)),
        **convolution_identities(generator(seed, stream=4)),
    }


def _tied_rank_excess(g: torch.Generator) -> int:
    """Rank of J above parameters − hidden units, where the two hidden layers of 3-3-3-2 share one matrix."""
    theta = torch.randn(15, generator=g, dtype=torch.float64)

    def lifted(vector: Tensor) -> Tensor:
        shared = vector[:9].reshape(3, 3)
        return path_lifting([shared, shared, vector[9:].reshape(2, 3)])

    return int(torch.linalg.matrix_rank(torch.func.jacrev(lifted)(theta), rtol=1e-9)) - (15 - 6)


def _error(found: Tensor, expected: Tensor) -> Tensor:
    return (found - expected).norm() / expected.norm()
