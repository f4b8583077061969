"""Which full-size records are missing or stale, and the runs that make them, small ones first."""

from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

import typer

from verified_dynamics import catalogue
from verified_dynamics.command_line.run import cell_folder, perform
from verified_dynamics.command_line.terminal import cell_bar, say
from verified_dynamics.experiments import (
    Cluster,
    ClusterError,
    DeviceError,
    Experiment,
    ExperimentError,
    RecordError,
    choose_device,
    read_record,
    records_folder,
)


@dataclass(frozen=True)
class Pending:
    """An experiment that lacks a valid record: why, and how long its smoke run suggests that the full run takes."""

    experiment: Experiment
    reason: str
    weight: float


def pending() -> None:
    """List the experiments whose full-size record is missing or stale; exit status 1 if there are any."""
    missing = 0
    for experiment in catalogue.experiments().values():
        reason = catalogue.record_state(experiment)
        if reason:
            missing += 1
            say(f"{experiment.chapter}  {experiment.name}: {reason}")
    say(f"{missing} of {len(catalogue.experiments())} records are missing or stale.")
    raise typer.Exit(1 if missing else 0)


def perform_pending(
    *, device: str, out: Path | None, executor: Executor | Cluster | None = None, estimate: bool = True
) -> int:
    """Make every record that is missing or stale and go on after a failure; the exit status.

    0: all were made. 1: some failed, which the last line names. 130: interrupted.
    """
    if executor is None:
        choose_device(device)
    if out is None and records_folder() is None:
        raise RecordError(
            "this is no checkout of the book, so say with --out where the records shall be written."
        )
    made, failed, waiting = 0, [], []
    try:
        waiting, failed = _find(Path(out or records_folder()), cell_folder(out))
        say(f"{len(waiting)} of {len(catalogue.experiments())} records are to be made, small ones first.")
        for number, one in enumerate(waiting, 1):
            say(f"\n[{number}/{len(waiting)}] {one.reason}")
            try:
                perform(
                    one.experiment, "full", one.experiment.full,
                    device=device, out=out, executor=executor, estimate=estimate,
                )  # fmt: skip
                made += 1
            except ClusterError:  # the others would find the same cluster
                raise
            except Exception as error:  # the others do not depend on it
                failed.append(one.experiment.name)
                say(_told(error))
    except KeyboardInterrupt:
        say(
            f"Stopped. {made} of {len(waiting)} records are made, and the finished cells of the one under way are "
            "kept; the same command goes on from there."
        )
        return 130
    say(f"\n{made} records were made" + (f"; these failed: {', '.join(failed)}." if failed else "."))
    return 1 if failed else 0


def _find(folder: Path, store: Path) -> tuple[list[Pending], list[str]]:
    """What is pending, small ones first, and the experiments of which that cannot be told."""
    found, failed = [], []
    with cell_bar() as bar:
        for experiment in bar.track(catalogue.experiments().values(), description="looking"):
            try:
                one = _judge(experiment, folder, store)
            except Exception as error:
                failed.append(experiment.name)
                say(_told(error))
                continue
            if one:
                found.append(one)
    return sorted(found, key=lambda one: one.weight), failed


def _judge(experiment: Experiment, folder: Path, store: Path) -> Pending | None:
    record = read_record(experiment, folder)
    smoke = experiment.run("smoke", device="cpu", store=store)
    reason = "no record" if record is None else record.stale_because(experiment, smoke.data)
    if reason is None:
        return None
    sizes = [len(list(p.cells())) * p.seeds for p in (experiment.full, experiment.smoke)]
    return Pending(experiment, _in_words(record, reason), smoke.cost["wall_seconds"] * sizes[0] / sizes[1])


def _in_words(record, reason: str) -> str:
    return reason if record is None else f"stale: {reason}"


def _told(error: Exception) -> str:
    known = isinstance(error, ExperimentError | DeviceError | RecordError)
    return f"Failed: {error}" if known else f"Failed with {type(error).__name__}: {error}"
