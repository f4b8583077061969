"""A small book, empty or with two claims, in a temporary folder."""

import pytest
from small_book import MiniBook, bundle, claim_output, figure_output, statement


@pytest.fixture
def book(tmp_path) -> MiniBook:
    return MiniBook(tmp_path)


@pytest.fixture
def square_book(book) -> MiniBook:
    """One chapter with two claims, one of which needs the other, a cited statement and a figure."""
    path = book.chapter(
        "symmetry/scaling",
        ("markdown", "# Scaling"),
        ("code", "import verified_dynamics"),
        ("markdown", statement("lemma", "homogeneity")),
        ("code", 'Claim("homogeneity", source="ours")'),
        (
            "markdown",
            statement("theorem", "rescaling", "See [it](#claim-homogeneity) and [the drift](#fig-drift)."),
        ),
        ("code", 'Claim("rescaling", source="ours")'),
        ("markdown", statement("remark", "trusted")),
        ("code", 'Cited("trusted", statement="", source="")'),
        ("code", "publish()"),
    )
    bundles = {
        3: [claim_output("homogeneity", measures={"not_applicable": "an identity"})],
        5: [claim_output("rescaling", needs=["homogeneity"])],
        7: [bundle("cited", {"name": "trusted", "statement": "", "source": "A. Author 2020"})],
        8: [figure_output("drift", claims=["rescaling"])],
    }
    book.store(path, bundles)
    return book
