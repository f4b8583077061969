"""A real Dask cluster on this machine for the tests: a scheduler and two workers, each a process of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch

LIMIT = 200.0  # seconds; generous, since the machine may be busy


def wait_until(condition: Callable[[], object], what: str) -> None:
    """Wait until the condition holds; an AssertionError that says what was awaited when it takes too long."""
    deadline = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.02)


class LocalCluster:
    """Starts its processes on free ports of the loopback device and ends them."""

    def __init__(self, folder: Path, workers: int = 2):
        folder.mkdir(parents=True)
        found = folder / "scheduler.json"
        self.environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *filter(None, sys.path)]),
            "OMP_NUM_THREADS": str(torch.get_num_threads()),
            "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1",
        }
        self.log = folder / "log"
        self.scheduler = self._start(
            "dask_scheduler",
            "--host",
            "127.0.0.1",
            "--port",
            "0",
            "--no-dashboard",
            "--scheduler-file",
            str(found),
        )
        wait_until(found.exists, "the scheduler")
        self.address = json.loads(found.read_text())["address"]
        self.workers = self._start(
            "dask_worker", self.address, "--host", "127.0.0.1", "--nworkers", str(workers), "--nthreads", "1",
            "--no-dashboard", "--local-directory", str(folder),
        )  # fmt: skip

    def _start(self, command: str, *arguments: str) -> subprocess.Popen:
        with open(self.log, "a") as log:
            return subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.{command}", *arguments],
                env=self.environment, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    @property
    def alive(self) -> bool:
        """Whether the scheduler and the workers' guardian run."""
        return self.scheduler.poll() is None and self.workers.poll() is None

    def stop(self) -> None:
        """End all processes, those of the workers included."""
        for process in (self.workers, self.scheduler):
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()
