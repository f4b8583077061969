"""Flow, discrete methods and homogeneous networks against closed forms, with controls that must fail."""

import numpy as np
import pytest
import torch
import xarray as xr

from verified_dynamics.margin import max_margin
from verified_dynamics.statistics import StatisticsError


def test_the_flow_follows_the_closed_form_of_the_orthogonal_pair():
    log_time = torch.linspace(-3, 200, 30)
    w = max_margin.flow(max_margin.orthogonal_pair(0.7, 1.8), log_time, step=0.02)
    exact = max_margin.orthogonal_pair_flow(0.7, 1.8, log_time)
    torch.testing.assert_close(
        w, exact, rtol=1e-8, atol=1e-8
    )  # fourth order: 0.02^4 = 1.6e-7 times small constants


def test_the_flow_is_of_fourth_order():
    x, log_time = max_margin.orthogonal_pair(0.7, 1.8), torch.tensor([3.0])
    exact = max_margin.orthogonal_pair_flow(0.7, 1.8, log_time)
    errors = [float((max_margin.flow(x, log_time, step=h) - exact).abs().max()) for h in (0.2, 0.1)]
    assert 10 < errors[0] / errors[1] < 25  # 2^4, up to the next order


def test_the_flow_with_a_zero_multiplier_follows_lambert():
    w_2, log_time = max_margin.zero_multiplier_flow(1.5, torch.linspace(0, 40, 8001))
    w = max_margin.flow(max_margin.zero_multiplier_pair(1.5), log_time[-1:])
    assert float(w[0, 0]) == pytest.approx(40.0, abs=1e-5)
    assert float(w[0, 1]) == pytest.approx(float(w_2[-1]), abs=1e-6)


def test_a_batch_of_flows_equals_the_flows_one_by_one():
    x = max_margin.generic_data_sets(range(5), n=9, d=3)
    together = max_margin.flow(x, [5.0, 20.0])
    alone = torch.stack([max_margin.flow(one, [5.0, 20.0]) for one in x])
    torch.testing.assert_close(together, alone, rtol=1e-5, atol=1e-5)  # t_0 and with it the grid differ


def test_the_scale_of_the_data_is_a_change_of_units():
    """Rows c times as long: w is c times shorter at the time c^2 times earlier."""
    x = max_margin.generic_data_sets(range(3))
    plain = max_margin.flow(x, [2.0, 30.0])
    scaled = max_margin.flow(50 * x, [2.0 - 2 * np.log(50), 30.0 - 2 * np.log(50)])
    torch.testing.assert_close(50 * scaled, plain, rtol=1e-9, atol=1e-9)


def test_flow_descent_and_time_agree():
    """Ten thousand steps of descent are the flow at t = eta k up to O(log k / k)."""
    x = max_margin.generic_data_sets(range(4))
    path = max_margin.descend(x, max_margin.GradientDescent(0.2), steps=10_000, record_at=[10_000])
    w = max_margin.flow(x, [np.log(0.2 * 10_000)])
    assert float((path.w - w).abs().max()) < 0.01


def test_logistic_and_exponential_loss_have_the_same_residual():
    x = max_margin.generic_data_sets(range(6), n=16, d=5)
    w = [max_margin.flow(x, [150.0], loss=loss) for loss in ("exponential", "logistic")]
    torch.testing.assert_close(w[0], w[1], rtol=0, atol=1e-9)


def test_a_start_outside_the_span_is_kept():
    x = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], dtype=torch.float64)
    w = max_margin.flow(x, [10.0], start=[0.0, 0.0, 3.0])
    assert float(w[0, 2]) == 3.0


