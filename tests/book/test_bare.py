"""The bare environment: the library and a kernel are there, the book's tools are not, and it is made once."""

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError

import pytest

from verified_dynamics.book import bare
from verified_dynamics.book.bare import BareEnvironmentError, bare_environment, kernels, needed

ABSENT = ("sphinx", "docutils", "myst_nb", "myst_parser", "jupyter_book", "nbformat", "pytest", "distributed")
PRESENT = ("verified_dynamics", "IPython", "ipykernel", "torch", "z3", "matplotlib", "sklearn", "xarray")
LOOK = """
import importlib, json, sys
from importlib.util import find_spec
from verified_dynamics import addresses
found = {name: find_spec(name) is not None for name in sys.argv[1:]}
print(json.dumps([found, addresses.repository(), find_spec("verified_dynamics").origin]))
"""


@pytest.fixture
def environment(book):
    return bare_environment(book.root)


def look(environment):
    """Which packages the kernel's interpreter finds, started as a kernel is, beside modules of the user's own."""
    kernel = json.loads((kernels(environment) / "python3" / "kernel.json").read_text())
    started = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)} | kernel["env"]
    command = [kernel["argv"][0], "-c", LOOK, *ABSENT, *PRESENT]
    done = subprocess.run(command, env=started, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_the_library_is_there_and_the_tools_of_the_book_are_not(environment):
    found, repository, _ = look(environment)
    assert [name for name in ABSENT if found[name]] == []
    assert [name for name in PRESENT if not found[name]] == []
    assert repository.startswith("https://")


def test_the_library_is_that_of_the_checkout(book):
    book.module("verified_dynamics/__init__.py", "")
    book.module("verified_dynamics/addresses.py", "def repository(): return 'of this checkout'")
    assert look(bare_environment(book.root))[1] == "of this checkout"


def test_it_is_made_once_and_again_when_a_version_changes(book, environment, monkeypatch):
    made = environment.stat().st_mtime_ns
    assert bare_environment(book.root) == environment and environment.stat().st_mtime_ns == made
    monkeypatch.setattr(sys, "version", "another one")
    assert bare_environment(book.root) != environment


def test_processes_that_make_it_at_once_share_one(book, monkeypatch):
    make = bare._make

    def slowly(*arguments):
        make(*arguments)
        time.sleep(0.2)  # all of them are at work before the first is ready

    monkeypatch.setattr(bare, "_make", slowly)
    with ThreadPoolExecutor(3) as pool:
        made = set(pool.map(bare_environment, [book.root] * 3))
    assert len(made) == 1
    assert [path.name for path in (book.root / "_build" / "bare").iterdir()] == [made.pop().name]


def test_a_missing_dependency_is_told_in_one_sentence(book, monkeypatch):
    installed = bare.distribution

    def without_sympy(name):
        if name == "sympy":
            raise PackageNotFoundError(name)
        return installed(name)

    monkeypatch.setattr(bare, "distribution", without_sympy)
    with pytest.raises(
        BareEnvironmentError, match="chapters cannot run: sympy, which .* needs, is not installed"
    ):
        bare_environment(book.root)
    assert not list(book.root.glob("_build/bare/*"))


def test_extras_and_dependencies_of_dependencies_are_followed():
    names = {there.metadata["Name"].lower() for there in needed(["ipykernel"])}
    assert {"ipykernel", "ipython", "jedi", "parso", "pyzmq"} <= names
    assert "pytest" not in names and "pytest" in {
        d.metadata["Name"] for d in needed(["verified-dynamics[test]"])
    }
