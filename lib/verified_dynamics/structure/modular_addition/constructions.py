"""Read-outs that add modulo N exactly, written down instead of trained: few ReLU neurons, and Gromov's network."""

from math import pi

import torch
from torch import Tensor

from verified_dynamics.structure.modular_addition.errors import ModularAdditionError
from verified_dynamics.structure.modular_addition.particles import circle
from verified_dynamics.structure.modular_addition.tables import classes, sum_points

ACTIVATIONS = {
    "square": torch.square,
    "cube": lambda x: x**3,
    "fourth power": lambda x: x**4,
    "relu": torch.relu,
}


def circle_scores(modulus: int, neurons: int, *, frequency: int = 1, offset: Tensor | float = 0.13) -> Tensor:
    """Scores of H bias-free ReLU neurons on the sum points of a circle (..., P, N), offset (...,) the first
    direction.

    Neuron j has the direction theta_j = 2 pi j / H + offset and the output weights cos(2 theta_j - 2 pi k c /
    N).
    """
    if neurons < 1:
        raise ModularAdditionError(
            f"the construction needs at least one neuron, but {neurons} were asked for."
        )
    offset = torch.as_tensor(offset, dtype=torch.float64)
    theta = 2 * pi * torch.arange(neurons, dtype=torch.float64) / neurons + offset.unsqueeze(-1)  # (..., H)
    sums = sum_points(circle(modulus, frequency))
    sums = torch.where(
        sums.abs() < 1e-12, 0.0, sums
    )  # at the origin (even N) rounding would leave a direction
    hidden = torch.relu(sums @ torch.stack((theta.cos(), theta.sin()), -2))
    turn = 2 * pi * frequency * torch.arange(modulus, dtype=torch.float64) / modulus
    return hidden @ torch.cos(2 * theta.unsqueeze(-1) - turn)


def circle_accuracy(
    modulus: int, neurons: int, *, frequency: int = 1, offset: Tensor | float = 0.13
) -> Tensor:
    """Share of all ordered pairs that `circle_scores` adds rightly (...,)."""
    right = circle_scores(modulus, neurons, frequency=frequency, offset=offset).argmax(-1) == classes(modulus)
    first, second = torch.triu_indices(modulus, modulus)
    weight = torch.where(first == second, 1.0, 2.0).double()
    return right.double() @ weight / modulus**2


def phase_error(neurons: int, *, points: int = 20_001) -> float:
    """Largest angle by which H neurons miss the phase 2t of a sum point with polar angle t, in radians.

    All scores are one cosine of 2 pi k c / N with the phase arg sum_j relu(cos(t - theta_j)) exp(2 i theta_j).
    """
    t = torch.linspace(0, 2 * pi, points, dtype=torch.float64)
    theta = 2 * pi * torch.arange(neurons, dtype=torch.float64) / neurons
    wave = torch.relu(torch.cos(t.unsqueeze(1) - theta)).to(torch.complex128) @ torch.exp(2j * theta)
    return float(torch.angle(wave * torch.exp(-2j * t)).abs().max())


def largest_safe_modulus(neurons: int) -> int:
    """The largest odd N with phase error below pi / N: up to it H neurons are exact at every offset."""
    bound = pi / phase_error(neurons)
    largest = int(bound) if bound > int(bound) else int(bound) - 1
    return largest if largest % 2 else largest - 1


def gromov_accuracy(
    prime: int, width: int, seed: int, *, activation: str = "square", third: str = "sum", dtype=torch.float32
) -> float:
    """Accuracy over all ordered pairs of Gromov's closed-form network (2023), whose form we know from memory.

    Neuron k has the frequency s_k = 1 + k mod (p - 1), random phases phi1, phi2 and the output phase phi3: their sum,
    or "independent". activation: a name of ACTIVATIONS.
    """
    if activation not in ACTIVATIONS or third not in ("sum", "independent"):
        raise ModularAdditionError(
            f"the activation is one of {', '.join(ACTIVATIONS)} and the third phase is 'sum' or 'independent', not "
            f"{activation!r} and {third!r}."
        )
    draw = torch.Generator().manual_seed(int(seed) + 2**43)
    phases = 2 * pi * torch.rand(3, width, generator=draw, dtype=dtype)
    last = phases[0] + phases[1] if third == "sum" else phases[2]
    speed = (1 + torch.arange(width) % (prime - 1)).to(dtype)
    residues = torch.arange(prime, dtype=dtype).unsqueeze(1)
    turns = 2 * pi / prime * residues * speed  # (p, width)
    first, second = (turns + phases[0]).cos(), (turns + phases[1]).cos()
    readout = (turns + last).cos()
    hidden = ACTIVATIONS[activation](first.unsqueeze(1) + second.unsqueeze(0))  # (p, p, width)
    found = (hidden @ readout.T).argmax(-1)
    wanted = (torch.arange(prime).unsqueeze(1) + torch.arange(prime)) % prime
    return float((found == wanted).double().mean())
