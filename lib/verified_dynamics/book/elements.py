"""A docutils node for any HTML element, so that a card can hold parsed mathematics and references."""

from collections.abc import Iterable

from docutils import nodes

__all__ = ["HtmlElement", "html", "leave", "skip", "visit"]

VOID = frozenset({"img", "br", "hr"})


class HtmlElement(nodes.General, nodes.TextElement):
    """One HTML element: `tag`, `attributes_` (written as they are), `classes`, `ids`, and children.

    A text element, because Sphinx refuses references to documents in any other.
    """


def html(
    tag: str,
    *children: nodes.Node | str,
    classes: Iterable[str] = (),
    ids: Iterable[str] = (),
    **attributes: object,
) -> HtmlElement:
    """An `HtmlElement`; strings among the children become text. A trailing underscore in a name is dropped.

    An underscore within a name becomes a hyphen: `aria_label` is written aria-label.
    """
    parts = [nodes.Text(child) if isinstance(child, str) else child for child in children]
    written = {name.rstrip("_").replace("_", "-"): str(value) for name, value in attributes.items()}
    return HtmlElement("", "", *parts, tag=tag, attributes_=written, classes=list(classes), ids=list(ids))


def visit(translator, node: HtmlElement) -> None:
    """Write the opening tag (HTML builders)."""
    closing = "" if node["tag"] not in VOID else "/"
    opening = translator.starttag(node, node["tag"], "", **node["attributes_"])
    translator.body.append(opening if not closing else opening[:-1] + " />")


def leave(translator, node: HtmlElement) -> None:
    """Write the closing tag (HTML builders)."""
    if node["tag"] not in VOID:
        translator.body.append(f"</{node['tag']}>")


def skip(translator, node: HtmlElement) -> None:
    """Other builders write the children alone."""
