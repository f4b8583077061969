"""In-context linear regression: sequences of examples of a linear task that is drawn from a pool."""

from dataclasses import dataclass

import torch
from torch import Tensor

_BLOCK = 256  # rows drawn at once, so that a pool's first tasks do not depend on its size


@dataclass(frozen=True, eq=False)
class TaskPool:
    """The law of a task t in R^D: uniform on the rows of `tasks` (M, D), or N(0, I) where `tasks` is None."""

    dimension: int
    tasks: Tensor | None = None

    def __post_init__(self) -> None:
        if self.dimension < 1:
            raise ValueError(f"a task has at least one dimension, but dimension={self.dimension} was given.")
        if self.tasks is not None and (self.tasks.ndim != 2 or self.tasks.shape[1] != self.dimension):
            raise ValueError(
                f"tasks must be of shape (M, {self.dimension}), but have shape {tuple(self.tasks.shape)}."
            )
        if self.tasks is not None and not len(self.tasks):
            raise ValueError("a pool needs at least one task; leave tasks out for standard normal ones.")

    @classmethod
    def nested(
        cls, size: int, dimension: int, *, seed: int, dtype: torch.dtype = torch.float64
    ) -> "TaskPool":
        """The first `size` of one endless list of N(0, I) tasks: pools of one seed contain each other.

        Source: Carroll et al. 2025, section 3; Raventós et al. 2023 draw each pool anew.
        """
        if size < 1:
            raise ValueError(f"a pool needs at least one task, but size={size} was given.")
        generator = torch.Generator().manual_seed(seed)
        blocks = [
            torch.randn(_BLOCK, dimension, generator=generator, dtype=torch.float64)
            for _ in range(-(-size // _BLOCK))
        ]
        return cls(dimension, torch.cat(blocks)[:size].to(dtype))

    @property
    def size(self) -> float:
        """Number of tasks M; infinite for standard normal ones."""
        return float("inf") if self.tasks is None else len(self.tasks)

    def to(self, device: torch.device | str) -> "TaskPool":
        """The pool on this device."""
        return self if self.tasks is None else TaskPool(self.dimension, self.tasks.to(device))

    def sample(self, n: int, *, generator: torch.Generator, dtype: torch.dtype = torch.float64) -> Tensor:
        """n independent tasks (n, D), on the generator's device."""
        if self.tasks is None:
            options = {"generator": generator, "device": generator.device, "dtype": dtype}
            return torch.randn(n, self.dimension, **options)
        index = torch.randint(len(self.tasks), (n,), generator=generator, device=generator.device)
        return self.tasks[index].to(dtype)


def regression_sequences(
    pool: TaskPool,
    n: int,
    examples: int,
    *,
    noise_variance: float,
    generator: torch.Generator,
    dtype: torch.dtype = torch.float64,
) -> tuple[Tensor, Tensor, Tensor]:
    """n sequences of `examples` pairs: inputs x (n, K, D), outcomes y (n, K), and the hidden tasks t (n, D).

    x ~ N(0, I) and y = t.x + N(0, noise_variance), one task for each sequence. Drawn on the generator's device,
    where a pool with tasks must lie too. Source: Garg et al. 2022; Raventós et al. 2023, section 2.
    """
    if n < 1 or examples < 1:
        raise ValueError(f"n and examples must be at least 1, but they are {n} and {examples}.")
    if not 0 <= noise_variance < float("inf"):
        raise ValueError(f"noise_variance must be finite and not negative, but it is {noise_variance}.")
    options = {"generator": generator, "device": generator.device, "dtype": dtype}
    tasks = pool.sample(n, generator=generator, dtype=dtype)
    x = torch.randn(n, examples, pool.dimension, **options)
    noise = noise_variance**0.5 * torch.randn(n, examples, **options)
    return x, torch.einsum("nkd,nd->nk", x, tasks) + noise, tasks
