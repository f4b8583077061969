"""Which files a chapter depends on, found from its imports."""

import pytest

from verified_dynamics.book.reach import reach


@pytest.fixture
def lib(book):
    book.module("house/__init__.py", '"""A library."""\n')
    book.module(
        "house/margin/__init__.py", "from house.margin.flow import flow\nfrom house.margin import svm\n"
    )
    book.module("house/margin/flow/__init__.py", "from .steps import flow\n\n__all__ = ['flow']\n")
    book.module("house/margin/flow/steps.py", "from ...proof import prove\n\ndef flow():\n    pass\n")
    book.module("house/margin/flow/table.csv", "1,2\n")
    book.module("house/margin/svm/__init__.py", "from house.margin.svm.solve import solve\n")
    book.module("house/margin/svm/solve.py", "def solve():\n    from house import late\n")
    book.module("house/proof.py", "import numpy\n")
    book.module("house/late.py", "x = 1\n")
    return book.root / "lib"


def names(code, lib):
    return [file.relative_to(lib / "house").as_posix() for file in reach([code], lib).files]


def test_a_name_taken_through_packages_reaches_only_what_it_stands_for(lib):
    found = names("from house.margin import flow", lib)
    assert found == ["margin/flow/steps.py", "margin/flow/table.csv", "proof.py"]


def test_a_neighbour_in_the_same_part_is_not_reached_and_a_late_import_is(lib):
    assert names("from house.margin import svm", lib) == ["late.py", "margin/svm/solve.py"]


def test_a_whole_part_reaches_all_its_theories(lib):
    assert "margin/svm/solve.py" in names("import house.margin\n", lib)
    assert "margin/flow/steps.py" in names("from house import margin\n", lib)
    assert "margin/flow/steps.py" in names("from house.margin import *\n", lib)


def test_importing_a_theory_by_its_full_name_reaches_it_alone(lib):
    assert names("import house.margin.svm as svm", lib) == ["late.py", "margin/svm/solve.py"]


def test_a_package_that_does_more_than_re_export_is_reached_itself(book, lib):
    book.module("house/margin/__init__.py", "from house.margin.flow import flow\nFACTOR = 2\n")
    assert "margin/__init__.py" in names("from house.margin.svm import solve", lib)
    assert "margin/flow/steps.py" in names("from house.margin.svm import solve", lib)


def test_another_meaning_of_a_passed_on_name_is_noticed(book, lib):
    before = reach(["from house.margin.svm import solve"], lib)
    book.module("house/margin/svm/__init__.py", "from house.margin.svm.solve import other as solve\n")
    assert reach(["from house.margin.svm import solve"], lib).names != before.names


def test_code_without_the_library_reaches_nothing(lib):
    assert reach(["import numpy", "x = 1"], lib).files == ()


def test_code_that_cannot_be_read_reaches_nothing_and_hides_no_other_cell(book, lib):
    book.module("house/late.py", "x = = 1\n")
    found = reach(["x = = 1", "import house.late"], lib).files
    assert [file.name for file in found] == ["late.py"]
