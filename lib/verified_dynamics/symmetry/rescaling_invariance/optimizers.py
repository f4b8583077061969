"""Update rules that torch.optim lacks, chosen for how they behave under a rescaling θ ↦ d·θ, ∇ ↦ ∇/d."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from verified_dynamics.symmetry.rescaling_invariance.path_norm import path_magnitudes


class _Plain(torch.optim.Optimizer):
    """An optimizer without options but the step size, given by the change of one parameter."""

    def __init__(self, parameters, lr: float) -> None:
        if not lr > 0:
            raise ValueError(f"The step size must be positive, but it is {lr}.")
        super().__init__(parameters, {"lr": lr})

    @torch.no_grad()
    def step(self, closure=None) -> None:
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    parameter.copy_(self._updated(parameter, parameter.grad, group["lr"]))

    def _updated(self, value: Tensor, gradient: Tensor, step_size: float) -> Tensor:
        raise NotImplementedError


class SignDescent(_Plain):
    """θ − η sign(∇): the step ignores the size of the gradient, so it cannot follow a rescaling."""

    def _updated(self, value: Tensor, gradient: Tensor, step_size: float) -> Tensor:
        return value - step_size * gradient.sign()


class ExponentiatedGradient(_Plain):
    """θ exp(−η θ∇): the exponent θ∇ is invariant, so the factor is."""

    def _updated(self, value: Tensor, gradient: Tensor, step_size: float) -> Tensor:
        return value * torch.exp(-step_size * value * gradient)


class MultiplicativeSign(_Plain):
    """θ (1 − η sign(θ∇)): multiplicative sign descent (in the manner of Madam, Bernstein et al. 2020)."""

    def _updated(self, value: Tensor, gradient: Tensor, step_size: float) -> Tensor:
        return value * (1 - step_size * (value * gradient).sign())


class Orthogonalised(_Plain):
    """Matrices move by the orthogonal factor of their gradient (in the manner of Muon), vectors by its direction."""

    def _updated(self, value: Tensor, gradient: Tensor, step_size: float) -> Tensor:
        if value.dim() < 2:
            return value - step_size * gradient / gradient.norm().clamp_min(1e-30)
        left, _, right = torch.linalg.svd(gradient.flatten(1), full_matrices=False)
        return value - step_size * (left @ right).reshape(value.shape)


class RootFree(torch.optim.Optimizer):
    """θ − η ∇/(v + ρ/θ²) with v a running mean of ∇²: Adam's second moment without its square root.

    Both terms of the denominator become 1/d² times themselves, which is what equivariance asks of a diagonal metric; a
    constant damping in place of ρ/θ² would break it.
    """

    def __init__(self, parameters, lr: float, *, decay: float = 0.9, damping: float = 1e-4) -> None:
        super().__init__(parameters, {"lr": lr, "decay": decay, "damping": damping})

    @torch.no_grad()
    def step(self, closure=None) -> None:
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                old = state.get("square_avg")
                square = p.grad**2
                state["square_avg"] = (
                    square if old is None else group["decay"] * old + (1 - group["decay"]) * square
                )
                # ∇θ²/(vθ² + ρ) is the same and needs no division by θ.
                p -= group["lr"] * p.grad * p**2 / (state["square_avg"] * p**2 + group["damping"])


class PathSGD(torch.optim.Optimizer):
    """θ_i − η ∇_i/G_ii with G the path metric (Neyshabur, Salakhutdinov and Srebro 2015, equation 6, p = 2).

    Parameters that no path uses (G_ii = 0) have no gradient either and stay.  So does the shift β of a BatchNorm: the
    shift of its affine map is one path weight together with the running mean, which is no parameter.
    """

    def __init__(self, model: nn.Module, example_input: Tensor, lr: float) -> None:
        self.model, self.example_input = model, example_input
        super().__init__(model.parameters(), {"lr": lr})

    @torch.no_grad()
    def step(self, closure=None) -> None:
        with torch.enable_grad():
            metric = path_magnitudes(self.model, self.example_input)
        for name, p in self.model.named_parameters():
            if p.grad is not None:
                used = metric[name] > 0
                p -= self.param_groups[0]["lr"] * torch.where(
                    used, p.grad / metric[name].clamp_min(1e-300), 0
                )
