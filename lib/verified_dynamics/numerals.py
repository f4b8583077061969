"""Numbers as a reader wants them: as many digits as the interval supports."""

import math
import re

__all__ = ["interval", "number", "plus_minus", "seconds", "symbol"]

_SUBSCRIPT = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_GREEK = dict(
    zip(
        "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau upsilon phi "
        "chi psi omega".split(),
        "αβγδεζηθικλμνξοπρστυφχψω",
        strict=True,
    )
)
_SPACE = "\u00a0"  # lines do not break there
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(value: float | str, digits: int = 3) -> str:
    """A number with `digits` significant digits; powers of ten outside 0.0001 to 100,000. JSON's "inf" is read."""
    value = float(value)
    if not math.isfinite(value):
        return "∞" if value == math.inf else "−∞" if value == -math.inf else "not a number"
    if value == 0:
        return "0"
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    if -4 < int(exponent) < 5:
        decimals = max(0, digits - 1 - int(exponent))
        return _tidy(f"{value:,.{decimals}f}")
    power = str(int(exponent)).translate(_SUPERSCRIPT)
    return f"{_tidy(mantissa)}{_SPACE}×{_SPACE}10{power}"


def interval(value: float | str, low: float | str, high: float | str) -> str:
    """ "value [low, high]" with two digits of the interval's width; the value alone if the interval is a point."""
    value, low, high = float(value), float(low), float(high)
    width = high - low
    if not (math.isfinite(width) and width > 0):
        exact = value == low == high
        return number(value, 4) if exact else f"{number(value)} [{number(low)}, {number(high)}]"
    largest = max(abs(low), abs(high), abs(value))
    if not 1e-3 <= largest < 1e5:
        return f"{number(value)} [{number(low)}, {number(high)}]"
    decimals = min(12, max(0, 1 - math.floor(math.log10(width))))
    if any(0 < abs(item) < 0.5 * 10**-decimals for item in (value, low, high)):
        return f"{number(value)} [{number(low)}, {number(high)}]"  # what is not zero is not shown as zero
    texts = [f"{item:,.{decimals}f}".replace("-", "−") for item in (value, low, high)]
    return f"{texts[0]} [{texts[1]}, {texts[2]}]"


def plus_minus(predicted: float, within: float) -> str:
    """ "predicted ± within", or the prediction alone where nothing is allowed for."""
    return number(predicted, 6) + (f"{_SPACE}±{_SPACE}{number(within, 2)}" if within else "")


def seconds(value: float) -> str:
    """A duration: milliseconds below a tenth of a second."""
    return f"{max(1, round(1000 * value))} ms" if value < 0.1 else f"{value:.1f} s"


def symbol(name: str) -> str:
    """A symbol's name as a reader knows it: Greek letters by their sign, digits at the end as an index."""
    letters, digits = re.fullmatch(r"(.*?)_?(\d*)", name).groups()
    sign = _GREEK.get(letters.lower(), letters)
    return (sign if letters[:1].islower() or len(sign) > 1 else sign.upper()) + digits.translate(_SUBSCRIPT)


def _tidy(text: str) -> str:
    """Without zeros at the end of decimals, and with a minus sign for a hyphen."""
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return text.replace("-", "−")
