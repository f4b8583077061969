"""Numbers as readers see them."""

import pytest

from verified_dynamics.numerals import interval, number, plus_minus, seconds, symbol


def plain(text):
    """Without the spaces at which lines do not break."""
    return text.replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (1.0, "1"), (0.12345, "0.123"), (-2.5, "−2.5"), (65536, "65,536"), (1.5e-12, "1.5 × 10⁻¹²"),
     (3e7, "3 × 10⁷"), ("inf", "∞"), ("-inf", "−∞")],
)  # fmt: skip
def test_numbers(value, text):
    assert plain(number(value)) == text


@pytest.mark.parametrize(
    ("low", "value", "high", "text"),
    [
        (0.9998, 1.0, 1.0001, "1.00000 [0.99980, 1.00010]"),
        (0.57, 0.61, 0.66, "0.610 [0.570, 0.660]"),
        (-0.002, 0.0, 0.001, "0.0000 [−0.0020, 0.0010]"),
        (1e-16, 2e-16, 3e-16, "2 × 10⁻¹⁶ [1 × 10⁻¹⁶, 3 × 10⁻¹⁶]"),
        (7e-8, 3e-5, 0.0015, "3 × 10⁻⁵ [7 × 10⁻⁸, 0.0015]"),
        (2.0, 2.0, 2.0, "2"),
        (1.0, 2.0, "inf", "2 [1, ∞]"),
    ],
)
def test_intervals_have_two_digits_of_their_width(low, value, high, text):
    assert plain(interval(value, low, high)) == text


def test_predictions_and_durations():
    assert plain(plus_minus(1, 0.001)) == "1 ± 0.001"
    assert plus_minus(0, 0) == "0"
    assert seconds(0.0123) == "12 ms"
    assert seconds(1.234) == "1.2 s"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("lambda", "λ"),
        ("Delta", "Δ"),
        ("u1", "u₁"),
        ("x_12", "x₁₂"),
        ("sigma2", "σ₂"),
        ("rate", "rate"),
        ("w", "w"),
        ("W3", "W₃"),
    ],
)
def test_names_of_symbols(name, text):
    assert symbol(name) == text
