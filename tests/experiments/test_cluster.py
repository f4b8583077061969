"""Cells on a real Dask cluster of two worker processes, and what happens when parts of it die."""

import os
import signal
import socket
import sys
import threading
import time
from collections import Counter

import pytest
import toy_experiments as toys
from local_cluster import LocalCluster, wait_until

from verified_dynamics import catalogue
from verified_dynamics.command_line import main
from verified_dynamics.experiments import ClusterError, ExperimentError, connect, digest, plan
from verified_dynamics.experiments import cluster as clusters


@pytest.fixture(scope="module")
def started(tmp_path_factory):
    """The one cluster of this module, started again where a test ended it."""
    running = {}

    def start() -> LocalCluster:
        if "now" not in running or not running["now"].alive:
            running["now"] = LocalCluster(tmp_path_factory.mktemp("cluster") / "processes")
        return running["now"]

    yield start
    if "now" in running:
        running["now"].stop()


@pytest.fixture
def local(started):
    return started()


@pytest.fixture
def cells(tmp_path):
    """The held experiment with its marks in a folder, and helpers to read them."""
    return Cells(tmp_path)


class Cells:
    def __init__(self, folder):
        self.folder, self.store = folder, folder / "cells"
        self.sizes = toys.held.smoke.changed(settings={"folder": str(folder)})

    def put(self, name):
        (self.folder / name).touch()

    def drop(self, name):
        (self.folder / name).unlink()

    def log(self):
        """(cell, process) of every execution."""
        path = self.folder / "log"
        return (
            [tuple(map(int, line.split())) for line in path.read_text().splitlines()] if path.exists() else []
        )

    def counts(self):
        return Counter(cell for cell, _ in self.log())

    def kept(self):
        return len(list(self.store.rglob("[!.]*.nc")))

    def when(self, condition, act):
        """In a thread of its own: wait for the condition, then act."""
        thread = threading.Thread(target=lambda: (wait_until(condition, "the cells"), act()), daemon=True)
        thread.start()
        return thread


def two_workers(cluster):
    wait_until(lambda: cluster._count() == 2, "two workers")


def interrupt_until(noticed):
    """Ctrl-C, and once more whenever it was lost: Python drops what a signal raises inside a finaliser."""
    os.kill(os.getpid(), signal.SIGINT)
    while not noticed.wait(30):
        os.kill(os.getpid(), signal.SIGINT)


def silent(text):
    pass


def test_data_are_those_of_the_run_in_this_process_and_the_origin_is_the_workers(local, cells):
    with connect(local.address, notice=silent) as cluster:
        two_workers(cluster)
        there = toys.held.run(cells.sizes, executor=cluster, store=cells.store)
        again = plan(toys.held, cells.sizes, executor=cluster, store=cells.store)
    processes = {process for _, process in cells.log()}
    assert len(processes) == 2 and os.getpid() not in processes
    here = toys.held.run(cells.sizes)
    assert digest(there.data) == digest(here.data)
    assert there.provenance == here.provenance
    assert 10**7 < there.cost["peak_memory_bytes"] < 10**11
    assert len(again.done) == 6


def test_a_killed_worker_costs_only_its_cell(local, cells):
    cells.put("hold-2")

    def kill():
        os.kill(next(process for cell, process in cells.log() if cell == 2), signal.SIGKILL)
        cells.drop("hold-2")

    with connect(local.address, notice=silent) as cluster:
        two_workers(cluster)
        cells.when(lambda: cells.kept() == 5 and 2 in cells.counts(), kill)
        there = toys.held.run(cells.sizes, executor=cluster, store=cells.store)
    assert cells.counts() == {0: 1, 1: 1, 2: 2, 3: 1, 4: 1, 5: 1}
    assert digest(there.data) == digest(toys.held.run(cells.sizes).data)


