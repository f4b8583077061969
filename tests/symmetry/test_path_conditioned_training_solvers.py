"""The objective of path conditioning against autograd, and its three solvers against scipy and each other."""

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import given, settings
from scipy.optimize import minimize_scalar

from verified_dynamics.symmetry.path_conditioned_training import (
    Objective,
    block_updates,
    newton,
    sequential,
)
from verified_dynamics.symmetry.rescaling_invariance import ParameterScale, ScaleGroups

SOLVERS = pytest.mark.parametrize("solver", [newton, block_updates, sequential])
SEEDS = pytest.mark.parametrize("seed", range(5))


class Instance:
    """A model with one parameter element per edge (leaves, enters) between scale groups; 0 is pinned."""

    def __init__(self, edges, masses):
        self.leaves, self.enters = torch.tensor(edges).T
        self.masses = torch.as_tensor(masses, dtype=torch.float64)
        self.count = int(max(self.leaves.max(), self.enters.max()))

    def objective(self, **options):
        labels = tuple(f"h[{k}]" for k in range(self.count))
        entries = {"w": ParameterScale(self.enters, self.leaves)}
        groups = ScaleGroups(entries, {"w": self.enters.shape}, labels, (1,) * self.count, ())
        return Objective.build(groups, {"w": self.masses}, **options)

    def exponents(self, z):
        """Bz, element by element."""
        padded = torch.cat([z.new_zeros(1), z])
        return padded[self.leaves] - padded[self.enters]

    def value(self, z):
        """J(z) as it is defined: p log Σ g e^{Bz} − Σ Bz."""
        moved = self.exponents(z)
        return len(moved) * torch.logsumexp(torch.log(self.masses) + moved, 0) - moved.sum()


def random_instance(seed, *, spread=1.0, groups=5, extra=8):
    """A random acyclic graph in which each group lies on a path from pinned to pinned, with log-normal masses."""
    draw = torch.Generator().manual_seed(seed)

    def between(low, high):
        return int(torch.randint(low, high, (), generator=draw))

    edges = [(between(0, h), h) for h in range(1, groups + 1)]
    edges += [(h, between(h + 1, groups + 2) % (groups + 1)) for h in range(1, groups + 1)]
    starts = [between(0, groups + 1) for _ in range(extra)]
    edges += [(low, between(low + 1, groups + 2) % (groups + 1)) for low in starts]
    return Instance(edges, torch.exp(spread * torch.randn(len(edges), generator=draw, dtype=torch.float64)))


def random_point(instance, seed=0, spread=1.0):
    draw = torch.Generator().manual_seed(seed)
    return spread * torch.randn(instance.count, generator=draw, dtype=torch.float64)


def one_hidden_layer(seed, *, inputs=3, outputs=5, hidden=4):
    """Groups that share no element, each with its own masses."""
    edges = [(0, h) for h in range(1, hidden + 1) for _ in range(inputs)]
    edges += [(h, 0) for h in range(1, hidden + 1) for _ in range(outputs)]
    draw = torch.Generator().manual_seed(seed)
    return Instance(edges, torch.exp(2 * torch.randn(len(edges), generator=draw, dtype=torch.float64)))


def deep_chain(depth=60):
    """One neuron per layer, whose masses fall by a constant factor and so demand scales that grow with the depth."""
    edges = [(h, (h + 1) % (depth + 1)) for h in range(depth + 1)]
    edges += [(0, h) for h in range(1, depth + 1)]
    falling = -2.0 * torch.arange(len(edges), dtype=torch.float64)
    return Instance(edges, torch.exp(falling.clamp_min(-600)))


@SEEDS
def test_value_gradient_and_hessian_are_those_of_the_definition(seed):
    instance = random_instance(seed)
    objective, z = instance.objective(), random_point(instance, seed)
    direction = random_point(instance, seed + 100)
    torch.testing.assert_close(objective.value(z), instance.value(z), rtol=1e-13, atol=0)
    gradient = torch.func.grad(instance.value)
    torch.testing.assert_close(objective.gradient(z), gradient(z), rtol=1e-11, atol=1e-11)
    _, product = torch.func.jvp(gradient, (z,), (direction,))
    torch.testing.assert_close(
        objective.hessian_times(objective.at(z), direction), product, rtol=1e-11, atol=1e-11
    )


@SEEDS
def test_imbalance_is_the_logarithm_of_arithmetic_over_geometric_mean(seed):
    instance = random_instance(seed)
    z = random_point(instance, seed)
    moved = torch.log(instance.masses) + instance.exponents(z)
    expected = moved.exp().mean().log() - moved.mean()
    torch.testing.assert_close(instance.objective().imbalance(z), expected, rtol=1e-12, atol=1e-13)


@SEEDS
def test_norm_criterion_is_the_sum_of_squares_and_moves_with_the_parameters(seed):
    instance = random_instance(seed)
    z = random_point(instance, seed)
    objective = instance.objective(criterion="norm")
    total = (instance.masses * torch.exp(-instance.exponents(z))).sum()
    torch.testing.assert_close(objective.imbalance(z), (total / instance.masses.sum()).log())
    best = newton(objective, tol=1e-12).z.requires_grad_()
    moved = (instance.masses * torch.exp(-instance.exponents(best))).sum()
    assert torch.autograd.grad(moved, best)[0].abs().max() <= 1e-10 * moved


