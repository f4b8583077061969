import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from verified_dynamics.data import TaskPool, regression_sequences


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 700), st.integers(1, 700), st.integers(1, 5), st.integers(0, 2**31))
def test_pools_of_one_seed_contain_each_other(a, b, dimension, seed):
    small, large = (TaskPool.nested(size, dimension, seed=seed) for size in sorted((a, b)))
    assert torch.equal(small.tasks, large.tasks[: len(small.tasks)])
    assert small.size == min(a, b)


def test_tasks_of_a_pool_come_from_it_alike_and_without_tasks_are_standard_normal():
    pool = TaskPool.nested(4, 3, seed=1)
    drawn = pool.sample(40_000, generator=generator())
    which = (drawn[:, None] - pool.tasks).abs().sum(-1).argmin(1)
    assert torch.equal(pool.tasks[which], drawn)
    # Counts are binomial: four standard deviations of 40000 draws at 1/4 are 0.0087.
    assert (torch.bincount(which, minlength=4) / 40_000 - 0.25).abs().max() < 0.0087
    normal = TaskPool(3).sample(40_000, generator=generator())
    assert normal.mean(0).abs().max() < 4 / 200
    assert (normal.T @ normal / 40_000 - torch.eye(3)).abs().max() < 4 * 2**0.5 / 200


def test_outcomes_are_the_task_times_the_input_plus_noise_of_that_variance():
    x, y, tasks = regression_sequences(TaskPool(3), 5000, 8, noise_variance=0.25, generator=generator())
    assert (x.shape, y.shape, tasks.shape) == ((5000, 8, 3), (5000, 8), (5000, 3))
    noise = y - (x * tasks[:, None]).sum(-1)
    assert noise.var().item() == pytest.approx(0.25, rel=4 * (2 / 40_000) ** 0.5)
    assert abs(noise.mean().item()) < 4 * 0.5 / 200
    exact = regression_sequences(TaskPool(3), 7, 8, noise_variance=0, generator=generator())
    assert torch.allclose(exact[1], torch.einsum("nkd,nd->nk", exact[0], exact[2]), rtol=0, atol=1e-15)


def test_the_same_generator_gives_the_same_sequences_in_the_asked_dtype():
    pool = TaskPool.nested(5, 2, seed=0)
    first, again = (
        regression_sequences(pool, 6, 4, noise_variance=0.1, generator=generator(3), dtype=torch.float32)
        for _ in range(2)
    )
    for a, b in zip(first, again, strict=True):
        assert a.dtype is torch.float32 and torch.equal(a, b)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: TaskPool(0), "at least one dimension"),
        (lambda: TaskPool(2, torch.zeros(3, 4)), r"shape \(M, 2\)"),
        (lambda: TaskPool(2, torch.zeros(0, 2)), "at least one task"),
        (lambda: TaskPool.nested(0, 2, seed=0), "size=0"),
        (
            lambda: regression_sequences(TaskPool(2), 0, 3, noise_variance=1, generator=generator()),
            "at least 1",
        ),
        (
            lambda: regression_sequences(TaskPool(2), 1, 3, noise_variance=-1, generator=generator()),
            "not negative",
        ),
    ],
)
def test_bad_input_gets_one_sentence(call, words):
    with pytest.raises(ValueError, match=words):
        call()
