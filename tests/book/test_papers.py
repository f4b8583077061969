"""The papers that a source names."""

import pytest

from verified_dynamics.book.papers import papers


@pytest.mark.parametrize(
    ("source", "named"),
    [
        ("Dinh et al. 2017", ["Dinh et al. 2017"]),
        ("Stock et al. 2019; Osborne 1960", ["Stock et al. 2019", "Osborne 1960"]),
        ("compare Ziyin, Li and Ueda 2023", ["Ziyin, Li and Ueda 2023"]),
        ("Li and Arora 2020; Merrill et al. 2021, appendix", ["Li and Arora 2020", "Merrill et al. 2021"]),
        (
            "Gunasekar et al. 2018a, theorem 5, and 2018b, theorem 1",
            ["Gunasekar et al. 2018a", "Gunasekar et al. 2018b"],
        ),
        ("this book, on the series of Merrill et al. 2021, figure 1", ["Merrill et al. 2021"]),
        ("Marcotte, Peyré and Gribonval 2026", ["Marcotte, Peyré and Gribonval 2026"]),
        ("rate: Soudry et al. 2018; Soudry et al. 2018, theorem 5", ["Soudry et al. 2018"]),
        ("Euler's theorem on homogeneous functions", []),
        ("this book, and 2018b", []),
        ("", []),
    ],
)
def test_each_paper_is_named_once(source, named):
    assert papers(source) == named
