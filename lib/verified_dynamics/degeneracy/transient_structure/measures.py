"""What is measured along a training: losses, and squared distances to both Bayes predictors on the same batch."""

import torch
from torch import Tensor

from verified_dynamics.degeneracy.transient_structure.predictors import bayes_predictor, ridge
from verified_dynamics.degeneracy.transient_structure.training import Members
from verified_dynamics.ensemble import Ensemble

LAWS = ("pool", "gaussian")  # the law of the tasks on which a network is evaluated


class Evaluation:
    """Held-out sequences for every member, with the predictions of ridge and of its own pool's dMMSE on them.

    n: sequences of each law; probe: sequences of the shared first task, whose predictions are recorded as they are.
    An instance is a `record` of `train_on_pools`. For a Gaussian pool dMMSE is ridge.
    """

    def __init__(self, members: Members, *, n: int, probe: int, device: str | torch.device):
        self.members = members
        self.pools = [pool.to(device) for row in members.pools() for pool in row]
        self.data = [
            members.in_pool_sequences(n, device=device),
            members.gaussian_sequences(n, device=device),
        ]
        self.probe = members.first_task_sequences(probe, device=device)
        self.ridge = [self.ridge_predictions(*data) for data in self.data]
        self.dmmse = [self.dmmse_predictions(*data) for data in self.data]

    def ridge_predictions(self, x: Tensor, y: Tensor) -> Tensor:
        """Ridge's predictions (members, n, K) on sequences x (members, n, K, D), y (members, n, K)."""
        return ridge(x, y, noise_variance=self.members.problem.noise_variance)

    def dmmse_predictions(self, x: Tensor, y: Tensor) -> Tensor:
        """The predictions (members, n, K) of each member's own dMMSE; ridge's for Gaussian tasks."""
        variance = self.members.problem.noise_variance
        return torch.stack(
            [
                bayes_predictor(pool, *rows, noise_variance=variance)
                for pool, *rows in zip(self.pools, x, y, strict=True)
            ]
        )

    def __call__(self, ensemble: Ensemble, step: int) -> dict[str, Tensor]:
        """By name and member: loss, to_ridge, to_dmmse (members, laws, K), and probe (members, sequences * K)."""
        columns: dict[str, list[Tensor]] = {"loss": [], "to_ridge": [], "to_dmmse": []}
        with torch.no_grad():
            for (x, y), ridge_here, dmmse_here in zip(self.data, self.ridge, self.dmmse, strict=True):
                f = ensemble.map(
                    lambda model, x, y: model(x, y), x, y, shared=False
                ).double()  # (members, n, K)
                for name, target in (("loss", y), ("to_ridge", ridge_here), ("to_dmmse", dmmse_here)):
                    columns[name].append((f - target).square().mean(dim=1))
            probe = ensemble.map(lambda model, x, y: model(x, y), *self.probe, shared=False)
        return {name: torch.stack(c, dim=1) for name, c in columns.items()} | {"probe": probe.flatten(1)}

    def levels(self) -> dict[str, Tensor]:
        """Losses of both predictors on the same sequences and their distance: (members, laws, K) by name."""
        found: dict[str, list[Tensor]] = {"ridge_loss": [], "dmmse_loss": [], "between": []}
        for (_, y), ridge_here, dmmse_here in zip(self.data, self.ridge, self.dmmse, strict=True):
            found["ridge_loss"].append((ridge_here - y).square().mean(dim=1))
            found["dmmse_loss"].append((dmmse_here - y).square().mean(dim=1))
            found["between"].append((ridge_here - dmmse_here).square().mean(dim=1))
        return {name: torch.stack(values, dim=1) for name, values in found.items()}
