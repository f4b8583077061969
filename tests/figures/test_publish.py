import base64

import numpy as np
import pytest
import xarray as xr

from verified_dynamics.experiments import Evidence, Profile, Tolerance, experiment
from verified_dynamics.experiments.storage import from_bytes
from verified_dynamics.figures import FIGURE_MIME, FigureError, control, measured, panels, publish, theory

ALT = "Values rise in a straight line from zero to four, as the black line predicts."


@experiment(
    "toy-line",
    chapter="margin/toy",
    smoke=Profile(seeds=4),
    full=Profile(seeds=8),
    tolerances={"height": Tolerance(rtol=1e-9), "other": Tolerance()},
)
def line(cell, seeds, device):
    """A line with a little spread."""
    x = np.arange(5.0)
    height = np.array([x + 0.01 * np.sin(s + x) for s in seeds])
    return xr.Dataset({"height": (("seed", "x"), height), "other": ((), 1.0)}, coords={"x": x})


@pytest.fixture
def evidence(monkeypatch, tmp_path):
    monkeypatch.setenv("VERIFIED_DYNAMICS_RECORDS", str(tmp_path))
    monkeypatch.setenv("VERIFIED_DYNAMICS_PROFILE", "smoke")
    return Evidence.gather(line)


def drawn(found, **options):
    figure, (left, right) = panels(2)
    theory(left, [0, 4], [0, 4], label="predicted")
    measured(left, found.data["height"], x="x", label="measured")
    control(right, found.data["height"].mean("seed"), x="x", label="control")
    described = {"title": "A line", "caption": "It rises.", "alt": ALT, "evidence": [found], **options}
    return publish(
        figure, options.pop("name", "a-line"), **{k: v for k, v in described.items() if k != "name"}
    )


def test_picture_data_and_origin_travel_together(evidence):
    record = drawn(evidence, variables=["height"], claims=["a-claim"])._repr_mimebundle_()[FIGURE_MIME]
    data = from_bytes(base64.b64decode(record["data"]["toy-line"]))
    assert list(data.data_vars) == ["height"]
    assert np.array_equal(data["height"].values, evidence.data["height"].values)
    assert record["svg"].lstrip().startswith("<?xml") and base64.b64decode(record["pdf"]).startswith(b"%PDF")
    assert record["experiments"][0]["tolerances"] == {"height": {"rtol": 1e-9, "atol": 0.0}}
    assert record["profile"] == "smoke" and record["state"] == "no record" and record["claims"] == ["a-claim"]


def test_the_same_figure_has_the_same_bytes(evidence):
    first, second = drawn(evidence).record, drawn(evidence).record
    assert first == second


def test_other_numbers_give_another_digest(evidence):
    from dataclasses import replace

    moved = replace(evidence, live=replace(evidence.live, data=evidence.live.data + 1e-6))
    assert drawn(evidence).record["digest"] != drawn(moved).record["digest"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"name": "Figure 3"}, "joined by hyphens"),
        ({"evidence": []}, "shows no experiment"),
        ({"alt": "a plot"}, "must say what the picture shows"),
        ({"caption": ""}, "needs a title and a caption"),
        ({"variables": ["heigth"]}, "none of the variables heigth; it has height, other"),
    ],
)
def test_a_figure_that_nobody_could_cite_or_read_is_refused(evidence, options, words):
    with pytest.raises(FigureError, match=words):
        drawn(evidence, **options)


def test_drawing_refuses_a_dimension_that_is_neither_axis_nor_replicate(evidence):
    _, (ax,) = panels()
    with pytest.raises(ValueError, match="select the rest"):
        measured(ax, evidence.data["height"].expand_dims(width=[1, 2]), x="x")
