"""What `run` tells before it runs, and what it tells afterwards."""

from dataclasses import dataclass
from pathlib import Path

import torch

from verified_dynamics.command_line.terminal import bytes_in_words, facts, say, screen, time_in_words
from verified_dynamics.experiments import Experiment, Profile, RecordError, Run, read_record
from verified_dynamics.experiments.memory import Estimate, free_memory, tried
from verified_dynamics.experiments.runner import Plan

SHARE = 0.8  # of the free memory, which a run may plan to take


@dataclass(frozen=True)
class Goal:
    """What a run is for: its sizes, the file that it will write, and whether that is a record in `folder`."""

    experiment: Experiment
    profile: str
    sizes: Profile
    folder: Path
    path: Path
    is_record: bool


def announce(goal: Goal, todo: Plan, *, estimate: bool) -> int | None:
    """Print what the run will do; return how many seeds fit at once, or None where all do or nobody knows."""
    unit = goal.experiment.unit
    changes = "" if goal.sizes == goal.experiment.profile(goal.profile) else " with changes"
    say(
        f"{goal.experiment.name}, profile {goal.profile}{changes}: {_cells(len(todo.cells))} × "
        f"{len(todo.seeds)} {unit}, {len(todo.done)} finished already."
    )
    rows = {"device": todo.origin["device_name"]}
    if todo.origin["device"] not in todo.origin["device_name"].lower():
        rows["device"] = f"{todo.origin['device']}, {todo.origin['device_name']}"
    rows["result"] = f"{goal.path}{_what_is_there(goal)}"
    facts(rows)
    if not estimate or len(todo.done) == len(todo.cells):
        return None
    text, at_once = _memory(goal, todo)
    if text:
        facts({"memory": text})
    return at_once


def conclude(result: Run, elapsed: float) -> None:
    """Print what the run used."""
    cost, stored = result.cost, result.cost["cells_stored"]
    earlier = f", which took {time_in_words(cost['wall_seconds'] - elapsed)} when they ran" if stored else ""
    say(
        f"Took {time_in_words(elapsed)} on {result.provenance['device_name']}, with at most "
        f"{bytes_in_words(cost['peak_memory_bytes'])} of memory: {_cells(cost['cells_run'])} run, "
        f"{stored} taken from the store{earlier}."
    )


def _cells(number: int) -> str:
    return "1 cell" if number == 1 else f"{number} cells"


def _what_is_there(goal: Goal) -> str:
    if not goal.path.exists():
        return ""
    if not goal.is_record:
        return ", replacing the one that is there"
    try:
        return f", replacing the record of {_record(goal).provenance['date']}"
    except RecordError:
        return ", replacing a record that is damaged"


def _record(goal: Goal):
    return read_record(goal.experiment, goal.folder) if goal.is_record else None


def _memory(goal: Goal, todo: Plan) -> tuple[str, int | None]:
    """(What a cell will take and how that is known, how many seeds fit at once or None)."""
    device, unit = torch.device(todo.origin["device"]), goal.experiment.unit
    known = _measured_before(goal, todo)
    if known is None and goal.profile == "smoke":
        return "", None
    if known is None:
        with screen.status("Trying how much memory a cell takes"):
            found = tried(goal.experiment, goal.sizes, todo.origin["device"])
        if found is None:
            return "unknown: no tensor was seen in a trial of a few seconds", None
        cut = "" if found.finished else ", which were cut off after a few seconds"
        source = f"of tensors in a cell, estimated from trials with up to {found.most} {unit}{cut}"
    else:
        found, source = known
    free = free_memory(device)
    if free is None:
        return f"about {bytes_in_words(found.of(len(todo.seeds)))} {source}", None
    text = f"about {bytes_in_words(found.of(len(todo.seeds)))} {source}; {bytes_in_words(free)} are free"
    at_once = found.at_once(len(todo.seeds), int(SHARE * free))
    if at_once == len(todo.seeds):
        return text, None
    return f"{text}, so that a cell is run for {at_once} {unit} at a time", at_once


def _measured_before(goal: Goal, todo: Plan) -> tuple[Estimate, str] | None:
    """What cells of this run, or the record of the same sizes on the same device, took as a whole process."""
    peaks, source = todo.store.peaks(todo.done), "the cells finished already"
    if not peaks:
        try:
            record = _record(goal)
        except RecordError:
            return None
        if record is None or record.declaration != goal.experiment.declaration():
            return None
        if record.provenance.get("device_name") != todo.origin["device_name"]:
            return None
        peaks, source = [record.provenance["peak_memory_bytes"]], "the run that made the present record"
    each = max(peaks) / len(todo.seeds)
    return Estimate(0.0, each, True, len(todo.seeds)), f"for the whole process, as {source} took"
