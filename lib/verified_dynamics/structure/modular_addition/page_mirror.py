"""The page's simulation with the library's own functions: the same draws from the same seed, the same steps.

The page (`book/_static/simulations/modular-addition/`) computes with loops over typed arrays. Here its generator is
written again, and everything after the draws is the library's; a test compares both after some steps.
"""

import math

import torch
from torch import Tensor

from verified_dynamics.structure.modular_addition import networks, particles
from verified_dynamics.structure.modular_addition.errors import ModularAdditionError
from verified_dynamics.structure.modular_addition.tables import classes

_WORD = 2**32
_START, _WEIGHTS, _SPLIT = 1, 2, 3  # purposes of the page's streams of draws
_MOST_DRAWS = 1000


class PageStream:
    """The page's seeded draws: Mulberry32 for the uniform, Box and Muller for the normal distribution."""

    def __init__(self, seed: int, purpose: int = 0):
        self._state = (seed + purpose * 0x9E3779B9) % _WORD

    def uniform(self) -> float:
        """A number in [0, 1) with 32 random bits."""
        self._state = (self._state + 0x6D2B79F5) % _WORD
        z = (self._state ^ (self._state >> 15)) * (self._state | 1) % _WORD
        z ^= (z + (z ^ (z >> 7)) * (z | 61)) % _WORD
        return (z ^ (z >> 14)) / _WORD

    def normal(self) -> float:
        """A standard normal number."""
        radius = math.sqrt(-2 * math.log(1 - self.uniform()))
        return radius * math.cos(2 * math.pi * self.uniform())

    def order(self, size: int) -> list[int]:
        """The numbers 0 to size - 1 in an order that is drawn."""
        found = list(range(size))
        for i in range(size - 1, 0, -1):
            j = math.floor(self.uniform() * (i + 1))
            found[i], found[j] = found[j], found[i]
        return found


def start(seed: int, modulus: int) -> Tensor:
    """The points with which the page's network and particles begin (N, 2)."""
    stream = PageStream(seed, _START)
    return torch.tensor([[stream.normal(), stream.normal()] for _ in range(modulus)], dtype=torch.float64)


def split(seed: int, modulus: int, share: float) -> Tensor:
    """The page's mask of training pairs (P,). Raises ModularAdditionError where a class keeps none however drawn."""
    label = classes(modulus)
    stream, size = PageStream(seed, _SPLIT), math.floor(share * len(label) + 0.5)
    for _ in range(_MOST_DRAWS if size >= modulus else 0):
        mask = torch.zeros(len(label), dtype=torch.bool)
        mask[stream.order(len(label))[:size]] = True
        if len(label[mask].unique()) == modulus:
            return mask
    raise ModularAdditionError(
        f"{size} training pairs leave a sum modulo {modulus} without one: raise the share."
    )


def network(seed: int, modulus: int, *, width: int = 64, biases: bool = True) -> networks.Networks:
    """The page's network before training, as a batch of one."""
    stream = PageStream(seed, _WEIGHTS)
    bounds = {"first": 2**-0.5, "second": width**-0.5, "first_bias": 2**-0.5, "second_bias": width**-0.5}
    flat = torch.zeros(1, sum(map(math.prod, networks.shapes(modulus, width).values())), dtype=torch.float64)
    networks.view(flat, "embedding", modulus, width)[0] = start(seed, modulus)
    for name, bound in bounds.items():
        if biases or name not in networks.BIASES:
            tensor = networks.view(flat, name, modulus, width)
            drawn = [bound * (2 * stream.uniform() - 1) for _ in range(tensor.numel())]
            tensor[:] = torch.tensor(drawn, dtype=torch.float64).reshape(tensor.shape)
    return networks.Networks(flat, modulus, width)


def run_network(
    seed: int,
    modulus: int,
    *,
    steps: int,
    width: int = 64,
    biases: bool = True,
    share: float = 0.8,
    rate: float = 0.01,
    decay: float = 1.0,
) -> tuple[networks.Networks, float]:
    """The page's network after some steps of training, and its loss before the last of them."""
    net = network(seed, modulus, width=width, biases=biases)
    mask = split(seed, modulus, share).unsqueeze(0)
    frozen = () if biases else networks.BIASES
    loss = networks.train(net, mask, steps=steps, learning_rate=rate, weight_decay=decay, frozen=frozen)
    return net, float(loss)


def run_particles(
    seed: int,
    modulus: int,
    *,
    steps: int,
    clustering: float,
    alignment: float,
    step_size: float,
    sigma: float = 1.0,
    rms: float = 2.0,
) -> Tensor:
    """The page's particles at fixed size after some steps (N, 2)."""
    return particles.simulate(start(seed, modulus), clustering=clustering, alignment=alignment, sigma=sigma,
                              rms=rms, steps=steps, step_size=step_size)  # fmt: skip
