"""Which workers may take part in a run: checked on a pretended cluster with GPUs, since the machine may have none."""

from types import SimpleNamespace

import pytest
import toy_experiments as toys

from verified_dynamics.experiments import ClusterError
from verified_dynamics.experiments.cluster import Cluster
from verified_dynamics.experiments.cluster_executor import ClusterExecutor, together
from verified_dynamics.experiments.code_state import code_state
from verified_dynamics.experiments.provenance import Place

MACHINE = {"processor": "A", "threads": 1}
HOST = {"host": {"python": "3.11.7.final.0"}, "packages": {"distributed": "2026.8.0"}}


def worker(name="NVIDIA H200", gpu="one", **changes):
    versions = {"torch": "2.6.0", "python": "3.11.7", **changes.pop("versions", {})}
    place = Place("cuda", name, changes.pop("machine", MACHINE), versions)
    return {
        "place": place,
        "code": code_state(toys.growth.function),
        "gpu": ("host", gpu, "0", "cuda"),
        **changes,
    }


class PretendedClient:
    """Answers as a client of a cluster with these workers does."""

    scheduler = SimpleNamespace(address="tcp://pretended:1")
    status = "running"

    def __init__(self, workers, *, gpus=1, scheduler=HOST):
        self.workers, self.gpus, self.versions, self.sent = workers, gpus, scheduler, []

    def run(self, opening, message):
        return {
            f"tcp://{i}": found if isinstance(found, tuple) else (None, found)
            for i, found in enumerate(self.workers)
        }

    def run_on_scheduler(self, count):
        return {f"tcp://{i}": (1, self.gpus) for i in range(len(self.workers))}

    def get_versions(self):
        return {"client": HOST, "scheduler": self.versions, "workers": {}}

    def submit(self, function, message, **options):
        self.sent.append(options)
        return SimpleNamespace(add_done_callback=lambda callback: None, release=lambda: None)

    def close(self, timeout):
        pass


def agree(*workers, **options):
    cluster = Cluster(PretendedClient(workers, **options), print)
    try:
        return cluster.on("auto", toys.growth)
    finally:
        cluster.close()


def test_workers_of_one_kind_take_part_whatever_their_machines():
    place = agree(worker(), worker(gpu="two", machine={"processor": "B", "threads": 1})).place
    assert place.device_name == "NVIDIA H200"
    assert place.machine == {"processor": "A or B", "threads": 1}


@pytest.mark.parametrize(
    ("second", "words"),
    [
        (
            worker("CPU (x86_64)", "two"),
            r"tcp://1 computes on CPU \(x86_64\), not on NVIDIA H200 as tcp://0 does",
        ),
        (worker(gpu="two", versions={"torch": "2.7.0"}), "tcp://1 has torch 2.7.0, not 2.6.0"),
        (worker(gpu="two", versions={"sympy": "1.0"}), "tcp://1 has sympy 1.0, not missing"),
        (worker(gpu="two", code="other"), "tcp://1 has another state of the code"),
        (worker(), "tcp://0 and tcp://1 share one GPU; .*CUDA_VISIBLE_DEVICES"),
        (("cannot load the experiment (no such module)", None), "tcp://1 cannot load the experiment"),
    ],
)
def test_one_that_differs_is_refused_by_name(second, words):
    with pytest.raises(ClusterError, match=words):
        agree(worker(), second)


def test_a_gpu_that_is_not_offered_would_wait_for_ever_and_is_refused():
    with pytest.raises(ClusterError, match="tcp://0 does not offer its GPU.*--resources GPU=1"):
        agree(worker(), gpus=0)


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ({"host": {"python": "3.12.1.final.0"}}, "the scheduler has Python 3.12 and this machine has 3.11"),
        ({"packages": {"distributed": "2024.2.0"}}, "the scheduler has distributed 2024.2.0"),
    ],
)
def test_a_scheduler_that_could_not_read_the_messages_is_refused(part, words):
    with pytest.raises(ClusterError, match=words):
        agree(worker(), scheduler={**HOST, **part})


def test_a_cell_on_a_gpu_takes_one_and_no_more_cells_are_sent_than_there_are_gpus():
    client = PretendedClient([])
    expected = {"place": worker()["place"], "code": "same"}
    executor = ClusterExecutor(client, lambda: 2, toys.growth, expected)
    futures = [executor.submit(print, number) for number in range(5)]
    assert [options["resources"] for options in client.sent] == [{"GPU": 1}, {"GPU": 1}]
    futures[0].cancel()
    executor.send()
    assert len(client.sent) == 3


def test_machines_that_agree_are_one():
    assert together([MACHINE, dict(MACHINE)]) == MACHINE
