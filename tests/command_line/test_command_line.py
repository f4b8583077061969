import json

import numpy as np
import pytest
import xarray as xr
from typer.testing import CliRunner

from verified_dynamics import catalogue
from verified_dynamics.command_line import application, figures, main
from verified_dynamics.experiments import Profile, Tolerance, digest, experiment, read_record, records_folder
from verified_dynamics.experiments.storage import from_bytes
from verified_dynamics.figures import panels, publish, theory

NOISE = {"value": 0.0}
CITATION = """title: A Book
authors: [{name: Its authors}]
date-released: "2026-11-21"
version: 1.2.3
abstract: What it is about.
"""


@experiment(
    "toy-wave",
    chapter="margin/toy",
    smoke=Profile(grid={"rate": (1.0, 2.0)}, seeds=3, settings={"steps": 5, "fast": True}),
    full=Profile(grid={"rate": (1.0, 2.0, 3.0)}, seeds=4, settings={"steps": 6, "fast": False}),
    tolerances={"height": Tolerance(atol=1e-6)},
)
def wave(cell, seeds, device):
    """Measure a wave at several rates."""
    step = np.arange(cell["steps"])
    height = np.array([np.sin(cell["rate"] * step + s) + NOISE["value"] for s in seeds])
    return xr.Dataset({"height": (("seed", "step"), height)}, coords={"step": step})


@pytest.fixture(autouse=True)
def small_book(monkeypatch, tmp_path):
    """A catalogue with one experiment, records and cells under a temporary folder, one published figure."""
    NOISE["value"] = 0.0
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VERIFIED_DYNAMICS_RECORDS", str(tmp_path / "records"))
    monkeypatch.setenv("VERIFIED_DYNAMICS_PROFILE", "smoke")
    monkeypatch.setattr(catalogue, "experiments", lambda: {"toy-wave": wave})
    yield tmp_path
    wave.__dict__.pop("_evidence", None)


@pytest.fixture
def published(monkeypatch, tmp_path):
    figure, (ax,) = panels()
    theory(ax, [0, 1], [0, 1])
    alt = "A straight black line from the origin to the point one, one."
    record = publish(
        figure, "a-wave", title="Wave", caption="It waves.", alt=alt, evidence=[wave.evidence()]
    ).record
    monkeypatch.setattr(figures, "published", lambda: {"a-wave": record})
    monkeypatch.setattr(figures, "checkout", lambda: tmp_path)
    (tmp_path / "CITATION.cff").write_text(CITATION)
    return record


def call(*arguments):
    return CliRunner().invoke(application.application, list(arguments))


def error_of(monkeypatch, capsys, *arguments):
    monkeypatch.setattr("sys.argv", ["verified-dynamics", *arguments])
    with pytest.raises(SystemExit) as stopped:
        main()
    return stopped.value.code, capsys.readouterr().err


def test_list_shows_sizes_and_what_is_measured():
    told = call("list").output
    assert "toy-wave" in told and "2 × 3" in told and "3 × 4" in told


def test_run_smoke_writes_data_and_provenance(small_book):
    result = call("run", "toy-wave")
    assert result.exit_code == 0 and "2 cells × 3 seeds, 0 finished already" in result.output
    data = from_bytes((small_book / "_build/runs/margin/toy/toy-wave.nc").read_bytes())
    assert digest(data) == digest(wave.run("smoke").data)
    assert json.loads((small_book / "_build/runs/margin/toy/toy-wave.json").read_text())["device"] == "cpu"


def test_run_full_leaves_a_record_that_pending_accepts():
    assert call("pending").exit_code == 1
    result = call("run", "toy-wave", "--profile", "full", "--device", "cpu")
    assert "Record written" in result.output
    assert read_record(wave, records_folder()).data.sizes["rate"] == 3
    assert call("pending").exit_code == 0
    NOISE["value"] = 1.0
    result = call("pending")
    assert result.exit_code == 1 and "stale" in result.output


def test_run_cut_down_is_not_a_record(small_book):
    result = call(
        "run", "toy-wave", "--profile", "full", "--seeds", "2", "--set", "rate=1,3", "--set", "fast=true"
    )
    assert result.exit_code == 0 and "with changes" in result.output
    assert read_record(wave, records_folder()) is None
    data = from_bytes((small_book / "_build/runs/margin/toy/toy-wave.nc").read_bytes())
    assert data.sizes["seed"] == 2 and list(data["rate"].values) == [1.0, 3.0]


def test_a_second_run_finds_its_cells():
    call("run", "toy-wave", "--out", "there")
    assert "2 finished already" in call("run", "toy-wave", "--out", "there").output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run", "toy-wvae"), "did you mean 'toy-wave'"),
        (("run", "toy-wave", "--profile", "ful"), "did you mean 'full'"),
        (("run", "toy-wave", "--device", "cuda:77"), "no device 'cuda:77'"),
        (("run", "toy-wave", "--set", "stps=3"), "did you mean 'steps'"),
        (("run", "toy-wave", "--set", "steps"), "takes NAME=VALUE"),
        (("run", "toy-wave", "--set", "steps=many"), "takes a whole number, not 'many'"),
        (("run", "toy-wave", "--seeds", "0"), "a whole number from 1 upwards, not 0"),
        (("reproduce",), "name one figure, or give --all"),
        (("reproduce", "a-wvae"), "did you mean 'a-wave'"),
        (("cite", "a-wvae"), "did you mean 'a-wave'"),
    ],
)
def test_bad_input_is_one_sentence_and_a_non_zero_exit(published, monkeypatch, capsys, arguments, words):
    status, told = error_of(monkeypatch, capsys, *arguments)
    assert status == 2 and words in told and told.count("\n") == 1


def test_a_damaged_record_is_one_sentence(monkeypatch, capsys, small_book):
    call("run", "toy-wave", "--profile", "full", "--device", "cpu")
    (small_book / "records/margin/toy/toy-wave.json").write_text("{")
    status, told = error_of(monkeypatch, capsys, "pending")
    assert status == 2 and "not readable as JSON" in told


def test_outside_a_checkout_the_ledger_says_where_to_start_it(monkeypatch, capsys):
    status, told = error_of(monkeypatch, capsys, "ledger")
    assert status == 2 and "inside a checkout" in told
