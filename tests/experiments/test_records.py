import json
import os
from dataclasses import replace

import numpy as np
import pytest
import toy_experiments as toys
import xarray as xr

from verified_dynamics.experiments import (
    Evidence,
    RecordError,
    Tolerance,
    deviations,
    digest,
    read_record,
    write_record,
)
from verified_dynamics.experiments.storage import from_bytes, to_bytes, write_atomically


@pytest.fixture
def folder(tmp_path):
    write_record(toys.growth.run("full"), toys.growth.run("smoke"), tmp_path)
    return tmp_path


@pytest.fixture(autouse=True)
def present_code():
    toys.SHIFT["value"] = 0.0
    yield
    toys.SHIFT["value"] = 0.0


@pytest.fixture
def fresh():
    """The experiment without the evidence that an earlier test gathered."""
    return replace(toys.growth)


def test_a_record_comes_back_as_it_was_written(folder):
    record = read_record(toys.growth, folder)
    assert digest(record.data) == digest(toys.growth.run("full").data)
    assert record.provenance["seeds"] == [0, 1, 2, 3, 4]
    assert {"commit", "date", "wall_seconds", "peak_memory_bytes", "device_name"} <= set(record.provenance)
    assert record.stale_because(toys.growth, toys.growth.run("smoke").data) is None


def test_no_record_is_none(tmp_path):
    assert read_record(toys.growth, tmp_path) is None and read_record(toys.growth, None) is None


def test_a_record_stands_while_behaviour_is_the_same_and_falls_when_it_is_not(folder):
    record = read_record(toys.growth, folder)
    toys.SHIFT["value"] = 1e-12  # a rearrangement of the code that moves the last digits
    assert record.stale_because(toys.growth, toys.growth.run("smoke").data) is None
    toys.SHIFT["value"] = 1e-3  # a change of meaning
    assert "size deviates" in record.stale_because(toys.growth, toys.growth.run("smoke").data)


def test_a_changed_declaration_makes_a_record_stale(folder):
    changed = replace(toys.growth, full=toys.growth.full.changed(seeds=6))
    assert "declaration" in read_record(toys.growth, folder).stale_because(changed, None)


def test_evidence_shows_a_valid_record_and_judges_both(folder, fresh, monkeypatch):
    monkeypatch.setenv("VERIFIED_DYNAMICS_RECORDS", str(folder))
    evidence = Evidence.gather(fresh)
    assert evidence.state == "valid" and evidence.profile == "full"
    assert evidence.data.sizes["rate"] == 3
    assert [profile for profile, *_ in evidence.sources()] == ["smoke", "full"]


def test_evidence_neither_shows_nor_judges_a_stale_record(folder, fresh, monkeypatch):
    monkeypatch.setenv("VERIFIED_DYNAMICS_RECORDS", str(folder))
    toys.SHIFT["value"] = 1.0
    evidence = Evidence.gather(fresh)
    assert evidence.state.startswith("stale: ") and evidence.profile == "smoke"
    assert evidence.data is evidence.live.data and len(evidence.sources()) == 1


def test_evidence_without_a_record_is_the_live_run(fresh, monkeypatch, tmp_path):
    monkeypatch.setenv("VERIFIED_DYNAMICS_RECORDS", str(tmp_path))
    assert Evidence.gather(fresh).state == "no record"
    assert fresh.evidence() is fresh.evidence()


def corrupt_json(folder):
    json_file(folder).write_text(json_file(folder).read_text()[:100])


def foreign(folder):
    content = json.loads(json_file(folder).read_text())
    json_file(folder).write_text(json.dumps({**content, "experiment": "another"}))


def other_format(folder):
    json_file(folder).write_text("[1, 2]")


def lacking(folder):
    content = json.loads(json_file(folder).read_text())
    del content["provenance"]
    json_file(folder).write_text(json.dumps(content))


def truncated_data(folder):
    data = next(json_file(folder).parent.glob("*.full.*.nc"))
    data.write_bytes(data.read_bytes()[:-8])


def missing_data(folder):
    next(json_file(folder).parent.glob("*.smoke.*.nc")).unlink()


def edited_digest(folder):
    content = json.loads(json_file(folder).read_text())
    json_file(folder).write_text(json.dumps({**content, "digest": "0" * 64}))


def json_file(folder):
    return folder / "margin" / "toy" / "toy-growth.json"


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (corrupt_json, "not readable as JSON"),
        (foreign, "belongs to experiment 'another'"),
        (other_format, "not a record of this book's present format"),
        (lacking, "lacks 'provenance'"),
        (truncated_data, "SHA-256"),
        (missing_data, "which is missing"),
        (edited_digest, "do not have the digest"),
    ],
)
def test_a_damaged_record_is_a_clear_error(folder, damage, words):
    damage(folder)
    with pytest.raises(RecordError, match=words) as error:
        read_record(toys.growth, folder)
    assert "restore it from version control" in str(error.value)


def test_a_failed_write_leaves_the_old_record_whole(folder, monkeypatch):
    before = read_record(toys.growth, folder).digest
    toys.SHIFT["value"] = 5.0

    def full_disk(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full_disk)
    with pytest.raises(RecordError, match="No space left on device"):
        write_record(toys.growth.run("full"), toys.growth.run("smoke"), folder)
    monkeypatch.undo()
    assert read_record(toys.growth, folder).digest == before
    assert not list(folder.rglob("*.part"))


def test_a_new_record_replaces_the_old_and_its_files(folder):
    toys.SHIFT["value"] = 5.0
    write_record(toys.growth.run("full"), toys.growth.run("smoke"), folder)
    assert len(list(folder.rglob("*.nc"))) == 2
    assert read_record(toys.growth, folder).digest == digest(toys.growth.run("full").data)


def test_netcdf_round_trip_keeps_text_booleans_and_not_a_number():
    data = xr.Dataset(
        {"x": (("kind", "flag"), np.array([[1.5, np.nan], [np.inf, -0.0]]))},
        coords={"kind": ["a", "bb"], "flag": [True, False]},
    )
    back = from_bytes(to_bytes(data))
    assert deviations(data, back, {}) == {"x": 0.0} and digest(back) == digest(data)
    assert to_bytes(data) == to_bytes(data)


def test_integers_beyond_32_bits_are_refused():
    with pytest.raises(ValueError, match="32 bits"):
        to_bytes(xr.Dataset({"n": (("i",), np.array([2**40]))}))


def test_atomic_writing_leaves_no_draft(tmp_path):
    write_atomically(tmp_path / "deep" / "file", b"new")
    assert (tmp_path / "deep" / "file").read_bytes() == b"new"
    assert len(list((tmp_path / "deep").iterdir())) == 1


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ([1.0, 2.0], 0.0),
        ([1.0, 2.02], 1.0),
        ([1.0, 2.1], 5.0),
        ([1.0, np.nan], np.inf),
        ([1.0], np.inf),
    ],
)
def test_deviations_are_in_units_of_the_tolerance(other, expected):
    reference = xr.Dataset({"x": (("i",), np.array([1.0, 2.0]))})
    against = xr.Dataset({"x": (("i",), np.array(other))})
    found = deviations(reference, against, {"x": Tolerance(rtol=0.01)})["x"]
    assert found == pytest.approx(expected, rel=1e-9)


def test_a_missing_variable_and_other_coordinates_deviate_without_bound():
    reference = xr.Dataset({"x": (("i",), [1.0, 2.0])}, coords={"i": [0, 1]})
    assert deviations(reference, xr.Dataset(), {})["x"] == np.inf
    assert deviations(reference, reference.assign_coords(i=[0, 2]), {})["x"] == np.inf
