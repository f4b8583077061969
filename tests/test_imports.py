"""Imports only go down: instruments know no theory, a theory knows neither the book nor another part."""

import ast
from pathlib import Path

import pytest

LIBRARY = Path(__file__).parents[1] / "lib" / "verified_dynamics"
GROUND = {"data", "ensemble", "experiments", "models", "proof", "statistics"}
FIRST = {"attention", "degeneracy", "margin", "structure", "symmetry", "trajectory"}
SECOND = {"addresses", "book", "catalogue", "claims", "command_line", "figures", "notebook", "numerals"}


def imported(source: str, package: str) -> set[str]:
    """The packages right under verified_dynamics that a module of `package` (dotted) imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")
            base = ".".join(parts[: len(parts) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (base, node.module) if part)
            names = [f"{module}.{alias.name}" for alias in node.names]
        else:
            continue
        found |= {name.split(".")[1] for name in names if name.startswith("verified_dynamics.")}
    return found


def violations(source: str, package: str) -> set[str]:
    """The packages that a module of `package` imports although its floor forbids them."""
    room = package.split(".")[1] if "." in package else ""
    packages = imported(source, package) & (GROUND | FIRST | SECOND)
    if room in GROUND:
        return packages & (FIRST | SECOND)
    if room in FIRST:
        return packages & (SECOND | FIRST - {room})
    return set()


def modules() -> list[Path]:
    return sorted(LIBRARY.rglob("*.py"))


def package_of(path: Path) -> str:
    return ".".join(("verified_dynamics", *path.relative_to(LIBRARY).parts[:-1]))


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(LIBRARY)))
def test_imports_only_go_down(path):
    wrong = violations(path.read_text(), package_of(path))
    assert not wrong, (
        f"{path.relative_to(LIBRARY)} imports {', '.join(sorted(wrong))} from a floor above or aside"
    )


def test_every_package_stands_on_a_floor():
    rooms = {path.relative_to(LIBRARY).parts[0].removesuffix(".py") for path in modules()} - {"__init__"}
    assert rooms <= GROUND | FIRST | SECOND


@pytest.mark.parametrize(
    ("source", "package", "expected"),
    [
        ("from verified_dynamics.margin import flow", "verified_dynamics.proof", {"margin"}),
        ("from verified_dynamics import claims", "verified_dynamics.proof", {"claims"}),
        (
            "def f():\n    import verified_dynamics.figures.style as s",
            "verified_dynamics.statistics",
            {"figures"},
        ),
        ("from ..symmetry import rescale", "verified_dynamics.ensemble", {"symmetry"}),
        ("from verified_dynamics.claims import Claim", "verified_dynamics.margin.max_margin", {"claims"}),
        ("from ...symmetry import rescale", "verified_dynamics.margin.max_margin", {"symmetry"}),
        ("from verified_dynamics.margin import flow", "verified_dynamics.margin.saturation", set()),
        ("from . import flow", "verified_dynamics.margin.saturation", set()),
        ("from verified_dynamics.margin import flow", "verified_dynamics.claims", set()),
        ("from verified_dynamics.proof import prove", "verified_dynamics.margin.max_margin", set()),
        ("import torch, verified_dynamics_other.claims", "verified_dynamics.proof", set()),
    ],
)
def test_planted_violations_are_caught_and_nothing_else(source, package, expected):
    assert violations(source, package) == expected
