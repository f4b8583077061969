"""What all commands print on: one screen, and a bar that counts cells."""

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

screen = Console(highlight=False)


def cell_bar() -> Progress:
    """A progress bar over cells, with the time that passed and the time left; silent where no terminal shows it."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
               TimeRemainingColumn())  # fmt: skip
    return Progress(*columns, console=screen, disable=not screen.is_terminal)
