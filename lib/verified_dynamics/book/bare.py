"""The bare environment in which chapters run: the library, its dependencies and a kernel, as on a GPU runtime.

It is a virtual environment whose packages are links into the one that is in use, so that it takes a second to make
and no space. What only the book's tools need is not linked: a chapter that leans on Sphinx, MyST or pytest fails.
"""

import hashlib
import json
import os
import re
import shutil
import sys
import sysconfig
import tempfile
import venv
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path

from packaging.requirements import Requirement

__all__ = ["MARK", "BareEnvironmentError", "bare_environment", "kernels", "needed"]

LIBRARY = "verified-dynamics"
KERNEL = "ipykernel"
MARK = "bare_environment"  # metadata of an executed notebook: the interpreter that its kernel ran on


class BareEnvironmentError(RuntimeError):
    """The bare environment cannot be made; the message says what is missing."""


def bare_environment(root: Path) -> Path:
    """Folder of the bare environment for the book at `root`; made if it is not there in the present state.

    Its name changes with the versions and places of what it links, so that another installation has another folder.
    Processes that make it at once get the same one, and none sees it half made.
    """
    linked, library = needed((LIBRARY, KERNEL)), _library(root)
    place = root.resolve() / "_build" / "bare"
    origin = [str(place), str(library), _metadata(), sys.version, sys.prefix]
    origin += sorted(f"{d.metadata['Name']} {d.version} {d.locate_file('')}" for d in linked)
    folder = place / hashlib.sha256(json.dumps(origin).encode()).hexdigest()[:12]
    if not folder.is_dir():
        place.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(prefix="unfinished-", dir=place))
        try:
            _make(unfinished, folder, linked, library)
            os.rename(unfinished, folder)
        except OSError:
            if not folder.is_dir():  # else a neighbour was faster, and its environment is the same
                raise
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    return folder


def kernels(environment: Path) -> Path:
    """The folder of kernel specifications of a bare environment; its one kernel is called python3, as everywhere."""
    return environment / "share" / "jupyter" / "kernels"


def needed(names: Iterable[str]) -> list[Distribution]:
    """The installed distributions that those named need to run here, themselves included.

    Raises BareEnvironmentError when one of them is not installed.
    """
    found: dict[tuple[str, str], Distribution] = {}
    todo = [(Requirement(name), "the book") for name in names]
    while todo:
        wanted, by = todo.pop()
        for extra in wanted.extras or {""}:
            if (wanted.name.lower(), extra) in found:
                continue
            try:
                there = distribution(wanted.name)
            except PackageNotFoundError:
                raise BareEnvironmentError(
                    f"chapters cannot run: {wanted.name}, which {by} needs, is not installed; install the book's "
                    "environment again with `make book`."
                ) from None
            found[wanted.name.lower(), extra] = there
            further = map(Requirement, there.requires or ())
            todo += [(r, wanted.name) for r in further if not r.marker or r.marker.evaluate({"extra": extra})]
    return list({_normal(there.metadata["Name"]): there for there in found.values()}.values())


def _make(unfinished: Path, folder: Path, linked: list[Distribution], library: Path) -> None:
    """Fill `unfinished`, which is to become `folder`."""
    unfinished.chmod(0o755)
    venv.EnvBuilder(symlinks=True, with_pip=False).create(unfinished)
    packages = Path(sysconfig.get_path("purelib", "venv", {"base": str(unfinished)}))
    for there in linked:
        if _normal(there.metadata["Name"]) != LIBRARY:
            for name in _entries(there):
                _link(packages / name, Path(there.locate_file(name)))
    # The library comes from the checkout that is tested, whichever way it is installed; what it says of itself beside.
    _link(packages / library.name, library)
    description = packages / f"{library.name}-{distribution(LIBRARY).version}.dist-info"
    description.mkdir()
    (description / "METADATA").write_text(_metadata(), encoding="utf-8")
    specification = kernels(unfinished) / "python3" / "kernel.json"
    specification.parent.mkdir(parents=True)
    specification.write_text(json.dumps(_kernel(folder), indent=1), encoding="utf-8")


def _kernel(folder: Path) -> dict:
    """The kernel's specification. The user's own modules, start-up files and IPython profile stay outside."""
    from ipykernel.kernelspec import get_kernel_dict

    usual = get_kernel_dict()
    own = {"PYTHONPATH": "", "PYTHONSTARTUP": "", "IPYTHONDIR": str(folder / "ipython")}
    return usual | {"argv": [str(folder / "bin" / "python"), *usual["argv"][1:]], "env": own}


def _entries(there: Distribution) -> Iterator[str]:
    """What a distribution put beside other packages: folders, modules, and its description.

    A folder that is no package can be shared with other distributions: its contents are named one by one.
    """
    files = [file for file in there.files or () if ".." not in file.parts and file.parts[0] != "__pycache__"]
    if not files:
        raise BareEnvironmentError(
            f"chapters cannot run: the list of files of {there.metadata['Name']} is missing; install it again with pip."
        )
    for name in sorted({file.parts[0] for file in files}):
        whole = Path(there.locate_file(name))
        if whole.is_file() or name.endswith("-info") or (whole / "__init__.py").is_file():
            yield name
        else:
            yield from sorted({"/".join(file.parts[:2]) for file in files if file.parts[0] == name})


def _link(link: Path, target: Path) -> None:
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.is_symlink() and target.exists():
        link.symlink_to(target.resolve(), target_is_directory=target.is_dir())


def _library(root: Path) -> Path:
    """The package of the checkout at `root`, or the one in use if the book has none of its own."""
    own = root.resolve() / "lib" / "verified_dynamics"
    return own if own.is_dir() else Path(find_spec("verified_dynamics").submodule_search_locations[0])


def _metadata() -> str:
    there = distribution(LIBRARY)
    return there.read_text("METADATA") or there.read_text("PKG-INFO") or ""


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
