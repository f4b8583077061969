"""MIME plug-ins of myst-nb: they draw the records that claims and figures leave in the cells' outputs."""

import re

from docutils import nodes
from myst_nb.core.render import create_figure_context

from verified_dynamics.book.cards import card, cited_card
from verified_dynamics.book.elements import html
from verified_dynamics.book.ledger import MIME

__all__ = ["ClaimRenderer", "FigureRenderer", "natural_width", "shelf"]


def shelf(env) -> dict[str, dict[str, dict]]:
    """The figures of each document, kept in the build environment from one build to the next."""
    if not hasattr(env, "verified_dynamics_figures"):
        env.verified_dynamics_figures = {}
    return env.verified_dynamics_figures


class ClaimRenderer:
    """Draws claims as cards and cited statements as frames."""

    mime_priority_overrides = (("*", MIME.format("claim"), 1), ("*", MIME.format("cited"), 1))

    @staticmethod
    def handle_mime(renderer, data, inline):
        """The nodes for one output, or None if it is no claim."""
        draw = {MIME.format("claim"): card, MIME.format("cited"): cited_card}.get(data.mime_type)
        if draw is None:
            return None
        frame = draw(data.content, _inline_parser(renderer.renderer, data.line or 0))
        _make_target(renderer.renderer, frame, data.content["name"])
        return [frame]


class FigureRenderer:
    """Draws a published figure with number, caption, alternative text and the way to its own page."""

    mime_priority_overrides = (("*", MIME.format("figure"), 1),)

    @staticmethod
    def handle_mime(renderer, data, inline):
        """The nodes for one output, or None if it is no figure."""
        if data.mime_type != MIME.format("figure"):
            return None
        record, writer = data.content, renderer.renderer
        name, env = record["name"], writer.sphinx_env
        shelf(env).setdefault(env.docname, {})[name] = record
        folder = "../" * env.docname.count("/") + "figures/"
        holder = nodes.Element()
        options = {"name": f"fig-{name}", "caption": record["caption"], "classes": "vd-figure"}
        with writer.current_node_context(holder), create_figure_context(writer, options, data.line or 0):
            picture = html(
                "img", src=f"{folder}{name}.svg", alt=record["alt"], style=natural_width(record["svg"])
            )
            writer.current_node.append(html("div", picture, classes=["vd-picture"]))
        link = html("a", "cite and reproduce", href=f"{folder}{name}.html")
        holder.children[0].append(nodes.legend("", nodes.paragraph("", "", link, nodes.Text(_shown(record)))))
        return holder.children


def natural_width(svg: str) -> str:
    """The width at which a picture was drawn, for the style sheet: on a phone it is shrunk only so far."""
    found = re.search(r'<svg[^>]*? width="([\d.]+)(pt|px)?"', svg)
    if found is None:
        return ""
    return f"--vd-width: {float(found[1]) * (4 / 3 if found[2] == 'pt' else 1):.0f}px"


def _shown(record: dict) -> str:
    """What the figure shows: the live run, or the record and where it was made."""
    devices = {item["provenance"].get("device_name") or "?" for item in record["experiments"]}
    run = "full-size record" if record["profile"] == "full" else f"{record['profile']} run"
    stale = f" · record {record['state']}" if record["state"].startswith("stale") else ""
    return f" · {run}, {', '.join(sorted(devices))}{stale}"


def _inline_parser(writer, line: int):
    """A function from Markdown to inline nodes, with the references of the chapter in force."""

    def parse(text: str) -> list[nodes.Node]:
        holder = nodes.Element()
        with writer.current_node_context(holder):
            writer.nested_render_text(text, line, inline=True)
        return holder.children

    return parse


def _make_target(writer, frame: nodes.Element, name: str) -> None:
    """Let `{ref}` find the card as `claim-<name>`."""
    env = writer.sphinx_env
    label = f"claim-{name}"
    domain = env.get_domain("std")
    domain.labels[label] = env.docname, label, name
    domain.anonlabels[label] = env.docname, label
