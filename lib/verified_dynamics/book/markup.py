"""The written page, mended: no mathematics where there is none, no script before the first paint, lean code cells."""

import re

__all__ = ["mend_page"]

# Names, punctuation and blanks have the colour of plain text in both themes; their marks are a quarter of a chapter.
_PLAIN_TOKEN = re.compile(r'<span class="(?:n|nn|p|w)">([^<]*)</span>')
_CODE = re.compile(r"<pre>.*?</pre>", re.DOTALL)
# A fold is called what it shows: "Show the code". This label would hide these words from screen readers.
_FOLD_LABEL = ' aria-label="Toggle hidden content"'
_FORMULA = re.compile(r'class="(?:[^"]* )?math[ "]')
_UNUSED = re.compile(
    r"thebe|design-tabs|sphinx-design"
)  # sphinx-thebe asks servers of others; no page has tabs
# Small scripts of Sphinx that scripts of the search page, which do not wait, find there already.
_CALLED = re.compile(r"documentation_options|doctools|sphinx_highlight")


def mend_page(app, pagename, templatename, context, doctree) -> None:
    """For `html-page-context`, last: sort out the page's scripts and style sheets, and shorten its body."""
    written = "".join(str(context.get(part) or "") for part in ("body", "title", "toc"))
    unused = re.compile(f"{_UNUSED.pattern}|mathjax") if not _FORMULA.search(written) else _UNUSED
    context["script_files"] = [
        script
        for script in context["script_files"]
        if not unused.search(f"{script} {getattr(script, 'attributes', '')}".lower())
    ]
    context["css_files"] = [sheet for sheet in context["css_files"] if not _UNUSED.search(str(sheet))]
    for script in context["script_files"]:
        if _waits(script):
            script.attributes["defer"] = "defer"
    if context.get("body"):
        body = context["body"].replace(_FOLD_LABEL, "").replace('role="doc-biblioentry"', 'role="listitem"')
        context["body"] = _CODE.sub(lambda code: _PLAIN_TOKEN.sub(r"\1", code[0]), body)


def _waits(script) -> bool:
    """Whether a script can run after the page is parsed: all but the inline ones and those on which others call."""
    attributes = getattr(script, "attributes", {})
    return bool(script.filename) and "async" not in attributes and not _CALLED.search(script.filename)
