"""Trajectories known in closed form."""

import torch


def orthogonal_pair_flow(a: float, b: float, log_time: torch.Tensor) -> torch.Tensor:
    """(T, 2) flow from zero on `orthogonal_pair(a, b)`: w(t) = (log(1 + a^2 t)/a, log(1 + b^2 t)/b)."""
    scale = torch.tensor([a, b], dtype=torch.float64)
    return torch.nn.functional.softplus(log_time.double().unsqueeze(-1) + 2 * scale.log()) / scale


def zero_multiplier_flow(b: float, w_1: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """(w_2, log t) where the flow from zero on `zero_multiplier_pair(b)` passes w_1 (T,), increasing from 0.

    With v = exp(b w_2) the flow conserves v + log v - b^2 w_1 = 1, solved by Newton for log v; the time is the
    integral of exp(w_1)/(1 + 1/v), by Simpson's rule on the grid that is given, in logarithms.
    """
    w_1 = w_1.double()
    log_v = _log_v(b, w_1)
    middle = (w_1[1:] + w_1[:-1]) / 2
    rate, rate_middle = (
        g - torch.log1p(torch.exp(-v)) for g, v in ((w_1, log_v), (middle, _log_v(b, middle)))
    )
    pieces = torch.logsumexp(
        torch.stack([rate[:-1], rate_middle + torch.log(torch.tensor(4.0)), rate[1:]]), dim=0
    ) + torch.log(w_1.diff() / 6)
    log_time = torch.cat([torch.full((1,), -torch.inf, dtype=w_1.dtype), torch.logcumsumexp(pieces, dim=0)])
    return log_v / b, log_time


def _log_v(b: float, w_1: torch.Tensor) -> torch.Tensor:
    """The root y of exp(y) + y = 1 + b^2 w_1, by Newton from above, where the iteration decreases to it."""
    target = 1 + b**2 * w_1
    y = torch.log(target)
    for _ in range(60):
        y = y - (y.exp() + y - target) / (y.exp() + 1)
    return y
