import base64
import io
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from PIL import Image

from verified_dynamics.experiments import Evidence, Profile, Tolerance, experiment, write_record
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
    with Image.open(io.BytesIO(base64.b64decode(record["png"]))) as picture:
        assert picture.info["dpi"] == pytest.approx((300, 300), abs=0.1)
        assert picture.width > 2000 and len(base64.b64decode(record["png"])) < 200_000
    assert record["experiments"][0]["tolerances"] == {"height": {"rtol": 1e-9, "atol": 0.0}}
    assert record["profile"] == "smoke" and record["state"] == "no record" and record["claims"] == ["a-claim"]


def test_the_same_figure_has_the_same_bytes(evidence):
    first, second = drawn(evidence).record, drawn(evidence).record
    assert first == second


def test_other_numbers_give_another_digest(evidence):
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


def test_a_figure_of_a_record_says_how_far_the_present_smoke_run_is_from_the_one_kept(evidence, tmp_path):
    assert drawn(evidence).record["experiments"][0]["smoke_deviations"] is None
    kept = line.run("smoke")
    moved = replace(kept, data=kept.data.assign(height=kept.data["height"] * (1 + 5e-10)))
    write_record(line.run("full"), moved, tmp_path)
    found = Evidence.gather(line)
    origin = drawn(found, variables=["height"]).record["experiments"][0]
    assert found.state == "valid" and origin["profile"] == "full"
    assert origin["smoke_deviations"] == {"height": pytest.approx(0.5, rel=1e-5)}
    write_record(line.run("full"), replace(kept, data=moved.data + 1e-6), tmp_path)
    stale = Evidence.gather(line)
    assert stale.state.startswith("stale") and stale.smoke_deviations is None
    assert drawn(stale).record["experiments"][0]["smoke_deviations"] is None
