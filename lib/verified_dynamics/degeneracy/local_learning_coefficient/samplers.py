"""One step of many chains: SGLD, SGLD preconditioned as in RMSprop, and the Metropolis-adjusted Langevin step."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

DECAY, FLOOR = 0.99, 0.1  # of the running mean square of the gradient, and what is added to its root


@dataclass
class Law:
    """nβ, γ and ε of every chain (chains, 1), in the dtype of the parameters."""

    n_beta: Tensor
    localization: Tensor
    step: Tensor


Evaluate = Callable[[Tensor, Tensor], Tensor]  # (offsets, where to write the gradients) -> losses (chains,)


class SGLD:
    """w <- w - (ε/2) [nβ g + γ (w - w*)] + N(0, ε), for offsets w - w* (chains, d) that start at 0.

    The drift and the noise are added to the offset at once, so that in single precision a drift smaller than the
    last bit of the offset is not lost. Source: Welling & Teh 2011; localised: Lau et al. 2023, section 4.
    """

    def __init__(self, evaluate: Evaluate, like: Tensor, law: Law):
        self.evaluate, self.law = evaluate, law
        self.offset = torch.zeros_like(like)
        self.gradient = torch.empty_like(like)
        self.pull, self.push = -law.step * law.localization / 2, -law.step * law.n_beta / 2
        self.spread = law.step.sqrt()

    def look(self) -> Tensor:
        """Losses (chains,) at the present offsets; their gradients are in `gradient`."""
        return self.evaluate(self.offset, self.gradient)

    def move(self, normal: Tensor, uniform: Tensor | None) -> None:
        """One step from the offsets last looked at."""
        normal.mul_(self.spread).addcmul_(self.gradient, self.push).addcmul_(self.offset, self.pull)
        self.offset.add_(normal)


class PreconditionedSGLD(SGLD):
    """v <- 0.99 v + 0.01 g², G = 1 / (√v + 0.1), v = 0 at first; w <- w - (ε/2) G [nβ g + γ (w - w*)] + √(εG) N(0, 1).

    The divergence of G is left out, as is usual: the law is exact only where G is constant. Source: Li et al. 2016.
    """

    def __init__(self, evaluate: Evaluate, like: Tensor, law: Law):
        super().__init__(evaluate, like, law)
        self.square = torch.zeros_like(like)

    def move(self, normal: Tensor, uniform: Tensor | None) -> None:
        """One step from the offsets last looked at."""
        self.square.mul_(DECAY).addcmul_(self.gradient, self.gradient, value=1 - DECAY)
        scale = self.preconditioner()
        normal.mul_(scale.sqrt()).mul_(self.spread)
        scale.mul_(self.gradient * self.push + self.offset * self.pull)
        self.offset.add_(normal).add_(scale)

    def preconditioner(self) -> Tensor:
        """G (chains, d)."""
        return (self.square.sqrt() + FLOOR).reciprocal_()


class MALA:
    """Langevin proposals with a Metropolis test for each chain, which makes the sampled law exact.

    accepted, proposed: counts after burn-in. Where `target` is given, each chain's log ε moves by
    t^(-0.6) (probability of acceptance - target) at step t of the burn-in and then stays. Source: Roberts &
    Tweedie 1996; the adaptation: Andrieu & Thoms 2008, algorithm 4.
    """

    def __init__(self, evaluate: Evaluate, like: Tensor, law: Law, *, burn_in: int, target: float | None):
        self.evaluate, self.law = evaluate, law
        self.offset, self.gradient = torch.zeros_like(like), torch.empty_like(like)
        self.proposal, self.slope = torch.empty_like(like), torch.empty_like(like)
        self.loss = evaluate(self.offset, self.gradient)
        self.burn_in, self.target, self.time = burn_in, target, 0
        self.accepted = torch.zeros_like(self.loss)
        self.proposed = 0

    def look(self) -> Tensor:
        """Losses (chains,) at the present offsets."""
        return self.loss

    def move(self, normal: Tensor, uniform: Tensor) -> None:
        """Propose, test, and keep or return."""
        law = self.law
        torch.add(self.offset, self._force(self.offset, self.gradient), alpha=1, out=self.proposal)
        self.proposal.addcmul_(normal, law.step.sqrt())
        loss = self.evaluate(self.proposal, self.slope)
        back = self.offset - self.proposal - self._force(self.proposal, self.slope)
        energies = law.n_beta[:, 0] * (self.loss - loss)
        energies += law.localization[:, 0] / 2 * (_square(self.offset) - _square(self.proposal))
        ratio = energies + (_square(normal) - _square(back) / law.step[:, 0]) / 2
        chance = (
            ratio.exp().clamp(max=1).nan_to_num(nan=0.0)
        )  # a proposal whose loss is not finite is refused
        accept = uniform < chance
        self.offset = torch.where(accept[:, None], self.proposal, self.offset)
        self.gradient = torch.where(accept[:, None], self.slope, self.gradient)
        self.loss = torch.where(accept, loss, self.loss)
        self._count(accept, chance)

    def _force(self, offset: Tensor, gradient: Tensor) -> Tensor:
        law = self.law
        return (gradient * law.n_beta).addcmul_(offset, law.localization).mul_(-law.step / 2)

    def _count(self, accept: Tensor, chance: Tensor) -> None:
        self.time += 1
        if self.time > self.burn_in:
            self.accepted += accept
            self.proposed += 1
        elif self.target is not None:
            self.law.step *= (self.time**-0.6 * (chance - self.target)).exp()[:, None]


def _square(vectors: Tensor) -> Tensor:
    return vectors.square().sum(dim=1)
