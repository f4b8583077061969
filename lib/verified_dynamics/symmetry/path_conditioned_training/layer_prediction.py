r"""Where path conditioning moves a randomly initialised fully connected network, predicted from widths and variances.

The entries of layer l, (n_l, n_{l-1}), are independent with mean zero and variance :math:`\sigma_l^2`, its biases have
variance :math:`\sigma_{b,l}^2`.  In a wide network all neurons of a layer carry nearly the same z = 2 log λ, and the
criterion becomes a function of the L − 1 layer means.  Its masses are expectations of the path diagonal:
forward :math:`\varphi_l = n_{l-1}\sigma_l^2\varphi_{l-1} + \sigma_{b,l}^2` with :math:`\varphi_0 = 1`, and backward
:math:`\beta_{l-1} = n_l\sigma_l^2\beta_l` with :math:`\beta_L = 1`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor

Variances = tuple[float, ...]


def kaiming_fan_in(widths: Sequence[int]) -> Variances:
    """Weight variance 2 / n_{l-1} of every layer (He et al. 2015), which keeps the size of activations."""
    return tuple(2 / inputs for inputs, _ in pairwise(widths))


def kaiming_fan_out(widths: Sequence[int]) -> Variances:
    """Weight variance 2 / n_l of every layer (He et al. 2015), which keeps the size of gradients."""
    return tuple(2 / outputs for _, outputs in pairwise(widths))


def glorot(widths: Sequence[int]) -> Variances:
    """Weight variance 2 / (n_{l-1} + n_l) of every layer (Glorot and Bengio 2010)."""
    return tuple(2 / (inputs + outputs) for inputs, outputs in pairwise(widths))


def balanced(widths: Sequence[int]) -> Variances:
    """Weight variance c / (n_{l-1} n_l): every layer has the expected squared norm c.

    The factor c is 2 times the geometric mean of n_1, ..., n_L, which keeps the size of a signal from the input to the
    output, as Kaiming's fan-in rule does from layer to layer.
    """
    factor = 2 * math.exp(sum(math.log(n) for n in widths[1:]) / (len(widths) - 1))
    return tuple(factor / (inputs * outputs) for inputs, outputs in pairwise(widths))


def uniform_default(widths: Sequence[int]) -> Variances:
    """Variance 1 / (3 n_{l-1}) of weights, and of biases, that are uniform on ±1/sqrt(n_{l-1}): PyTorch's default."""
    return tuple(1 / (3 * inputs) for inputs, _ in pairwise(widths))


INITIALISATIONS: dict[str, Callable[[Sequence[int]], Variances]] = {
    "Kaiming, fan-in": kaiming_fan_in,
    "Kaiming, fan-out": kaiming_fan_out,
    "Glorot": glorot,
    "balanced": balanced,
}


def layer_optimum(
    widths: Sequence[int],
    variances: Sequence[float],
    bias_variances: Sequence[float | None] | None = None,
    *,
    tolerance: float = 1e-10,
    max_iterations: int = 1000,
) -> Tensor:
    r"""Predicted mean of z = 2 log λ in each hidden layer at the path-conditioned point, float64 ``(L - 1,)``.

    ``widths``: n_0, ..., n_L; ``variances``: one per layer.  Without biases the optimum has a closed form,
    :math:`z_l = -\sum_{m\le l}\log(F_m/\mathrm{GM})` with the expected squared norms
    :math:`F_m = n_m n_{m-1}\sigma_m^2` and their geometric mean GM.  ``bias_variances``: one per layer, zero for biases
    that start at zero, None for a layer without biases or whose biases do not count; the optimum is then found by
    damped Newton steps in the L − 1 layer means, to ``tolerance`` in the largest step of one layer alone.

    Raises ValueError for lengths that do not fit, for variances that are not positive, and where the iteration does
    not converge.
    """
    widths, variances = tuple(widths), tuple(variances)
    _check(widths, variances, bias_variances)
    if bias_variances is None or all(variance is None for variance in bias_variances):
        norms = torch.tensor(
            [math.log(n * m) + math.log(v) for (m, n), v in zip(pairwise(widths), variances, strict=True)],
            dtype=torch.float64,
        )
        return -torch.cumsum(norms - norms.mean(), 0)[:-1]
    return _minimise(*_terms(widths, variances, bias_variances), tolerance, max_iterations)


def width_correction(widths: Sequence[int], *, criterion: str = "path", kurtosis: float = 3.0) -> Tensor:
    r"""Leading correction of ``layer_optimum`` without biases in the inverse widths, float64 ``(L - 1,)``.

    The mass that enters a neuron and the mass that leaves it are sums of about n_{l-1} and n_{l+1} independent squares,
    with relative variances :math:`v = (\kappa - 1)/n` for weights of kurtosis κ (3 for Gaussian, 9/5 for uniform ones).
    To second order in these fluctuations the neuron's own equation has the solution with mean
    :math:`b^2 v_{l-1}(3/2 - b) - a^2 v_{l+1}(3/2 - a)`, where :math:`a = n_{l-1}/(n_{l-1} + n_{l+1})` and b = 1 − a are
    the shares of its parameters that enter and leave it.  Under ``criterion="norm"`` a = b = 1/2.
    """
    corrections = []
    for inputs, outputs in zip(widths[:-2], widths[2:], strict=True):
        a = 0.5 if criterion == "norm" else inputs / (inputs + outputs)
        b = 1 - a
        spread = kurtosis - 1
        corrections.append(b * b * spread / inputs * (1.5 - b) - a * a * spread / outputs * (1.5 - a))
    return _number(corrections)


