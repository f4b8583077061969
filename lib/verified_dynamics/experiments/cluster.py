"""Run cells on the workers of a Dask cluster: one at a time on each GPU, and a worker that dies costs only its cell.

The machine that asks needs no GPU. Device, versions and memory are those of the workers, which must agree on them,
since a run has one origin.
"""

import logging
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

from verified_dynamics.experiments.cluster_executor import (
    KEPT,
    ClusterError,
    ClusterExecutor,
    foreign,
    lost,
    together,
)
from verified_dynamics.experiments.cluster_worker import answer, counting, differs, opening, sealed
from verified_dynamics.experiments.code_state import code_state
from verified_dynamics.experiments.declaration import Experiment

NOISY = ("distributed", "tornado", "asyncio")
PATIENCE = 8.0  # seconds within which a scheduler answers


class Cluster:
    """A connection to the scheduler of a Dask cluster; made by `connect`, and given to `run` as its executor."""

    def __init__(self, client, notice: Callable[[str], None]):
        self._client, self._notice = client, notice
        self._workers: dict[str, tuple[int, float]] = {}
        self._executor: ClusterExecutor | None = None
        self._closing = threading.Event()
        threading.Thread(target=self._watch, name="cluster-watch", daemon=True).start()

    def on(self, device: str, experiment: Experiment) -> ClusterExecutor:
        """The executor of one run of that experiment on that device of the workers; waits until there is a worker.

        Raises ClusterError when the workers cannot take part: device, library or experiment is missing on one, two of
        them differ in device, versions or code, or two share a GPU.
        """
        self._await_workers()
        expected = self._agree(device, experiment)
        kind = 1 if expected["place"].device.startswith("cuda") else 0
        self._executor = ClusterExecutor(
            self._client,
            lambda: int(sum(worker[kind] for worker in self._workers.values())),
            experiment,
            expected,
        )
        return self._executor

    def _await_workers(self) -> None:
        told = False
        while not self._count():
            if not told:
                self._notice(
                    f"No worker has joined {self._address} yet; waiting for the first one. Start it with: "
                    f"dask worker {self._address} --nthreads 1"
                )
                told = True
            time.sleep(0.2)

    def _count(self) -> int:
        try:
            self._workers = self._client.run_on_scheduler(counting())
        except Exception:
            raise lost(self._client) from None
        return len(self._workers)

    @property
    def _address(self) -> str:
        return self._client.scheduler.address

    def _agree(self, device: str, experiment: Experiment) -> dict:
        """Place and code of all workers; raises ClusterError when one cannot take part or differs from the others."""
        self._check_environments()
        ours, machines = code_state(experiment.function), []
        first: tuple[str, dict] | None = None
        gpus: dict[tuple, str] = {}
        answers = self._client.run(opening(), sealed(answer, experiment, device))
        for worker, (wrong, found) in sorted(answers.items()):
            if wrong:
                raise foreign(worker, wrong)
            if found["code"] != ours:
                raise foreign(worker, "has another state of the code of this experiment than this machine")
            first = first or (worker, found)
            difference = differs(found, first[1])
            if difference:
                raise foreign(worker, f"{difference} as {first[0]} does")
            self._check_gpu(worker, found["gpu"], gpus)
            machines.append(found["place"].machine)
        place = replace(first[1]["place"], machine=together(machines))
        return {"place": place, "code": ours}

    def _check_gpu(self, worker: str, gpu: tuple | None, seen: dict[tuple, str]) -> None:
        if gpu is None:
            return
        if self._workers.get(worker, (0, 1))[1] < 1:
            raise ClusterError(
                f"the worker {worker} does not offer its GPU; start it with --resources GPU=1, so that it runs "
                "one cell at a time."
            )
        if gpu in seen:
            raise ClusterError(
                f"the workers {seen[gpu]} and {worker} share one GPU; give each its own with CUDA_VISIBLE_DEVICES."
            )
        seen[gpu] = worker

    def _check_environments(self) -> None:
        """Python and `distributed` must be the same everywhere, or messages cannot be read."""
        found = self._client.get_versions()
        everyone = {"the scheduler": found["scheduler"]}
        everyone |= {f"the worker {address}": versions for address, versions in found["workers"].items()}
        ours = _environment(found["client"])
        for name, versions in everyone.items():
            for what, need in ours.items():
                have = _environment(versions)[what]
                if have != need:
                    raise ClusterError(
                        f"{name} has {what} {have} and this machine has {need}; install the same on all."
                    )

    def _watch(self) -> None:
        """Keep count of the workers, tell when none is left, and stop the run at once when the scheduler is gone."""
        told = False
        while not self._closing.wait(0.5):
            executor = self._executor
            if executor is None:
                continue
            try:
                count = self._count() if self._client.status == "running" else None
            except ClusterError:
                count = None
            if self._closing.is_set():
                return
            if count is None:
                return executor.stop(lost(self._client), everything=True)
            if not count and not told and executor.busy:
                self._notice(f"No worker is left at {self._address}; waiting for one. {KEPT}")
            told = not count
            executor.send()

    def close(self) -> None:
        """Forget what is under way and disconnect; the cluster goes on."""
        self._closing.set()
        if self._executor:
            self._executor.shutdown(cancel_futures=True)
        with suppress(Exception):
            self._client.close(timeout=2)


@contextmanager
def connect(
    address: str, *, timeout: float = PATIENCE, notice: Callable[[str], None] = print
) -> Iterator[Cluster]:
    """Connect to the scheduler at an address such as "tcp://10.0.0.1:8786" and give a `Cluster` for `run(executor=…)`.

    timeout: seconds within which the scheduler must answer. notice: called with a sentence when a run has to wait
    for workers. Raises ClusterError when `distributed` is not installed or nothing answers at the address.
    """
    try:
        from distributed import Client
        from distributed.versions import VersionMismatchWarning
    except ImportError:
        raise ClusterError(
            "running on a cluster needs the package distributed: pip install 'verified-dynamics[cluster]'."
        ) from None
    with _quiet():
        try:
            with warnings.catch_warnings():
                warnings.simplefilter(
                    "ignore", VersionMismatchWarning
                )  # they are checked, in words, at each run
                client = Client(address, timeout=timeout, set_as_default=False)
        except Exception as error:
            raise ClusterError(
                f"no Dask scheduler answers at {address} ({_first_line(error)}); start one with: dask scheduler"
            ) from None
        cluster = Cluster(client, notice)
        try:
            yield cluster
        finally:
            cluster.close()


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the logs of the connection from the terminal: what matters in them is told in words."""
    names = [name for name in logging.root.manager.loggerDict if name.split(".")[0] in NOISY]
    before = {name: logging.getLogger(name).level for name in names}
    for name in names:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)


def _environment(versions: dict) -> dict[str, str]:
    python = ".".join(str(versions["host"]["python"]).split(".")[:2])
    return {"Python": python, "distributed": versions["packages"]["distributed"]}


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
