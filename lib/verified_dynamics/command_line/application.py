"""The commands and what they print; each error is one sentence and a non-zero exit status."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from verified_dynamics import catalogue
from verified_dynamics.command_line import figures as figure_commands
from verified_dynamics.command_line.pending import pending
from verified_dynamics.command_line.run import run_experiment
from verified_dynamics.command_line.terminal import screen
from verified_dynamics.experiments import DeviceError, Experiment, ExperimentError, RecordError

application = typer.Typer(
    help="Verified Dynamics: run the book's experiments, and read, reproduce and cite what it shows.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


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


application.command("run")(run_experiment)
application.command("pending")(pending)


@application.command("ledger")
def ledger(
    as_json: Annotated[bool, typer.Option("--json", help="The whole ledger as JSON.")] = False,
) -> None:
    """Show every claim of the book with its square, from the chapters as they were last executed."""
    from verified_dynamics.book.ledger import collect, to_json

    found = collect(figure_commands.checkout())
    if as_json:
        sys.stdout.buffer.write(to_json(found).encode())  # the bytes of the site's file, whatever the locale
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
    save: Annotated[bool, typer.Option(help="Keep the outcome, which the figure's page shows.")] = True,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the outcomes; book/reproductions of the checkout.")
    ] = None,
) -> None:
    """Run a figure's experiments again and compare: on the same machine by equality, elsewhere by tolerance.

    Exit status 0 if everything is reproduced, 1 if something is not, 2 if there is nothing to compare.
    """
    if every == (name is not None):
        raise ExperimentError("name one figure, or give --all.")
    folder = (out or figure_commands.outcomes()) if save else None
    agreed = figure_commands.reproduce(None if every else name, profile, device, screen, folder)
    raise typer.Exit(0 if agreed else 1)


@application.command("cite")
def cite(
    name: Annotated[
        str | None, typer.Argument(metavar="FIGURE", help="A figure; the book if left out.")
    ] = None,
    plain: Annotated[bool, typer.Option("--plain", help="A sentence instead of BibTeX.")] = False,
) -> None:
    """Print how a figure, or the whole book, is cited: as BibTeX, or as a sentence."""
    print(figure_commands.cite(name, plain).rstrip())


def main() -> None:
    """Entry point: errors of the book's own kinds are one sentence on stderr and exit status 2."""
    from verified_dynamics.book.citation import CitationError
    from verified_dynamics.book.ledger import LedgerError

    own = (
        ExperimentError,
        DeviceError,
        RecordError,
        LedgerError,
        CitationError,
        figure_commands.UnknownFigure,
    )
    try:
        status = application(standalone_mode=False)
    except own as error:
        print(f"verified-dynamics: {error}", file=sys.stderr)
        sys.exit(2)
    except typer.Abort:
        sys.exit(130)
    except Exception as error:
        if not hasattr(error, "format_message"):  # of typer's own: a wrong option or argument
            raise
        if type(error).__name__ == "NoArgsIsHelpError":
            error.show()
        else:
            print(f"verified-dynamics: {_sentence(error.format_message())}", file=sys.stderr)
        sys.exit(2)
    if status:
        sys.exit(status)


def _sentence(text: str) -> str:
    return text[:1].lower() + text[1:].rstrip(".").replace("\n", " ") + "; --help tells what there is."
