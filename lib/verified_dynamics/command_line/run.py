"""The command that computes: `run` makes a result or a record, and `run --all` the records that are pending."""

import json
import time
from concurrent.futures import Executor
from contextlib import AbstractContextManager, nullcontext
from hashlib import sha256
from pathlib import Path
from typing import Annotated

import typer

from verified_dynamics import catalogue
from verified_dynamics.command_line.announcement import Goal, announce, conclude
from verified_dynamics.command_line.settings import changed
from verified_dynamics.command_line.terminal import cell_bar, say
from verified_dynamics.experiments import (
    Cluster,
    Experiment,
    ExperimentError,
    Profile,
    RecordError,
    Run,
    connect,
    plan,
    records_folder,
    write_record,
)
from verified_dynamics.experiments.storage import (
    alone,
    check_writable,
    reason,
    sweep,
    to_bytes,
    write_together,
)

ALL = "--all makes the full-size records that are pending"


def run_experiment(
    name: Annotated[
        str | None, typer.Argument(metavar="EXPERIMENT", help="Name as `verified-dynamics list` shows it.")
    ] = None,
    profile: Annotated[
        str, typer.Option(help="smoke (seconds on a CPU) or full (minutes on a GPU).")
    ] = "smoke",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1, mps.")] = "auto",
    seeds: Annotated[
        int | None, typer.Option(metavar="NUMBER", help="Another number of seeds than the profile's.")
    ] = None,
    settings: Annotated[
        list[str],
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="Another value of a setting or a grid axis; several values of an axis are joined by commas.",
        ),
    ] = [],  # noqa: B006 - typer needs a plain default
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Where the result goes: a record there, anything else to the folder `runs` below. Otherwise a full "
            "run without changes goes to book/records, any other to _build/runs.",
        ),
    ] = None,
    every: Annotated[
        bool,
        typer.Option("--all", help="Every experiment whose record is missing or stale, small ones first."),
    ] = False,
    scheduler: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Run the cells on the Dask cluster whose scheduler is there."),
    ] = None,
    estimate: Annotated[
        bool, typer.Option(help="Try for a few seconds how much memory a full-size cell takes.")
    ] = True,
) -> None:
    """Run an experiment cell by cell. Finished cells are kept: a run that was stopped goes on when started again."""
    if every == (name is not None):
        raise ExperimentError("name one experiment, or give --all with --profile full.")
    options = {"device": device, "out": out, "estimate": estimate}
    if every:
        if profile != "full" or seeds is not None or settings:
            raise ExperimentError(f"{ALL}: it takes --profile full, and neither --seeds nor --set.")
        from verified_dynamics.command_line.pending import perform_pending

        with cluster_at(scheduler) as executor:
            raise typer.Exit(perform_pending(executor=executor, **options))
    experiment = catalogue.find(name)
    sizes = changed(experiment.profile(profile), seeds, settings)
    try:
        with cluster_at(scheduler) as executor:
            perform(experiment, profile, sizes, executor=executor, **options)
    except KeyboardInterrupt:
        say("Stopped. What was finished is kept; the same command goes on from there.")
        raise typer.Exit(130) from None


def cluster_at(scheduler: str | None) -> AbstractContextManager[Cluster | None]:
    """A connection to the cluster whose scheduler has that address; nothing without an address."""
    return connect(scheduler, notice=say) if scheduler else nullcontext()


def perform(
    experiment: Experiment,
    profile: str,
    sizes: Profile,
    *,
    device: str,
    out: Path | None,
    executor: Executor | Cluster | None = None,
    estimate: bool = True,
) -> None:
    """Announce the run, run it (the cells on `executor`, if there is one), tell what it used, write what it gave."""
    start, store = time.perf_counter(), cell_folder(out)
    goal = _goal(experiment, profile, sizes, out)
    todo = plan(experiment, sizes, store=store, device=device, executor=executor)
    for folder in (goal.path.parent, store):
        try:
            check_writable(folder)
        except OSError as error:
            raise ExperimentError(
                f"nothing can be written to {folder} ({reason(error)}), so nothing was run; choose another folder "
                "with --out."
            ) from error
    at_once = announce(goal, todo, estimate=estimate and executor is None)
    result = _with_bar(goal, len(todo.done), device=device, store=store, executor=executor, at_once=at_once)
    conclude(result, time.perf_counter() - start)
    if goal.is_record:
        say("Running the smoke size on the CPU, which tells later whether the record still stands.")
        path = write_record(result, experiment.run("smoke", device="cpu", store=store), goal.folder)
        say(f"Record written to {path}.")
    else:
        _write_result(goal, result)
        say(f"Written to {goal.path}, with its provenance beside it.")


def cell_folder(out: Path | None) -> Path:
    """Where finished cells are kept."""
    return Path(out or "_build") / ".cells"


def _goal(experiment: Experiment, profile: str, sizes: Profile, out: Path | None) -> Goal:
    if profile == "full" and sizes == experiment.full:
        folder = out or records_folder()
        if folder is None:
            raise RecordError(
                "this is no checkout of the book, so say with --out where the record shall be written."
            )
        path = Path(folder) / experiment.chapter / f"{experiment.name}.json"
        return Goal(experiment, profile, sizes, Path(folder), path, True)
    folder = (
        Path(out or "_build") / "runs"
    )  # beside a record of the same name it would take the record's place
    path = folder / experiment.chapter / f"{experiment.name}.nc"
    return Goal(experiment, profile, sizes, folder, path, False)


def _with_bar(goal: Goal, stored: int, **options) -> Run:
    with cell_bar() as bar:
        task = bar.add_task(
            "cells", total=len(list(goal.sizes.cells())), completed=stored, stored=stored, last=0.0
        )

        def progress(done: int, total: int) -> None:
            if done > stored:
                bar.update(task, completed=done, total=total, last=bar.tasks[0].elapsed)

        return goal.experiment.run(goal.sizes, progress=progress, **options)


def _write_result(goal: Goal, result: Run) -> None:
    """Data and provenance, both new or both old; the provenance names the data by their digest."""
    content = to_bytes(result.data)
    origin = {
        "experiment": goal.experiment.name,
        "data": {"name": goal.path.name, "sha256": sha256(content).hexdigest()},
        **result.provenance,
        **result.cost,
    }
    text = (json.dumps(origin, indent=1, ensure_ascii=False) + "\n").encode()
    try:
        with alone(goal.path):
            sweep(goal.path.parent)
            write_together({goal.path: content, goal.path.with_suffix(".json"): text})
    except OSError as error:
        raise ExperimentError(
            f"the result cannot be written to {goal.path} ({reason(error)}); the old one, if there was one, is whole, "
            "and the finished cells are kept. Make room or choose another folder with --out."
        ) from error