def _check(widths: tuple[int, ...], variances: tuple[float, ...], bias_variances) -> None:
    layers = len(widths) - 1
    if layers < 1 or any(n < 1 for n in widths):
        raise ValueError(f"widths needs an input and an output width, all positive, but it is {widths}.")
    for name, given in (("variances", variances), ("bias_variances", bias_variances)):
        if given is not None and len(given) != layers:
            raise ValueError(f"{name} needs one value for each of {layers} layers, but it has {len(given)}.")
    if not all(0 < v < math.inf for v in variances):
        raise ValueError(f"variances must be positive and finite, but they are {variances}.")
    if bias_variances is not None and not all(v is None or 0 <= v < math.inf for v in bias_variances):
        raise ValueError(f"bias_variances must not be negative, but they are {tuple(bias_variances)}.")


def _terms(
    widths: tuple[int, ...], variances: tuple[float, ...], bias_variances: Sequence[float | None]
) -> tuple[Tensor, Tensor, Tensor]:
    """Numbers of parameters, log masses of one, and rows of exponents (terms, L - 1): weights first, then biases."""
    pairs = list(pairwise(widths))
    forward, backward = [0.0], [0.0]  # log φ_0, ... and log β_L, ...: products of many layers overflow
    for (inputs, _), variance, bias in zip(pairs, variances, bias_variances, strict=True):
        start = math.log(bias) if bias else -math.inf
        forward.append(
            float(torch.logaddexp(_number(math.log(inputs * variance) + forward[-1]), _number(start)))
        )
    for (_, outputs), variance in zip(reversed(pairs), reversed(variances), strict=True):
        backward.append(backward[-1] + math.log(outputs * variance))
    backward.reverse()
    identity = torch.eye(len(pairs) + 1, dtype=torch.float64)[:, 1:-1]  # the input and the output keep z = 0
    count, mass, rows = [], [], []
    for layer, (inputs, outputs) in enumerate(pairs, start=1):
        count.append(inputs * outputs)
        mass.append(backward[layer] + forward[layer - 1])
        rows.append(identity[layer - 1] - identity[layer])
    for layer, bias in enumerate(bias_variances, start=1):
        if bias is not None:
            count.append(widths[layer])
            mass.append(backward[layer])
            rows.append(-identity[layer])
    return _number(count), _number(mass), torch.stack(rows)


def _number(value: float | Sequence[float]) -> Tensor:
    return torch.tensor(value, dtype=torch.float64)


def _minimise(count: Tensor, mass: Tensor, rows: Tensor, tolerance: float, max_iterations: int) -> Tensor:
    """Damped Newton on p log Σ_t count_t e^{mass_t + (rows z)_t} − Σ_t count_t (rows z)_t, strictly convex in z."""
    total, linear = count.sum(), rows.T @ count
    logs, z = torch.log(count) + mass, torch.zeros(rows.shape[1], dtype=torch.float64)

    def value(at: Tensor) -> Tensor:
        return total * torch.logsumexp(logs + rows @ at, 0) - linear @ at

    for _ in range(max_iterations):
        share = torch.softmax(logs + rows @ z, 0)
        gradient = total * rows.T @ share - linear
        mean = rows.T @ share
        hessian = total * (rows.T @ (share[:, None] * rows) - torch.outer(mean, mean))
        if bool((gradient.abs() <= tolerance * hessian.diagonal()).all()):
            return z
        # Far from the optimum a softmax can hide a layer almost completely; a small multiple of the diagonal keeps
        # the step bounded and leaves it a descent direction.
        hessian = hessian + torch.diag(1e-12 * hessian.diagonal().amax() + 1e-14 * hessian.diagonal())
        step = -torch.linalg.solve(hessian, gradient)
        step = step * min(1.0, 5.0 / float(step.abs().max()))
        z = z + _length(value, z, step, gradient @ step) * step
    raise ValueError(f"The layer means did not converge in {max_iterations} steps; allow more iterations.")


def _length(value: Callable[[Tensor], Tensor], z: Tensor, step: Tensor, slope: Tensor) -> float:
    """Largest power of one half that lowers the value by a part of what the slope promises."""
    start, length = value(z), 1.0
    # Close to the optimum the decrease is below the rounding of the value, and the full step is right.
    rounding = 1e-13 * start.abs()
    while length > 1e-10 and value(z + length * step) > start + 1e-4 * length * slope + rounding:
        length /= 2
    return length
