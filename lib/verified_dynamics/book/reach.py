"""Which files of the library a piece of code reaches, found by reading imports and running nothing.

A package's `__init__` that only re-exports names is transparent: a chapter that imports one theory of a part
reaches that theory and not its neighbours, although Python imports both.
"""

import ast
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

__all__ = ["Reach", "reach"]

Target = tuple[str, str | None]  # a module, and the name wanted from it (None: the module itself)


@dataclass(frozen=True)
class Module:
    """What one file imports, and whether it does nothing else."""

    imports: tuple[Target, ...]
    bindings: dict[str, Target]
    only_reexports: bool


@dataclass(frozen=True)
class Reach:
    """Files that code depends on, and what the names mean that it takes through re-exporting packages."""

    files: tuple[Path, ...]
    names: tuple[str, ...]


def reach(cells: Iterable[str], lib: Path) -> Reach:
    """What pieces of code reach below `lib` by imports: modules, the data files beside them, names passed on."""
    todo = [target for code in cells for target in _read_module(code, "").imports]
    seen: set[Target] = set()
    files: set[Path] = set()
    names: set[str] = set()
    while todo:
        target = todo.pop()
        if target in seen:
            continue
        seen.add(target)
        file = _file_of(target[0], lib)
        if file is None:
            continue
        module = _module_at(file, _package_of(target[0], file))
        todo += [(parent, "") for parent in _parents(target[0])]
        further = _passed_on(target, module, lib) if file.name == "__init__.py" else None
        if further is None:
            files.add(file)
            todo += [*module.imports, *_submodule(target, lib)]
        else:
            names.update(f"{target} is {meaning}" for meaning in further)
            todo += further
    data = {file for folder in {file.parent for file in files} for file in _data_files(folder)}
    return Reach(tuple(sorted(files | data)), tuple(sorted(names)))


def _passed_on(target: Target, module: Module, lib: Path) -> list[Target] | None:
    """What a name of a package stands for, if the package only re-exports; None if it does more than that.

    The empty name asks for nothing: it stands for the package being imported on the way to something below it.
    """
    _, wanted = target
    if not module.only_reexports:
        return None
    if wanted is None:
        return list(module.imports)
    if (
        module.bindings.get(wanted, target) != target
    ):  # `from . import part` in a package names a module of it
        return [module.bindings[wanted]]
    return _submodule(target, lib)


def _submodule(target: Target, lib: Path) -> list[Target]:
    name = f"{target[0]}.{target[1]}"
    return [(name, None)] if target[1] and _file_of(name, lib) else []


def _parents(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:depth]) for depth in range(1, len(parts))]


def _package_of(name: str, file: Path) -> str:
    return name if file.name == "__init__.py" else name.rpartition(".")[0]


def _file_of(name: str, lib: Path) -> Path | None:
    path = lib.joinpath(*name.split("."))
    for file in (path.with_suffix(".py"), path / "__init__.py"):
        if file.is_file():
            return file
    return None


def _module_at(file: Path, package: str) -> Module:
    status = file.stat()
    return _cached_module(file, package, status.st_mtime_ns, status.st_size)


@cache
def _cached_module(file: Path, package: str, changed: int, size: int) -> Module:
    return _read_module(file.read_text(encoding="utf-8"), package)


def _read_module(code: str, package: str) -> Module:
    try:
        tree = ast.parse(code)
    except SyntaxError:  # whoever runs the code is told where; what cannot be read reaches nothing
        return Module((), {}, False)
    bindings: dict[str, Target] = {}
    imports: list[Target] = []
    for node in ast.walk(tree):
        for bound, target in _targets(node, package):
            imports.append(target)
            bindings[bound] = target
    return Module(tuple(imports), bindings, all(_passes_on(node) for node in tree.body))


def _targets(node: ast.AST, package: str) -> list[tuple[str, Target]]:
    if isinstance(node, ast.Import):
        return [(alias.asname or alias.name, (alias.name, None)) for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    parts = package.split(".") if node.level else []
    base = ".".join(parts[: len(parts) - node.level + 1] + ([node.module] if node.module else []))
    return [
        (alias.asname or alias.name, (base, None if alias.name == "*" else alias.name))
        for alias in node.names
    ]


def _passes_on(node: ast.stmt) -> bool:
    """Whether a statement is an import, a docstring or the list of public names."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        return True
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    return isinstance(node, ast.Assign) and [ast.unparse(name) for name in node.targets] == ["__all__"]


def _data_files(folder: Path) -> list[Path]:
    """Files of a package that are no Python: tables, styles; also in its folders that are no packages."""
    found = []
    for path in sorted(folder.iterdir()):
        if path.is_dir() and path.name != "__pycache__" and not any(path.glob("*.py")):
            found += _data_files(path)
        elif path.is_file() and path.suffix not in {".py", ".pyc"}:
            found.append(path)
    return found
