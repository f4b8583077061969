from dataclasses import replace

import numpy as np
import pytest
import sympy as sp
import xarray as xr

from verified_dynamics.claims import CITED_MIME, CLAIM_MIME, Cited, Claim, ClaimError, summary
from verified_dynamics.claims.card import prose
from verified_dynamics.experiments import Evidence, Profile, Tolerance, experiment
from verified_dynamics.proof import Equal, Verdict, prove
from verified_dynamics.statistics import ReplicateError

x = sp.Symbol("x", positive=True)
y = sp.Symbol("y", real=True)
ROOT_OF_SQUARE = Equal(sp.sqrt(x**2), x)
ROOT_OF_SQUARE_ANY_SIGN = Equal(sp.sqrt(y**2), y)


@experiment(
    "toy-scatter",
    chapter="margin/toy",
    smoke=Profile(seeds=16),
    full=Profile(seeds=32),
    tolerances={"value": Tolerance(rtol=1e-9), "curve": Tolerance(), "once": Tolerance()},
)
def scatter(cell, seeds, device):
    """Values about one, a curve, and a single exact number."""
    value = np.array([1 + 0.01 * np.cos(3.0 * s) for s in seeds])
    curve = np.tile(np.arange(5.0), (len(seeds), 1))
    data = {"value": (("seed",), value), "curve": (("seed", "step"), curve), "once": ((), 2.0)}
    return xr.Dataset(data, coords={"step": np.arange(5)})


@pytest.fixture
def evidence(monkeypatch, tmp_path):
    monkeypatch.setenv("VERIFIED_DYNAMICS_RECORDS", str(tmp_path))
    monkeypatch.setenv("VERIFIED_DYNAMICS_PROFILE", "smoke")
    return Evidence.gather(scatter)


def value(data):
    return data["value"]


def full_claim(evidence):
    claim = Claim("root-of-square", source="school", needs=["something-else"])
    claim.proves(ROOT_OF_SQUARE, "for every positive x")
    claim.refutes(ROOT_OF_SQUARE_ANY_SIGN, "the sign of x is dropped")
    claim.measures("value", evidence, value, predicted=1, within=0.02)
    claim.rejects("value", evidence, value, predicted=2, within=0.02, because="the rival says two")
    return claim


def test_a_full_square_travels_in_the_output(evidence):
    claim = full_claim(evidence)
    bundle = claim._repr_mimebundle_()
    record = bundle[CLAIM_MIME]
    assert claim.open_cells() == []
    assert record["proves"][0]["verdict"] == "PROVEN" and record["refutes"][0]["verdict"] == "REFUTED"
    assert record["refutes"][0]["witness"]["y"].startswith("-")
    found = record["measures"][0]["estimates"]
    assert [e["profile"] for e in found] == ["smoke"] and found[0]["replicates"] == 16
    assert found[0]["low"] < 1 < found[0]["high"]
    assert record["needs"] == ["something-else"] and record["rejects"][0]["because"] == "the rival says two"
    for words in ("for every positive x", "the rival says two", "■▨"):
        assert words in bundle["text/html"]


def test_a_proof_that_fails_raises():
    with pytest.raises(ClaimError, match=r"claim wrong, proves: .* must be PROVEN but is REFUTED .*witness"):
        Claim("wrong", source="nowhere").proves(ROOT_OF_SQUARE_ANY_SIGN, "for every real y")


def test_a_control_that_does_not_fail_raises():
    with pytest.raises(ClaimError, match="must be REFUTED but is PROVEN"):
        Claim("toothless", source="nowhere").refutes(ROOT_OF_SQUARE, "nothing is dropped")


@pytest.mark.parametrize("cell", ["proves", "refutes"])
def test_an_undecided_statement_fills_neither_cell(monkeypatch, cell):
    undecided = replace(prove(ROOT_OF_SQUARE), verdict=Verdict.UNDECIDED, reason="time limit of 1 s reached")
    monkeypatch.setattr("verified_dynamics.claims.claim.prove", lambda statement, timeout: undecided)
    claim = Claim("undecided", source="nowhere")
    with pytest.raises(ClaimError, match="but is UNDECIDED .time limit of 1 s reached"):
        getattr(claim, cell)(ROOT_OF_SQUARE, "any")
    assert cell in claim.open_cells()


def test_a_measurement_outside_its_tolerance_raises(evidence):
    with pytest.raises(
        ClaimError, match=r"value is 1\.\d+ \[.*\] over 16 seeds .*must lie within 1.1 ± 0.01"
    ):
        Claim("off", source="nowhere").measures("value", evidence, value, predicted=1.1, within=0.01)


