"""Learning coefficients of trained in-context networks, on their own pools and in nats."""

from torch import Tensor

from verified_dynamics.degeneracy.local_learning_coefficient import (
    LearningCoefficient,
    local_learning_coefficients,
)
from verified_dynamics.degeneracy.transient_structure.training import Members
from verified_dynamics.ensemble import Ensemble


def sequence_loss(noise_variance: float):
    """The loss of a sequence in nats, up to a constant: its squared errors over 2σ², summed over k.

    A posterior counts likelihood, so that a mean squared error has to be divided by 2σ² before a learning coefficient
    is compared with log n; one sample is one sequence.
    """

    def loss(model, x: Tensor, y: Tensor) -> Tensor:
        return (model(x, y) - y).square().sum(dim=-1).mean() / (2 * noise_variance)

    return loss


def final_coefficients(
    ensemble: Ensemble,
    members: Members,
    *,
    samples: int,
    chains: int,
    draws: int,
    step: float,
    localization: float,
    batch_size: int,
) -> tuple[LearningCoefficient, ...]:
    """The estimate at every member, on `samples` held-out sequences of its own pool at nβ = samples/log(samples).

    As many steps are left out at the start as are kept. Read each `.verdict` before its number.
    """
    data = members.in_pool_sequences(samples, device=ensemble.device)
    return local_learning_coefficients(
        ensemble, sequence_loss(members.problem.noise_variance), data, chains=chains, draws=draws, burn_in=draws,
        step=step, localization=localization, batch_size=batch_size, shared_data=False,
    )  # fmt: skip
