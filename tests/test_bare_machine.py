"""Experiments run where there is PyTorch and the usual scientific packages, and nothing of the book."""

import subprocess
import sys

import pytest

ABSENT = (
    "arviz",
    "IPython",
    "ipykernel",
    "jupyter_client",
    "nbformat",
    "sphinx",
    "docutils",
    "myst_nb",
    "z3",
    "h5netcdf",
)
BLOCK = f"""
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {ABSENT!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}} on this machine")

sys.meta_path.insert(0, Absent())
"""
RUN = """
from verified_dynamics import catalogue
found = catalogue.experiments()
for experiment in found.values():
    if experiment.name in {"degrees", "degree-two-law", "effective-support"}:
        small = experiment.smoke.changed(seeds=2)
        print(experiment.name, sorted(experiment.run(small, device="cpu").data.data_vars))
print(len(found), "experiments")
"""


def bare(code):
    return subprocess.run([sys.executable, "-c", BLOCK + code], capture_output=True, text=True, timeout=280)


def test_experiments_run_without_jupyter_sphinx_and_z3():
    done = bare(RUN)
    assert done.returncode == 0, done.stderr[-2000:]
    assert int(done.stdout.split()[-2]) > 30


@pytest.mark.parametrize("name", ["IPython", "z3"])
def test_the_block_works(name):
    done = bare(f"import {name}")
    assert done.returncode != 0 and "on this machine" in done.stderr
