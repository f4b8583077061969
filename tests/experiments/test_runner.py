import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import toy_experiments as toys
import xarray as xr

from verified_dynamics.experiments import DeviceError, ExperimentError, Profile, choose_device, digest, plan


def test_cells_become_dimensions():
    data = toys.growth.run().data
    assert data["size"].dims == ("rate", "kind", "seed", "step")
    assert data["size"].sel(rate=2.0, kind="odd", seed=1, step=3).item() == 1 + 2 * 3
    assert list(data["seed"].values) == [0, 1, 2]


def test_every_executor_gives_the_same_data():
    alone = toys.growth.run("smoke")
    with ThreadPoolExecutor(3) as threads:
        threaded = toys.growth.run("smoke", executor=threads)
    assert digest(alone.data) == digest(threaded.data)


def test_worker_processes_give_the_same_data(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(toys.__file__).parent), prepend=os.pathsep)
    from multiprocessing import get_context

    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as processes:
        other = toys.growth.run("smoke", executor=processes)
    assert digest(toys.growth.run().data) == digest(other.data)


def test_finished_cells_are_not_run_again(tmp_path):
    log = tmp_path / "log"
    sizes = toys.slow.smoke.changed(settings={"log": str(log)})
    first = toys.slow.run(sizes, store=tmp_path / "cells")
    second = toys.slow.run(sizes, store=tmp_path / "cells")
    assert len(log.read_text().splitlines()) == 6
    assert digest(first.data) == digest(second.data)
    assert len(plan(toys.slow, sizes, store=tmp_path / "cells").done) == 6


def test_another_size_does_not_reuse_the_cells(tmp_path):
    toys.growth.run("smoke", store=tmp_path)
    assert plan(toys.growth, toys.growth.smoke.changed(seeds=2), store=tmp_path).done == []


def test_a_damaged_stored_cell_runs_again(tmp_path):
    first = toys.growth.run("smoke", store=tmp_path)
    victim = sorted(tmp_path.rglob("*.nc"))[0]
    victim.write_bytes(victim.read_bytes()[:50])
    assert digest(toys.growth.run("smoke", store=tmp_path).data) == digest(first.data)


def test_a_killed_run_resumes_and_loses_nothing(tmp_path):
    log, cells = tmp_path / "log", tmp_path / "cells"
    code = (
        "import sys; from pathlib import Path; import toy_experiments as toys\n"
        f"sizes = toys.slow.smoke.changed(settings={{'log': {str(log)!r}, 'pause': 0.3}})\n"
        f"toys.slow.run(sizes, store=Path({str(cells)!r}))\n"
    )
    search = os.pathsep.join([str(Path(toys.__file__).parent), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": search}
    process = subprocess.Popen([sys.executable, "-c", code], env=environment)
    deadline = time.monotonic() + 120
    while not (log.exists() and len(log.read_text().splitlines()) >= 3):
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    kept = len(list(cells.rglob("*.nc")))
    assert kept >= 2
    sizes = toys.slow.smoke.changed(settings={"log": str(log), "pause": 0.3})
    resumed = toys.slow.run(sizes, store=cells)
    assert len(log.read_text().splitlines()) == 6 + 3 - kept  # only the cell that was cut off ran twice
    assert np.array_equal(resumed.data["value"].values, toys.slow.run().data["value"].values)


def test_short_memory_halves_the_seeds_and_changes_nothing():
    assert list(toys.hungry.run("smoke").data["value"].values) == [s * s for s in range(7)]


def test_a_device_too_small_for_one_seed_is_a_clear_error():
    with pytest.raises(DeviceError, match="one seed alone does not fit"):
        toys.hungry.run("full")


@pytest.mark.parametrize("executor", [None, ThreadPoolExecutor(1)])
def test_a_failing_cell_is_named_and_the_finished_ones_are_kept(tmp_path, executor):
    sizes = toys.broken.smoke.changed(settings={"folder": str(tmp_path)})
    with pytest.raises(
        ExperimentError, match=r"toy-broken, cell .*cell=1, failed with ZeroDivisionError: planted"
    ):
        toys.broken.run(sizes, store=tmp_path / "cells", executor=executor)
    assert (tmp_path / "0").exists()
    assert len(list((tmp_path / "cells").rglob("*.nc"))) == (2 if executor else 1)


def test_progress_counts_the_cells():
    seen = []
    toys.growth.run("smoke", progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_a_missing_device_is_named_with_those_that_are_there():
    with pytest.raises(DeviceError, match=r"no device 'cuda:99'.*cpu"):
        choose_device("cuda:99")


def test_what_an_experiment_returns_is_checked():
    bad = [
        (lambda c, s, d: 3, "must give an xarray.Dataset"),
        (lambda c, s, d: xr.Dataset({"size": (("seed",), [1.0])}), "asked for 3 seeds and gave 1"),
        (lambda c, s, d: xr.Dataset({"strange": ((), 1.0)}), "declare a tolerance for strange"),
    ]
    from dataclasses import replace

    for function, words in bad:
        with pytest.raises(ExperimentError, match=words):
            replace(toys.growth, function=function).run()


def test_cells_of_different_shape_are_a_clear_error():
    from dataclasses import replace

    def ragged(cell, seeds, device):
        length = 2 if cell["rate"] == 1.0 else 3
        return xr.Dataset({"size": (("step",), np.zeros(length))}, coords={"step": range(length)})

    with pytest.raises(ExperimentError, match="same variables, shapes and coordinates"):
        replace(toys.growth, function=ragged).run()


def test_a_profile_of_another_experiment_is_called_changed():
    assert (
        toys.growth.run(Profile(grid={"rate": (1.0,), "kind": ("odd",)}, settings={"steps": 2})).profile
        == "changed"
    )
