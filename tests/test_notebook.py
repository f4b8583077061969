import numpy as np
import pytest

from verified_dynamics import __version__, addresses
from verified_dynamics.notebook import announce, say, setup_cell


def test_the_set_up_cell_installs_from_the_one_address():
    assert f"git+{addresses.repository()}" in setup_cell()
    assert addresses.repository().startswith("https://") and not addresses.site().endswith("/")


def test_announce_names_version_device_and_profile(capsys, monkeypatch):
    monkeypatch.setenv("VERIFIED_DYNAMICS_PROFILE", "smoke")
    announce()
    told = capsys.readouterr().out
    assert __version__ in told and "profile smoke" in told


def test_say_takes_its_numbers_from_the_run(capsys):
    say("The slope is {slope:.2f} over {n} seeds.", slope=np.float64(1.0349), n=8)
    assert "Markdown" in capsys.readouterr().out
    with pytest.raises(KeyError):
        say("{missing}")
