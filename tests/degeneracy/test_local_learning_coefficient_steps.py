"""One chain, step by step in plain loops, with the random numbers that the chain of that number draws."""

import numpy as np
import pytest
import torch
from torch import nn

from verified_dynamics.degeneracy.local_learning_coefficient import local_learning_coefficient
from verified_dynamics.degeneracy.local_learning_coefficient.randomness import Minibatches, Noise

N, STEPS, EPS, GAMMA, N_BETA, SEED = 30, 40, 2e-3, 3.0, 20.0, 7


def problem():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(N, 3, generator=generator, dtype=torch.float64)
    y = torch.randn(N, 2, generator=generator, dtype=torch.float64)
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)).double(), x, y


def squares(model, x, y):
    return ((model(x) - y) ** 2).mean()


class Loop:
    """Losses and gradients of one flat point, and the random numbers of chain 1."""

    def __init__(self, batch_size=None, *, uniform=False):
        self.model, self.x, self.y = problem()
        self.centre = nn.utils.parameters_to_vector(self.model.parameters()).detach()
        self.noise = Noise([(SEED, 0, 1)], self.centre[None], uniform=uniform)
        self.batches = Minibatches([(SEED, 0, 1)], N, batch_size, self.centre.device) if batch_size else None
        self.rows = torch.arange(N)

    def look(self, offset):
        if self.batches is not None:
            self.rows = self.batches.draw()[0]
        return self.at(offset)

    def at(self, offset):
        nn.utils.vector_to_parameters(self.centre + offset, self.model.parameters())
        loss = squares(self.model, self.x[self.rows], self.y[self.rows])
        gradient = torch.autograd.grad(loss, list(self.model.parameters()))
        return loss.detach(), torch.cat([g.flatten() for g in gradient])


def langevin(loop, *, preconditioned):
    offset, square, kept = torch.zeros_like(loop.centre), torch.zeros_like(loop.centre), []
    for _ in range(STEPS):
        loss, gradient = loop.look(offset)
        kept.append(N_BETA * float(loss - loop.at(torch.zeros_like(offset))[0]))
        square = 0.99 * square + 0.01 * gradient**2
        scale = 1 / (square.sqrt() + 0.1) if preconditioned else torch.ones_like(square)
        drift = -EPS / 2 * scale * (N_BETA * gradient + GAMMA * offset)
        offset = offset + drift + (EPS * scale).sqrt() * loop.noise.draw()[0][0]
    return kept


def metropolis(loop):
    def energy(offset):
        loss, gradient = loop.at(offset)
        return loss, N_BETA * loss + GAMMA / 2 * offset @ offset, N_BETA * gradient + GAMMA * offset

    offset, kept = torch.zeros_like(loop.centre), []
    start = loop.at(offset)[0]
    for _ in range(STEPS):
        loss, here, force = energy(offset)
        kept.append(N_BETA * float(loss - start))
        normal, uniform = loop.noise.draw()
        proposal = offset - 0.02 / 2 * force + 0.02**0.5 * normal[0]
        _, there, back = energy(proposal)
        forth_density = -((proposal - offset + 0.02 / 2 * force) ** 2).sum() / (2 * 0.02)
        back_density = -((offset - proposal + 0.02 / 2 * back) ** 2).sum() / (2 * 0.02)
        if uniform[0] < (here - there + back_density - forth_density).exp():
            offset = proposal
    return kept


@pytest.mark.parametrize("sampler", ["sgld", "rmsprop-sgld", "mala"])
@pytest.mark.parametrize("batch_size", [None, 6])
def test_chain_is_the_plain_loop(sampler, batch_size):
    batch_size = None if sampler == "mala" else batch_size
    found = local_learning_coefficient(
        problem()[0], squares, problem()[1:], chains=3, draws=STEPS, burn_in=0, temperature=N / N_BETA,
        localization=GAMMA, step=0.02 if sampler == "mala" else EPS, sampler=sampler, batch_size=batch_size, seed=SEED,
    )  # fmt: skip
    loop = Loop(batch_size, uniform=sampler == "mala")
    expected = metropolis(loop) if sampler == "mala" else langevin(loop, preconditioned=sampler != "sgld")
    np.testing.assert_allclose(found.traces[1], expected, rtol=1e-10, atol=1e-10)
    if sampler == "mala":
        assert 0 < found.acceptance[1] < 1  # both outcomes of the test occurred


def test_thinned_draws_are_every_thin_th():
    settings = dict(chains=2, temperature=N / N_BETA, step=EPS, seed=SEED)
    every = local_learning_coefficient(problem()[0], squares, problem()[1:], draws=12, burn_in=5, **settings)
    third = local_learning_coefficient(
        problem()[0], squares, problem()[1:], draws=4, burn_in=5, thin=3, **settings
    )
    np.testing.assert_allclose(third.traces, every.traces[:, ::3], rtol=1e-10)


def test_adapted_steps_reach_the_acceptance_and_stay():
    settings = dict(chains=8, temperature=N / N_BETA, sampler="mala", burn_in=400, draws=300)
    for start in (1e-5, 1.0):
        found = local_learning_coefficient(
            problem()[0], squares, problem()[1:], step=start, target_acceptance=0.57, **settings
        )
        assert abs(found.acceptance.mean() - 0.57) < 0.12
