"""A process that has imported everything once and forks a child for each job: real processes, cheap to kill.

Run as a program it reads one JSON object in each line: {"start": JOB, ...} forks a child and prints its number,
{"wait": NUMBER} prints its exit status, negative for the signal that killed it.
"""

import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path


class WarmProcess:
    """The parent's side of it."""

    def __init__(self):
        search = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
        self.process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONPATH": search, "OMP_NUM_THREADS": "1"},
        )  # fmt: skip

    def ask(self, **request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=20)


def make_record(store, out):
    """Run the steady toy at full size, resuming from the store, and write its record."""
    full = toys.steady.run("full", device="cpu", store=Path(store))
    records.write_record(full, toys.steady.run("smoke", device="cpu"), Path(out))


def write_in_turns(out, shifts, times):
    """Write one record again and again, with other numbers each time."""
    made = []
    for shift in shifts:
        toys.SHIFT["value"] = shift
        made.append((toys.growth.run("full", device="cpu"), toys.growth.run("smoke", device="cpu")))
    place = os.replace

    def dawdle(draft, path):
        time.sleep(0.004 if path.suffix == ".json" else 0.0)
        place(draft, path)

    os.replace = dawdle
    for turn in range(times):
        records.write_record(*made[turn % len(made)], Path(out))


def run_changed(store, out, seeds):
    """Run the steady toy with another number of seeds from the same store, and write what it gave."""
    data = toys.steady.run(toys.steady.full.changed(seeds=seeds), device="cpu", store=Path(store)).data
    storage.write_atomically(Path(out), storage.to_bytes(data))


def record_on_a_small_disk(out, shift, largest):
    """Write a record where no file may grow beyond `largest` bytes; give the error's words."""
    toys.SHIFT["value"] = shift
    made = toys.growth.run("full", device="cpu"), toys.growth.run("smoke", device="cpu")
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # the write fails instead
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest, most))
    try:
        records.write_record(*made, Path(out))
    except records.RecordError as error:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        Path(out, "told").write_text(str(error))


JOBS = {job.__name__: job for job in (make_record, write_in_turns, run_changed, record_on_a_small_disk)}


def plant(fault):
    """Break in this process what the test of it has to notice."""
    if fault == "files written in place":

        def in_place(files):
            for path, content in files.items():
                path.parent.mkdir(parents=True, exist_ok=True)
                with open(path, "wb") as file:
                    file.write(content[: len(content) // 2])
                    file.flush()
                    time.sleep(0.05)
                    file.write(content[len(content) // 2 :])

        storage.write_together = records.write_together = in_place
    if fault == "nobody waits":
        records.alone = contextlib.nullcontext


def serve():
    for line in sys.stdin:
        request = json.loads(line)
        if "wait" in request:
            _, status = os.waitpid(request["wait"], 0)
            print(os.waitstatus_to_exitcode(status), flush=True)
            continue
        job, fault = JOBS[request.pop("start")], request.pop("fault", None)
        child = os.fork()
        if child == 0:
            os.close(0)
            plant(fault)
            try:
                job(**request)
            except BaseException as error:
                print(f"{job.__name__}: {type(error).__name__}: {error}", file=sys.stderr)
                os._exit(1)
            os._exit(0)
        print(child, flush=True)


if __name__ == "__main__":
    import toy_experiments as toys

    from verified_dynamics.experiments import records, storage

    os.chdir("/")  # no checkout: the commit is not asked for at each run
    storage.from_bytes(
        storage.to_bytes(toys.steady.run("smoke", device="cpu").data)
    )  # imports what comes late
    serve()
