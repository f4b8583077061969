"""Numbers as a reader wants them: as many digits as the interval supports."""

import math

__all__ = ["interval", "number", "plus_minus", "seconds"]

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
    return f"{_tidy(mantissa)} × 10{str(int(exponent)).translate(_SUPERSCRIPT)}"


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
    texts = [f"{item:,.{decimals}f}".replace("-", "−") for item in (value, low, high)]
    return f"{texts[0]} [{texts[1]}, {texts[2]}]"


def plus_minus(predicted: float, within: float) -> str:
    """ "predicted ± within", or the prediction alone where nothing is allowed for."""
    return number(predicted, 6) + (f" ± {number(within, 2)}" if within else "")


def seconds(value: float) -> str:
    """A duration: milliseconds below a tenth of a second."""
    return f"{max(1, round(1000 * value))} ms" if value < 0.1 else f"{value:.1f} s"


def _tidy(text: str) -> str:
    """Without zeros at the end of decimals, and with a minus sign for a hyphen."""
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return text.replace("-", "−")
