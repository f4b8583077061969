"""Simulations in pages: who gets the scripts, and the parts of the frame that need no page, run by node."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
from sphinx.errors import ExtensionError

from verified_dynamics.book import simulations

STATIC = Path(__file__).parents[2] / "book" / "_static"
BODY = '<p>Words.</p><div class="vd-sim" id="simulation" data-simulation="modular-addition"><p>No script.</p></div>'
DECLARED = [
    {"name": "size", "label": "Size", "value": 5, "least": 1, "most": 9, "step": 1},
    {"name": "weight", "label": "Weight", "value": 0.5, "least": 0, "most": 2, "step": 0.05},
    {"name": "kind", "label": "Kind", "value": "a", "choices": {"a": "one", "b": "other"}},
    {"name": "noise", "label": "Noise", "value": True, "toggle": True},
]
FORBIDDEN = (
    *(
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "new Function",
    ),  # words as markup
    *("import ", "export ", "fetch(", "XMLHttpRequest", "http:", "https:"),  # modules and servers
)
STANDARD = {"size": 5, "weight": 0.5, "kind": "a", "noise": True}


class FakeApp:
    """What `add_files` asks of Sphinx."""

    def __init__(self, folder):
        self.confdir, self.config = folder, SimpleNamespace(html_static_path=["static"])
        self.scripts, self.styles = [], []
        self.add_js_file, self.add_css_file = self.scripts.append, self.styles.append


@pytest.fixture
def node():
    """Runs the body of a function of `space` in node with the frame's scripts and returns what it returns."""
    program = shutil.which("node")
    if program is None:
        missing = pytest.fail if os.environ.get("CI", "").lower() == "true" else pytest.skip
        missing("There is no node on this machine: install it to test the frame of the simulations.")
    load = "".join(f"require({json.dumps(str(STATIC / 'simulations' / name))});"
                   for name in ("parameters.js", "timeline.js"))  # fmt: skip

    def run(body: str, given=None):
        text = f"{load} const space = verifiedDynamics, declared = {json.dumps(DECLARED)};"
        text += f"const given = {json.dumps(given)}; console.log(JSON.stringify((() => {{ {body} }})()));"
        ran = subprocess.run([program, "-e", text], capture_output=True, text=True, timeout=60, check=False)
        assert ran.returncode == 0, ran.stderr
        return json.loads(ran.stdout)

    return run


@pytest.mark.parametrize(("body", "found"), [(BODY, ["modular-addition"]), (2 * BODY, ["modular-addition"]), ("", []),
                                             ("<p>data-simulation=\"x\"</p>", [])])  # fmt: skip
def test_containers_are_found(body, found):
    assert simulations.names(body) == found


def test_a_page_with_a_container_gets_the_scripts_and_no_other_page_does(tmp_path):
    for name in ("frame.js", "dancing/core.js", "dancing/view.js", "other/core.js"):
        path = tmp_path / "static" / "simulations" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    app = FakeApp(tmp_path)
    simulations.add_files(app, "page", "page.html", {"body": "<p>Words.</p>"}, None)
    simulations.add_files(app, "search", "search.html", {}, None)
    assert app.scripts == app.styles == []
    simulations.add_files(app, "page", "page.html", {"body": '<div data-simulation="dancing"></div>'}, None)
    own = ["simulations/dancing/core.js", "simulations/dancing/view.js"]
    assert app.scripts == ["simulations/frame.js", *own]
    assert app.styles == ["simulations/simulations.css"]


@pytest.mark.parametrize("name", ["gone", "..", "../simulations", ""])
def test_a_simulation_that_is_not_there_stops_the_build(tmp_path, name):
    (tmp_path / "simulations").mkdir()
    (tmp_path / "simulations" / "frame.js").write_text("")
    with pytest.raises(ExtensionError, match="holds the simulation"):
        simulations.scripts(tmp_path, name)


def test_scripts_are_classic_and_make_no_markup_of_words():
    for path in sorted((STATIC / "simulations").rglob("*.js")):
        text = path.read_text(encoding="utf-8")
        assert '"use strict";' in text and len(text.splitlines()) <= 300, path.name
        for word in FORBIDDEN:
            assert word not in text, (path.name, word)


def test_a_link_carries_every_parameter_there_and_back(node):
    values = {"size": 9, "weight": 1.35, "kind": "b", "noise": False}
    body = """const link = space.parameters.write("dance", declared, given);
    return [link, space.parameters.read("dance", declared, "#" + link)];"""
    link, found = node(body, values)
    assert link == "simulation=dance&size=9&weight=1.35&kind=b&noise=off" and found == {"values": values}


def test_what_a_link_leaves_out_is_as_usual_and_other_fragments_are_left_alone(node):
    body = "return given.map((text) => space.parameters.read('dance', declared, text));"
    found = node(
        body, ["#simulation=dance&size=2", "#simulation=dance", "#simulation", "", "#simulation=other&size=2"]
    )
    assert found == [{"values": STANDARD | {"size": 2}}, {"values": STANDARD}, None, None, None]


TAMPERED = [
    "size=99", "size=abc", "size=1e1", "size=0x3", "size=-3", "size=2.5", "size=", "size", "size=Infinity", "size=NaN",
    "weight=0.512", "weight=%30", "kind=c", "kind=constructor", "kind=__proto__", "noise=true", "noise=1",
    "unknown=1", "__proto__=1", "toString=1", "size=2&size=3", "size=<img src=x onerror=alert(1)>",
    "size=" + "9" * 5000,
]  # fmt: skip


@pytest.mark.parametrize("text", TAMPERED, ids=lambda text: text[:30])
def test_a_tampered_link_is_refused_with_one_sentence(node, text):
    found = node("return space.parameters.read('dance', declared, '#simulation=dance&' + given);", text)
    assert set(found) == {"fault"} and len(found["fault"]) < 120 and found["fault"].endswith(".")


def test_the_timeline_stays_short_and_keeps_the_order_and_the_beginning(node):
    body = """const states = space.timeline(20);
    let taken = 0;
    for (let step = 0; step <= 1000; step++) states.record(step, () => (taken += 1));
    return { steps: states.entries.map((one) => one.step), taken };"""
    found = node(body)
    steps = found["steps"]
    assert steps == sorted(set(steps)) and steps[0] == 0 and len(steps) <= 20 and steps[-1] > 900
    assert found["taken"] < 200  # states that are not kept are not made


def test_the_timeline_is_cut_where_the_past_is_changed_and_keeps_the_present_always(node):
    body = """const states = space.timeline(8);
    for (let step = 0; step < 30; step++) states.record(step, () => step);
    states.record(29, () => "present", true);
    states.record(29, () => "touched", true);
    const before = states.entries.map((one) => one.state);
    states.cut(1);
    const after = states.entries.map((one) => one.step);
    states.clear();
    return [before, after, states.length];"""
    before, after, length = node(body)
    assert before[-1] == "touched" and "present" not in before and len(after) == 2 and length == 0
