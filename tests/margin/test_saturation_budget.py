"""The budget of the squared norm: an identity that holds at every step of every optimiser."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from verified_dynamics.margin.saturation import NormBudget, NormBudgetError
from verified_dynamics.models import MLP


def run(optimizer, steps=30, seed=0, decay=0.0, layers=None):
    model = MLP([4, 6, 3], generator=torch.Generator().manual_seed(seed), dtype=torch.float32)
    x = torch.randn(16, 4, generator=torch.Generator().manual_seed(seed + 1))
    stepper = optimizer(model.parameters())
    budget = NormBudget(dict(model.named_parameters()), layers=layers)
    for _ in range(steps):
        stepper.zero_grad()
        model(x).square().mean().backward()
        stepper.step()
        budget.update(dict(model.named_parameters()), decay=decay)
    return budget, model


@pytest.mark.parametrize(
    "optimizer",
    [
        lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9),
        lambda p: torch.optim.AdamW(p, lr=0.01, weight_decay=0.1),
        lambda p: torch.optim.Adafactor(p, lr=0.1),
        lambda p: torch.optim.RMSprop(p, lr=0.01),
    ],
)
def test_the_identity_closes_for_every_optimizer(optimizer):
    budget, model = run(optimizer)
    budget.check(1e-12)
    total = budget.totals()
    norm = sum(float(p.detach().double().square().sum()) for p in model.parameters())
    assert float(total["now"]) == pytest.approx(norm, rel=1e-14)


def test_decoupled_decay_is_listed_apart():
    budget, _ = run(lambda p: torch.optim.AdamW(p, lr=0.01, weight_decay=0.1), decay=0.001)
    total = {name: float(value) for name, value in budget.totals().items()}
    budget.check()
    assert total["decay"] < 0
    # With decay alone the norm falls by (1 - 0.001)² a step; to first order 2ηλ times the mean squared norm.
    assert total["decay"] == pytest.approx(-0.002 * 30 * (total["start"] + total["now"]) / 2, rel=0.05)


def test_layers_add_up():
    layers = {"0.weight": "first", "0.bias": "first"}
    model = MLP([4, 6, 3], generator=torch.Generator().manual_seed(0))
    names = [name for name, _ in model.named_parameters()]
    layers = {name: name.split(".")[-2] for name in names}
    budget, _ = run(lambda p: torch.optim.SGD(p, lr=0.1), layers=layers)
    whole, _ = run(lambda p: torch.optim.SGD(p, lr=0.1))
    assert len(budget.groups) == 2
    for name, value in whole.totals().items():
        assert float(budget.totals()[name]) == pytest.approx(float(value), rel=1e-12, abs=1e-15)


@settings(max_examples=25, deadline=None)
@given(members=st.integers(1, 4), steps=st.integers(1, 5), seed=st.integers(0, 10_000))
def test_stacked_members_have_budgets_of_their_own(members, steps, seed):
    generator = torch.Generator().manual_seed(seed)
    theta = {"w": torch.randn(members, 3, 2, generator=generator)}
    budget = NormBudget(theta, stacked=True)
    alone = [NormBudget({"w": theta["w"][k]}) for k in range(members)]
    for _ in range(steps):
        theta = {"w": theta["w"] + torch.randn(members, 3, 2, generator=generator)}
        budget.update(theta)
        for k in range(members):
            alone[k].update({"w": theta["w"][k]})
    assert budget.residual().shape == (members,)
    budget.check()
    for k in range(members):
        assert float(budget.totals()["steps"][k]) == pytest.approx(
            float(alone[k].totals()["steps"]), rel=1e-12
        )


def test_a_missed_step_cannot_go_unnoticed_in_the_sums():
    theta = {"w": torch.ones(3)}
    budget = NormBudget(theta)
    budget.update({"w": torch.full((3,), 2.0)})
    budget.steps["all"] = budget.steps["all"] * 0.9
    with pytest.raises(NormBudgetError, match="off by"):
        budget.check()


def test_other_names_are_refused():
    budget = NormBudget({"w": torch.ones(3)})
    with pytest.raises(NormBudgetError, match="other names"):
        budget.update({"v": torch.ones(3)})
