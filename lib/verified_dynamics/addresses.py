"""The addresses of the repository and of the site, as pyproject.toml states them under [project.urls]."""

from importlib.metadata import metadata


def repository() -> str:
    """Address of the source repository, without a slash at the end."""
    return _address("Repository")


def site() -> str:
    """Address of the published book, without a slash at the end."""
    return _address("Site")


def _address(label: str) -> str:
    entries = metadata("verified-dynamics").get_all("Project-URL") or []
    addresses = dict(entry.split(", ", 1) for entry in entries)
    return addresses[label].rstrip("/")