@pytest.mark.parametrize(
    ("x", "options", "sentence"),
    [
        (torch.eye(2), {"log_time": [3.0, 1.0]}, "finite and increasing"),
        (torch.eye(2), {"log_time": []}, "finite and increasing"),
        (torch.eye(2), {"log_time": [1.0], "loss": "hinge"}, "exponential' or 'logistic"),
        (torch.ones(3), {"log_time": [1.0]}, "shape"),
        (torch.eye(2) * torch.nan, {"log_time": [1.0]}, "not finite"),
        (torch.eye(2), {"log_time": [1.0], "start": [1.0]}, "start must have the shape"),
        (
            torch.tensor([[1.0, 5.0], [1.0, -5.0]]),
            {"log_time": [9.0], "step": 0.3},
            "too large for these data",
        ),
        (torch.zeros(2, 2), {"log_time": [1.0]}, "nothing moves"),
    ],
)
def test_a_flow_that_cannot_be_run_is_refused(x, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        max_margin.flow(x, **options)


@pytest.mark.parametrize("method", [max_margin.NormalisedDescent(), max_margin.DualAcceleration()])
def test_angle_times_norm_is_the_computed_constant(method):
    x = max_margin.generic_data_sets(range(6))
    w = max_margin.descend(x, method, steps=1500, record_at=[1500]).w[:, 0].numpy()
    for rows, one in zip(x, w, strict=True):
        found = max_margin.reference(rows)
        across = one - (one @ found.u) * found.u
        assert np.linalg.norm(across - found.perpendicular) < 1e-3 * np.linalg.norm(found.perpendicular)


def test_the_methods_rank_as_their_norms_do():
    x = max_margin.generic_data_sets(range(8))
    methods = [
        max_margin.GradientDescent(1.0),
        max_margin.NormalisedDescent(decay=0.5),
        max_margin.NormalisedDescent(),
        max_margin.NormalisedDescent(momentum=0.9),
        max_margin.DualAcceleration(),
    ]
    u = torch.tensor(np.stack([max_margin.reference(rows).u for rows in x]))
    errors, norms = [], []
    for method in methods:
        w = max_margin.descend(x, method, steps=1000, record_at=[1000]).w[:, 0]
        norms.append(float(w.norm(dim=-1).median()))
        errors.append(float((w / w.norm(dim=-1, keepdim=True) - u).norm(dim=-1).median()))
    assert norms == sorted(norms)
    assert errors == sorted(errors, reverse=True)


def test_each_geometry_finds_its_own_margin():
    x = max_margin.generic_data_sets(range(6), n=12, d=4)
    rules = {
        "l1": max_margin.DiagonalNet(0.2),
        "l2": max_margin.NormalisedDescent(),
        "linf": max_margin.SignDescent(1.0),
    }
    for norm, rule in rules.items():
        w = max_margin.descend(x, rule, steps=4000, record_at=[4000]).w[:, 0].numpy()
        reached = max_margin.normalised_margin(x.numpy(), w, norm)
        best = np.array([max_margin.maximal_margin(rows, norm) for rows in x])
        assert (reached <= best * (1 + 1e-9)).all()
        assert np.median(reached / best) > 0.97


@pytest.mark.parametrize("recorded", [[0], [11], []])
def test_steps_outside_the_run_are_refused(recorded):
    with pytest.raises(ValueError, match="between 1 and 10"):
        max_margin.descend(torch.eye(2), max_margin.NormalisedDescent(), steps=10, record_at=recorded)


def test_networks_are_homogeneous_without_biases_and_not_with_them():
    x = torch.randn(3, 7, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    for biases, same in ((False, True), (True, False)):
        weights = max_margin.initial_parameters(range(3), widths=(4, 6, 5, 1), biases=biases)
        doubled = max_margin.outputs([2 * w for w in weights], x, biases=biases)
        assert torch.allclose(doubled, 8 * max_margin.outputs(weights, x, biases=biases)) is same


@pytest.mark.parametrize("step", [1.0, 0.5])
def test_the_smoothed_margin_rises_at_every_step_of_the_right_degree_only(step):
    generator = torch.Generator().manual_seed(3)
    x = torch.randn(3, 10, 4, generator=generator, dtype=torch.float64)
    y = x[..., 0].sign()
    weights = max_margin.initial_parameters(range(3), widths=(4, 16, 1), scale=0.7)
    path = max_margin.follow(weights, x, y, steps=round(300 / step), step=step)
    rises, wrong = (path.log_smoothed_margin(degree).diff(dim=1) for degree in (2, 3))
    assert (torch.isfinite(rises).sum(1) > 20).all()
    assert not (rises < -1e-12).any()
    assert (wrong < -1e-12).any(1).all()
    ratio = torch.exp(path.log_smoothed_margin(2)) / path.normalised_margin(2)
    assert (ratio[torch.isfinite(ratio)] <= 1 + 1e-12).all()


def test_a_chain_in_log_time_follows_its_own_ordinary_time():
    """One unit sample and two equal weights: q' = 2 q exp(-q), so that t = (Ei(q) - Ei(q_0))/2."""
    from scipy.special import expi

    weights = [torch.full((1, 1, 1), 0.8, dtype=torch.float64)] * 2
    one = torch.ones(1, 1, dtype=torch.float64)
    path = max_margin.follow(weights, one[..., None], one, steps=400, step=0.05)
    q, start = float(path.smallest_margin[0, -1]), 0.8**2
    assert float(path.log_time[0, -1]) == pytest.approx(np.log((expi(q) - expi(start)) / 2), abs=2e-3)


def _errors(exponent, log_time):
    rng = np.random.default_rng(1)
    curves = rng.uniform(0.5, 2, (12, 1)) * exponent(log_time + rng.uniform(0, 2, (12, 1)))
    return xr.DataArray(curves, dims=("seed", "log_time"), coords={"log_time": log_time})


def test_the_report_tells_a_logarithm_from_a_power():
    log_time = np.geomspace(15, 240, 17)
    report = max_margin.rate_report(_errors(lambda tau: 1 / tau, log_time))
    assert report.squaring_ratio.value == pytest.approx(0.5, abs=0.01)
    assert report.shifted_rate.value == pytest.approx(1.0, abs=1e-3)
    power = max_margin.rate_report(_errors(lambda tau: np.exp(-tau / 2), log_time))
    assert power.exponential_rate.value == pytest.approx(0.5, abs=1e-6)
    assert power.squaring_ratio.high < 1e-10


def test_the_report_refuses_a_short_horizon_or_says_so():
    early = _errors(lambda tau: 1 / tau, np.linspace(4, 13.8, 12))
    with pytest.raises(max_margin.ShortHorizon, match="too short"):
        max_margin.rate_report(early, first=4.0)
    report = max_margin.rate_report(early, allow_short=True)
    assert report.short and "too short" in str(report)
    with pytest.raises(StatisticsError, match="seed and log_time"):
        max_margin.rate_report(early.isel(seed=0))
