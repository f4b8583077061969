"""The hosted workflows can run: what they call exists here, and they hold no more rights than they need."""

import os
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def faults(text: str) -> list[str]:
    """What is wrong with a workflow file."""
    flow = yaml.load(text, yaml.BaseLoader)  # plain text everywhere: YAML reads the key `on` as a truth value
    found = [] if flow.get("on") else ["never starts"]
    if flow.get("permissions") != {"contents": "read"}:
        found.append("has more rights than reading")
    steps = [step for job in flow["jobs"].values() for step in job["steps"]]
    for step in steps:
        if "uses" in step and not re.fullmatch(r"actions/[a-z-]+@v\d+", step["uses"]):
            found.append(f"{step['uses']} has no version")
        for target in re.findall(r"make ([a-z]+)", step.get("run", "")):
            if target not in TARGETS:
                found.append(f"make {target} does not exist")
        for script in re.findall(r"(?:^|\s)(\.[\w/]+)", step.get("run", "")):
            if not os.access(ROOT / script, os.X_OK):
                found.append(f"{script} cannot be run")
    return found


def commands(text: str) -> str:
    flow = yaml.load(text, yaml.BaseLoader)
    return "\n".join(step.get("run", "") for job in flow["jobs"].values() for step in job["steps"])


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_each_workflow_can_run(path):
    assert faults(path.read_text()) == []


def test_a_push_builds_and_publishes_and_a_week_tries_the_newest_versions():
    texts = {path.stem: path.read_text() for path in WORKFLOWS}
    publish, weekly = (yaml.load(texts[name], yaml.BaseLoader) for name in ("publish", "weekly"))
    assert "push" in publish["on"] and ".ci/run" in commands(texts["publish"])
    assert publish["jobs"]["publish"]["needs"] == "build"
    assert publish["jobs"]["publish"]["if"] == "github.ref == 'refs/heads/main'"
    assert len(weekly["on"]["schedule"][0]["cron"].split()) == 5
    assert "make execute CONSTRAINTS=/dev/null" in commands(texts["weekly"])


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        ("make execute", "make exekute", "make exekute does not exist"),
        ("actions/checkout@v4", "actions/checkout@main", "has no version"),
        ("contents: read", "contents: write", "has more rights"),
        ("make versions", ".ci/gone", ".ci/gone cannot be run"),
        ("on:\n", "upon:\n", "never starts"),
    ],
)
def test_each_planted_fault_is_seen(before, after, fault):
    text = (ROOT / ".github" / "workflows" / "weekly.yml").read_text()
    assert before in text
    found = faults(text.replace(before, after, 1))
    assert len(found) == 1 and fault in found[0]
