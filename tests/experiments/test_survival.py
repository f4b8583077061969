"""Records and cells survive: runs killed at any moment, two writers at once, a full disk."""

import json
import os
import random
import signal
import time

import pytest
import toy_experiments as toys
from warm_process import WarmProcess

from verified_dynamics.experiments import RecordError, digest, read_record, write_record
from verified_dynamics.experiments.storage import from_bytes

KILLS = 25
COST = {"wall_seconds", "peak_memory_bytes", "cells_run", "cells_stored", "date", "commit"}


@pytest.fixture(scope="module")
def warm():
    process = WarmProcess()
    yield process
    process.close()


@pytest.fixture(scope="module")
def undisturbed(warm, tmp_path_factory):
    """The record of a run that nobody disturbs, its cells, and the seconds that it took."""
    folder = tmp_path_factory.mktemp("undisturbed")
    child = begin(warm, folder)  # the process is warm when it answers
    start = time.monotonic()
    assert finish(warm, child) == 0
    return contents(folder), time.monotonic() - start


def begin(warm, folder, fault=None):
    return warm.ask(start="make_record", store=str(folder / "cells"), out=str(folder / "out"), fault=fault)


def finish(warm, start):
    return warm.ask(wait=start)


def contents(folder):
    """What must not depend on being killed: data files byte by byte, the origin without its cost, the cells' data."""
    out = folder / "out" / "margin" / "toy"
    found = {path.name: path.read_bytes() for path in out.glob("*.nc")}
    record = json.loads((out / "toy-steady.json").read_bytes())
    origin = {name: value for name, value in record.pop("provenance").items() if name not in COST}
    return {"data": found, "record": record, "origin": origin, "cells": cells_in(folder)}


def cells_in(folder):
    return {path.name: digest(from_bytes(path.read_bytes())) for path in (folder / "cells").rglob("*.nc")}


def damage(folder, expected):
    """What is not whole in the folder of a run that was killed."""
    try:
        cells = cells_in(folder)
        record = read_record(toys.steady, folder / "out")
    except Exception as error:
        return [f"unreadable: {error}"]
    found = [name for name, data in cells.items() if expected["cells"].get(name) != data]
    return found + (["record"] if record and record.digest != expected["record"]["digest"] else [])


def kill_and_resume(warm, folder, undisturbed, fault=None):
    """Kill runs at random moments, each resumed by the next: (complaints, number of cells kept at each kill).

    A run that finishes before its moment is compared, and another one begins with an empty store.
    """
    expected, seconds = undisturbed
    moments, kept, rounds = random.Random(20), [], 0
    while len(kept) < KILLS:
        here = folder / str(rounds)
        child = begin(warm, here, fault)
        time.sleep(moments.uniform(0.0, seconds))
        os.kill(child, signal.SIGKILL)
        if finish(warm, child) == -signal.SIGKILL:
            kept.append(len(list(here.rglob("cells/**/[!.]*.nc"))))
            complaints = damage(here, expected)
        else:
            complaints = differences(here, expected)
            rounds += 1
        if complaints:
            return complaints, kept
    assert finish(warm, begin(warm, folder / str(rounds), fault)) == 0
    return differences(folder / str(rounds), expected), kept


def differences(folder, expected):
    found = contents(folder)
    left = [path.name for path in folder.rglob(".*")]
    return [part for part in expected if found[part] != expected[part]] + left


def test_runs_killed_at_random_moments_and_resumed_give_the_same_record(warm, undisturbed, tmp_path):
    complaints, kept = kill_and_resume(warm, tmp_path, undisturbed)
    assert not complaints
    assert len(kept) == KILLS and any(0 < n < 8 for n in kept)


def test_files_written_in_place_would_be_noticed(warm, undisturbed, tmp_path):
    assert kill_and_resume(warm, tmp_path, undisturbed, fault="files written in place")[0]


def race(warm, folder, fault=None):
    """Two processes write one record in turns while this one reads it: what went wrong."""
    good = set()
    for shift in (1.0, 2.0, 3.0, 4.0):
        toys.SHIFT["value"] = shift
        good.add(digest(toys.growth.run("full").data))
    children = [
        warm.ask(start="write_in_turns", out=str(folder), shifts=pair, times=12, fault=fault)
        for pair in ([1.0, 2.0], [3.0, 4.0])
    ]
    complaints, read = [], 0
    end = time.monotonic() + 120
    while any(os.path.exists(f"/proc/{child}/stat") and alive(child) for child in children):
        assert time.monotonic() < end
        try:
            record = read_record(toys.growth, folder)
        except RecordError as error:
            complaints.append(str(error))
            continue
        read += record is not None
        if record is not None and record.digest not in good:
            complaints.append("mixed")
    complaints += [
        f"exit status {status}" for status in (finish(warm, child) for child in children) if status
    ]
    left = [path.name for path in folder.rglob("*") if path.is_file()]
    return complaints + ([f"left {left}"] if len(left) != 3 else []), read


def alive(child):
    with open(f"/proc/{child}/stat") as file:
        return file.read().rpartition(")")[2].split()[0] != "Z"


@pytest.fixture(autouse=True)
def present_code():
    yield
    toys.SHIFT["value"] = 0.0


def test_two_writers_of_one_record_take_turns(warm, tmp_path):
    complaints, read = race(warm, tmp_path)
    assert not complaints and read > 3
    assert read_record(toys.growth, tmp_path)


def test_writers_that_do_not_wait_would_be_noticed(warm, tmp_path):
    assert race(warm, tmp_path, fault="nobody waits")[0]


def test_two_runs_at_once_and_one_of_another_size_do_not_mix(warm, undisturbed, tmp_path):
    changed = tmp_path / "changed.nc"
    children = [begin(warm, tmp_path), begin(warm, tmp_path)]
    children.append(warm.ask(start="run_changed", store=str(tmp_path / "cells"), out=str(changed), seeds=7))
    assert [finish(warm, child) for child in children] == [0, 0, 0]
    found, expected = contents(tmp_path), undisturbed[0]
    assert {part: found[part] == expected[part] for part in ("data", "record", "origin")} == dict.fromkeys(
        ("data", "record", "origin"), True
    )
    sizes = toys.steady.full.changed(seeds=7, settings={"pause": 0.0})
    assert digest(from_bytes(changed.read_bytes())) == digest(toys.steady.run(sizes).data)
    assert not list(tmp_path.rglob(".*"))


def test_a_disk_that_takes_no_more_leaves_the_old_record_whole(warm, tmp_path):
    write_record(toys.growth.run("full"), toys.growth.run("smoke"), tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    for largest in (0, 500, 1500):
        child = warm.ask(start="record_on_a_small_disk", out=str(tmp_path), shift=5.0, largest=largest)
        assert finish(warm, child) == 0
        told = (tmp_path / "told").read_text()
        (tmp_path / "told").unlink()
        assert "cannot be written" in told and "File too large" in told and "the old one" in told
        after = {path.name: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
        assert after == before
    assert read_record(toys.growth, tmp_path)
