"""Every theory's symbolic statements are proved, its controls refuted, and broken copies of it caught.

A theory is a folder `verified_dynamics/<part>/<theory>` with a module `symbolic`, which ends with the tuples
STATEMENTS and CONTROLS of functions that return statements.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

import verified_dynamics
from verified_dynamics.proof import Verdict, prove

sys.path.insert(0, str(Path(__file__).parent / "proof"))
from mutations import mutants

NOT_PARTS = {
    "book", "claims", "command_line", "data", "ensemble", "experiments", "figures", "models", "notebook", "proof",
    "statistics",
}  # fmt: skip
MUTANTS_PER_STATEMENT = 3


def theories() -> list[str]:
    """The dotted names of all `symbolic` modules."""
    root = Path(next(iter(verified_dynamics.__path__)))
    found = sorted(root.glob("*/*/symbolic.py")) + sorted(root.glob("*/*/symbolic/__init__.py"))
    names = []
    for path in found:
        folder = path.parent if path.name == "symbolic.py" else path.parent.parent
        part, theory = folder.parent.name, folder.name
        if part not in NOT_PARTS:
            names.append(f"verified_dynamics.{part}.{theory}.symbolic")
    return sorted(names)


def functions(kind: str) -> list:
    """One parameter per function of all theories' STATEMENTS or CONTROLS; an import that fails is one as well."""
    parameters = []
    for name in theories():
        short = name.removeprefix("verified_dynamics.").removesuffix(".symbolic")
        try:
            members = getattr(importlib.import_module(name), kind)
        except Exception as error:  # collected as a failing test, so that the others still run
            parameters.append(pytest.param(error, id=f"{short}:import"))
            continue
        parameters += [pytest.param(member, id=f"{short}:{member.__name__}") for member in members]
    return parameters


def statement_of(member):
    if isinstance(member, Exception):
        raise member
    return member()


@pytest.mark.parametrize("member", functions("STATEMENTS"))
def test_each_statement_is_proven(member):
    proof = prove(statement_of(member))
    assert proof.verdict is Verdict.PROVEN, str(proof)


@pytest.mark.parametrize("member", functions("CONTROLS"))
def test_each_control_is_refuted(member):
    proof = prove(statement_of(member))
    assert proof.verdict is Verdict.REFUTED, str(proof)


@pytest.mark.parametrize("theory", theories())
def test_broken_copies_are_caught(theory):
    """At least 95 % of the broken copies are refuted, and none is proved."""
    refuted, others = 0, []
    for member in importlib.import_module(theory).STATEMENTS:
        for mutant in mutants(member(), MUTANTS_PER_STATEMENT):
            proof = prove(mutant.statement, timeout=5.0)
            assert proof.verdict is not Verdict.PROVEN, f"{member.__name__}, {mutant.change}: {proof}"
            if proof.verdict is Verdict.REFUTED:
                refuted += 1
            else:
                others.append(f"{member.__name__}, {mutant.change}: {proof}")
    assert refuted >= 0.95 * (refuted + len(others)), "\n".join(others)


def test_every_theory_has_statements_and_controls():
    for theory in theories():
        module = importlib.import_module(theory)
        assert module.STATEMENTS and module.CONTROLS, theory
