"""MathJax from the book itself, so that a page needs no network: the one-file bundle and its fonts, 1.7 MB."""

import shutil
from importlib.util import find_spec
from pathlib import Path

__all__ = ["BUNDLE", "copy_files"]

BUNDLE = "mathjax/tex-chtml-full.js"
_FONTS = "mathjax/output/chtml/fonts/woff-v2"
_CARRIER = "sphinx-mathjax-offline"  # the package's import name has these hyphens


def copy_files(static: Path) -> None:
    """Copy bundle and fonts below the site's `_static`, unless they are there."""
    source = Path(find_spec(_CARRIER).origin).parent / "static"
    files = [source / BUNDLE, *sorted((source / _FONTS).iterdir())]
    for file in files:
        target = static / file.relative_to(source)
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
