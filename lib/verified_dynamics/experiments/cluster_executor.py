"""The executor of one run on a cluster: no more cells are with the cluster than it has places for them.

What waits, waits here. So an interrupted run leaves nothing in the cluster's queue, and a cell that kills its worker
takes no other cell into its count of deaths. A result is fetched at once and then given up by the cluster, which would
otherwise compute it again if the worker that holds it died.
"""

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from functools import partial

from verified_dynamics.experiments.cluster_worker import carry_out, opening_with_address, sealed
from verified_dynamics.experiments.declaration import Experiment, ExperimentError
from verified_dynamics.experiments.provenance import Place

KEPT = "What was finished is kept, and the same command goes on from there."


class ClusterError(ExperimentError):
    """A cluster cannot be reached, is gone, or has workers that cannot take part; the message says what to do."""


class WorkersDied(RuntimeError):
    """Worker after worker died while it ran one cell."""


class ClusterExecutor(Executor):
    """Runs the cells of one experiment on the workers of a cluster; made by `Cluster.on`.

    place: where the cells run, as the workers said at the start.
    """

    def __init__(self, client, places: Callable[[], int], experiment: Experiment, expected: dict):
        self.place: Place = expected["place"]
        self._client, self._places = client, places
        self._experiment, self._expected = experiment, expected
        self._waiting: deque[tuple[Future, bytes]] = deque()
        self._under_way: dict[Future, object] = {}
        self._machines: list[dict] = []
        self._lock = threading.RLock()
        self._failure: ClusterError | None = None

    @property
    def busy(self) -> bool:
        """Whether cells wait or are under way."""
        return bool(self._waiting or self._under_way)

    def submit(self, compute: Callable, /, *arguments) -> Future:
        """Run compute(*arguments) on a worker as soon as there is a place; both must be importable there."""
        local: Future = Future()
        message = sealed(carry_out, compute, arguments, self._experiment, self.place.device, self._expected)
        with self._lock:
            self._waiting.append((local, message))
        self.send()
        return local

    def send(self) -> None:
        """Send as many waiting cells as there are places."""
        with self._lock:
            while not self._failure and self._waiting and len(self._under_way) < max(1, self._places()):
                local, message = self._waiting.popleft()
                if local.cancelled():
                    continue
                self._under_way[local] = None
                try:
                    remote = self._remote(message)
                except Exception:  # the client has closed itself
                    return self.stop(lost(self._client), everything=True)
                self._under_way[local] = remote
                local.add_done_callback(self._forget_cancelled)
                remote.add_done_callback(partial(self._receive, local))
            if self._failure:
                self.stop(self._failure)

    def stop(self, failure: ClusterError, *, everything: bool = False) -> None:
        """Let all that waits fail with this error; with `everything`, also what is under way."""
        with self._lock:
            self._failure = self._failure or failure
            futures = [local for local, _ in self._waiting]
            self._waiting.clear()
            if everything:
                futures += list(self._under_way)
                self._under_way.clear()
        for local in futures:
            _settle(local, error=self._failure)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Cancel what waits, if asked; the connection belongs to the `Cluster`."""
        if cancel_futures:
            with self._lock:
                futures = [*(local for local, _ in self._waiting), *self._under_way]
            for local in futures:
                local.cancel()

    def origin(self, planned: dict) -> dict:
        """The provenance of the run, with the machines that ran its cells; of several, all are named."""
        machines = self._machines or [planned["machine"]]
        return {**planned, "machine": together(machines)}

    def _remote(self, message: bytes):
        need = {"resources": {"GPU": 1}} if self.place.device.startswith("cuda") else {}
        return self._client.submit(opening_with_address(), message, pure=False, **need)

    def _forget_cancelled(self, local: Future) -> None:
        if local.cancelled():
            with self._lock:
                remote = self._under_way.pop(local, None)
            if remote is not None:
                remote.release()

    def _receive(self, local: Future, remote) -> None:
        """What the cluster has to say about a cell, in the client's own thread for it."""
        if local.done():
            return
        try:
            result, error = self._read(remote)
            remote.release()
        except Exception:  # the connection broke while the result was fetched
            result, error = None, lost(self._client)
        with self._lock:
            self._under_way.pop(local, None)
        if isinstance(error, ClusterError):
            self.stop(error)
        self.send()
        _settle(local, result, error)

    def _read(self, remote) -> tuple[object, BaseException | None]:
        if remote.status == "error":
            return None, _told(remote.exception())
        if remote.status != "finished":
            return None, lost(self._client)
        worker, wrong, outcome = remote.result()
        if wrong:
            return None, foreign(worker, wrong)
        result, machine = outcome
        with self._lock:
            self._machines += [machine] if machine not in self._machines else []
        return result, None


def foreign(worker: str, wrong: str) -> ClusterError:
    """The error of a worker that cannot take part."""
    return ClusterError(f"the worker {worker} {wrong}; start all workers in the same environment. {KEPT}")


def lost(client) -> ClusterError:
    """The error of a scheduler that is gone."""
    return ClusterError(f"the connection to the scheduler at {client.scheduler.address} is lost. {KEPT}")


def together(machines: list[dict]) -> dict:
    """Several machines as one: what they share, and where they differ all of it, joined by "or"."""
    return {
        what: machines[0][what]
        if all(machine[what] == machines[0][what] for machine in machines)
        else " or ".join(sorted({str(machine[what]) for machine in machines}))
        for what in machines[0]
    }


def _told(error: BaseException) -> BaseException:
    from distributed.scheduler import KilledWorker

    if not isinstance(error, KilledWorker):
        return error
    return WorkersDied(
        f"{error.allowed_failures + 1} workers died while they ran it, the last one {error.last_worker.address}; most "
        "often memory was short: give the workers more (--memory-limit), or run fewer seeds or a smaller setting."
    )


def _settle(local: Future, result=None, error: BaseException | None = None) -> None:
    if local.done() or not local.set_running_or_notify_cancel():
        return
    if error is None:
        local.set_result(result)
    else:
        local.set_exception(error)