@SEEDS
def test_one_sequential_sweep_is_one_exact_minimisation_per_group(seed):
    instance = random_instance(seed, spread=2.0)
    swept = sequential(instance.objective(), tol=0.0, max_sweeps=1).z
    z = torch.zeros(instance.count, dtype=torch.float64)
    for group in range(instance.count):

        def along(value, z=z, group=group):
            moved = z.clone()
            moved[group] = value
            return float(instance.value(moved))

        z[group] = minimize_scalar(along, bounds=(-30, 30), method="bounded", options={"xatol": 1e-10}).x
    # A search by values alone finds a minimum no better than the square root of the rounding.
    torch.testing.assert_close(swept, z, rtol=0, atol=2e-6)


@SEEDS
def test_one_block_update_solves_an_independent_set_exactly(seed):
    instance = one_hidden_layer(seed)
    objective = instance.objective()
    start = objective.residual(torch.zeros(instance.count, dtype=torch.float64))
    found = block_updates(objective, tol=0.0, max_sweeps=1)
    assert start > 1e-2 and found.residual <= 1e-13
    # One sweep over single groups does not reach it, because all of them share the total mass.
    assert sequential(objective, tol=0.0, max_sweeps=1).residual > 1e-4


@given(
    st.integers(0, 10**6),
    st.floats(0, 3),
    st.integers(1, 6),
    st.integers(0, 12),
)
@settings(max_examples=40, deadline=None)
def test_three_solvers_find_the_same_stationary_point(seed, spread, groups, extra):
    instance = random_instance(seed, spread=spread, groups=groups, extra=extra)
    objective = instance.objective()
    found = [newton(objective, tol=1e-10)]
    found += [solver(objective, tol=1e-10, max_sweeps=20_000) for solver in (block_updates, sequential)]
    gradient = torch.func.grad(instance.value)
    for solution in found:
        assert solution.converged and solution.residual <= 1e-10
        assert gradient(solution.z).abs().max() <= 1e-8 * len(instance.masses)
        torch.testing.assert_close(solution.z, found[0].z, rtol=0, atol=1e-8)


@SOLVERS
@SEEDS
def test_every_step_lowers_the_criterion(solver, seed):
    objective = random_instance(seed, spread=3.0).objective()
    values = solver(objective).values
    scale = 1e-14 * float(values.abs().max() + objective.count)
    assert len(values) > 2 and values[-1] < values[0]
    assert (values.diff() <= 4 * scale).all()


@SOLVERS
@SEEDS
def test_within_a_bound_the_optimality_conditions_hold(solver, seed):
    instance = random_instance(seed, spread=3.0)
    objective = instance.objective()
    bound = 0.6 * float(newton(objective).z.abs().max())
    options = {} if solver is newton else {"max_sweeps": 20_000}
    found = solver(objective, bound=bound, tol=1e-10, **options)
    gradient = torch.func.grad(instance.value)(found.z)
    upper, lower = found.z >= bound, found.z <= -bound
    assert found.converged and (found.z.abs() <= bound).all() and (upper | lower).any()
    assert (gradient[upper] < 1e-8).all() and (gradient[lower] > -1e-8).all()
    inside = gradient[~(upper | lower)]
    assert inside.numel() == 0 or inside.abs().max() <= 1e-8 * len(instance.masses)


@pytest.mark.parametrize("solver", [newton, block_updates])
@pytest.mark.parametrize("bound", [None, 0.5])
def test_a_stack_is_solved_like_its_members(solver, bound):
    """Members of very different difficulty, one of which starts at its minimum."""
    members = [random_instance(0, spread=spread) for spread in (0.0, 1.0, 4.0)]
    best = newton(members[0].objective(), tol=1e-14).z
    members[0].masses = torch.exp(members[0].exponents(best))
    stack = random_instance(0)
    stack.masses = torch.stack([member.masses for member in members])
    together = solver(stack.objective(), bound=bound, tol=1e-11)
    assert together.z.shape == (3, stack.count) and together.converged.all()
    for k, member in enumerate(members):
        alone = solver(member.objective(), bound=bound, tol=1e-11)
        torch.testing.assert_close(together.z[k], alone.z, rtol=0, atol=1e-9)
        torch.testing.assert_close(together.values[-1, k], alone.values[-1], rtol=1e-13, atol=1e-10)


def test_sequential_sweeps_refuse_a_stack():
    stack = random_instance(0)
    stack.masses = torch.stack([stack.masses, stack.masses])
    with pytest.raises(ValueError, match="use blocks or newton"):
        sequential(stack.objective())


@pytest.mark.parametrize("scale", [1.0, 1e-200, 1e200])
def test_newton_reaches_scales_beyond_e_to_the_sixty(scale):
    """Masses over two hundred orders of e, at any common factor."""
    instance = deep_chain()
    instance.masses *= scale
    found = newton(instance.objective())
    assert found.z.abs().max() > 60
    assert found.converged and torch.isfinite(found.values).all()
    assert torch.func.grad(instance.value)(found.z).abs().max() <= 1e-6 * len(instance.masses)


def test_newton_takes_few_steps_within_a_bound_where_masses_vanish():
    found = newton(deep_chain().objective(), bound=6.0)
    assert found.converged and found.iterations <= 20


def test_solvers_stay_finite_where_the_minimum_is_out_of_reach():
    """A chain of a thousand layers, whose optimal scales exceed the range of float64, and few sweeps."""
    objective = deep_chain(1000).objective()
    for found in (newton(objective, max_iterations=60), block_updates(objective, max_sweeps=20)):
        assert not found.converged and torch.isfinite(found.z).all() and torch.isfinite(found.values).all()
        assert found.values[-1] < found.values[0]
