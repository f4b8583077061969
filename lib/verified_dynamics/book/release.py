"""A release: check that everything agrees on the version and nothing is stale, then pack one archive.

Started by `make release VERSION=...`: first `check`, then the build, then `pack`. The same commit gives the same
archive, byte for byte, as long as the built site is the same.
"""

import hashlib
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import nbformat
import yaml

from verified_dynamics import addresses
from verified_dynamics.book import published
from verified_dynamics.book.executed import HOUSE_MIME, chapters, executed, not_executed_message
from verified_dynamics.book.ledger import LedgerError, collect

__all__ = ["ReleaseError", "complaints", "pack", "stale_records"]

NAME = "verified-dynamics"
PDF = Path("_build", "pdf", f"{NAME}.pdf")
SITE = Path("_build", "html")
_VERSION = re.compile(r"\d+\.\d+\.\d+((a|b|rc)\d+)?")
_INSTALLED = re.compile(r"verified-dynamics @ git\+[^\s\"@]+@v([^\s\"]+)")

README = """Verified Dynamics {version}
{underline}

A notebook book about how neural networks train, in which every statement is derived, controlled and measured.

site/         the book as web pages: open site/index.html, or put the folder on any web server
{pdf}notebooks/    the chapters as they were executed, with their outputs
records/      the full-size runs: NetCDF data, and JSON with the machine, the versions and the seeds
CITATION.cff  how to cite the book; every figure has an entry of its own on its page
SHA256SUMS    check the files with: sha256sum --check SHA256SUMS

Commit {commit} of {repository}, {date}.
Code: Apache-2.0. Text and figures: CC BY 4.0. See LICENSE.
"""


class ReleaseError(RuntimeError):
    """The book cannot be released as it is; the message lists why, one sentence for each reason."""


def complaints(root: Path, version: str) -> list[str]:
    """What speaks against releasing the checkout at `root` as `version`, before anything is built."""
    if not _VERSION.fullmatch(version):
        return [f"{version!r} is no version such as 1.2.3 or 1.2.3rc1: say make release VERSION=1.2.3."]
    found = [
        f"{place} says version {said}, not {version}: change it and commit."
        for place, said in stated_versions(root).items()
        if said != version
    ]
    if _git(root, "status", "--porcelain"):
        found.append("The checkout has changes that are not committed: commit or remove them.")
    tagged = _git(root, "tag", "--list", f"v{version}") and _git(root, "rev-parse", f"v{version}^{{commit}}")
    if tagged and tagged != _git(root, "rev-parse", "HEAD"):
        found.append(f"The tag v{version} stands at commit {tagged[:12]}: choose another version.")
    return found


def stated_versions(root: Path) -> dict[str, str]:
    """Every place that states the book's version, and what it says there ("none" where it is missing)."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    citation = yaml.safe_load((root / "CITATION.cff").read_text(encoding="utf-8"))
    found = {"pyproject.toml": project["version"], "CITATION.cff": str(citation.get("version", "none"))}
    for path in chapters(root):
        code = "\n".join(
            cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"
        )
        installed = _INSTALLED.search(code)
        found[path.relative_to(root).as_posix()] = installed[1] if installed else "none"
    return found


def stale_records(experiments, states) -> tuple[list[str], list[str]]:
    """Sentences about stale records, and names of experiments without one.

    experiments: the declared ones. states: a function from an experiment to None (its record stands), "no record",
    or the reason why it is stale.
    """
    stale, missing = [], []
    for experiment in experiments:
        reason = states(experiment)
        if reason == "no record":
            missing.append(experiment.name)
        elif reason:
            stale.append(f"The record of {experiment.name} is {reason}; make it again, or remove it.")
    return stale, missing


def pack(root: Path, version: str, target: Path) -> Path:
    """Write the archive `target`/verified-dynamics-VERSION.zip from what is built, and return its path.

    Raises ReleaseError when the site is not built, LedgerError when the ledger does not stand.
    """
    if not (root / SITE / "index.html").is_file():
        raise ReleaseError("The site is not built: run `make book` first.")
    collect(root)
    stamp = datetime.fromtimestamp(int(_git(root, "log", "-1", "--format=%ct")), UTC)
    files = dict(_files(root, version, stamp))
    sums = "".join(
        f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in sorted(files.items())
    )
    files["SHA256SUMS"] = sums.encode()
    target.mkdir(parents=True, exist_ok=True)
    path, draft = target / f"{NAME}-{version}.zip", target / f".{NAME}-{version}.zip.part"
    try:
        with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in sorted(files.items()):
                entry = zipfile.ZipInfo(f"{NAME}-{version}/{name}", stamp.timetuple()[:6])
                entry.external_attr = 0o644 << 16
                archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return path


def _files(root: Path, version: str, stamp: datetime) -> Iterator[tuple[str, bytes]]:
    """Name in the archive and content of every file, but for the sums."""
    for path in _below(root / SITE):
        yield f"site/{path.relative_to(root / SITE).as_posix()}", path.read_bytes()
    records = root / "book" / "records"
    for path in _below(records):
        yield f"records/{path.relative_to(records).as_posix()}", path.read_bytes()
    for path in chapters(root):
        name = path.relative_to(root / "chapters").as_posix()
        yield f"notebooks/{name}", _with_outputs(path)
    for name in ("CITATION.cff", "LICENSE"):
        yield name, (root / name).read_bytes()
    pdf = root / PDF
    if pdf.is_file():
        yield pdf.name, pdf.read_bytes()
    words = README.format(
        version=version, underline="=" * (len("Verified Dynamics ") + len(version)),
        pdf=f"{pdf.name}\n              the book as one PDF\n" if pdf.is_file() else "",
        commit=_git(root, "rev-parse", "HEAD")[:12], repository=addresses.repository(), date=f"{stamp:%Y-%m-%d}",
    )  # fmt: skip
    yield "README.txt", words.encode()


def _with_outputs(path: Path) -> bytes:
    """An executed chapter without the figures' records: their pictures and data stand in the site's figures folder."""
    notebook = executed(path)
    if notebook is None:
        raise LedgerError(not_executed_message([path]))
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(f"{HOUSE_MIME}figure+json", None)
    return (nbformat.writes(notebook) + "\n").encode()


def _below(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".part")


def _git(root: Path, *arguments: str) -> str:
    ran = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True)
    if ran.returncode:
        raise ReleaseError(f"A release is made in a git checkout, but git says: {ran.stderr.strip()}")
    return ran.stdout.strip()


def main(arguments: list[str]) -> int:
    """`check VERSION` before the build, `pack VERSION` after it; prints what speaks against it, returns 0 or 1."""
    from verified_dynamics import catalogue

    task, version, root = arguments[0], arguments[1], Path.cwd()
    try:
        found = complaints(root, version)
        if task == "pack" and not found:
            stale, missing = stale_records(catalogue.experiments().values(), catalogue.record_state)
            found = stale + published.unlisted(root, collect(root))
            if missing and not stale:
                print(
                    f"{len(missing)} experiments have no full-size record; what rests on them shows the smoke run."
                )
        if found:
            raise ReleaseError("\n".join(found))
        if task == "pack":
            path = pack(root, version, root / "_build" / "release")
            print(
                f"{path}: {path.stat().st_size / 1e6:.1f} MB, sha256 {hashlib.sha256(path.read_bytes()).hexdigest()}"
            )
    except (ReleaseError, LedgerError) as error:
        print(f"No release. {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
