"""Exact risks of the Bayes predictors, and how far a finite pool's predictor is from ridge."""

import numpy as np
import torch
from scipy.special import erfc, exp1
from torch import Tensor


def ridge_risk_1d(examples: int, noise_variance: float) -> np.ndarray:
    r"""Ridge's expected squared error at k = 1 ... examples (examples,) for D = 1, in closed form.

    $\sigma^2 + \sigma^2\,E[1/(\sigma^2+\chi^2_{k-1})]$: two integrals for one and two degrees of freedom, and the
    recursion $g_{\nu+2}=(1-\sigma^2g_\nu)/\nu$ for more. The recursion loses digits where the noise variance is
    large, so that it is refused above 1.
    """
    if not 0 < noise_variance <= 1:
        raise ValueError(f"noise_variance must lie between 0 and 1, but it is {noise_variance}.")
    s2 = noise_variance
    means = [1 / s2, np.sqrt(np.pi / (2 * s2)) * np.exp(s2 / 2) * erfc(np.sqrt(s2 / 2))]
    means.append(np.exp(s2 / 2) * exp1(s2 / 2) / 2)
    while len(means) < examples:
        freedom = len(means) - 2
        means.append((1 - s2 * means[freedom]) / freedom)
    return s2 + s2 * np.array(means[:examples])


def ridge_risk(x: Tensor, *, noise_variance: float) -> Tensor:
    r"""Ridge's expected squared error at each k given the inputs before it (n, K), for inputs x (n, K, D).

    $\sigma^2 + \mathrm{tr}\,(I+X_{<k}^TX_{<k}/\sigma^2)^{-1}$: the mean over tasks, noise and the next input is taken
    exactly, so that the only spread left is that of the designs.
    """
    if x.ndim != 3:
        raise ValueError(f"x must be of shape (n, K, D), but has shape {tuple(x.shape)}.")
    x = x.to(torch.float64)
    covariance = torch.eye(x.shape[-1], dtype=x.dtype, device=x.device).repeat(len(x), 1, 1)  # (n, D, D)
    risks = []
    for k in range(x.shape[1]):
        risks.append(noise_variance + covariance.diagonal(dim1=-2, dim2=-1).sum(dim=-1))
        gain = (covariance @ x[:, k, :, None])[..., 0]
        scale = noise_variance + (x[:, k] * gain).sum(dim=-1)
        covariance = covariance - gain[:, :, None] * gain[:, None, :] / scale[:, None, None]
    return torch.stack(risks, dim=1)


def pool_variance(x: Tensor, y: Tensor, query: Tensor, *, noise_variance: float) -> Tensor:
    r"""M times the variance over pools of dMMSE's prediction at `query` (..., D), to leading order in 1/M (...).

    $E[L^2(q\cdot(t-\mu))^2]/E[L]^2$ over t ~ N(0, I), L the likelihood of the context x (..., K, D), y (..., K) and
    μ ridge's task: dMMSE is a self-normalised importance sampling of ridge. In D dimensions its size grows like a
    D-th power, which is why ever larger pools are needed.
    """
    x, y, query = x.to(torch.float64), y.to(torch.float64), query.to(torch.float64)
    gram, moment = x.mT @ x, (x.mT @ y[..., None])[..., 0]
    identity = noise_variance * torch.eye(x.shape[-1], dtype=x.dtype, device=x.device)
    single, double = gram + identity, 2 * gram + identity
    mean, centre = (torch.linalg.solve(m, v) for m, v in ((single, moment), (double, 2 * moment)))
    exponent = ((2 * moment * centre).sum(-1) / 2 - (moment * mean).sum(-1)) / noise_variance
    dimension = x.shape[-1]
    log_factor = (
        torch.logdet(single) - torch.logdet(double) / 2 - dimension / 2 * np.log(noise_variance) + exponent
    )
    spread = (query * torch.linalg.solve(double, noise_variance * query)).sum(-1)
    return log_factor.exp() * (spread + (query * (centre - mean)).sum(-1) ** 2)
