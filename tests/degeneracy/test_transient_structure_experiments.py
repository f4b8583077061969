"""The declared runs at a size of nothing: what they return, and statistics on the cheap ones."""

import numpy as np
import pytest

from verified_dynamics.degeneracy.transient_structure import experiments

TINY = {"width": 8, "steps": 4, "batch": 8, "records": 2, "sequences": 16}


def tiny(experiment, **changes):
    settings = {**experiment.smoke.settings, **TINY, **changes}
    return experiment.function({name: settings[name] for name in experiment.smoke.settings}, [0, 7], "cpu")


@pytest.mark.parametrize(
    ("experiment", "changes", "pools"),
    [
        (experiments.leaving_ridge, {"before": 3}, ["2", "infinite"]),
        (experiments.task_diversity, {}, ["2", "infinite"]),
        (experiments.pools_of_tasks, {"probe": 2, "samples": 8, "draws": 4}, ["4", "64"]),
    ],
)
def test_trainings_return_curves_and_levels(experiment, changes, pools):
    data = tiny(experiment, **changes)
    assert data.pool.values.tolist() == pools
    assert data.loss.dims == ("pool", "seed", "step", "law", "token")
    assert data.step.values.tolist() == [0, 2, 4]
    assert np.isfinite(data.loss).all() and set(data.data_vars) <= set(experiment.tolerances)
    # Networks of one seed start alike, and on the same Gaussian sequences.
    first = data.loss.isel(step=0).sel(law="gaussian")
    np.testing.assert_allclose(first.isel(pool=0), first.isel(pool=1), rtol=1e-6)
    # The first token is predicted without any outcome, so that ridge's loss there is the mean square of y.
    assert (data.between.sel(pool=pools[0]).mean("token") > 0).all()


def test_full_sizes_name_pools_that_can_be_read():
    for experiment in (experiments.leaving_ridge, experiments.task_diversity, experiments.pools_of_tasks):
        pools = experiment.full.settings["pools"].split()
        sizes = [float("inf") if pool == "infinite" else int(pool) for pool in pools]
        assert sizes == sorted(sizes) and sizes[-1] == float("inf")


def test_the_crossing_of_exact_evidence_lies_where_the_trade_off_puts_it():
    data = experiments.evidence_crossing.run("smoke").data
    ratio = experiments.crossing_ratio(data)
    # Single data sets scatter by a third, so that 32 of them leave a standard error of about 0.06.
    assert float(ratio.mean()) == pytest.approx(1, abs=0.25)
    assert float(experiments.crossing_over_rival(data).mean()) > 5


def test_a_wide_pool_does_not_come_near_ridge():
    settings = {"pools": 20}
    narrow, wide = (
        experiments.pools_to_ridge.function({**settings, "task_deviation": width}, list(range(6)), "cpu")
        for width in (1.0, 2.0)
    )
    assert float(narrow.squared_error.isel(size=-1).median()) < 0.3 * float(
        wide.squared_error.isel(size=-1).median()
    )
    assert float((narrow.squared_error.isel(size=0) / narrow.squared_error.isel(size=-1)).median()) > 5


def test_shares_of_joint_walks_follow_the_number_of_walks():
    data = experiments.joint_walks.run("smoke").data
    for walks in (1, 2, 3, 5):
        assert float(experiments.walk_share_ratio(walks)(data).mean()) == pytest.approx(1, abs=0.05)
    assert float(experiments.walk_share_over_single(5)(data).mean()) < 0.95