def test_an_interval_that_sticks_out_of_the_tolerance_is_no_evidence(evidence):
    with pytest.raises(ClaimError, match="must lie within"):
        Claim("vague", source="nowhere").measures("value", evidence, value, predicted=1, within=1e-6)


def test_a_rival_that_is_not_excluded_raises(evidence):
    with pytest.raises(ClaimError, match="must exclude 1 ± 0"):
        Claim("kept", source="nowhere").rejects(
            "value", evidence, value, predicted=1, because="no rival at all"
        )


def test_points_of_a_curve_are_not_replicates(evidence):
    with pytest.raises(ReplicateError):
        Claim("curve", source="nowhere").measures("c", evidence, lambda d: d["curve"], predicted=2, within=9)


def test_a_single_value_is_compared_exactly(evidence):
    claim = Claim("exact", source="nowhere")
    claim.measures("once", evidence, lambda d: d["once"], predicted=2, within=0)
    assert claim.record()["measures"][0]["estimates"][0]["low"] == 2.0
    with pytest.raises(ClaimError):
        claim.measures("once", evidence, lambda d: d["once"], predicted=2.1, within=0.01)


def test_the_record_is_judged_too(monkeypatch, tmp_path):
    from verified_dynamics.experiments import write_record

    monkeypatch.setenv("VERIFIED_DYNAMICS_RECORDS", str(tmp_path))
    monkeypatch.setenv("VERIFIED_DYNAMICS_PROFILE", "smoke")
    live = scatter.run("smoke")
    full = scatter.run("full")
    write_record(replace(full, data=full.data.assign(value=full.data["value"] + 1)), live, tmp_path)
    evidence = Evidence.gather(replace(scatter))
    assert evidence.state == "valid"
    with pytest.raises(ClaimError, match="record"):
        Claim("larger", source="nowhere").measures("value", evidence, value, predicted=1, within=0.02)


def test_a_cell_can_be_not_applicable_only_with_a_reason_and_only_when_empty(evidence):
    claim = full_claim(evidence)
    with pytest.raises(ValueError, match="filled already"):
        claim.not_applicable("proves", "no")
    bare = Claim("bare", source="nowhere")
    with pytest.raises(ValueError, match="say why"):
        bare.not_applicable("measures", " ")
    with pytest.raises(ValueError, match="not 'mesures'"):
        bare.not_applicable("mesures", "an identity")
    bare.not_applicable("measures", "an identity")
    assert bare.record()["measures"] == {"not_applicable": "an identity"}
    assert bare.open_cells() == ["proves", "refutes", "rejects"]
    with pytest.raises(ValueError, match="marked as not applicable"):
        bare.measures("value", evidence, value, predicted=1, within=0.02)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"name": "Not A Slug"}, "joined by hyphens"),
        ({"name": "fine", "origin": "somebody"}, "one of paper, ours"),
        ({"name": "fine", "needs": ["fine"]}, "cannot need itself"),
    ],
)
def test_bad_claims_get_one_sentence(options, words):
    with pytest.raises(ValueError, match=words):
        Claim(source="nowhere", **options)


def test_a_negative_tolerance_is_refused(evidence):
    with pytest.raises(ValueError, match="not negative"):
        Claim("negative", source="nowhere").measures("value", evidence, value, predicted=1, within=-1)


def test_a_statistic_must_give_a_data_array(evidence):
    with pytest.raises(TypeError, match="must give an xarray.DataArray, not float"):
        Claim("number", source="nowhere").measures("value", evidence, lambda d: 1.0, predicted=1, within=1)


def test_cited_statements_say_that_they_are_not_verified():
    bundle = Cited("wide-networks", statement="A limit.", source="A paper")._repr_mimebundle_()
    assert bundle[CITED_MIME]["name"] == "wide-networks" and "not verified" in bundle["text/plain"]


def test_the_summary_lists_the_claims_of_the_session(evidence):
    full_claim(evidence)
    assert 'href="#claim-root-of-square"' in summary()._repr_mimebundle_()["text/html"]


def test_mathematics_in_a_label_is_typeset_and_the_rest_is_escaped():
    assert prose("a < b") == "a &lt; b"
    typeset = r'<span class="math notranslate nohighlight">\(x_1 &lt; 2\)</span>'
    assert prose("when $x_1 < 2$ holds") == f"when {typeset} holds"


def test_a_rejection_without_a_reason_is_refused_and_not_judged_as_a_measurement(evidence):
    with pytest.raises(ValueError, match="because of what"):
        Claim("silent", source="nowhere").rejects(
            "value", evidence, value, predicted=1, within=0.02, because=""
        )
