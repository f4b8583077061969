"""The commands that compute: `run` makes a result or a record, `pending` tells which records are missing."""

import json
from concurrent.futures import Executor
from pathlib import Path
from typing import Annotated

import typer

from verified_dynamics import catalogue
from verified_dynamics.command_line.settings import changed
from verified_dynamics.command_line.terminal import cell_bar, screen
from verified_dynamics.experiments import (
    Experiment,
    Profile,
    Record,
    RecordError,
    Run,
    plan,
    read_record,
    records_folder,
    write_record,
)
from verified_dynamics.experiments.storage import to_bytes, write_atomically


def run_experiment(
    name: Annotated[
        str, typer.Argument(metavar="EXPERIMENT", help="Name as `verified-dynamics list` shows it.")
    ],
    profile: Annotated[
        str, typer.Option(help="smoke (seconds on a CPU) or full (minutes on a GPU).")
    ] = "smoke",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1, mps.")] = "auto",
    seeds: Annotated[int | None, typer.Option(help="Another number of seeds than the profile's.")] = None,
    settings: Annotated[
        list[str],
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="Another value of a setting or a grid axis; several values of an axis are joined by commas.",
        ),
    ] = [],  # noqa: B006 - typer needs a plain default
    out: Annotated[
        Path | None, typer.Option(help="Folder for the result; book/records for an uncut full run.")
    ] = None,
) -> None:
    """Run an experiment, cell by cell; a run that was stopped goes on where it was when started again."""
    experiment = catalogue.find(name)
    sizes = changed(experiment.profile(profile), seeds, settings)
    perform(experiment, profile, sizes, device=device, out=out)


def perform(
    experiment: Experiment,
    profile: str,
    sizes: Profile,
    *,
    device: str,
    out: Path | None,
    executor: Executor | None = None,
) -> None:
    """Announce the run, run it (the cells on `executor`, if there is one), and write what it gave."""
    whole = sizes == experiment.profile(profile)
    store = Path(out or "_build") / ".cells"
    todo = plan(experiment, sizes, store=store, device=device)
    screen.print(
        f"{experiment.name}, profile {profile}{'' if whole else ' with changes'}: {len(todo.cells)} cells × "
        f"{len(todo.seeds)} {experiment.unit}, {len(todo.done)} finished already."
    )
    result = _with_bar(experiment, sizes, device, store, executor)
    screen.print(f"{result.cost['wall_seconds']} s on {result.provenance['device_name']}.")
    if profile == "full" and whole:
        _write_record(experiment, result, out)
    else:
        _write_result(experiment, result, out)


def pending() -> None:
    """List the experiments whose full-size record is missing or stale; exit status 1 if there are any."""
    folder, missing = records_folder(), 0
    for experiment in catalogue.experiments().values():
        record = read_record(experiment, folder)
        reason = "no record" if record is None else _stale(experiment, record)
        if reason:
            missing += 1
            screen.print(f"{experiment.chapter}  {experiment.name}: {reason}")
    screen.print(f"{missing} of {len(catalogue.experiments())} records are missing or stale.")
    raise typer.Exit(1 if missing else 0)


def _with_bar(
    experiment: Experiment, sizes: Profile, device: str, store: Path, executor: Executor | None
) -> Run:
    with cell_bar() as bar:
        task = bar.add_task("cells", total=None)
        return experiment.run(
            sizes, device=device, store=store, executor=executor,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )  # fmt: skip


def _write_record(experiment: Experiment, result: Run, out: Path | None) -> None:
    folder = out or records_folder()
    if folder is None:
        raise RecordError(
            "this is no checkout of the book, so say with --out where the record shall be written."
        )
    screen.print("Running the smoke size on the CPU, which tells later whether the record still stands.")
    path = write_record(result, experiment.run("smoke", device="cpu"), folder)
    screen.print(f"Record written to {path}.")


def _write_result(experiment: Experiment, result: Run, out: Path | None) -> None:
    path = Path(out or "_build/runs") / experiment.chapter / f"{experiment.name}.nc"
    write_atomically(path, to_bytes(result.data))
    origin = {"experiment": experiment.name, **result.provenance, **result.cost}
    write_atomically(path.with_suffix(".json"), (json.dumps(origin, indent=1) + "\n").encode())
    screen.print(f"Written to {path}, with its provenance beside it.")


def _stale(experiment: Experiment, record: Record) -> str | None:
    reason = record.stale_because(experiment, None)
    if reason is None:
        reason = record.stale_because(experiment, experiment.run("smoke", device="cpu").data)
    return f"stale: {reason}" if reason else None
