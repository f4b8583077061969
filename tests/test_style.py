"""The limits that keep the library readable: short files and functions, documented public names, nothing put off."""

import ast
import re
from pathlib import Path

import pytest

LIBRARY = Path(__file__).parents[1] / "lib" / "verified_dynamics"
LONGEST_FILE, LONGEST_FUNCTION = 300, 60
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
FORBIDDEN_NAMES = {"utils.py", "helpers.py", "common.py"}


def complaints(source: str) -> list[str]:
    """What is wrong with a module's text, one sentence each."""
    lines = source.splitlines()
    found = [f"line {i} says {word}" for i, line in enumerate(lines, 1) for word in put_off(line)]
    if len(lines) > LONGEST_FILE:
        found.append(f"the file has {len(lines)} lines, more than {LONGEST_FILE}")
    tree = ast.parse(source)
    if lines and not ast.get_docstring(tree):
        found.append("the module has no docstring")
    return found + long_functions(tree) + undocumented(tree)


def put_off(line: str) -> list[str]:
    return re.findall(r"\b(?:TODO|FIXME|XXX)\b", line)


def long_functions(tree: ast.Module) -> list[str]:
    return [
        f"{node.name} has {node.end_lineno - node.lineno + 1} lines, more than {LONGEST_FUNCTION}"
        for node in ast.walk(tree)
        if isinstance(node, DEFINITIONS[:2]) and node.end_lineno - node.lineno + 1 > LONGEST_FUNCTION
    ]


def undocumented(tree: ast.Module) -> list[str]:
    """Public functions and classes of the module without a docstring."""
    return [
        f"{node.name} has no docstring"
        for node in tree.body
        if isinstance(node, DEFINITIONS) and not node.name.startswith("_") and not ast.get_docstring(node)
    ]


def modules() -> list[Path]:
    return sorted(LIBRARY.rglob("*.py"))


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(LIBRARY)))
def test_module_keeps_the_limits(path):
    assert path.name not in FORBIDDEN_NAMES, "name the file by its concept"
    assert not complaints(path.read_text())


@pytest.mark.parametrize(
    "path", [p for p in modules() if p.name == "__init__.py"], ids=lambda p: p.parent.name
)
def test_init_is_the_list_of_public_names(path):
    """Nothing but a docstring, imports and a sorted __all__."""
    tree = ast.parse(path.read_text())
    body = tree.body[1:] if ast.get_docstring(tree) else tree.body
    rest = [node for node in body if not isinstance(node, (ast.Import, ast.ImportFrom))]
    assert all(isinstance(node, ast.Assign) for node in rest)
    for node in rest:
        if node.targets[0].id == "__all__":
            names = ast.literal_eval(node.value)
            assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ('"""M."""\n' + "x = 1\n" * 300, "more than 300"),
        ('"""M."""\ndef _f():\n' + "    x = 1\n" * 60, "_f has 61 lines"),
        ('"""M."""\ndef f():\n    return 1\n', "f has no docstring"),
        ('"""M."""\nclass A:\n    b = 1\n', "A has no docstring"),
        ("x = 1\n", "module has no docstring"),
        ('"""M."""\n# TO' + "DO: later\n", "says TO" + "DO"),
    ],
)
def test_planted_violations_are_caught(source, words):
    assert any(words in complaint for complaint in complaints(source))


def test_good_module_is_left_alone():
    assert not complaints(
        '"""M."""\n\n\ndef f():\n    """One."""\n    return 1\n\n\ndef _g():\n    return 2\n'
    )
