"""Published names: chapters, claims and figures that may be cited, and where a renamed one stands.

`book/published.txt` lists every name that was ever published, one to a line: a kind and a name. `book/redirects.txt`
says for a renamed one what it is called: a kind, the old name, the present name. A name on the first list is either
in the book or on the second list; without that no site is built.

`python -m verified_dynamics.book.published` adds the names of the present book to the first list.
"""

import sys
from pathlib import Path

from verified_dynamics.book.executed import chapter_name, chapters
from verified_dynamics.book.ledger import LedgerError, collect

__all__ = ["KINDS", "PUBLISHED", "REDIRECTS", "broken", "living", "publish", "renamed", "unlisted"]

KINDS = ("chapter", "claim", "figure")
PUBLISHED = Path("book", "published.txt")
REDIRECTS = Path("book", "redirects.txt")
Name = tuple[str, str]  # kind and name


def living(root: Path | str, ledger: dict) -> set[Name]:
    """The names of the present book; a cited statement has a card as a claim has, and counts as one."""
    found = {("chapter", chapter_name(path)) for path in chapters(root)}
    found |= {("claim", record["name"]) for record in [*ledger["claims"], *ledger["cited"]]}
    return found | {("figure", record["name"]) for record in ledger["figures"]}


def listed(root: Path | str) -> set[Name]:
    """The names that were published. Raises LedgerError if a line of the list cannot be read."""
    return {(kind, name) for kind, name in _lines(Path(root, PUBLISHED), 2)}


def renamed(root: Path | str, ledger: dict) -> dict[Name, str]:
    """For each old name of a kind, the living name that it leads to in the end.

    Raises LedgerError, with one sentence, if a redirect leads nowhere or in a circle, or hides a living name.
    """
    alive, steps = living(root, ledger), {}
    for kind, old, new in _lines(Path(root, REDIRECTS), 3):
        if (kind, old) in alive:
            raise LedgerError(
                f"{REDIRECTS} redirects the {kind} {old!r}, which is in the book under that name."
            )
        if steps.get((kind, old), new) != new:
            raise LedgerError(f"{REDIRECTS} redirects the {kind} {old!r} to two places.")
        steps[kind, old] = new
    return {(kind, old): _followed(kind, old, steps, alive) for kind, old in steps}


def broken(root: Path | str, ledger: dict) -> list[str]:
    """One sentence for each published name that is neither in the book nor redirected.

    Raises LedgerError if a redirect does not hold.
    """
    gone = listed(root) - living(root, ledger) - set(renamed(root, ledger))
    return [f"The {kind} {name!r} was published and is gone: add its present name to {REDIRECTS}."
            for kind, name in sorted(gone)]  # fmt: skip


def unlisted(root: Path | str, ledger: dict) -> list[str]:
    """One sentence for each name of the book that the list lacks."""
    return [f"The {kind} {name!r} is not in {PUBLISHED}: run `make publish-names` and commit the file."
            for kind, name in sorted(living(root, ledger) - listed(root))]  # fmt: skip


def publish(root: Path | str, ledger: dict) -> int:
    """Add the living names to the list, sorted, and return how many were added."""
    before = listed(root)
    names = before | living(root, ledger)
    path = Path(root, PUBLISHED)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{kind} {name}\n" for kind, name in sorted(names)), encoding="utf-8")
    return len(names) - len(before)


def _followed(kind: str, old: str, steps: dict[Name, str], alive: set[Name]) -> str:
    """The end of a chain of redirects."""
    chain = [old]
    while (kind, chain[-1]) not in alive:
        following = steps.get((kind, chain[-1]))
        if following is None:
            raise LedgerError(
                f"{REDIRECTS} leads the {kind} {old!r} to {chain[-1]!r}, which is not in the book."
            )
        if following in chain:
            raise LedgerError(
                f"{REDIRECTS} leads the {kind} {old!r} in a circle: {' to '.join([*chain, following])}."
            )
        chain.append(following)
    return chain[-1]


def _lines(path: Path, words: int) -> list[list[str]]:
    """The lines of a list, in words; comments begin with #, and a missing file is an empty list."""
    if not path.is_file():
        return []
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        parts = line.partition("#")[0].split()
        if parts and (len(parts) != words or parts[0] not in KINDS):
            wanted = " ".join(["KIND", "NAME", "PRESENT-NAME"][:words])
            raise LedgerError(
                f"Line {number} of {path.name} is {line.strip()!r}, and not {wanted} with a kind of {', '.join(KINDS)}."
            )
        found += [parts] if parts else []
    return found


def main(root: Path = Path(".")) -> None:
    """Add the present names to the list, or say in one sentence why that is impossible."""
    try:
        added = publish(root, collect(root))
    except LedgerError as error:
        sys.exit(str(error))
    print(f"{added} names added to {PUBLISHED}.")


if __name__ == "__main__":
    main()
