"""How a chapter's text reads where MyST is not known: in JupyterLab, on Colab, on GitHub.

There a directive is a line with colons, and a role a word in braces. The text reads well in both worlds if such lines
stand apart from the sentences, links are plain Markdown, and a sentence does not need its roles.
"""

import re

__all__ = ["complaints", "spaced"]

_OPENING = re.compile(r":{3,}\{[\w:-]+\}")
_CLOSING = re.compile(r":{3,}\s*")
_OPTION = re.compile(r":[a-z-]+:( |$)")
_ROLE = re.compile(r"\{(?P<role>[a-z:-]+)\}`(?P<target>[^`]*)`")
_CITATIONS = {"cite:p", "cite:yearpar"}
_LINKS = {"prf:ref": "claim-{}", "numref": "{}", "ref": "{}"}


def spaced(text: str) -> str:
    """Markdown in which a directive's first lines and its last one are paragraphs of their own."""
    lines: list[str] = []
    code, head = False, False  # within a block of code; within the first lines of a directive
    for line in text.splitlines():
        fence = line.startswith("```")
        if not (code or fence) and lines and lines[-1].strip() and line.strip():
            after_head = head and not _OPTION.match(line)
            if after_head or _OPENING.match(line) or any(map(_CLOSING.fullmatch, (line, lines[-1]))):
                lines.append("")
        head = not code and bool(_OPENING.match(line) or (head and _OPTION.match(line)))
        code ^= fence
        lines.append(line)
    return "\n".join(lines)


def complaints(text: str) -> list[str]:
    """One sentence for each thing in a Markdown cell that reads badly without MyST."""
    found = (
        []
        if spaced(text) == text
        else ["A directive's lines run into its sentences; `make style` sets them apart."]
    )
    for line in text.splitlines():
        if re.match(r"`{3,}\{", line):
            found.append(f"{line!r} opens a directive as code; fence it with colons.")
    for match in _ROLE.finditer(text):
        found += _about_role(match, text[: match.start()])
    return found


def _about_role(match: re.Match, before: str) -> list[str]:
    role, target = match["role"], match["target"]
    if role in _CITATIONS:
        if re.search(r"([\w)$]|et al\.|`,)[ \n]$", before):  # after a name, or in a list of citations
            return []
        return [f"The sentence needs {match[0]} to be read: name the authors or the thing before it."]
    if role in _LINKS:
        return [f"Write {match[0]} as a link with words, [words](#{_LINKS[role].format(target)})."]
    if role == "cite:t":
        return [f"Write {match[0]} as the authors' names and {{cite:yearpar}}`{target}`."]
    return [f"The role {match[0]} is not known to plain Jupyter; use plain Markdown."]
