"""What Binder reads: PyTorch from a channel with builds for the CPU, everything else with the library."""

import os
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]


def faults(environment: dict, project: dict) -> list[str]:
    """What is wrong with Binder's environment, beside the project's own statement of what it needs."""
    packages = environment["dependencies"]
    found = [] if "channels" in environment else ["no channels"]
    found += [f"{package!r} is no plain package" for package in packages if not isinstance(package, str)]
    bound = next(
        needed.removeprefix("torch") for needed in project["dependencies"] if needed.startswith("torch")
    )
    if f"pytorch-cpu{bound}" not in packages:
        found.append(f"PyTorch for the CPU {bound} is missing")
    python = next(
        (package.removeprefix("python=") for package in packages if package.startswith("python=")), "0"
    )
    needs = project["requires-python"].removeprefix(">=")
    if [int(part) for part in python.split(".")] < [int(part) for part in needs.split(".")]:
        found.append(f"Python {python} is older than {needs}")
    return found


@pytest.fixture
def environment():
    return yaml.safe_load((ROOT / ".binder" / "environment.yml").read_text(encoding="utf-8"))


@pytest.fixture
def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_binder_gets_what_the_project_needs(environment, project):
    assert faults(environment, project) == []


@pytest.mark.parametrize(
    ("plain", "changed", "fault"),
    [
        ("pytorch-cpu>=2.6", "pytorch>=2.6", "PyTorch for the CPU >=2.6 is missing"),
        ("pytorch-cpu>=2.6", "pytorch-cpu>=2.4", "PyTorch for the CPU >=2.6 is missing"),
        ("python=3.12", "python=3.9", "Python 3.9 is older than 3.11"),
    ],
)
def test_each_planted_fault_is_found(environment, project, plain, changed, fault):
    packages = [changed if package == plain else package for package in environment["dependencies"]]
    assert faults({"channels": [], "dependencies": packages}, project) == [fault]


def test_what_runs_after_the_build_is_a_script_that_installs_the_library(tmp_path):
    script = ROOT / ".binder" / "postBuild"
    assert os.access(script, os.X_OK) and script.read_text().startswith("#!")
    stand_in = tmp_path / "python"
    stand_in.write_text('#!/bin/sh\necho "$@"\n')
    stand_in.chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run([script], cwd=ROOT, env={"PATH": path}, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["-m", "pip", "install", "--no-cache-dir", "--editable", "."]
