"""Many networks that add modulo N from two-dimensional embeddings, trained at once with gradients written by hand.

A network is s = E_a + E_b (2) -> W1, b1 -> ReLU (m) -> W2, b2 -> N scores, with the cross-entropy of the class a + b
over all training pairs. All seeds stand in the leading dimension; the gradient is tested against autograd and the
optimizer against `torch.optim.AdamW`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite, prod

import torch
from torch import Tensor

from verified_dynamics.structure.modular_addition.errors import ModularAdditionError
from verified_dynamics.structure.modular_addition.tables import check_split, classes, incidence, sum_points

TENSORS = ("embedding", "first", "first_bias", "second", "second_bias")
BIASES = ("first_bias", "second_bias")


@dataclass
class Networks:
    """Stacked networks: `flat` (s, p) holds all parameters, and the five tensors are views into it.

    embedding (s, N, 2), first (s, 2, m), first_bias (s, 1, m), second (s, m, N), second_bias (s, 1, N).
    """

    flat: Tensor
    modulus: int
    width: int

    def __getattr__(self, name: str) -> Tensor:
        if name not in TENSORS:
            raise AttributeError(name)
        return view(self.flat, name, self.modulus, self.width)

    def pre_activations(self) -> Tensor:
        """Inputs of the hidden units at all pairs (s, P, m)."""
        return torch.bmm(sum_points(self.embedding), self.first) + self.first_bias

    def scores(self) -> Tensor:
        """Scores of the classes at all pairs (s, P, N)."""
        return torch.bmm(self.pre_activations().relu(), self.second) + self.second_bias


def shapes(modulus: int, width: int) -> dict[str, tuple[int, int]]:
    """The shape of each tensor of one network, in the order in which they lie in `flat`."""
    sizes = ((modulus, 2), (2, width), (1, width), (width, modulus), (1, modulus))
    return dict(zip(TENSORS, sizes, strict=True))


def view(flat: Tensor, name: str, modulus: int, width: int) -> Tensor:
    """One tensor out of the flat parameters (s, p)."""
    start = 0
    for other, shape in shapes(modulus, width).items():
        if other == name:
            return flat[:, start : start + prod(shape)].unflatten(1, shape)
        start += prod(shape)
    raise ModularAdditionError(f"a network has the tensors {', '.join(TENSORS)}, not {name!r}.")


def initial(
    seeds: Sequence[int],
    modulus: int,
    *,
    width: int = 64,
    biases: bool = True,
    dtype=torch.float64,
    device="cpu",
) -> Networks:
    """Fresh networks: normal embeddings, and layers uniform in +- 1/sqrt(fan-in) as PyTorch draws them.

    Each seed has its own generator, so that a network does not depend on its neighbours. Without biases they
    are zero. Raises ModularAdditionError for a modulus below 3 or a width below 1.
    """
    classes(modulus)  # refuses a modulus that is too small
    if not isinstance(width, int) or isinstance(width, bool) or width < 1:
        raise ModularAdditionError(
            f"the hidden layer needs at least one unit, but the width {width!r} was given."
        )
    rows = []
    for seed in seeds:
        draw = torch.Generator().manual_seed(2 * int(seed))
        parts = []
        for name, shape in shapes(modulus, width).items():
            if name == "embedding":
                parts.append(torch.randn(shape, generator=draw, dtype=torch.float64).flatten())
                continue
            bound = (2 if name.startswith("first") else width) ** -0.5
            numbers = (2 * torch.rand(shape, generator=draw, dtype=torch.float64) - 1) * bound
            parts.append((numbers * (biases or name not in BIASES)).flatten())
        rows.append(torch.cat(parts))
    return Networks(torch.stack(rows).to(device, dtype), modulus, width)


def workspace(networks: Networks) -> tuple[Tensor, Tensor, Tensor]:
    """Three tensors (s, P, m) that `loss_and_gradient` can use again: fresh memory costs a third of a step."""
    shape = (len(networks.flat), len(classes(networks.modulus)), networks.width)
    return tuple(networks.flat.new_empty(shape) for _ in range(3))


def loss_and_gradient(
    networks: Networks,
    mask: Tensor,
    *,
    matrix: Tensor | None = None,
    buffers: tuple[Tensor, ...] | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Loss (s,), its gradient by all parameters (s, p), and by the sum points (s, P, 2).

    mask: training pairs (s, P), booleans. matrix: `incidence`, buffers: `workspace`; made where they are not given.
    """
    flat, modulus = networks.flat, networks.modulus
    matrix = incidence(modulus).to(flat) if matrix is None else matrix
    hidden, back, gate = workspace(networks) if buffers is None else buffers
    label = classes(modulus).to(flat.device)
    points = sum_points(networks.embedding)
    torch.bmm(points, networks.first, out=hidden).add_(networks.first_bias).relu_()  # (s, P, m)
    scores = torch.bmm(hidden, networks.second).add_(networks.second_bias)  # (s, P, N)
    log_share = torch.log_softmax(scores, -1)
    weight = mask.to(flat.dtype)
    weight = weight / weight.sum(1, keepdim=True)
    loss = -(log_share.gather(2, label.expand(len(flat), -1).unsqueeze(2)).squeeze(2) * weight).sum(1)
    residual = log_share.exp_()  # (s, P, N), from here on the loss by the scores
    residual[:, torch.arange(len(label), device=flat.device), label] -= 1
    residual *= weight.unsqueeze(2)
    # The sign is the ReLU's derivative, since the hidden values are not negative.
    torch.bmm(residual, networks.second.transpose(1, 2), out=back).mul_(
        torch.sign(hidden, out=gate)
    )  # (s, P, m)
    by_points = torch.bmm(back, networks.first.transpose(1, 2))
    parts = (matrix.T @ by_points, torch.bmm(points.transpose(1, 2), back), back.sum(1),
             torch.bmm(hidden.transpose(1, 2), residual), residual.sum(1))  # fmt: skip
    return loss, torch.cat([part.flatten(1) for part in parts], 1), by_points


