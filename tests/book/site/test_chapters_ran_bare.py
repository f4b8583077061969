"""What the site shows ran where there is the library and a kernel, and none of the book's tools."""

from pathlib import Path

import pytest

from verified_dynamics.book.bare import MARK
from verified_dynamics.book.executed import chapter_name, chapters, executed

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("path", chapters(ROOT), ids=chapter_name)
def test_the_chapter_ran_in_the_bare_environment(path):
    assert executed(path).metadata[MARK].startswith("_build/bare/")
