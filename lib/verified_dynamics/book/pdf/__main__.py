"""`python -m verified_dynamics.book.pdf`: print the built site of this folder into `_build/pdf`."""

import sys
from pathlib import Path

from verified_dynamics.book.pdf import PdfError, faults, make_pdf

FILE = Path("_build/pdf/verified-dynamics.pdf")


def main(root: Path = Path(".")) -> None:
    """Make the PDF and look through it; leaves with one sentence if that is impossible or something is wrong."""
    try:
        pages = make_pdf(root, root / FILE)
    except PdfError as error:
        sys.exit(f"The PDF was not made. {error}")
    found = faults(root / FILE, root / "_build" / "html")
    if found:
        sys.exit("\n".join([f"{root / FILE} was made, but something in it is wrong:", *found]))
    print(f"{root / FILE}: {pages} pages, {(root / FILE).stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
