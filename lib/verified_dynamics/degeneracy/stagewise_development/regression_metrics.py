"""Behaviour and structure of in-context regression transformers, from predictions (..., n, K) and from parameters."""

import torch
from torch import Tensor

from verified_dynamics.data import TaskPool, regression_sequences
from verified_dynamics.degeneracy.transient_structure.predictors import ridge
from verified_dynamics.degeneracy.transient_structure.training import Problem
from verified_dynamics.ensemble import Ensemble
from verified_dynamics.models.transformer import LayerNorm

NEAR_ZERO = 0.1  # of a gain's value at initialisation, which is 1


def gaussian_sequences(
    problem: Problem, n: int, *, seed: int, input_scale: float = 1.0, device: str | torch.device = "cpu"
) -> tuple[Tensor, Tensor]:
    """Sequences x (n, K, D), y (n, K) in float32 with tasks N(0, I) and inputs N(0, input_scale I).

    Drawn on the CPU, so that a seed means the same sequences everywhere. Scales of one seed share tasks, noise and
    the directions of the inputs. Source of the scale as a shift of the inputs: Hoogland et al. 2025, section 5.
    """
    if not 0 < input_scale < float("inf"):
        raise ValueError(f"input_scale is a variance, finite and positive, but it is {input_scale}.")
    x, y, tasks = regression_sequences(
        TaskPool(problem.dimension), n, problem.examples, noise_variance=problem.noise_variance,
        generator=torch.Generator().manual_seed(seed),
    )  # fmt: skip
    noise = y - torch.einsum("nkd,nd->nk", x, tasks)
    x = input_scale**0.5 * x
    y = torch.einsum("nkd,nd->nk", x, tasks) + noise
    return x.to(device, torch.float32), y.to(device, torch.float32)


def token_losses(predictions: Tensor, y: Tensor) -> Tensor:
    """Mean squared error (..., K) at each example k over the sequences, predictions (..., n, K) and y (n, K)."""
    return (predictions.double() - y).square().mean(dim=-2)


def mean_square_prediction(predictions: Tensor) -> Tensor:
    """E ŷ² (...): 0 for a network that predicts the prior mean. Source: Hoogland et al. 2025, section 5."""
    return predictions.double().square().mean(dim=(-2, -1))


def in_context_score(losses: Tensor, *, early: int, late: int) -> Tensor:
    """Loss at example `late` minus loss at example `early`, from 1 (..., K): negative where context helps.

    Source: Olsson et al. 2022; Hoogland et al. 2025 compare examples 8 and 5. Raises ValueError for examples that
    the sequences do not have.
    """
    examples = losses.shape[-1]
    if not 1 <= early < late <= examples:
        raise ValueError(
            f"early and late are examples from 1 to {examples} with early first, but they are {early} and {late}."
        )
    return losses[..., late - 1] - losses[..., early - 1]


def distance_to_ridge(predictions: Tensor, x: Tensor, y: Tensor, *, noise_variance: float) -> Tensor:
    """Mean squared distance (...) from ridge regression, the Bayes-optimal predictor of Gaussian tasks."""
    optimal = ridge(x, y, noise_variance=noise_variance)
    return (predictions.double() - optimal).square().mean(dim=(-2, -1))


def ridge_losses(x: Tensor, y: Tensor, *, noise_variance: float) -> Tensor:
    """Losses (K,) of ridge regression on these sequences."""
    return token_losses(ridge(x, y, noise_variance=noise_variance), y)


def prior_level(problem: Problem) -> float:
    """Loss D + σ² of predicting zero always, the prior mean."""
    return problem.dimension + problem.noise_variance


def small_gains(ensemble: Ensemble, below: float = NEAR_ZERO) -> Tensor:
    """Share (members,) of LayerNorm gains with |gain| < below; gains start at 1. Raises ValueError without LayerNorms.

    Source: Hoogland et al. 2025, section 5 (collapse of LayerNorm weights).
    """
    names = [f"{name}.gain" for name, part in ensemble.module.named_modules() if isinstance(part, LayerNorm)]
    if not names:
        raise ValueError("the network has no LayerNorm with gains, so none can be small.")
    gains = torch.cat([ensemble.parameters[name].flatten(1) for name in names], dim=1)
    return (gains.abs() < below).double().mean(dim=1)
