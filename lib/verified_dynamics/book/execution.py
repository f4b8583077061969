"""How pytest runs chapters: nbmake executes each once, and what ran without error goes to the store.

They run in the bare environment (verified_dynamics.book.bare), so that each run shows what a GPU runtime needs.
Every failure is told in one sentence that names the chapter and the cell. Output on stderr is a failure: a warning
in a chapter is either explained in its text or mended.
"""

import os
import re
import tempfile
from itertools import count
from pathlib import Path

import nbformat
from nbmake import nb_run
from nbmake.nb_result import NotebookError, NotebookResult
from nbmake.pytest_items import NotebookFailedException, NotebookItem
from traitlets.config import Config

from verified_dynamics.book.bare import MARK, bare_environment, kernels
from verified_dynamics.book.executed import PROFILE, chapter_name, executed, keep, key, root_of

__all__ = ["STORED", "install", "local_client"]

STORED = ("chapter", "from the store")  # a property of the test report
BARE = "; a chapter has the library's own dependencies and a kernel, as on a GPU runtime, and nothing besides"
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def install(sockets: tempfile.TemporaryDirectory) -> None:
    """Make nbmake keep what it ran, pass what is stored, and name chapter and cell when it fails.

    sockets: a folder with a short absolute path, through which kernels are spoken to. Ports can be taken by a
    neighbour between their choice and their use; a file of one's own cannot.
    """
    os.environ.setdefault(PROFILE, "smoke")
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    nb_run.NotebookClient = local_client(nb_run.NotebookClient, sockets.name)
    NotebookItem.runtest = run_chapter


def local_client(client: type, folder: str) -> type:
    """The notebook client, with the kernel of the bare environment, spoken to through files of its own in `folder`."""
    number = count()

    class LocalClient(client):
        latest = None  # the notebook of the latest run, for errors after which nbmake does not give it back
        root = None  # of the book that runs

        def __init__(self, *args, **options):
            address = {"transport": "ipc", "ip": f"{folder}/{os.getpid()}-{next(number)}"}
            super().__init__(*args, config=Config(ConnectionFileMixin=address), **options)
            LocalClient.latest = self.nb

        def create_kernel_manager(self):
            manager = super().create_kernel_manager()
            environment = bare_environment(self.root)
            manager.kernel_spec_manager.kernel_dirs.insert(0, str(kernels(environment)))
            # Read from what is started, not from what was meant to be: tests see here whether a chapter ran bare.
            interpreter = Path(manager.kernel_spec.argv[0])
            self.nb.metadata[MARK] = os.path.relpath(interpreter, self.root)
            return manager

    return LocalClient


def run_chapter(item: NotebookItem) -> None:
    """Execute one chapter and keep it, unless the store has it in its present state."""
    path = Path(item.filename)
    if executed(path) is not None:
        item.user_properties.append(STORED)
        return
    state = key(path)
    nb_run.NotebookClient.root = root_of(path)
    option = item.config.option
    run = nb_run.NotebookRun(path, option.nbmake_timeout, kernel=option.nbmake_kernel)
    try:
        result = run.execute()
    except Exception as problem:  # a kernel that died, for one: nbmake lets it through
        raise NotebookFailedException(_interrupted(problem, path)) from problem
    error = _named(result.error, result.nb, path) if result.error else _stderr_error(result.nb, path)
    if error:
        raise NotebookFailedException(NotebookResult(nb=result.nb, error=error))
    keep(result.nb, path, state)


def _named(error: NotebookError, notebook: nbformat.NotebookNode, path: Path) -> NotebookError:
    what = _first_line(error.summary)
    what += BARE if what.startswith("ModuleNotFoundError") else ""
    summary = f"{_cell(notebook, error.failing_cell_index, path)}: {what}"
    return NotebookError(summary, f"{summary}\n{error.trace}", error.failing_cell_index)


def _stderr_error(notebook: nbformat.NotebookNode, path: Path) -> NotebookError | None:
    for index, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", []):
            if output.output_type == "stream" and output.name == "stderr":
                summary = f"{_cell(notebook, index, path)} wrote to stderr: {_first_line(output.text)}"
                return NotebookError(summary, f"{summary}\n{output.text}", index)
    return None


def _interrupted(problem: Exception, path: Path) -> NotebookResult:
    notebook = nb_run.NotebookClient.latest
    cells = list(enumerate(notebook.cells)) if notebook else []
    unfinished = [index for index, cell in cells if cell.cell_type == "code" and not _answered(cell)]
    place = _cell(notebook, unfinished[0], path) if unfinished else _place(path)
    summary = f"{place}: {type(problem).__name__}: {_first_line(str(problem))}"
    return NotebookResult(nb=notebook, error=NotebookError(summary, f"{summary}\n{problem}", -1))


def _answered(cell: nbformat.NotebookNode) -> bool:
    return "shell.execute_reply" in cell.metadata.get("execution", {})


def _place(path: Path) -> str:
    try:
        root_of(path)
    except FileNotFoundError:
        return str(path)
    return f"chapter {chapter_name(path)}"


def _cell(notebook: nbformat.NotebookNode, index: int, path: Path) -> str:
    return f"{_place(path)}, cell {notebook.cells[index].get('id', index)!r}"


def _first_line(text: str) -> str:
    lines = [line.strip() for line in _COLOURS.sub("", text).splitlines() if line.strip()]
    return lines[0] if lines else "no message"
