"""Vector pictures without the bytes that nobody sees: matplotlib writes six decimals and a name for every letter."""

import re
from itertools import product
from string import ascii_letters

__all__ = ["lean"]

_LETTER_SHAPE = re.compile(r'id="(DejaVu[\w-]+)"')
_USE = re.compile(r'<use xlink:href="#([\w-]+)" transform="translate\((-?[\d.]+)(?: (-?[\d.]+))?\)"/>')


def lean(svg: str) -> str:
    """The same picture, to a hundredth of a point: without metadata, comments and line breaks, with short names."""
    svg = re.sub(
        r"<metadata>.*?</metadata>|<!--.*?-->|<\?xml.*?\?>|<!DOCTYPE[^>]*>", "", svg, flags=re.DOTALL
    )
    svg = _letters(svg)
    svg = re.sub(r"-?\d+\.\d{3,}(?![\d.]*e)", _rounded, svg)
    svg = re.sub(r"\s*\n\s*", " ", svg)
    svg = re.sub(r"> <", "><", svg)
    svg = re.sub(r"(?<= d=\")[^\"]*", lambda path: re.sub(r" ?([A-Za-z]) ?", r"\1", path[0]).strip(), svg)
    svg = re.sub(r"(?<=style=\")[^\"]*", lambda style: re.sub(r"([:;]) ", r"\1", style[0]), svg)
    return svg.strip() + "\n"


def _rounded(number: re.Match) -> str:
    value = float(number[0])
    if 0 < abs(value) < 0.1:  # a scale, whose decimals count
        return f"{value:.6g}" if "e" not in f"{value:.6g}" else number[0]
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _letters(svg: str) -> str:
    """Shapes of letters under names of one or two letters, placed by x and y."""
    found = list(dict.fromkeys(_LETTER_SHAPE.findall(svg)))
    taken = set(re.findall(r'id="([^"]*)"', svg))
    words = (a + b for a, b in product(["", *ascii_letters], ascii_letters))
    short = dict(zip(found, (word for word in words if word not in taken), strict=False))
    svg = _LETTER_SHAPE.sub(lambda match: f'id="{short[match[1]]}"', svg)

    def placed(match: re.Match) -> str:
        high = f' y="{match[3]}"' if match[3] and float(match[3]) else ""
        return f'<use xlink:href="#{short.get(match[1], match[1])}" x="{match[2]}"{high}/>'

    svg = _USE.sub(placed, svg)
    return re.sub(
        r'xlink:href="#(DejaVu[\w-]+)"', lambda match: f'xlink:href="#{short.get(match[1], match[1])}"', svg
    )
