"""The rule that text and checks stay together, with every breach planted."""

import pytest

from verified_dynamics.book.statements import complaints, statements


def markdown(text):
    return {"cell_type": "markdown", "source": text}


def code(text):
    return {"cell_type": "code", "source": text}


THEOREM = ":::{prf:theorem} Rescaling of $x$\n:label: rescaling\nFor every $x$,\n\n$$x = x.$$\n:::"
CITED = "::::{prf:remark} A title\n:label: trusted\nText\n:::{note}\ninner\n:::\n::::"
CLAIM = 'claim = Claim("rescaling", source="ours")\nclaim'
GOOD = [markdown(THEOREM), code(CLAIM), markdown(CITED), code('Cited("trusted", statement="x", source="y")')]


def test_statements_are_read_with_name_kind_title_and_text():
    theorem, cited = statements(GOOD)
    assert (theorem.name, theorem.kind, theorem.title) == ("rescaling", "theorem", "Rescaling of $x$")
    assert theorem.text == "For every $x$,\n\n$$x = x.$$"
    assert cited.cited
    assert cited.text == "Text\n:::{note}\ninner\n:::"


def test_a_sound_chapter_has_no_complaints():
    assert complaints(GOOD) == []


def test_definitions_proofs_and_remarks_without_label_are_free():
    free = (
        ":::{prf:definition} A word\n:label: word\nText\n:::",
        ":::{prf:proof}\nText\n:::",
        ":::{prf:remark}\nText\n:::",
    )
    assert complaints([markdown("\n\n".join(free))]) == []


@pytest.mark.parametrize(
    ("cells", "complaint"),
    [
        ([markdown(THEOREM)], "has no Claim in the code"),
        ([code(CLAIM)], "'rescaling' has no statement with that label"),
        ([markdown(THEOREM), markdown("Prose."), code(CLAIM)], "does not follow its theorem at once"),
        ([markdown(THEOREM + "\n\nMore prose."), code(CLAIM)], "does not follow its theorem at once"),
        ([code(CLAIM), markdown(THEOREM)], "does not follow its theorem at once"),
        ([markdown(THEOREM), code('Cited("rescaling", statement="", source="")')], "needs a Claim"),
        ([markdown(CITED), code('Claim("trusted", source="")')], "needs a Cited"),
        ([markdown(THEOREM.replace(":label: rescaling\n", "")), code("x = 1")], "has no label"),
        ([markdown(THEOREM), code(CLAIM), markdown(THEOREM), code("x = 1")], "occurs more than once"),
        ([markdown(THEOREM), code(CLAIM), code(CLAIM)], "The claim 'rescaling' occurs more than once"),
        ([markdown(THEOREM), code("Claim(name, source='')")], "is no plain string"),
        (
            [markdown(THEOREM), code('claims.Claim("rescalin", source="")')],
            "has no statement with that label",
        ),
    ],
)
def test_each_planted_breach_is_found(cells, complaint):
    assert any(complaint in found for found in complaints(cells)), complaints(cells)


def test_shell_lines_in_code_are_no_obstacle():
    assert complaints([code("if True:\n    %pip install x\n!ls")]) == []
