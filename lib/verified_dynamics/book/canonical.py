"""The one form in which chapters are stored: no outputs, fixed metadata, one line of source per line of the file.

The set-up cell is part of it: it names the book's version, and follows when that changes.
"""

import json
import sys
from pathlib import Path

from verified_dynamics.book.plain import spaced
from verified_dynamics.notebook import setup_cell

METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def canonical(text: str) -> str:
    """The notebook in `text` (format 4.5 JSON) in canonical form; cells keep their names, tags and sources.

    Only the cell named `setup` gets the source that the present version of the book gives it, and the lines of
    directives are set apart from their text.
    """
    notebook = json.loads(text)
    for cell in notebook["cells"]:
        if cell.get("id") == "setup":
            cell["source"] = setup_cell()
        source = "".join(cell["source"])
        cell["source"] = (spaced(source) if cell["cell_type"] == "markdown" else source).splitlines(
            keepends=True
        )
        cell["metadata"] = {"tags": tags} if (tags := cell["metadata"].get("tags")) else {}
        if cell["cell_type"] == "code":
            cell.update(execution_count=None, outputs=[])
    notebook.update(metadata=METADATA, nbformat=4, nbformat_minor=5)
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def main() -> None:
    """Write the notebooks named on the command line in canonical form: python -m verified_dynamics.book.canonical."""
    for path in map(Path, sys.argv[1:]):
        text = path.read_text(encoding="utf-8")
        if canonical(text) != text:
            path.write_text(canonical(text), encoding="utf-8")
            print(f"{path}: written in canonical form")


if __name__ == "__main__":
    main()
