"""Each chapter opens in one form: the question, then what is claimed, what would refute it, what was found."""

import json
import re
from pathlib import Path

import pytest

from verified_dynamics.book.executed import chapter_name, chapters

ROOT = Path(__file__).parents[2]
LEADS = ("What is claimed.", "What would refute it.", "What was found.")
MOST_WORDS = 300  # with the title and the head they fill a screen of 1280 by 900


def opening_faults(text: str) -> list[str]:
    """What is wrong with the Markdown of a chapter's first cell."""
    paragraphs = [block for block in text.split("\n\n") if not block.startswith("#")]
    found = []
    if not paragraphs or paragraphs[0].startswith("**"):
        found.append("no question comes first")
    leads = tuple(match[1] for block in paragraphs if (match := re.match(r"\*\*([^*]+)\*\* \S", block)))
    if leads != LEADS:
        found.append(f"the paragraphs are {leads}")
    if len(text.split()) > MOST_WORDS:
        found.append(f"{len(text.split())} words")
    told = text.rpartition(LEADS[-1])[2]
    if re.search(r"\d", told):
        found.append("a number of what was found is typed, and numbers come from the run")
    return found


@pytest.mark.parametrize("path", chapters(ROOT), ids=chapter_name)
def test_the_chapter_opens_in_that_form(path):
    cell = json.loads(path.read_text(encoding="utf-8"))["cells"][0]
    assert opening_faults("".join(cell["source"])) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (("**What would refute it.** z\n\n", ""), "the paragraphs are"),
        (("**What was found.** w", "**What was found.**"), "the paragraphs are"),
        (("x\n\n", ""), "no question"),
        ((" w", " the slope is 0.99"), "typed"),
        ((" w", " w" * 400), "words"),
    ],
)
def test_each_planted_fault_is_found(change, fault):
    good = "# Title\n\nx\n\n**What is claimed.** y\n\n**What would refute it.** z\n\n**What was found.** w"
    assert opening_faults(good) == []
    assert any(fault in found for found in opening_faults(good.replace(*change)))
