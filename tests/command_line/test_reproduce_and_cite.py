"""Making a figure again, what is said and kept of it, and how it is cited."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
import xarray as xr
from typer.testing import CliRunner

from verified_dynamics import catalogue
from verified_dynamics.book.reproductions import read_reproduction
from verified_dynamics.command_line import application, figures, main
from verified_dynamics.command_line.reproduction import ways_to_differ
from verified_dynamics.experiments import Evidence, Profile, Tolerance, experiment, write_record
from verified_dynamics.figures import panels, publish, theory

SEA = {"level": 0.0, "storm": False, "runs": 0}
CITATION = """title: A Book
authors: [{name: Its authors}, {given-names: Ada, family-names: Byron}]
date-released: "2026-11-21"
version: 1.2.3
abstract: What it is about.
"""


@experiment(
    "toy-tide",
    chapter="margin/toy",
    smoke=Profile(seeds=3),
    full=Profile(seeds=4),
    tolerances={"height": Tolerance(atol=1e-6), "depth": Tolerance(atol=1e-3)},
)
def tide(cell, seeds, device):
    """Measure a tide."""
    SEA["runs"] += 1
    if SEA["storm"]:
        raise RuntimeError("the gauge broke")
    step = np.arange(5.0)
    height = np.array([np.sin(step + s) + SEA["level"] for s in seeds])
    return xr.Dataset({"height": (("seed", "step"), height), "depth": ("step", step)}, coords={"step": step})


@pytest.fixture(autouse=True)
def book(monkeypatch, tmp_path):
    SEA.update(level=0.0, storm=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VERIFIED_DYNAMICS_RECORDS", str(tmp_path / "records"))
    monkeypatch.setenv("VERIFIED_DYNAMICS_PROFILE", "smoke")
    monkeypatch.setattr(catalogue, "experiments", lambda: {"toy-tide": tide})
    monkeypatch.setattr(figures, "checkout", lambda: tmp_path)
    (tmp_path / "CITATION.cff").write_text(CITATION)
    return tmp_path


def figure_of(found, name="a-tide"):
    figure, (ax,) = panels()
    theory(ax, [0, 1], [0, 1])
    alt = "A straight black line from the origin to the point one, one."
    return publish(
        figure, name, title="The *tide* of $x$", caption="It ebbs.", alt=alt, evidence=[found]
    ).record


def show(monkeypatch, *records):
    monkeypatch.setattr(figures, "published", lambda: {record["name"]: record for record in records})
    return records[0]


@pytest.fixture
def published(monkeypatch):
    return show(monkeypatch, figure_of(Evidence.gather(tide)))


def call(*arguments):
    return CliRunner().invoke(application.application, list(arguments))


def error_of(monkeypatch, capsys, *arguments):
    monkeypatch.setattr("sys.argv", ["verified-dynamics", *arguments])
    with pytest.raises(SystemExit) as stopped:
        main()
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    return stopped.value.code, told


def elsewhere(record, **changes):
    """The record as another machine would have made it."""
    origin = record["experiments"][0]
    machine = {**origin["provenance"]["machine"], **changes}
    record["experiments"] = [{**origin, "provenance": {**origin["provenance"], "machine": machine}}]
    return record


def test_on_the_same_machine_it_is_compared_by_equality(published, book):
    result = call("reproduce", "a-tide")
    assert result.exit_code == 0
    assert "compared by equality: the same machine, device and versions" in result.output
    assert "toy-tide.height: 0 tolerances, equal" in result.output
    assert "a-tide: reproduced, compared by equality; largest deviation 0 tolerances" in result.output
    kept = read_reproduction("a-tide", book / "book/reproductions")
    assert kept["digest"] == published["digest"] and kept["reproduced"]
    assert kept["experiments"][0]["compared"] == "equality" and len(kept["date"]) == 10


def test_bits_that_differ_on_the_same_machine_are_a_failure_though_within_the_tolerance(published, book):
    SEA["level"] = 5e-7
    result = call("reproduce", "a-tide")
    assert result.exit_code == 1
    assert "toy-tide.height: 0.5 tolerances, NOT EQUAL" in result.output
    assert "toy-tide.depth: 0 tolerances, equal" in result.output
    assert "the bits must be equal, and they differ in height" in result.output
    assert not read_reproduction("a-tide", book / "book/reproductions")["reproduced"]


def test_on_another_machine_it_is_compared_by_tolerance(published, monkeypatch):
    show(monkeypatch, elsewhere(published, processor="Another 9000"))
    SEA["level"] = 5e-7
    result = call("reproduce", "a-tide")
    assert result.exit_code == 0
    assert "compared by tolerance: other processor" in result.output and "Another 9000" in result.output
    assert "toy-tide.height: 0.5 tolerances, agrees" in result.output
    SEA["level"] = 2.5e-6
    result = call("reproduce", "a-tide")
    assert result.exit_code == 1 and "toy-tide.height: 2.5 tolerances, DEVIATES" in result.output
    assert "NOT REPRODUCED" in result.output


def test_the_run_takes_as_many_threads_as_the_book_took(published, monkeypatch):
    threads = torch.get_num_threads()
    show(monkeypatch, elsewhere(published, threads=threads + 1))
    assert "compared by equality" in call("reproduce", "a-tide").output
    assert torch.get_num_threads() == threads


def test_what_makes_a_difference_is_named():
    here = {
        "device_name": "CPU (x86_64)",
        "machine": {"processor": "A", "instructions": "AVX2", "threads": 1},
        "versions": {"torch": "2.6", "numpy": "2.0", "verified-dynamics": "1"},
    }
    assert ways_to_differ(here, here | {"versions": here["versions"] | {"verified-dynamics": "2"}}) == []
    assert ways_to_differ(here, None) == ["the book does not say where its numbers were made"]
    assert "another device" in ways_to_differ(here, here | {"device_name": "NVIDIA H200"})[0]
    old = {key: value for key, value in here.items() if key != "machine"}
    assert "does not say on which processor" in ways_to_differ(here, old)[0]
    (found,) = ways_to_differ(here, here | {"versions": here["versions"] | {"numpy": "1.26"}})
    assert found == "numpy 2.0 (the book's: 1.26)"
    (found,) = ways_to_differ(here, here | {"machine": here["machine"] | {"instructions": "AVX512"}})
    assert found == "other instructions (AVX2; the book's: AVX512)"


def test_another_shape_is_infinitely_far_and_kept_as_null(published, book, monkeypatch):
    monkeypatch.setitem(tide.__dict__, "function", lambda cell, seeds, device: xr.Dataset({"height": 1.0}))
    result = call("reproduce", "a-tide")
    assert result.exit_code == 1 and "inf tolerances, DEVIATES" in result.output
    kept = json.loads((book / "book/reproductions/a-tide.json").read_text())
    assert kept["experiments"][0]["deviations"]["height"] is None


def test_all_runs_each_experiment_once_and_counts(published, monkeypatch):
    show(monkeypatch, published, published | {"name": "b-tide"})
    before = SEA["runs"]
    result = call("reproduce", "--all")
    assert result.exit_code == 0 and "2 of 2 figures reproduced." in result.output
    assert SEA["runs"] == before + 1


def test_nothing_is_kept_if_that_is_asked_and_another_folder_takes_it(published, book):
    assert call("reproduce", "a-tide", "--no-save").exit_code == 0
    assert not (book / "book").exists()
    call("reproduce", "a-tide", "--out", str(book / "there"))
    assert (book / "there/a-tide.json").is_file() and not (book / "book").exists()


def test_an_experiment_that_breaks_is_one_sentence(published, monkeypatch, capsys):
    SEA["storm"] = True
    status, told = error_of(monkeypatch, capsys, "reproduce", "a-tide")
    assert status == 2 and "the gauge broke" in told
    result = call("reproduce", "--all")
    assert result.exit_code == 1
    assert "a-tide: not reproduced" in result.output and "0 of 1 figures reproduced" in result.output


def test_a_profile_that_the_book_does_not_hold_says_what_it_can_be_compared_with(
    published, monkeypatch, capsys
):
    status, told = error_of(monkeypatch, capsys, "reproduce", "a-tide", "--profile", "full")
    assert status == 2 and "reproduce it with --profile smoke" in told
    assert "verified-dynamics run toy-tide --profile full" in told


def test_a_recorded_figure_is_reproduced_at_either_size(monkeypatch, book):
    full, smoke = tide.run("full"), tide.run("smoke")
    write_record(full, smoke, book / "records")
    record = show(monkeypatch, figure_of(Evidence.gather(tide)))
    assert record["profile"] == "full"
    shown = call("reproduce", "a-tide")
    assert shown.exit_code == 0 and "toy-tide at full" in shown.output and "by equality" in shown.output
    small = call("reproduce", "a-tide", "--profile", "smoke")
    assert small.exit_code == 0 and "toy-tide at smoke" in small.output and "by equality" in small.output
    write_record(full, replace(smoke, provenance=None), book / "records")
    unknown = call("reproduce", "a-tide", "--profile", "smoke")
    assert "compared by tolerance: the book does not say where" in unknown.output


def test_a_figure_is_cited_as_bibtex_and_as_a_sentence(published):
    entry = call("cite", "a-tide").output
    assert entry.startswith("@misc{verified-dynamics-a-tide,") and "year = {2026}" in entry
    assert "author = {{Its authors} and {Ada Byron}}" in entry and "title = {The tide of $x$}" in entry
    told = call("cite", "a-tide", "--plain").output
    assert told.startswith(
        "Its authors and Ada Byron (2026). The tide of x. Figure in A Book, version 1.2.3. "
    )
    assert f"figures/a-tide.html (data sha256:{published['digest'][:16]})." in told.replace("\n", "")


def test_the_book_is_cited_without_a_name(published):
    assert call("cite").output.startswith("@book{verified-dynamics,")
    assert call("cite", "--plain").output.startswith(
        "Its authors and Ada Byron (2026). A Book, version 1.2.3."
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [(None, "there is no"), ("title: A Book\n", "lacks 'authors'"), ("title: [", "not readable as YAML")],
)
def test_a_citation_file_that_is_no_good_is_one_sentence(book, monkeypatch, capsys, text, words):
    (book / "CITATION.cff").unlink()
    if text:
        (book / "CITATION.cff").write_text(text)
    status, told = error_of(monkeypatch, capsys, "cite")
    assert status == 2 and words in told
