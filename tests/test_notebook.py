import platform
import re
import tomllib
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
from IPython.core.interactiveshell import InteractiveShell

import verified_dynamics
from verified_dynamics import __version__, addresses
from verified_dynamics.experiments import ExperimentError
from verified_dynamics.notebook import announce, say, setup_cell

PROFILE = "VERIFIED_DYNAMICS_PROFILE"


@pytest.fixture
def machine(monkeypatch, capsys):
    """A machine of our choosing: what `announce` prints there, by whether it has a GPU and by its variables."""

    def tell(gpu=False, torch_version="2.8.0+cu126", **variables):
        for name in (PROFILE, *variables):
            monkeypatch.delenv(name, raising=False)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(torch, "__version__", torch_version)
        monkeypatch.setattr(torch.version, "cuda", "12.6" if gpu else None)
        monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: int(gpu))
        monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "NVIDIA T4")
        announce()
        return capsys.readouterr().out

    return tell


def test_the_set_up_cell_installs_from_the_one_address_at_the_version_of_the_book():
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
    assert project["version"] == __version__
    assert f'git+{project["urls"]["Repository"]}@{addresses.revision()}"' in setup_cell()
    assert addresses.repository().startswith("https://") and not addresses.site().endswith("/")


@pytest.fixture
def runtime(monkeypatch, tmp_path):
    """A notebook's session in which we say whether the library is there and what pip does; it keeps pip's orders."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    session, ordered, there = InteractiveShell(), [], find_spec("verified_dynamics")

    def run(installed, pip_works):
        def pip(line):
            ordered.append(line)
            state["installed"] = pip_works

        state = {"installed": installed}
        session.register_magic_function(pip, "line", "pip")
        monkeypatch.setattr("importlib.util.find_spec", lambda name: there if state["installed"] else None)
        return session.run_cell(setup_cell()).error_in_exec, ordered

    return run


def test_the_set_up_cell_installs_only_where_the_library_is_missing(runtime, capsys):
    assert runtime(installed=True, pip_works=True) == (None, [])
    order = f'install -q "verified-dynamics @ git+{addresses.repository()}@{addresses.revision()}"'
    assert runtime(installed=False, pip_works=True) == (None, [order])
    assert capsys.readouterr().out.count(f"verified-dynamics {__version__}, Python ") == 2


def test_an_installation_that_fails_is_told_in_one_sentence(runtime):
    error, ordered = runtime(installed=False, pip_works=False)
    assert isinstance(error, ImportError) and len(ordered) == 1
    assert str(error) == (
        "The library was not installed, and pip says why above; check that this runtime has a network, then run "
        "this cell again."
    )


def test_dependencies_are_lower_bounds_so_that_a_runtime_keeps_its_own_torch():
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
    for needed in project["dependencies"]:
        assert re.fullmatch(r"[a-z0-9-]+>=[0-9.]+", needed), needed


@pytest.mark.parametrize(
    ("version", "revision"),
    [("0.1.0", "v0.1.0"), ("1.2", "v1.2"), ("0.2.0.dev0", "main"), ("1.0rc1", "v1.0rc1")],
)
def test_a_release_comes_from_its_tag_and_a_development_version_from_the_main_branch(
    monkeypatch, version, revision
):
    monkeypatch.setattr(verified_dynamics, "__version__", version)
    assert addresses.revision() == revision
    assert f'{addresses.repository()}@{revision}"' in setup_cell()


def test_a_gpu_means_full_size_and_the_variable_overrides_it(machine):
    assert machine(gpu=True).splitlines() == [
        f"verified-dynamics {__version__}, Python {platform.python_version()}, PyTorch 2.8.0 with CUDA 12.6",
        "device: NVIDIA T4",
        f"profile: full, because this is a GPU; to change it, put %env {PROFILE}=smoke above this cell and restart",
    ]
    assert machine(gpu=True, **{PROFILE: "smoke"}).endswith(f"profile: smoke, as {PROFILE} says\n")


def test_elsewhere_the_smoke_size_runs_and_the_way_to_a_gpu_is_told(machine):
    told = machine(**{PROFILE: ""})
    assert "profile: smoke, because there is no CUDA device; to change it" in told and "GPU" not in told
    assert f"profile: full, as {PROFILE} says" in machine(**{PROFILE: "full"})
    assert "Binder has no GPU" in machine(BINDER_LAUNCH_HOST="https://binder.example.org/")


def test_a_profile_that_does_not_exist_is_refused(machine):
    with pytest.raises(ExperimentError, match=f"{PROFILE}: there is no profile 'ful'; did you mean 'full'"):
        machine(**{PROFILE: "ful"})


def test_an_old_torch_is_refused_in_one_sentence(machine):
    with pytest.raises(ImportError, match=r"has PyTorch 2\.5\.1\+cu121 and the library needs torch>=2\.6: "):
        machine(torch_version="2.5.1+cu121")
    assert "PyTorch 2.6.0a0" in machine(torch_version="2.6.0a0+vendor")


def test_say_takes_its_numbers_from_the_run(capsys):
    say("The slope is {slope:.2f} over {n} seeds.", slope=np.float64(1.0349), n=8)
    assert "Markdown" in capsys.readouterr().out
    with pytest.raises(KeyError):
        say("{missing}")