def train(
    networks: Networks,
    mask: Tensor,
    *,
    steps: int,
    learning_rate: float = 0.01,
    weight_decay: float = 1.0,
    frozen: Sequence[str] = (),
    observe: Callable[[Networks, int], None] | None = None,
    observe_at: Sequence[int] = (),
) -> Tensor:
    """Train in place by AdamW on all training pairs at each step; returns the last loss (s,).

    Weight decay is decoupled and acts on every tensor that is not frozen. observe(networks, step) is called
    before the steps named by `observe_at` and, for step = steps, after the last one. Raises
    ModularAdditionError for numbers that are not finite and for a split that leaves a class without a training
    pair.
    """
    for name, value in (("learning rate", learning_rate), ("weight decay", weight_decay)):
        if not isfinite(value) or value < 0:
            raise ModularAdditionError(
                f"the {name} is a finite number that is not negative, but {value} was given."
            )
    check_split(mask, networks.modulus)
    flat, matrix, buffers = networks.flat, incidence(networks.modulus).to(networks.flat), workspace(networks)
    free = torch.ones_like(flat[:1])
    for name in frozen:
        view(free, name, networks.modulus, networks.width).zero_()
    moment, square = torch.zeros_like(flat), torch.zeros_like(flat)
    kept = set(observe_at)
    loss = flat.new_full((len(flat),), torch.nan)
    for step in range(steps):
        if step in kept:
            observe(networks, step)
        loss, gradient, _ = loss_and_gradient(networks, mask, matrix=matrix, buffers=buffers)
        _adamw(flat, gradient.mul_(free), moment, square, step + 1, learning_rate, free * weight_decay)
    if steps in kept:
        observe(networks, steps)
    return loss


def _adamw(flat, gradient, moment, square, step, rate, decay, betas=(0.9, 0.999), epsilon=1e-8) -> None:
    """One step of `torch.optim.AdamW`, in its order of operations."""
    flat.mul_(1 - rate * decay)
    moment.lerp_(gradient, 1 - betas[0])
    square.mul_(betas[1]).addcmul_(gradient, gradient, value=1 - betas[1])
    denominator = square.sqrt().div_((1 - betas[1] ** step) ** 0.5).add_(epsilon)
    flat.addcdiv_(moment, denominator, value=-rate / (1 - betas[0] ** step))


@torch.no_grad()
def accuracy(networks: Networks, mask: Tensor) -> Tensor:
    """Share of the pairs in the mask (s, P) whose largest score is that of their class (s,); NaN for an empty
    mask.
    """
    right = networks.scores().argmax(-1) == classes(networks.modulus).to(networks.flat.device)
    return (right & mask).sum(1) / mask.sum(1).to(networks.flat.dtype)
