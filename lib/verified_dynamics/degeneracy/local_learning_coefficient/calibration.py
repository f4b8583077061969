"""Choosing step and localisation from the curvature at w*, before any chain runs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
import xarray as xr
from torch import Tensor, nn

from verified_dynamics.degeneracy.local_learning_coefficient.curvature import Curvature
from verified_dynamics.degeneracy.local_learning_coefficient.errors import LearningCoefficientError
from verified_dynamics.degeneracy.local_learning_coefficient.problem import (
    Problem,
    make_problem,
    single_problem,
)
from verified_dynamics.degeneracy.local_learning_coefficient.settings import inverse_temperature
from verified_dynamics.ensemble import Ensemble
from verified_dynamics.ensemble.chunks import in_chunks

PROBES, LANCZOS_STEPS = 4, 30
TOGETHER = 8  # points at a time, for the memory
RELAXATIONS = 4  # times the slowest direction relaxes within the planned steps


@dataclass(frozen=True, eq=False)
class Calibration:
    """The curvature at w* and the settings that follow from it.

    top_eigenvalue: h_max of the Hessian of L; trace, noise_trace: tr H and tr C, C the covariance of one sample's
    gradient (0 where all data are used); nodes, weights: the Hessian's spectrum as a density of mass d, from
    stochastic Lanczos quadrature; inflation: the share of the estimate that the step may add; steps: how many
    steps a chain shall make; localization, step: what is recommended.
    """

    n_beta: float
    samples: int
    dimension: int
    batch_size: int | None
    top_eigenvalue: float
    trace: float
    noise_trace: float
    nodes: np.ndarray = field(repr=False)
    weights: np.ndarray = field(repr=False)
    inflation: float
    steps: int

    @property
    def localization(self) -> float:
        """The smallest γ at which a direction without curvature relaxes `RELAXATIONS` times within the steps.

        It needs 2/(ε γ) steps, with ε = 4 · inflation / (nβ h_max + γ). Raises LearningCoefficientError where
        the steps suffice at no γ or the loss curves nowhere upwards.
        """
        room = 2 * self.inflation * self.steps / RELAXATIONS
        if room <= 1:
            raise LearningCoefficientError(
                f"{self.steps} steps are too few for chains to relax at inflation={self.inflation}: plan at least "
                f"{int(RELAXATIONS / self.inflation) + 1}."
            )
        if not self.top_eigenvalue > 0:
            raise LearningCoefficientError(
                "There is no direction in which the loss curves upwards, so curvature recommends nothing: set "
                "localization and step by hand."
            )
        return self.n_beta * self.top_eigenvalue / (room - 1)

    @property
    def step(self) -> float:
        """ε at the recommended localisation."""
        return self.step_at(self.localization)

    @property
    def settings(self) -> dict[str, float | int | None]:
        """temperature, localization, step and batch_size as arguments of `local_learning_coefficient`."""
        return {
            "temperature": self.samples / self.n_beta,
            "localization": self.localization,
            "step": self.step,
            "batch_size": self.batch_size,
        }

    def step_at(self, localization: float) -> float:
        """The ε at which ε (nβ h_max + γ)/4 and the share of the minibatch noise in the estimate sum to `inflation`."""
        stiff = (self.n_beta * max(self.top_eigenvalue, 0.0) + localization) / 4
        quadratic = self._quadratic(localization)
        noise = self._noise() / quadratic if quadratic > 0 else 0.0
        return self.inflation / max(stiff + noise, 1e-300)

    def table(self, localizations: Sequence[float] | None = None) -> xr.Dataset:
        """The trade between bias and time, along `localization` (a factor 1e4 around the recommended one where None).

        step: as `step_at`; relaxation_steps: 2/(ε γ), of the slowest direction; estimate: Σ nβ h/(2 (nβ h + γ)) over
        directions with positive curvature h, which is λ̂ to second order; localization_bias: Σ γ/(2 (nβ h + γ)), by
        which γ keeps it below d/2 (a direction without curvature counts 1/2 there at every γ, though it adds
        nothing to λ); gamma_slope: the change of `estimate` with log γ; step_inflation: what step and minibatches add,
        to first order.
        """
        if localizations is None:
            localizations = self.localization * np.logspace(-2, 2, 17)
        grid = np.asarray(localizations, dtype=float)
        if grid.ndim != 1 or not grid.size or not (np.isfinite(grid) & (grid > 0)).all():
            raise LearningCoefficientError("localizations must be a list of positive numbers.")
        steps = np.array([self.step_at(gamma) for gamma in grid])
        pull, gamma = self.n_beta * self.nodes.clip(min=0), grid[:, None]
        columns = {
            "step": steps,
            "relaxation_steps": 2 / (steps * grid),
            "estimate": (self.weights * pull / (2 * (pull + gamma))).sum(axis=1),
            "localization_bias": (self.weights * gamma / (2 * (pull + gamma))).sum(axis=1),
            "gamma_slope": -(self.weights * pull * gamma / (2 * (pull + gamma) ** 2)).sum(axis=1),
            "step_inflation": steps * (self.n_beta * self.trace / 8 + self._noise()),
        }
        return xr.Dataset({name: ("localization", c) for name, c in columns.items()}, {"localization": grid})

    def _quadratic(self, localization: float) -> float:
        pull = self.n_beta * self.nodes.clip(min=0)
        return float((self.weights * pull / (2 * (pull + localization) + 1e-300)).sum())

    def _noise(self) -> float:
        return self.n_beta**2 * self.noise_trace / (8 * self.batch_size) if self.batch_size else 0.0


def calibrate(
    model: nn.Module,
    loss: Callable[..., Tensor],
    data: Sequence[Tensor],
    *,
    temperature: float | None = None,
    batch_size: int | None = None,
    parameters: str | Sequence[str] | None = None,
    inflation: float = 0.05,
    steps: int = 2000,
    seed: int = 0,
) -> Calibration:
    """Look at the curvature at w* and recommend step and localisation for chains of `steps` steps.

    Use it as `local_learning_coefficient(model, loss, data, **calibrate(model, loss, data).settings)`. The Hessian is
    that of at most 1024 samples; the recommendation is to second order in w − w*, which is where a degenerate model
    is not decided: check the verdict of the estimate. Other arguments are those of `local_learning_coefficient`.
    """
    problem = single_problem(model, loss, data, parameters)
    return _calibrations(problem, temperature, batch_size, inflation, steps, seed)[0]


def calibrations(
    ensemble: Ensemble,
    loss: Callable[..., Tensor],
    data: Sequence[Tensor],
    *,
    temperature: float | Tensor | None = None,
    batch_size: int | None = None,
    parameters: str | Sequence[str] | None = None,
    inflation: float = 0.05,
    steps: int = 2000,
    shared_data: bool = True,
    seed: int = 0,
) -> tuple[Calibration, ...]:
    """`calibrate` at every member of an ensemble at once: curvature changes many times over during a training."""
    problem = make_problem(ensemble, loss, data, parameters, shared_data=shared_data)
    return _calibrations(problem, temperature, batch_size, inflation, steps, seed)


def _calibrations(
    problem: Problem, temperature, batch_size, inflation, steps, seed
) -> tuple[Calibration, ...]:
    if not 0 < inflation < 1:
        raise LearningCoefficientError(f"inflation is a share between 0 and 1, not {inflation}.")
    if batch_size is not None and not 1 <= batch_size <= problem.samples:
        raise LearningCoefficientError(
            f"batch_size={batch_size} must lie between 1 and the number of samples, {problem.samples}."
        )
    batch_size = None if batch_size == problem.samples else batch_size
    n_beta = inverse_temperature(temperature, problem)

    def work(rows: slice) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        part = problem.select(rows)
        curvature = Curvature(part, seed)
        spectrum = curvature.spectrum(curvature.probes(PROBES), LANCZOS_STEPS)
        nodes, weights = (
            column.reshape(part.points, -1).numpy() for column in (spectrum.values, spectrum.weights)
        )
        noise = curvature.sample_noise() if batch_size else torch.zeros(part.points)
        return nodes, weights * problem.dimension / PROBES, noise.numpy()

    parts = in_chunks(problem.points, TOGETHER, work)
    nodes, weights, noise = (np.concatenate(column) for column in zip(*parts, strict=True))
    return tuple(
        Calibration(
            n_beta=float(n_beta[r]),
            samples=problem.samples,
            dimension=problem.dimension,
            batch_size=batch_size,
            top_eigenvalue=float(nodes[r].max()),
            trace=float((weights[r] * nodes[r]).sum()),
            noise_trace=float(noise[r]),
            nodes=nodes[r],
            weights=weights[r],
            inflation=inflation,
            steps=steps,
        )
        for r in range(problem.points)
    )
