"""The site's style sheets and icon fonts, cut down to what its pages use: the theme brings 0.9 MB for everybody."""

import re
from collections.abc import Iterator
from pathlib import Path

__all__ = ["cut_down"]

_OWN = ("verified-dynamics.css", "print.css", "print-book.css")  # the printed book has marks that no page has
_ICON_FACE = re.compile(r"(vendor/fontawesome/webfonts/)(fa-[a-z0-9-]+)\.woff2")
_WORD = re.compile(r"[A-Za-z_][\w-]*")
_MARKUP = re.compile(r"<([a-z][a-z0-9-]*)|(?:class|id|role|type)=\"([^\"]*)\"")
_NAME = re.compile(r"[.#]((?:\\.|[\w-])+)")
_NOT = re.compile(r":(?:not|has)\([^()]*(?:\([^()]*\)[^()]*)*\)")


def cut_down(site: Path) -> None:
    """Rewrite the style sheets below `_static` without rules for classes that no page and no script names."""
    static = site / "_static"
    sheets = [path for path in sorted(static.rglob("*.css")) if path.name not in _OWN]
    known = vocabulary(site)
    for sheet in sheets:
        text = sheet.read_text(encoding="utf-8")
        short = purged(text, known)
        if short != text:
            sheet.write_text(short, encoding="utf-8")
    _cut_fonts(static, sheets)


def vocabulary(site: Path) -> set[str]:
    """Every class and identifier of the pages, and every word of the scripts, which may set more of them."""
    words: set[str] = set()
    for page in site.rglob("*.html"):
        for _, names in _MARKUP.findall(page.read_text(encoding="utf-8")):
            words.update(names.split())
    for script in (site / "_static").rglob("*.js"):
        if script.parent.name != "mathjax":
            words.update(_WORD.findall(script.read_text(encoding="utf-8", errors="replace")))
    return words


def purged(css: str, known: set[str]) -> str:
    """The style sheet without comments, and without selectors that name a class or identifier outside `known`."""
    return "".join(_kept(re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL), known))


def _kept(css: str, known: set[str]) -> Iterator[str]:
    for head, body in _blocks(css):
        if body is None:
            yield head + ";"
        elif head.startswith(("@media", "@supports", "@layer", "@container")):
            inner = "".join(_kept(body, known))
            if inner:
                yield f"{head}{{{inner}}}\n"
        elif head.startswith("@"):
            yield f"{head}{{{body}}}\n"
        else:
            selectors = [one.strip() for one in _parts(head) if _used(one, known)]
            if selectors:
                yield f"{','.join(selectors)}{{{body.strip()}}}\n"


def _blocks(css: str) -> Iterator[tuple[str, str | None]]:
    """(what stands before the brace, what stands in it) of each rule; (statement, None) for `@import` and the like."""
    start = place = 0
    while place < len(css):
        letter = css[place]
        if letter in "\"'":
            place = _after_string(css, place)
            continue
        if letter == ";":
            yield css[start:place].strip(), None
            start = place + 1
        elif letter == "{":
            end = _closing(css, place)
            yield css[start:place].strip(), css[place + 1 : end]
            place, start = end, end + 1
        place += 1


def _closing(css: str, opening: int) -> int:
    """The place of the brace that closes the one at `opening`."""
    depth, place = 0, opening
    while place < len(css):
        if css[place] in "\"'":
            place = _after_string(css, place)
            continue
        depth += {"{": 1, "}": -1}.get(css[place], 0)
        if depth == 0:
            return place
        place += 1
    return len(css)


def _after_string(css: str, opening: int) -> int:
    place = opening + 1
    while place < len(css) and css[place] != css[opening]:
        place += 2 if css[place] == "\\" else 1
    return place + 1


def _parts(head: str) -> list[str]:
    """A list of selectors, taken apart at the commas that stand in no parenthesis."""
    parts, depth, start = [], 0, 0
    for place, letter in enumerate(head):
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(letter, 0)
        if letter == "," and depth == 0:
            parts.append(head[start:place])
            start = place + 1
    return [*parts, head[start:]]


def _used(selector: str, known: set[str]) -> bool:
    """Whether all classes and identifiers of a selector are known; what stands in :not() and :is() asks nothing."""
    plain = re.sub(r"\[[^\]]*\]|\([^()]*\)", "", _NOT.sub("", selector))
    return all(name.replace("\\", "") in known for name in _NAME.findall(plain))


def _cut_fonts(static: Path, sheets: list[Path]) -> None:
    """Icon fonts with the icons alone that the remaining rules draw, as WOFF, which needs no extra package."""
    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont

    texts = {sheet: sheet.read_text(encoding="utf-8") for sheet in sheets}
    drawn = {int(code, 16) for text in texts.values() for code in re.findall(r"\\([ef][0-9a-f]{3})\b", text)}
    drawn |= {ord(letter) for text in texts.values() for letter in re.findall("[\ue000-\uf8ff]", text)}
    for sheet, text in texts.items():
        for folder, name in set(_ICON_FACE.findall(text)):
            source = static / folder / f"{name}.ttf"
            if source.exists():
                options = Options(flavor="woff", drop_tables=["GSUB"], notdef_outline=False)
                options.recalc_timestamp = False
                font = TTFont(source)
                subsetter = Subsetter(options)
                subsetter.populate(unicodes=drawn)
                subsetter.subset(font)
                font.flavor = "woff"
                font.save(source.with_suffix(".woff"))
        face = re.compile(
            r'url\(([^()]*fa-[a-z0-9-]+)\.woff2\) ?format\("woff2"\)(?:,url\([^()]*\.ttf\) ?format\("truetype"\))?'
        )
        short = face.sub(r'url(\1.woff) format("woff")', text)
        if short != text:
            sheet.write_text(short, encoding="utf-8")
    for file in static.glob("vendor/fontawesome/webfonts/*"):
        if file.suffix != ".woff":
            file.unlink()
