"""What may share the store of finished cells: only what runs the same code at the same size in the same place."""

import importlib
import os
import sys
from dataclasses import replace

import pytest
import toy_experiments as toys

from verified_dynamics.experiments import ExperimentError, plan, storage
from verified_dynamics.experiments.cells import CellStore
from verified_dynamics.experiments.code_state import code_state

MODULE = '''
import numpy as np, xarray as xr
from verified_dynamics.experiments import Profile, Tolerance, experiment
from written_helper import FACTOR

sizes = Profile(grid={"cell": (0, 1)}, seeds=2)

@experiment("written", chapter="margin/toy", smoke=sizes, full=sizes, tolerances={"value": Tolerance()})
def written(cell, seeds, device):
    """Multiply."""
    return xr.Dataset({"value": (("seed",), np.array([FACTOR * s for s in seeds], float))})
'''


@pytest.fixture
def written(tmp_path, monkeypatch):
    """A function that imports an experiment whose helper multiplies by a factor, as another process would."""
    place = tmp_path / "somewhere"
    place.mkdir()
    monkeypatch.syspath_prepend(str(place))
    monkeypatch.setattr("verified_dynamics.experiments.code_state._declared", {})

    def write(factor):
        (place / "written_helper.py").write_text(f"FACTOR = {factor}\n")
        (place / "written_module.py").write_text(MODULE)
        os.utime(place / "written_helper.py", ns=(factor, factor))

    def load(factor):
        write(factor)
        from verified_dynamics.experiments import code_state

        code_state._declared.clear()
        for name in ("written_helper", "written_module"):
            sys.modules.pop(name, None)
        importlib.invalidate_caches()
        return importlib.import_module("written_module").written

    yield load, write
    for name in ("written_helper", "written_module"):
        sys.modules.pop(name, None)


def test_cells_of_two_codes_do_not_mix(written, tmp_path):
    load, _ = written
    store = tmp_path / "cells"
    load(2).run("full", store=store)
    edited = load(3)
    assert plan(edited, "full", store=store).done == []
    assert edited.run("full", store=store).data["value"].values.max() == 3
    assert len(plan(load(2), "full", store=store).done) == 2


def test_code_that_is_edited_while_the_old_one_is_loaded_is_neither(written, tmp_path):
    load, write = written
    store, old = tmp_path / "cells", load(2)
    old.run("full", store=store)
    write(3)
    assert plan(old, "full", store=store).done == []  # what runs is no longer what stands in the files
    old.run("full", store=store)
    assert plan(load(3), "full", store=store).done == []


def test_an_experiment_of_a_notebook_is_not_kept(tmp_path):
    space = {"__name__": "__main__"}
    exec("def typed(cell, seeds, device):\n    'Nothing.'", space)
    space["typed"].__module__ = "a_notebook"
    assert code_state(space["typed"]) is None
    assert plan(replace(toys.growth, function=space["typed"]), "full", store=tmp_path).store.folder is None


@pytest.mark.parametrize(
    "changes",
    [{"seeds": 4}, {"settings": {"steps": 7}}, {"settings": {"rate": (1.0,)}}, {"settings": {"kind": "odd"}}],
)
def test_cells_of_other_sizes_do_not_mix(tmp_path, changes):
    toys.growth.run("full", store=tmp_path)
    assert plan(toys.growth, toys.growth.full.changed(**changes), store=tmp_path).done == []
    assert plan(toys.growth, "smoke", store=tmp_path).done == []
    assert len(plan(toys.growth, "full", store=tmp_path).done) == 6


def test_cells_of_other_machines_devices_and_versions_do_not_mix(tmp_path):
    sizes, origin = toys.growth.full, dict(plan(toys.growth, "full").origin)

    def folder(**changes):
        return CellStore.of(toys.growth, sizes, tmp_path, {**origin, **changes}).folder

    others = [
        folder(device_name="another"),
        folder(machine={**origin["machine"], "threads": 99}),
        folder(versions={**origin["versions"], "torch": "0.1"}),
    ]
    assert folder() == folder(profile="changed") and len({folder(), *others}) == 4
    one, other = (folder(device="cuda:0", machine={"threads": n}) for n in (1, 2))
    assert one == other  # the host of a GPU does not touch the numbers


def test_a_resumed_run_knows_its_whole_cost(tmp_path):
    sizes = toys.steady.full.changed(settings={"cell": (0, 1, 2)})
    first = toys.steady.run(sizes, store=tmp_path)
    again = toys.steady.run(sizes, store=tmp_path)
    assert (first.cost["cells_run"], first.cost["cells_stored"]) == (3, 0)
    assert (again.cost["cells_run"], again.cost["cells_stored"]) == (0, 3)
    assert again.cost["wall_seconds"] >= 0.15 and again.cost["peak_memory_bytes"] > 1e6
    assert first.data.identical(again.data) and not first.data.attrs


def test_a_full_disk_keeps_the_finished_cells_and_says_so(tmp_path, monkeypatch):
    sizes = toys.steady.full.changed(settings={"pause": 0.0})
    filled, fill = [], storage._Draft.fill

    def full_after_two(draft, content):
        filled.append(draft)
        draft.file.write(content[: len(content) // 2])
        if len(filled) > 2:
            raise OSError(28, "No space left on device")
        draft.file.seek(0)
        fill(draft, content)

    monkeypatch.setattr(storage._Draft, "fill", full_after_two)
    with pytest.raises(ExperimentError, match="cannot be kept in .*No space left on device.*start the same"):
        toys.steady.run(sizes, store=tmp_path)
    monkeypatch.undo()
    assert len(plan(toys.steady, sizes, store=tmp_path).done) == 2 and not list(tmp_path.rglob("*.part"))
    assert toys.steady.run(sizes, store=tmp_path).cost["cells_stored"] == 2


def test_a_file_in_the_place_of_the_store_is_a_clear_error(tmp_path):
    (tmp_path / "cells").touch()
    with pytest.raises(ExperimentError, match="a file stands where a folder is needed"):
        toys.growth.run("smoke", store=tmp_path / "cells")


def test_drafts_of_dead_processes_are_swept_and_those_of_living_ones_stay(tmp_path):
    (tmp_path / ".dead.nc.1-0.part").write_bytes(b"half")
    living = storage._Draft(tmp_path / "living.nc")
    with storage.alone(tmp_path / "record.json"):
        storage.sweep(tmp_path)
        assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
            [living.path.name, ".record.json.lock"]
        )
    living.discard()
    assert not list(tmp_path.iterdir())


def test_files_that_belong_together_are_written_together_or_not_at_all(tmp_path, monkeypatch):
    files = {tmp_path / "a": b"old", tmp_path / "b": b"old"}
    storage.write_together(files)
    fill = storage._Draft.fill

    def full(draft, content):
        if draft.place.name == "b":
            raise OSError(28, "No space left on device")
        fill(draft, content)

    monkeypatch.setattr(storage._Draft, "fill", full)
    with pytest.raises(OSError, match="No space"):
        storage.write_together(dict.fromkeys(files, b"new"))
    assert [path.read_bytes() for path in files] == [b"old", b"old"] and len(list(tmp_path.iterdir())) == 2