def test_a_cell_that_kills_worker_after_worker_is_named_and_the_others_are_kept(local, cells):
    cells.put("kill-1")
    with connect(local.address, notice=silent) as cluster:
        two_workers(cluster)
        with pytest.raises(
            ExperimentError, match=r"toy-held, cell .*cell=1, .*2 workers died .*--memory-limit"
        ):
            toys.held.run(cells.sizes, executor=cluster, store=cells.store)
        assert cells.kept() == 5
        cells.drop("kill-1")
        toys.held.run(cells.sizes, executor=cluster, store=cells.store)
    assert cells.counts()[1] == 3


def test_ctrl_c_leaves_nothing_in_the_queue(local, cells):
    cells.put("hold-0")
    cells.put("hold-1")
    with connect(local.address, notice=silent) as cluster:
        two_workers(cluster)
        noticed = threading.Event()
        # The event loop of a notebook that ran in this process before may have taken Ctrl-C over.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        cells.when(lambda: len(cells.log()) == 2, lambda: interrupt_until(noticed))
        try:
            with pytest.raises(KeyboardInterrupt):
                toys.held.run(cells.sizes, executor=cluster, store=cells.store)
        finally:
            noticed.set()  # else later tests of this process would be interrupted
            signal.signal(signal.SIGINT, before)
    cells.drop("hold-0")
    cells.drop("hold-1")
    with connect(local.address, notice=silent) as cluster:
        toys.growth.run(executor=cluster)
    assert set(cells.counts()) == {0, 1}


def test_what_a_worker_cannot_load_is_told_in_one_sentence(local, tmp_path, monkeypatch):
    (tmp_path / "only_here.py").write_text(toys.__file__ and open(toys.__file__).read())
    monkeypatch.syspath_prepend(tmp_path)
    import only_here

    with connect(local.address, notice=silent) as cluster:
        with pytest.raises(ClusterError, match=r"worker tcp://\S+ cannot load .*No module named 'only_here'"):
            only_here.growth.run(executor=cluster)
        monkeypatch.setattr(clusters, "code_state", lambda function: "edited")
        with pytest.raises(ClusterError, match="another state of the code of this experiment"):
            toys.growth.run(executor=cluster)
    sys.modules.pop("only_here")


def test_a_missing_device_is_the_workers_matter(local):
    with connect(local.address, notice=silent) as cluster:
        with pytest.raises(
            ClusterError, match=r"worker tcp://\S+ cannot take part: there is no device 'cuda:7'"
        ):
            toys.growth.run(executor=cluster, device="cuda:7")


def test_a_scheduler_that_dies_is_one_sentence_and_what_was_finished_is_kept(
    local, cells, monkeypatch, capfd
):
    monkeypatch.setattr(catalogue, "experiments", lambda: {"toy-held": toys.held})
    monkeypatch.setattr("sys.argv", [
        "verified-dynamics", "run", "toy-held", "--set", f"folder={cells.folder}",
        "--out", str(cells.folder / "out"), "--scheduler", local.address,
    ])  # fmt: skip
    cells.store = cells.folder / "out" / ".cells"
    cells.put("hold-4")
    ended = []

    def end():
        ended.append(time.monotonic())
        local.scheduler.kill()

    cells.when(lambda: cells.kept() == 5 and 4 in cells.counts(), end)
    with pytest.raises(SystemExit) as stopped:
        main()
    told = capfd.readouterr().err
    assert time.monotonic() - ended[0] < 20
    assert stopped.value.code == 2 and told.count("\n") == 1 and "Traceback" not in told
    assert "the connection to the scheduler at tcp://" in told and "What was finished is kept" in told
    local.stop()
    cells.drop("hold-4")
    before = cells.counts()
    toys.held.run(cells.sizes, store=cells.store)  # the same machine, hence the same cells
    assert cells.counts() - before == {4: 1}


def test_nobody_at_the_address_is_one_sentence(monkeypatch, capfd):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    start = time.monotonic()
    with pytest.raises(ClusterError, match=f"no Dask scheduler answers at {address}.*start one"):
        with connect(address, timeout=0.5):
            pass
    assert time.monotonic() - start < 8
    assert clusters.PATIENCE <= 8
    assert capfd.readouterr().err == ""


def test_without_the_package_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ClusterError, match=r"pip install 'verified-dynamics\[cluster\]'"):
        with connect("tcp://127.0.0.1:1"):
            pass
