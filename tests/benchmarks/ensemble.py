"""How much faster 32 small networks train as one ensemble than in a loop, on one thread.

Run: python tests/benchmarks/ensemble.py. Both train the same networks on the same data by the same steps, are
timed alternately in one run, and end at the same weights; the ratio is that of the median times.
"""

import statistics
import time

import torch
from torch import nn

from verified_dynamics.ensemble import Ensemble, train

MEMBERS, STEPS, ROUNDS = 32, 50, 3


def make(generator: torch.Generator) -> nn.Module:
    return nn.Sequential(
        nn.Linear(10, 20), nn.ReLU(), nn.Linear(20, 20), nn.ReLU(), nn.Linear(20, 1)
    ).double()


def loss(model, x, y):
    return ((model(x) - y) ** 2).mean()


def loop(start: Ensemble, data, optimizer) -> list[nn.Module]:
    """The loop that everybody writes: one network after the other."""
    modules = [start.member(k) for k in range(len(start))]
    for module in modules:
        stepper = optimizer(module.parameters(), lr=0.01)
        for _ in range(STEPS):
            stepper.zero_grad()
            loss(module, *data).backward()
            stepper.step()
    return modules


def together(start: Ensemble, data, optimizer) -> Ensemble:
    """The same networks as one ensemble."""
    stacked = start.copy()
    train(stacked, loss, data, steps=STEPS, optimizer=optimizer, learning_rate=0.01)
    return stacked


def largest_difference(stacked: Ensemble, modules: list[nn.Module]) -> float:
    return max(
        float((stacked.parameters[name][k] - tensor).detach().abs().max())
        for k, module in enumerate(modules)
        for name, tensor in module.named_parameters()
    )


def seconds(work, *arguments) -> float:
    start = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - start


def main() -> None:
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(64, 10, generator=generator, dtype=torch.float64)
    data = (x, x[:, :1].sin())
    start = Ensemble.build(make, range(MEMBERS))
    for optimizer in (torch.optim.SGD, torch.optim.Adam):
        apart = largest_difference(together(start, data, optimizer), loop(start, data, optimizer))
        times = [[seconds(work, start, data, optimizer) for work in (loop, together)] for _ in range(ROUNDS)]
        one_by_one, at_once = (statistics.median(column) for column in zip(*times, strict=True))
        print(
            f"{optimizer.__name__}: loop {one_by_one:.2f} s, ensemble {at_once:.2f} s, "
            f"ratio {one_by_one / at_once:.1f}, largest difference of a weight {apart:.1e}"
        )


if __name__ == "__main__":
    main()
