"""How chapters run: each once, kept when it went well, and a failure told by chapter and cell."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from verified_dynamics.book.bare import MARK
from verified_dynamics.book.executed import executed

ROOT = Path(__file__).parents[2]
COUNT = "with open('log.txt', 'a') as log:\n    log.write('x')"
PREFIX = "import sys, IPython, verified_dynamics\nsys.prefix"


def run_chapters(book, *options):
    """What pytest prints about the chapters of a book, without colours."""
    shutil.copyfile(ROOT / "conftest.py", book.root / "conftest.py")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--nbmake",
        "-p",
        "no:cacheprovider",
        "-v",
        *options,
        "chapters",
    ]
    done = subprocess.run(command, cwd=book.root, capture_output=True, text=True, timeout=120)
    return done.returncode, re.sub(r"\x1b\[[0-9;]*m", "", done.stdout + done.stderr)


@pytest.fixture
def ran(book):
    (book.root / "lib").mkdir()
    good = book.chapter("margin/good", ("markdown", "# Good"), ("code", COUNT), ("code", PREFIX))
    book.chapter("margin/failing", ("code", "x = 0"), ("code", "1 / x"))
    book.chapter("margin/leaning", ("code", "import IPython"), ("code", "import sphinx"))
    book.chapter("margin/noisy", ("code", "import warnings\nwarnings.warn('a doubtful step')"))
    book.chapter("margin/slow", ("code", "import time"), ("code", "time.sleep(60)"))
    book.chapter("margin/dying", ("code", "import os"), ("code", "os._exit(3)"))
    return book, good, *run_chapters(book, "--nbmake-timeout=4")


def test_failures_name_chapter_and_cell_and_what_went_well_runs_once(ran):
    book, good, status, printed = ran
    assert status == 1
    assert "chapter margin/failing, cell 'cell-1': ZeroDivisionError: division by zero" in printed
    assert re.search(
        r"chapter margin/noisy, cell 'cell-0' wrote to stderr: .*UserWarning: a doubtful step", printed
    )
    assert (
        "chapter margin/leaning, cell 'cell-1': ModuleNotFoundError: No module named 'sphinx'; a chap"
        in printed
    )
    assert "chapter margin/slow, cell 'cell-1': A cell timed out" in printed
    assert "chapter margin/dying, cell 'cell-1': DeadKernelError: Kernel died" in printed
    assert "5 failed, 1 passed" in printed
    stored = [path.parent.name for path in book.root.glob("_build/executed/*/*/*.ipynb")]
    assert stored == ["good"]
    ran_on = Path(eval(executed(good).cells[2].outputs[0].data["text/plain"]))
    assert ran_on.parent == book.root / "_build" / "bare"
    assert executed(good).metadata[MARK] == str((ran_on / "bin" / "python").relative_to(book.root))

    status, printed = run_chapters(book, "-k", "good")
    assert status == 0
    assert "PASSED (unchanged since it was executed)" in printed
    assert (good.parent / "log.txt").read_text() == "x"
