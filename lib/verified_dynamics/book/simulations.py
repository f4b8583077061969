"""Simulations in pages: a page that holds a simulation's container gets its scripts and styles, and no other page does.

A chapter holds `<div data-simulation="NAME">` around the words that stand there without JavaScript. The scripts are
`book/_static/simulations/*.js`, the frame, and `book/_static/simulations/NAME/*.js`, the simulation. They are classic
scripts that put their functions into one name, `verifiedDynamics`: a browser refuses modules to a page from disk. None
uses another before the page is parsed, so that their order does not matter.
"""

import re
from pathlib import Path

from sphinx.errors import ExtensionError

__all__ = ["FOLDER", "add_files", "names", "scripts"]

FOLDER = "simulations"
_CONTAINER = re.compile(r"<div\b[^>]*\bdata-simulation=\"([^\"]*)\"")


def names(body: str) -> list[str]:
    """The simulations whose containers a page's HTML holds."""
    return sorted(set(_CONTAINER.findall(body)))


def scripts(static: Path, name: str) -> list[str]:
    """Scripts of a simulation, relative to the folder of static files. Raises ExtensionError if there is none."""
    own = sorted((static / FOLDER / name).glob("*.js")) if re.fullmatch("[a-z0-9-]+", name) else []
    if not own:
        raise ExtensionError(
            f"A page holds the simulation {name!r}, and {static / FOLDER} has no such folder."
        )
    return [path.relative_to(static).as_posix() for path in [*sorted((static / FOLDER).glob("*.js")), *own]]


def add_files(app, pagename, templatename, context, doctree) -> None:
    """For `html-page-context`: what the page's simulations need, relative to the page."""
    found = names(context.get("body") or "")
    static = [Path(app.confdir, folder) for folder in app.config.html_static_path]
    home = next((folder for folder in static if (folder / FOLDER).is_dir()), Path(app.confdir, "_static"))
    for script in dict.fromkeys(script for name in found for script in scripts(home, name)):
        app.add_js_file(script)
    if found:
        app.add_css_file(f"{FOLDER}/simulations.css")
