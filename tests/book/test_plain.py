"""Text that reads well with MyST and without: each fault is planted and found."""

import pytest
from markdown_it import MarkdownIt

from verified_dynamics.book.plain import complaints, spaced

RUN_IN = """Before.
:::{prf:theorem} Growth
:label: growth
For $x > 0$ it grows.

$$x^2$$
:::
After."""
APART = """Before.

:::{prf:theorem} Growth
:label: growth

For $x > 0$ it grows.

$$x^2$$

:::

After."""


def paragraphs(text):
    tokens = MarkdownIt("commonmark").parse(text)
    return [token.content.replace("\n", " ") for token in tokens if token.type == "inline"]


def test_a_directive_is_set_apart_from_its_text_and_stays_as_it_is_then():
    assert spaced(RUN_IN) == APART and spaced(APART) == APART
    assert paragraphs(RUN_IN)[0] == "Before. :::{prf:theorem} Growth :label: growth For $x > 0$ it grows."
    assert paragraphs(APART)[:3] == [
        "Before.",
        ":::{prf:theorem} Growth :label: growth",
        "For $x > 0$ it grows.",
    ]
    assert complaints(APART) == [] and "`make style` sets them apart" in complaints(RUN_IN)[0]


@pytest.mark.parametrize(
    "text",
    [
        ":::{admonition} What we read\n\n**Read.** All.\n\n:::",
        "::::{grid}\n\n:::{card} One\n\nText.\n\n:::\n\n::::",
        "```text\n:::{note}\nan example\n:::\n```",
        "Text with :label: words\n:and a line: that starts so",
        "",
    ],
)
def test_what_stands_apart_is_left_alone(text):
    assert spaced(text) == text and complaints(text) == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("```{note}\nText.\n```", "'```{note}' opens a directive as code; fence it with colons."),
        ("by {prf:ref}`growth` it", "Write {prf:ref}`growth` as a link with words, [words](#claim-growth)."),
        ("in {numref}`fig-drift` it", "Write {numref}`fig-drift` as a link with words, [words](#fig-drift)."),
        ("{cite:t}`du2018` show", "Write {cite:t}`du2018` as the authors' names and {cite:yearpar}`du2018`."),
        ("{cite:yearpar}`du2018` show", "The sentence needs {cite:yearpar}`du2018` to be read"),
        ("It ends. {cite:p}`du2018` shows", "The sentence needs {cite:p}`du2018` to be read"),
        ("see {doc}`reading` first", "The role {doc}`reading` is not known to plain Jupyter"),
    ],
)
def test_each_planted_fault_is_found(text, fault):
    found = complaints(text)
    assert len(found) == 1 and found[0].startswith(fault)


@pytest.mark.parametrize(
    "text",
    [
        "Du et al. {cite:yearpar}`du2018` show",
        "Ji and Telgarsky {cite:yearpar}`ji2019`, {cite:yearpar}`ji2021primal` show",
        "a least-distance problem {cite:p}`lawson1974`, which",
        "by [the growth](#claim-growth) and [the figure](#fig-drift)",
        "the code `{x}` and a set $\\{x\\}$",
    ],
)
def test_a_sentence_that_does_not_need_its_roles_is_right(text):
    assert complaints(text) == []
