"""`verified-dynamics run`: what it tells, what it keeps, and how it works through what is pending."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import xarray as xr
from typer.testing import CliRunner

from verified_dynamics import catalogue
from verified_dynamics.command_line import application, main
from verified_dynamics.command_line.terminal import TimeLeft, bytes_in_words, time_in_words
from verified_dynamics.experiments import Profile, Tolerance, experiment, read_record, storage

TROUBLE = {}  # (experiment, cell) -> exception to raise
SIZES = {"tolerances": {"value": Tolerance(atol=1e-6)}, "chapter": "margin/toy"}


def work(name, cell, seeds):
    if (name, cell) in TROUBLE:
        raise TROUBLE[name, cell]
    held = torch.ones(len(seeds), 1000, dtype=torch.float64)
    return xr.Dataset({"value": (("seed",), np.array([cell + s * held[0, 0].item() for s in seeds]))})


@experiment("large", smoke=Profile({"cell": (1, 2)}), full=Profile({"cell": (1, 2, 3)}, 5000), **SIZES)
def large(cell, seeds, device):
    """Take long."""
    return work("large", cell["cell"], seeds)


@experiment("small", smoke=Profile({"cell": (1, 2)}, 5), full=Profile({"cell": (1, 2, 3)}, 5), **SIZES)
def small(cell, seeds, device):
    """Take a moment."""
    return work("small", cell["cell"], seeds)


@experiment("medium", smoke=Profile({"cell": (1, 2)}), full=Profile({"cell": (1, 2, 3)}, 50), **SIZES)
def medium(cell, seeds, device):
    """Take a while."""
    return work("medium", cell["cell"], seeds)


@pytest.fixture(autouse=True)
def three(monkeypatch, tmp_path):
    """A catalogue with three experiments, records and cells below a temporary folder."""
    TROUBLE.clear()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VERIFIED_DYNAMICS_RECORDS", str(tmp_path / "records"))
    found = {"large": large, "medium": medium, "small": small}
    monkeypatch.setattr(catalogue, "experiments", lambda: found)
    return tmp_path


def call(*arguments):
    return CliRunner().invoke(application.application, ["run", *arguments])


def error_of(monkeypatch, capsys, *arguments):
    monkeypatch.setattr("sys.argv", ["verified-dynamics", "run", *arguments])
    with pytest.raises(SystemExit) as stopped:
        main()
    return stopped.value.code, capsys.readouterr().err


def test_a_run_tells_what_it_will_do_and_what_it_used(three):
    told = call("small", "--profile", "full", "--device", "cpu").output
    assert "3 cells × 5 seeds, 0 finished already" in told
    assert "device    CPU" in told and "result    " in told and "small.json" in told
    assert "of tensors in a cell, estimated from trials with up to" in told and "are free" in told
    assert "about 40 kB" in told  # five vectors of a thousand float64
    assert "with at most" in told and "3 cells run, 0 taken from the store" in told
    again = call("small", "--profile", "full", "--device", "cpu").output
    assert "3 finished already" in again and "replacing the record of" in again
    assert "0 cells run, 3 taken from the store" in again


def test_the_estimate_can_be_left_out_and_a_measured_peak_is_preferred():
    assert "memory    " not in call("small", "--profile", "full", "--seeds", "4", "--no-estimate").output
    TROUBLE["medium", 3] = ZeroDivisionError("planted")
    call("medium", "--profile", "full")
    TROUBLE.clear()
    assert "as the cells finished already took" in call("medium", "--profile", "full").output


def test_all_makes_what_is_pending_small_ones_first_and_goes_on_after_a_failure():
    TROUBLE["medium", 3] = ZeroDivisionError("planted")
    result = call("--all", "--profile", "full", "--device", "cpu", "--no-estimate")
    told = result.output
    assert result.exit_code == 1 and "3 of 3 records are to be made" in told
    assert told.index("small, profile") < told.index("medium, profile") < told.index("large, profile")
    assert "failed with ZeroDivisionError: planted" in told
    assert told.rstrip().endswith("2 records were made; these failed: medium.")
    TROUBLE.clear()
    result = call("--all", "--profile", "full", "--device", "cpu", "--no-estimate")
    assert result.exit_code == 0 and "1 of 3 records are to be made" in result.output
    assert "1 cell run, 2 taken from the store" in result.output
    assert "0 of 3 records are to be made" in call("--all", "--profile", "full").output


def test_all_leaves_a_damaged_record_alone_and_names_it(three):
    call("small", "--profile", "full")
    (three / "records/margin/toy/small.json").write_text("{")
    result = call("--all", "--profile", "full", "--no-estimate")
    assert result.exit_code == 1 and "not readable as JSON" in result.output
    assert "2 records were made; these failed: small." in result.output
    assert (three / "records/margin/toy/small.json").read_text() == "{"


def test_an_interrupted_run_says_so_in_one_sentence_and_goes_on(three):
    TROUBLE["small", 2] = KeyboardInterrupt()
    result = call("small", "--profile", "full", "--no-estimate")
    assert result.exit_code == 130 and "Stopped. What was finished is kept" in result.output
    TROUBLE["medium", 3] = TROUBLE.pop(("small", 2))
    result = call("--all", "--profile", "full", "--no-estimate")
    assert result.exit_code == 130 and "Stopped. 1 of 3 records are made" in result.output
    TROUBLE.clear()
    result = call("--all", "--profile", "full", "--no-estimate")
    assert result.exit_code == 0 and "1 cell run, 2 taken from the store" in result.output
    assert read_record(medium, three / "records").data.sizes["cell"] == 3


def test_out_takes_records_and_results(three):
    call("small", "--profile", "full", "--out", "there")
    assert read_record(small, three / "there") and read_record(small, three / "records") is None
    call("small", "--seeds", "2", "--set", "cell=7,8", "--out", "there")
    origin = json.loads((three / "there/runs/margin/toy/small.json").read_text())
    assert origin["experiment"] == "small" and origin["parameters"]["grid"] == {"cell": [7, 8]}
    assert read_record(small, three / "there").declaration == small.declaration()


def test_a_full_disk_leaves_the_old_result_whole(three, monkeypatch, capsys):
    call("small", "--seeds", "2")
    before = {path.name: path.read_bytes() for path in (three / "_build/runs").rglob("*.*")}
    fill = storage._Draft.fill

    def full(draft, content):
        if draft.place.name == "small.json":
            raise OSError(28, "No space left on device")
        fill(draft, content)

    monkeypatch.setattr(storage._Draft, "fill", full)
    status, told = error_of(monkeypatch, capsys, "small", "--seeds", "3")
    assert status == 2 and "No space left on device" in told and told.count("\n") == 1
    assert {path.name: path.read_bytes() for path in (three / "_build/runs").rglob("*.*")} == before


def test_a_folder_that_cannot_be_written_is_noticed_before_the_run(three, monkeypatch, capsys):
    (three / "taken").touch()
    TROUBLE["small", 1] = AssertionError("it ran")
    status, told = error_of(monkeypatch, capsys, "small", "--out", "taken")
    assert status == 2 and "nothing was run" in told and "a file stands where a folder is needed" in told


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "name one experiment, or give --all"),
        (("small", "--all"), "name one experiment, or give --all"),
        (("--all",), "it takes --profile full"),
        (("--all", "--profile", "full", "--set", "cell=1"), "neither --seeds nor --set"),
        (("--all", "--profile", "full", "--seeds", "3"), "neither --seeds nor --set"),
        (("--all", "--profile", "full", "--device", "cuda:77"), "no device 'cuda:77'"),
        (("small", "--seeds", "-1"), "a whole number from 1 upwards, not -1"),
        (("small", "--seeds", "many"), "nvalid value for '--seeds'"),
        (("small", "--set", "cell=1", "--set", "cell=2"), "gives cell twice"),
        (("small", "--set", "cell=1,1"), "needs values that differ"),
        (("small", "--set", "cell="), "takes a whole number, not ''"),
        (("small", "--sed", "3"), "o such option"),
    ],
)
def test_bad_options_are_one_sentence(monkeypatch, capsys, arguments, words):
    status, told = error_of(monkeypatch, capsys, *arguments)
    assert status == 2 and words in told and told.count("\n") == 1


def test_the_time_left_comes_from_the_cells_that_ran_here():
    def shown(completed, elapsed, last):
        task = SimpleNamespace(
            completed=completed, total=10, elapsed=elapsed, finished=False, fields={"stored": 4, "last": last}
        )
        return TimeLeft().render(task).plain

    assert shown(4, 30.0, 0.0) == "0:00:30, no cell yet"
    assert shown(6, 60.0, 60.0) == "0:01:00, 0:02:00 left"  # two cells in a minute, four to go
    assert shown(6, 70.0, 60.0) == "0:01:10, 0:01:50 left"


def test_amounts_in_words():
    assert [bytes_in_words(n) for n in (12, 40_000, 438e6, 2e13)] == ["12 bytes", "40 kB", "438 MB", "20 TB"]
    assert [time_in_words(t) for t in (1.234, 75, 7300)] == ["1.23 s", "1 min 15 s", "2 h 1 min"]
