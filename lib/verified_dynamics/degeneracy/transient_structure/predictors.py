"""The two Bayes-optimal predictors of in-context linear regression: ridge, and the mean over a pool of tasks."""

from collections.abc import Iterator

import torch
from torch import Tensor

from verified_dynamics.data import TaskPool

_ELEMENTS = 2**24  # numbers (sequences x examples x tasks) held at once by `discrete_mmse`


def ridge(x: Tensor, y: Tensor, *, noise_variance: float, prior_variance: float = 1.0) -> Tensor:
    r"""Predictions (..., K) of y_k from x_1, y_1, ..., x_k for tasks t ~ N(0, prior_variance I).

    $\hat y_k = x_k\cdot(X^TX + \sigma^2 I/\text{prior})^{-1}X^Ty$ over the examples before k, so that the first
    prediction is 0. x (..., K, D), y (..., K); computed and returned in float64 by the recursion of Sherman and
    Morrison, at a cost of K D² for each sequence. Source: Raventós et al. 2023, equation 4. Raises ValueError for
    shapes that do not fit and for variances that are not positive.
    """
    x, y = _checked(x, y, noise_variance)
    if not 0 < prior_variance < float("inf"):
        raise ValueError(f"prior_variance must be finite and positive, but it is {prior_variance}.")
    mean = torch.zeros_like(x[..., 0, :])
    identity = torch.eye(x.shape[-1], dtype=x.dtype, device=x.device)
    covariance = (prior_variance * identity).expand(*mean.shape, x.shape[-1])
    predictions = []
    for k in range(x.shape[-2]):
        row = x[..., k, :]
        gain = (covariance @ row[..., None])[..., 0]  # (..., D)
        scale = noise_variance + (row * gain).sum(dim=-1, keepdim=True)
        predictions.append((mean * row).sum(dim=-1))
        mean = mean + gain * (y[..., k, None] - predictions[-1][..., None]) / scale
        covariance = covariance - gain[..., :, None] * gain[..., None, :] / scale[..., None]
    return torch.stack(predictions, dim=-1)


def task_log_posterior(x: Tensor, y: Tensor, tasks: Tensor, *, noise_variance: float) -> Tensor:
    """Log posterior weights (..., K, M) of the tasks (M, D) of a uniform pool before outcome k is seen.

    Only examples j < k count, so that all weights are 1/M at k = 1. float64, normalised in log space.
    """
    x, y = _checked(x, y, noise_variance)
    log_likelihood = -((y[..., None] - x @ _fitting(tasks, x).T) ** 2) / (2 * noise_variance)  # (..., K, M)
    # Shifted before the sum, since a difference of cumulative sums would lose digits.
    before = torch.cat([torch.zeros_like(log_likelihood[..., :1, :]), log_likelihood[..., :-1, :]], dim=-2)
    return torch.log_softmax(before.cumsum(dim=-2), dim=-1)


def discrete_mmse(x: Tensor, y: Tensor, tasks: Tensor, *, noise_variance: float) -> Tensor:
    r"""Predictions (..., K) of y_k from x_1, y_1, ..., x_k for tasks uniform on the rows of `tasks` (M, D): dMMSE.

    $\hat y_k = \sum_m w_m\, t_m\cdot x_k$ with $w = \mathrm{softmax}_m\big(-\sum_{j<k}(y_j - t_m\cdot x_j)^2/
    (2\sigma^2)\big)$, the pool's mean at k = 1. Computed and returned in float64, in chunks of sequences that bound
    the memory; the cost is K M D for each sequence. Source: Raventós et al. 2023, equation 3.
    """
    x, y = _checked(x, y, noise_variance)
    tasks = _fitting(tasks, x)
    flat_x, flat_y = x.reshape(-1, *x.shape[-2:]), y.reshape(-1, y.shape[-1])
    size = max(1, _ELEMENTS // (x.shape[-2] * len(tasks)))
    predictions = torch.empty_like(flat_y)
    for rows in _blocks(len(flat_x), size):
        weights = task_log_posterior(flat_x[rows], flat_y[rows], tasks, noise_variance=noise_variance).exp()
        predictions[rows] = (weights * (flat_x[rows] @ tasks.T)).sum(dim=-1)
    return predictions.reshape(y.shape)


def bayes_predictor(pool: TaskPool, x: Tensor, y: Tensor, *, noise_variance: float) -> Tensor:
    """Optimal predictions (..., K) for tasks from the pool: `discrete_mmse`, or `ridge` for an infinite pool."""
    if pool.tasks is None:
        return ridge(x, y, noise_variance=noise_variance)
    return discrete_mmse(x, y, pool.tasks, noise_variance=noise_variance)


def _checked(x: Tensor, y: Tensor, noise_variance: float) -> tuple[Tensor, Tensor]:
    if x.ndim < 2 or x.shape[:-1] != y.shape:
        raise ValueError(
            f"x must be of shape (..., K, D) and y of shape (..., K), but they are {tuple(x.shape)} and "
            f"{tuple(y.shape)}."
        )
    if not 0 < noise_variance < float("inf"):
        raise ValueError(f"noise_variance must be finite and positive, but it is {noise_variance}.")
    return x.to(torch.float64), y.to(torch.float64)


def _fitting(tasks: Tensor, x: Tensor) -> Tensor:
    if tasks.ndim != 2 or not len(tasks) or tasks.shape[1] != x.shape[-1]:
        raise ValueError(
            f"tasks must be of shape (M, {x.shape[-1]}) with M at least 1, but are {tuple(tasks.shape)}."
        )
    return tasks.to(x)


def _blocks(rows: int, size: int) -> Iterator[slice]:
    for start in range(0, rows, size):
        yield slice(start, start + size)
