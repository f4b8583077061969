"""What all commands print on: one screen, labelled lines, and a bar that counts cells."""

import textwrap
from datetime import timedelta

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn
from rich.text import Text

screen = Console(highlight=False)
LABEL = 10  # columns of a label


def say(sentence: str) -> None:
    """Print a sentence; where no terminal shows it, on one line, however long."""
    screen.print(sentence, markup=False, soft_wrap=not screen.is_terminal)


def facts(rows: dict[str, str]) -> None:
    """Print labelled lines, which a narrow terminal wraps beside their labels."""
    for label, text in rows.items():
        first, later = f"  {label.ljust(LABEL)}", " " * (LABEL + 2)
        lines = [first + text]
        if screen.is_terminal:
            width = max(screen.width, LABEL + 14)
            lines = textwrap.wrap(text, width, initial_indent=first, subsequent_indent=later)
        for line in lines:
            screen.print(line, markup=False, soft_wrap=True)


def bytes_in_words(number: float) -> str:
    """A number of bytes with two or three digits and a decimal unit."""
    for unit in ("bytes", "kB", "MB", "GB", "TB"):
        if number < 999.5 or unit == "TB":
            break
        number /= 1000
    return f"{number:.3g} {unit}"


def time_in_words(seconds: float) -> str:
    """A duration: seconds below a minute, then minutes and seconds, then hours and minutes."""
    if seconds < 60:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def cell_bar() -> Progress:
    """A bar over cells, with the time left; silent where no terminal shows it."""
    columns = TextColumn("{task.description}"), BarColumn(bar_width=None), MofNCompleteColumn(), TimeLeft()
    return Progress(*columns, console=screen, disable=not screen.is_terminal, expand=screen.width < 70)


class TimeLeft(ProgressColumn):
    """The time left, from the cells that were finished here; those taken from the store tell nothing of it."""

    max_refresh = 0.5

    def render(self, task) -> Text:
        """The column's text."""
        here = task.completed - task.fields.get("stored", 0)
        elapsed = task.finished_time if task.finished else task.elapsed
        if task.total is None or elapsed is None:
            return Text("")
        clock = timedelta(seconds=int(elapsed))
        if task.finished:
            return Text(f"{clock}")
        if here <= 0:
            return Text(f"{clock}, no cell yet")
        each = task.fields.get("last", elapsed) / here
        left = max(0.0, each * (task.total - task.completed) - (elapsed - task.fields.get("last", elapsed)))
        return Text(f"{clock}, {timedelta(seconds=int(left))} left")
