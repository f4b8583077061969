"""What machines read of the built site's figures: the crate, the JSON files, the data in the pages' heads."""

import hashlib
import json
import re

import pytest
from crate_checks import faults
from jsonschema import Draft202012Validator

HEAD = re.compile(r'<script type="application/ld\+json">(.*?)</script>', re.DOTALL)


@pytest.fixture(scope="module")
def figures(site):
    """Names of the published figures."""
    return [figure["name"] for figure in json.loads((site / "ledger.json").read_text())["figures"]]


def test_the_crate_describes_every_figure_and_every_file_is_there(site, figures):
    assert faults(site) == []
    graph = json.loads((site / "ro-crate-metadata.json").read_text())["@graph"]
    actions = {item["@id"]: item for item in graph if item["@type"] == "CreateAction"}
    assert set(actions) == {f"#make-{name}" for name in figures}
    described = {item["@id"] for item in graph}
    there = {f"figures/{path.name}" for path in (site / "figures").iterdir() if path.suffix != ".html"}
    assert there <= described


def test_every_figure_has_its_pictures_its_data_and_a_description_that_keeps_to_the_schema(site, figures):
    schema = Draft202012Validator(json.loads((site / "figure.schema.json").read_text()))
    for name in figures:
        description = json.loads((site / f"figures/{name}.json").read_text())
        assert not list(schema.iter_errors(description)), name
        suffixes = {item["name"].rpartition(".")[2] for item in description["files"]}
        assert suffixes == {"svg", "pdf", "png", "csv", "nc"}, name
        for item in description["files"]:
            content = (site / "figures" / item["name"]).read_bytes()
            assert hashlib.sha256(content).hexdigest() == item["sha256"] and len(content) == item["bytes"]
        assert (site / f"figures/{name}.bib").read_text().startswith(f"@misc{{verified-dynamics-{name},")


def test_the_head_of_every_figure_page_is_a_dataset_for_machines(site, figures):
    for name in figures:
        (text,) = HEAD.findall((site / f"figures/{name}.html").read_text(encoding="utf-8"))
        found = json.loads(text)
        assert found["@type"] == "Dataset" and found["url"].endswith(f"/figures/{name}.html")
        for item in found["image"] + found["distribution"]:
            content = (site / "figures" / item["contentUrl"].rpartition("/")[2]).read_bytes()
            assert hashlib.sha256(content).hexdigest() == item["sha256"]


def test_a_picture_of_pixels_is_no_heavier_than_a_page_can_bear(site):
    heavy = {p.name: p.stat().st_size for p in (site / "figures").glob("*.png") if p.stat().st_size > 200_000}
    assert heavy == {}


def test_copy_buttons_copy_and_say_so(site, figures, browser):
    context = browser.new_context()
    try:
        page = context.new_page()
        page.goto((site / f"figures/{figures[0]}.html").as_uri())
        assert page.locator("button[data-copies]").count() == 3
        for key in ("citation", "bibtex", "command"):
            button = page.locator(f'button[data-copies="text-{key}"]')
            button.focus()
            page.keyboard.press("Enter")
            said = page.locator(f'.vd-copy:has(#text-{key}) [role="status"]')
            page.wait_for_function("element => element.textContent", arg=said.element_handle())
            assert said.text_content() in ("copied", "selected: copy it with Ctrl+C or Cmd+C")
    finally:
        context.close()


def test_without_a_clipboard_the_text_is_selected(site, figures, browser):
    """Where both ways of copying are refused, the reader's own keys find the text selected."""
    context = browser.new_context()
    try:
        page = context.new_page()
        page.add_init_script(
            "Object.defineProperty(navigator, 'clipboard', {value: undefined});"
            "document.execCommand = () => false;"
        )
        page.goto((site / f"figures/{figures[0]}.html").as_uri())
        page.locator('button[data-copies="text-bibtex"]').click()
        said = page.locator('.vd-copy:has(#text-bibtex) [role="status"]')
        page.wait_for_function("element => element.textContent", arg=said.element_handle())
        assert said.text_content().startswith("selected")
        assert page.evaluate("window.getSelection().toString()").startswith("@misc{")
    finally:
        context.close()
