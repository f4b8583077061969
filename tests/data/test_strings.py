import pytest
from hypothesis import given
from hypothesis import strategies as st

from verified_dynamics.data import counter_language, every_string, is_counter_string


def edits(a, b):
    """Levenshtein distance with exchanges of neighbours counted as one."""
    table = {(i, -1): i + 1 for i in range(-1, len(a))} | {(-1, j): j + 1 for j in range(-1, len(b))}
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            steps = [table[i - 1, j] + 1, table[i, j - 1] + 1, table[i - 1, j - 1] + (x != y)]
            if i and j and x == b[j - 1] and a[i - 1] == y:
                steps.append(table[i - 2, j - 2] + 1)
            table[i, j] = min(steps)
    return table[len(a) - 1, len(b) - 1]


@given(st.text("abc", max_size=12))
def test_membership_is_the_definition(string):
    assert is_counter_string(string) == any(string == "a" * n + "b" * n + "c" * n for n in range(1, 5))


def test_members_and_near_misses_are_labelled_and_padded():
    data = counter_language(6, smallest=2)
    assert len(set(data.strings)) == len(data.strings) == len(data)
    assert [s for s, y in zip(data.strings, data.y, strict=True) if y] == [
        "a" * n + "b" * n + "c" * n for n in range(2, 7)
    ]
    for string, row in zip(data.strings, data.x.tolist(), strict=True):
        assert "".join("abc."[token] for token in row).rstrip(".") == string
    assert len(data.x[0]) == max(map(len, data.strings)) == 36


def test_most_negatives_are_one_edit_away_from_a_member():
    data = counter_language(5, smallest=2)
    members = [string for string, y in zip(data.strings, data.y, strict=True) if y]
    distances = [
        min(edits(string, member) for member in members)
        for string, y in zip(data.strings, data.y, strict=True)
        if not y
    ]
    assert min(distances) == 1
    assert sum(distance == 1 for distance in distances) / len(distances) > 0.6


def test_other_alphabets_count_too():
    data = counter_language(2, symbols="01")
    assert data.strings[:2] == ("01", "001")
    assert is_counter_string("0011", "01")
    assert not is_counter_string("0101", "01")


def test_every_string_up_to_length_six():
    data = every_string(6)
    assert len(data) == 1092
    assert [s for s, y in zip(data.strings, data.y, strict=True) if y] == ["abc", "aabbcc"]


@pytest.mark.parametrize(
    "call",
    [
        lambda: counter_language(0),
        lambda: counter_language(2, smallest=3),
        lambda: counter_language(2, symbols="a"),
        lambda: counter_language(2, symbols="aba"),
        lambda: every_string(0),
        lambda: every_string(20),
    ],
)
def test_bad_input_is_refused(call):
    with pytest.raises(ValueError, match="must"):
        call()
