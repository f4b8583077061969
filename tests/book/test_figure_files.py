"""A figure's downloads: tables, NetCDF, citation."""

import io

import numpy as np
import xarray as xr
from small_book import figure_record

from verified_dynamics import addresses
from verified_dynamics.book.citation import Book, bibtex
from verified_dynamics.book.figure_data import datasets, tables


def test_the_netcdf_comes_back_as_it_was_given():
    content, data = datasets(figure_record("drift"))["drift-run"]
    with xr.open_dataset(io.BytesIO(content), engine="scipy") as again:
        xr.testing.assert_identical(again.load(), data)


def test_variables_on_the_same_dimensions_share_a_table():
    _, data = datasets(figure_record("drift"))["drift-run"]
    found = tables(data)
    assert found["seed-step"] == "seed,step,drift\n0,10,1\n0,20,2\n1,10,3\n1,20,4\n"
    assert found["step"] == "step,limit\n10,0.5\n20,0.25\n"


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
