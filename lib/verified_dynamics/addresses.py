"""The addresses of the repository and of the site, as pyproject.toml states them under [project.urls]."""

from importlib.metadata import metadata


def repository() -> str:
    """Address of the source repository, without a slash at the end."""
    return _address("Repository")


def site() -> str:
    """Address of the published book, without a slash at the end."""
    return _address("Site")


def revision() -> str:
    """What to check out of the repository for the present version: its tag, or the main branch if it ends in `.dev0`.

    Chapters that a reader opens elsewhere come from this revision, and install the library from the same one.
    """
    from verified_dynamics import __version__

    return "main" if ".dev" in __version__ else f"v{__version__}"


def _address(label: str) -> str:
    entries = metadata("verified-dynamics").get_all("Project-URL") or []
    addresses = dict(entry.split(", ", 1) for entry in entries)
    return addresses[label].rstrip("/")
