"""Sharpness without the Hessian matrix: its largest eigenvalue by power iteration on Hessian-vector products."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from verified_dynamics.ensemble.errors import EnsembleError

Parameters = Mapping[str, Tensor]


@dataclass(frozen=True)
class TopEigenvalue:
    """The result of a power iteration, for one point or for many at once (points,).

    value: the eigenvalue; residual: |H v - value v| for the unit vector v, which bounds the distance from the
    value to an eigenvalue; vector: v by parameter name; iterations: how many products were taken.
    """

    value: Tensor
    residual: Tensor
    vector: dict[str, Tensor]
    iterations: int


def hessian_vector_product(
    loss: Callable[[dict], Tensor], parameters: Parameters, vector: Parameters
) -> dict:
    """H v at the parameters, by name: the gradient of <gradient of loss(parameters), v>."""

    def along(point: dict) -> Tensor:
        gradient = torch.func.grad(loss)(point)
        return sum((gradient[name] * vector[name]).sum() for name in vector)

    return torch.func.grad(along)(dict(parameters))


def top_hessian_eigenvalue(
    loss: Callable[[dict], Tensor],
    parameters: Parameters,
    *,
    batched: bool = False,
    diagonal: Parameters | None = None,
    iterations: int = 200,
    tolerance: float = 1e-9,
    generator: torch.Generator | None = None,
) -> TopEigenvalue:
    r"""The largest eigenvalue of the Hessian H of loss(parameters), or of diag(s) H diag(s) with s = `diagonal`.

    parameters: tensors by name, or (points, *shape) where batched: then every point is iterated at once. diagonal:
    numbers of the same shapes, |theta| or 1 / sqrt(preconditioner) for instance. Each power iteration is one
    Hessian-vector product and ends when every residual is below tolerance times the eigenvalue, at the latest
    after `iterations`: see `residual`. The eigenvalue largest in absolute value is found first; where it is
    negative, a second iteration on H plus its absolute value finds the largest one.
    """
    points = _checked(parameters, diagonal, batched)
    scale = {k: torch.ones_like(p) for k, p in points.items()} if diagonal is None else dict(diagonal)
    scale = scale if batched or diagonal is None else {name: s[None] for name, s in scale.items()}

    def one(point: Parameters, weights: Parameters, vector: Parameters) -> dict:
        scaled = {name: weights[name] * vector[name] for name in vector}
        product = hessian_vector_product(loss, point, scaled)
        return {name: weights[name] * product[name] for name in vector}

    product = torch.func.vmap(one)
    start = _start(points, generator)

    def shifted(shift: Tensor):  # (points,)
        return lambda v: _combine(product(points, scale, v), v, shift)

    first = _power_iteration(shifted(torch.zeros_like(_dot(start, start))), start, iterations, tolerance)
    shift = first.value.clamp(max=0.0).abs()
    if (shift > 0).any():
        second = _power_iteration(shifted(shift), start, iterations, tolerance)
        steps = first.iterations + second.iterations
        first = TopEigenvalue(second.value - shift, second.residual, second.vector, steps)
    return first if batched else _only(first)


def _power_iteration(product: Callable, start: dict, iterations: int, tolerance: float) -> TopEigenvalue:
    vector = start
    for count in range(1, iterations + 1):
        image = product(vector)
        value = _dot(vector, image)  # (points,)
        residual = _norm(_combine(image, vector, -value))
        if (residual <= tolerance * value.abs()).all() or count == iterations:
            break
        length = _norm(image)
        vector = _combine({name: torch.zeros_like(v) for name, v in image.items()}, image, 1 / length)
    return TopEigenvalue(value, residual, vector, count)


def _checked(parameters: Parameters, diagonal: Parameters | None, batched: bool) -> dict[str, Tensor]:
    if not parameters:
        raise EnsembleError("There are no parameters to take the Hessian in.")
    if diagonal is not None:
        shapes = {name: tensor.shape for name, tensor in diagonal.items()}
        if shapes != {name: tensor.shape for name, tensor in parameters.items()}:
            raise EnsembleError("The diagonal must have the names and shapes of the parameters.")
    detached = {name: tensor.detach() for name, tensor in parameters.items()}
    return detached if batched else {name: tensor[None] for name, tensor in detached.items()}


def _start(points: dict[str, Tensor], generator: torch.Generator | None) -> dict[str, Tensor]:
    """One random unit vector, the same for every point."""
    generator = generator or torch.Generator().manual_seed(0)
    vector = {}
    for name, tensor in points.items():
        draw = torch.randn(tensor.shape[1:], generator=generator, dtype=tensor.dtype)
        vector[name] = draw.to(tensor.device).expand_as(tensor)
    length = _norm(vector)
    return {name: v / length.view(-1, *[1] * (v.ndim - 1)) for name, v in vector.items()}


def _combine(image: dict[str, Tensor], vector: dict[str, Tensor], factor: Tensor) -> dict[str, Tensor]:
    """image + factor * vector, with one factor for each point (points,)."""
    return {name: image[name] + factor.view(-1, *[1] * (v.ndim - 1)) * v for name, v in vector.items()}


def _dot(a: dict[str, Tensor], b: dict[str, Tensor]) -> Tensor:
    return sum((a[name] * b[name]).flatten(1).sum(dim=1) for name in a)  # (points,)


def _norm(a: dict[str, Tensor]) -> Tensor:
    return _dot(a, a).sqrt()


def _only(result: TopEigenvalue) -> TopEigenvalue:
    vector = {name: v[0] for name, v in result.vector.items()}
    return TopEigenvalue(result.value[0], result.residual[0], vector, result.iterations)
