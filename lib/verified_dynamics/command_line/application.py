"""The commands and what they print; each error is one sentence and a non-zero exit status."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.padding import Padding
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from verified_dynamics import catalogue
from verified_dynamics.command_line import figures as figure_commands
from verified_dynamics.experiments import (
    DeviceError,
    Experiment,
    ExperimentError,
    RecordError,
    plan,
    read_record,
    records_folder,
    write_record,
)
from verified_dynamics.experiments.storage import to_bytes, write_atomically

application = typer.Typer(
    help="Verified Dynamics: run the book's experiments, and read, reproduce and cite what it shows.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
screen = Console(highlight=False)


@application.command("list")
def list_experiments() -> None:
    """List the experiments by chapter: name, cells and seeds at both profiles, and what each measures."""
    chapters: dict[str, list[Experiment]] = {}
    for experiment in catalogue.experiments().values():
        chapters.setdefault(experiment.chapter, []).append(experiment)
    for chapter, members in chapters.items():
        screen.print(f"[bold]{chapter}[/bold]")
        for experiment in members:
            sizes = [f"{len(list(p.cells()))} × {p.seeds}" for p in (experiment.smoke, experiment.full)]
            screen.print(
                f"  [cyan]{experiment.name}[/cyan]  smoke {sizes[0]}, full {sizes[1]} {experiment.unit}"
            )
            screen.print(Padding(Text(experiment.description), (0, 0, 0, 6)))
    screen.print(
        "Sizes are cells × replicates. Run one with: verified-dynamics run EXPERIMENT --profile full"
    )


@application.command("run")
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
    declared = experiment.profile(profile)
    sizes = declared.changed(seeds=seeds, settings=dict(_setting(text, declared) for text in settings))
    whole = sizes == declared
    store = Path(out or "_build") / ".cells"
    todo = plan(experiment, sizes, store=store, device=device)
    screen.print(
        f"{experiment.name}, profile {profile}{'' if whole else ' with changes'}: {len(todo.cells)} cells × "
        f"{len(todo.seeds)} {experiment.unit}, {len(todo.done)} finished already."
    )
    result = _with_progress(experiment, sizes, device, store)
    screen.print(f"{result.cost['wall_seconds']} s on {result.provenance['device_name']}.")
    if profile == "full" and whole:
        _record(experiment, result, out)
    else:
        path = Path(out or "_build/runs") / experiment.chapter / f"{experiment.name}.nc"
        write_atomically(path, to_bytes(result.data))
        origin = {"experiment": experiment.name, **result.provenance, **result.cost}
        write_atomically(path.with_suffix(".json"), (json.dumps(origin, indent=1) + "\n").encode())
        screen.print(f"Written to {path}, with its provenance beside it.")


@application.command("pending")
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


@application.command("ledger")
def ledger(
    as_json: Annotated[bool, typer.Option("--json", help="The whole ledger as JSON.")] = False,
) -> None:
    """Show every claim of the book with its square, from the chapters as they were last executed."""
    from verified_dynamics.book.ledger import collect, to_json

    found = collect(figure_commands.checkout())
    if as_json:
        print(to_json(found))
        return
    table = Table(box=None, pad_edge=False)
    for title in ("claim", "proved", "refuted", "measured", "rejected", "chapter"):
        table.add_column(title, overflow="fold")
    for claim in found["claims"]:
        cells = [claim[cell] for cell in ("proves", "refutes", "measures", "rejects")]
        table.add_row(
            claim["name"], *("n/a" if isinstance(c, dict) else str(len(c)) for c in cells), claim["chapter"]
        )
    screen.print(table)
    screen.print(", ".join(f"{number} {what.replace('_', ' ')}" for what, number in found["totals"].items()))


@application.command("reproduce")
def reproduce(
    name: Annotated[str | None, typer.Argument(metavar="FIGURE", help="Name of a published figure.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All figures, one after another.")] = False,
    profile: Annotated[
        str, typer.Option(help="smoke, full, or shown (the profile of what the book shows).")
    ] = "shown",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1, mps.")] = "auto",
) -> None:
    """Run a figure's experiments again and report each variable's largest deviation in units of its tolerance."""
    if every == (name is not None):
        raise ExperimentError("name one figure, or give --all.")
    agreed = figure_commands.reproduce(None if every else name, profile, device, screen)
    raise typer.Exit(0 if agreed else 1)


@application.command("cite")
def cite(name: Annotated[str, typer.Argument(metavar="FIGURE")]) -> None:
    """Print the BibTeX entry of a figure."""
    print(figure_commands.cite(name))


def main() -> None:
    """Entry point: errors of the book's own kinds are one sentence on stderr and exit status 2."""
    from verified_dynamics.book.ledger import LedgerError

    try:
        application()
    except (ExperimentError, DeviceError, RecordError, LedgerError, figure_commands.UnknownFigure) as error:
        print(f"verified-dynamics: {error}", file=sys.stderr)
        sys.exit(2)


def _with_progress(experiment: Experiment, sizes, device: str, store: Path):
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
               TimeRemainingColumn())  # fmt: skip
    with Progress(*columns, console=screen, disable=not screen.is_terminal) as bar:
        task = bar.add_task("cells", total=None)
        return experiment.run(
            sizes, device=device, store=store,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )  # fmt: skip


def _record(experiment: Experiment, result, out: Path | None) -> None:
    folder = out or records_folder()
    if folder is None:
        raise RecordError(
            "this is no checkout of the book, so say with --out where the record shall be written."
        )
    screen.print("Running the smoke size on the CPU, which tells later whether the record still stands.")
    path = write_record(result, experiment.run("smoke", device="cpu"), folder)
    screen.print(f"Record written to {path}.")


def _stale(experiment: Experiment, record) -> str | None:
    reason = record.stale_because(experiment, None)
    if reason is None:
        reason = record.stale_because(experiment, experiment.run("smoke", device="cpu").data)
    return f"stale: {reason}" if reason else None


def _setting(text: str, declared) -> tuple[str, object]:
    name, sign, value = text.partition("=")
    if not sign:
        raise ExperimentError(f"--set takes NAME=VALUE, not {text!r}.")
    if name in declared.grid:
        return name, tuple(_like(declared.grid[name][0], part, name) for part in value.split(","))
    return name, _like(declared.settings.get(name, value), value, name)


def _like(model, text: str, name: str):
    """The text as a value of the same type as the declared one."""
    try:
        if isinstance(model, bool):
            return {"true": True, "false": False}[text.lower()]
        return type(model)(text)
    except (KeyError, ValueError):
        raise ExperimentError(f"--set {name}: {text!r} is not a {type(model).__name__}.") from None
