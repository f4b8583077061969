"""A figure's downloads: tables, NetCDF, citation."""

import io
import json
from pathlib import Path

import numpy as np
import xarray as xr
from jsonschema import Draft202012Validator
from small_book import figure_record

from verified_dynamics import addresses
from verified_dynamics.book import figure_files
from verified_dynamics.book.citation import Book, bibtex, sentence
from verified_dynamics.book.figure_data import datasets, dictionary, tables
from verified_dynamics.book.figure_files import downloads


def test_the_netcdf_comes_back_as_it_was_given():
    content, data = datasets(figure_record("drift"))["drift-run"]
    with xr.open_dataset(io.BytesIO(content), engine="scipy") as again:
        xr.testing.assert_identical(again.load(), data)


def test_variables_on_the_same_dimensions_share_a_table():
    _, data = datasets(figure_record("drift"))["drift-run"]
    found = tables(data)
    assert found["seed-step"] == "seed,step,drift\n0,10,1\n0,20,2\n1,10,3\n1,20,4\n"
    assert found["step"] == "step,limit\n10,0.5\n20,0.25\n"


def test_the_dictionary_says_what_every_column_is():
    record = figure_record("drift")
    _, data = datasets(record)["drift-run"]
    data = data.assign(mark=("step", ["a", "b"]), open=((), np.nan))
    rows = {row["name"]: row for row in dictionary(data, record["experiments"][0])}
    assert set(rows) == {"drift", "limit", "mark", "open", "seed", "step"}
    assert rows["drift"] == {
        "name": "drift", "role": "measured", "over": "seed (2) × step (2)", "type": "real", "values": "1 to 4",
        "unit": "", "tolerance": "1e-06 × |value|",
    }  # fmt: skip
    assert rows["mark"]["type"] == "text" and rows["mark"]["values"] == "a, b"
    assert rows["open"]["over"] == "a single number" and rows["open"]["values"] == "none finite"
    assert rows["step"]["role"] == "coordinate" and rows["step"]["values"] == "10 to 20"
    assert rows["seed"]["unit"] == "number of the replicate (seeds)"


def test_downloads_are_grouped_named_and_described_by_the_json_file(book):
    record, cited = figure_record("drift"), Book.read(book.root)
    found = {item.file: item for item in downloads(record, cited)}
    assert [found[f"drift.{kind}"].group for kind in ("png", "nc", "json")] == [
        "Picture",
        "Data",
        "Description",
    ]
    assert found["drift.png"].label == "PNG, 300 dpi" and found["drift.bib"].size.endswith(" bytes")
    assert found["drift.seed-step.csv"].label == "CSV: over seed, step"
    schema = json.loads((Path(figure_files.__file__).with_name("figure.schema.json")).read_text())
    told = json.loads(found["drift.json"].content)
    assert not list(Draft202012Validator(schema).iter_errors(told))
    listed = {item["name"]: item["sha256"] for item in told["files"]}
    assert listed == {name: f.sha256 for name, f in found.items() if f.suffix not in ("json", "bib")}
    assert told["citation"] == sentence(record, cited)
    for wrong in ({"digest": "ab"}, {"format": "another"}, {"files": [{}]}, {"surplus": 1}):
        assert list(Draft202012Validator(schema).iter_errors(told | wrong)), wrong


def test_text_coordinates_and_scalars_are_written_as_text():
    data = xr.Dataset({"a": ("kind", [0.5, np.inf]), "b": 2.0}, coords={"kind": ["sgd", "adam"]})
    assert tables(data) == {"kind": "kind,a\nsgd,0.5\nadam,inf\n", "scalar": "b\n2\n"}


def test_the_citation_holds_address_version_and_digest(book):
    book = Book.read(book.root)
    entry = bibtex(figure_record("drift") | {"title": "Drift of *all* layers"}, book)
    assert f"url = {{{addresses.site()}/figures/drift.html}}" in entry
    assert "title = {Drift of all layers}" in entry
    assert "sha256:abababababababab" in entry
    assert entry.startswith("@misc{verified-dynamics-drift,")
    assert entry.count("{") == entry.count("}")
