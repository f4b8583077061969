"""The commands on the page "Running it larger" exist: their options are those of the command line and of Dask."""

import re
import shlex
from importlib import import_module
from pathlib import Path

import pytest
import typer

from verified_dynamics import catalogue
from verified_dynamics.command_line import application

PAGE = Path(__file__).parents[2] / "book" / "running.md"


def commands(text: str, program: str) -> list[list[str]]:
    """The words of each line of the page's code blocks that calls the program, variables before it left out."""
    blocks = re.findall(r"^```(\w*)\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)
    typed = "\n".join(block for language, block in blocks if not language)
    lines = [shlex.split(re.sub(r"^(?:\w+=\S+ )+", "", line)) for line in typed.splitlines()]
    return [
        words[len(program.split()) :] for words in lines if words[: len(program.split())] == program.split()
    ]


def unknown_words(calls: list[list[str]], command) -> list[str]:
    """What click does not know of these calls: options without values are taken as such."""
    known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    return [word for call in calls for word in call if word.startswith("--") and word not in known]


def run_command():
    return typer.main.get_command(application.application).commands["run"]


def test_every_run_on_the_page_names_an_experiment_and_options_that_exist():
    calls = commands(PAGE.read_text(), "verified-dynamics run")
    assert len(calls) >= 4
    assert unknown_words(calls, run_command()) == []
    assert {call[0] for call in calls} <= set(catalogue.experiments())
    for call in calls:
        changed = [call[i + 1].partition("=")[0] for i, word in enumerate(call) if word == "--set"]
        profile = catalogue.find(call[0]).full
        assert set(changed) <= {*profile.grid, *profile.settings}


@pytest.mark.parametrize("program", ["scheduler", "worker"])
def test_the_options_of_dask_on_the_page_exist(program):
    calls = commands(PAGE.read_text(), f"dask {program}")
    assert calls
    assert unknown_words(calls, import_module(f"distributed.cli.dask_{program}").main) == []


def test_a_planted_option_is_found():
    text = "```\nA=1 verified-dynamics run x --schedular tcp://1\n```\n"
    assert unknown_words(commands(text, "verified-dynamics run"), run_command()) == ["--schedular"]
