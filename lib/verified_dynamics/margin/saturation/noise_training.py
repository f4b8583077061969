"""Optimisers fed with random gradients: what their arithmetic does to the norm when there is no loss at all."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor


def generators(seeds: Sequence[int]) -> list[torch.Generator]:
    """One seeded CPU generator for each replicate."""
    return [torch.Generator().manual_seed(seed) for seed in seeds]


def normal(sources: Sequence[torch.Generator], *shape: int) -> list[Tensor]:
    """One standard normal tensor of the shape from each generator, in float32."""
    return [torch.randn(*shape, generator=source) for source in sources]


@torch.no_grad()
def train_on_noise(
    optimizer: Callable, seeds: Sequence[int], *, shape: tuple[int, ...], steps: int, gradient_rms: float = 1.0,
    start_rms: float = 1.0, device: torch.device | str = "cpu", schedule: Callable[[int], float] | None = None,
) -> dict[str, Tensor]:  # fmt: skip
    """Squared norms (s, steps + 1) and squared relative steps ‖δ_t‖²/‖θ_t‖² (s, steps) of one weight tensor
    per seed.

    optimizer(parameters) makes the optimiser; its gradients are white noise of the given root mean square.
    schedule(t) sets the step size before step t = 1, 2, …, where it is given.
    """
    sources = generators(seeds)
    weights = [torch.nn.Parameter((start_rms * w).to(device)) for w in normal(sources, *shape)]
    stepper = optimizer(weights)
    squares, moves = [_squares(weights)], []
    for t in range(1, steps + 1):
        before = [w.detach().clone() for w in weights]
        for weight, noise in zip(weights, normal(sources, *shape), strict=True):
            weight.grad = (gradient_rms * noise).to(device)
        for group in stepper.param_groups:
            group["lr"] = schedule(t) if schedule else group["lr"]
        stepper.step()
        moves.append(_squares([w - b for w, b in zip(weights, before, strict=True)]) / squares[-1])
        squares.append(_squares(weights))
    return {"squared_norm": torch.stack(squares, 1).cpu(), "squared_step": torch.stack(moves, 1).cpu()}


def _squares(tensors: Sequence[Tensor]) -> Tensor:
    return torch.stack([tensor.detach().double().square().sum() for tensor in tensors])


def norm_change_under_decay(
    seeds: Sequence[int], *, step_size: float, decays: Tensor, d: int, rms: float, steps: int
) -> Tensor:
    """Relative change of the squared norm (s, decays) after random steps of root mean square `step_size`
    with decoupled weight decay: θ ← (1 - ηλ)θ + η·noise, from weights of the given root mean square. All
    decays share the noise.
    """
    sources = generators(seeds)
    theta = rms * torch.stack(normal(sources, d)).double()[:, None].repeat(
        1, len(decays), 1
    )  # (s, decays, d)
    start = theta.square().sum(-1)
    keep = (1 - step_size * decays)[:, None]
    for _ in range(steps):
        theta = keep * theta + step_size * torch.stack(normal(sources, d))[:, None]
    return theta.square().sum(-1) / start - 1
