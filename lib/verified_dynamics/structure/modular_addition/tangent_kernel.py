"""The force on sum points that follows from one gradient step of a ReLU read-out, and its closed form by the
kernel.

The read-out is f = (g(theta_1) - g(theta_2)) / sqrt 2 with two equal copies of g(s) = V^T relu(W^T s) / sqrt m,
normal weights, and no biases: it starts at zero, and its tangent kernel is that of g. The force is minus the
gradient of the loss of each pair by its own sum point, in units of the step size over the number of pairs.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from verified_dynamics.structure.modular_addition.errors import ModularAdditionError
from verified_dynamics.structure.modular_addition.tables import classes

TRAINED = ("second", "both")


def angles(points: Tensor) -> Tensor:
    """Angles between all sum points (..., P, 2), in [0, pi] (..., P, P)."""
    direction = torch.atan2(points[..., 1], points[..., 0])
    return torch.pi - ((direction.unsqueeze(-1) - direction.unsqueeze(-2)).abs() - torch.pi).abs()


def second_layer_kernel(points: Tensor) -> Tensor:
    """k1 = |s||t| (sin theta + (pi - theta) cos theta) / (2 pi), the second layer trained (Cho and Saul 2009)."""
    theta, norm = angles(points), torch.linalg.vector_norm(points, dim=-1)
    scale = norm.unsqueeze(-1) * norm.unsqueeze(-2) / (2 * torch.pi)
    return scale * (theta.sin() + (torch.pi - theta) * theta.cos())


def predicted_force(points: Tensor, coupling: Tensor, *, trained: str = "second") -> Tensor:
    """The closed form sum_t R_st grad_s Theta(s, t) (..., P, 2), both layers or the second one trained."""
    if trained not in TRAINED:
        raise ModularAdditionError(
            f"the layers that are trained are {' or '.join(TRAINED)}, not {trained!r}."
        )
    theta = angles(points)
    norm = torch.linalg.vector_norm(points, dim=-1)
    unit = points / norm.unsqueeze(-1)
    opening = coupling * (torch.pi - theta)
    growth = (coupling * theta.sin() * norm.unsqueeze(-2)).sum(-1, keepdim=True)
    force = growth * unit + opening @ points
    if trained == "both":
        # grad of <s,t>(pi - theta): the gate of the ReLU turns with s, which gives the second term.
        sine = theta.sin().clamp_min(1e-9)
        turn = coupling * norm.unsqueeze(-2) * theta.cos() / sine * (theta > 1e-7)
        across = turn @ unit - (turn * theta.cos()).sum(-1, keepdim=True) * unit
        force = force + opening @ points + across
    return force / (2 * torch.pi)


def measured_force(
    embedding_sums: Tensor,
    seeds: Sequence[int],
    *,
    modulus: int,
    width: int,
    trained: str = "second",
    differences: float | None = None,
    step_size: float = 1e-6,
) -> Tensor:
    """The force (s, P, 2) in random read-outs after one gradient step, sum points (s, P, 2).

    By autograd, or by central differences of that width. Autograd at a point does not see how the gates of the ReLU
    turn; where the first layer is trained that is a part of the force.
    """
    weights = _weights(seeds, width, modulus, embedding_sums)
    label = classes(modulus).to(embedding_sums.device)
    count = len(label)
    copies = [[w.clone().requires_grad_() for w in weights] for _ in range(2)]
    free = [copy[layer] for copy in copies for layer in ((1,) if trained == "second" else (0, 1))]
    loss = _losses(embedding_sums, copies, label).sum() / count
    gradients = dict(zip(map(id, free), torch.autograd.grad(loss, free), strict=True))
    with torch.no_grad():
        stepped = [[w - step_size * gradients[id(w)] if id(w) in gradients else w.detach() for w in copy]
                   for copy in copies]  # fmt: skip
    if differences is None:
        points = embedding_sums.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(_losses(points, stepped, label).sum(), points)
        return -gradient * count / step_size
    moves = torch.eye(2, dtype=embedding_sums.dtype, device=embedding_sums.device) * differences
    with torch.no_grad():
        slopes = [(_losses(embedding_sums + move, stepped, label) - _losses(embedding_sums - move, stepped, label))
                  / (2 * differences) for move in moves]  # fmt: skip
    return -torch.stack(slopes, -1) * count / step_size


def relative_error(measured: Tensor, predicted: Tensor) -> Tensor:
    """Norm of the difference over the norm of the prediction, over all pairs (s,)."""
    return torch.linalg.vector_norm(measured - predicted, dim=(-2, -1)) / torch.linalg.vector_norm(
        predicted, dim=(-2, -1)
    )


def _weights(seeds, width, modulus, like) -> tuple[Tensor, Tensor]:
    draws = [torch.Generator().manual_seed(int(seed) + 2**42) for seed in seeds]
    both = []
    for shape in ((2, width), (width, modulus)):
        both.append(
            torch.stack([torch.randn(shape, generator=g, dtype=torch.float64) for g in draws]).to(like)
        )
    return tuple(both)


def _losses(points: Tensor, copies, label: Tensor) -> Tensor:
    """Cross-entropy of each pair (s, P)."""
    outputs = [torch.relu(points @ first) @ second / first.shape[-1] ** 0.5 for first, second in copies]
    scores = (outputs[0] - outputs[1]) / 2**0.5
    return -torch.log_softmax(scores, -1)[..., torch.arange(len(label)), label]
