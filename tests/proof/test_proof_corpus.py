"""The corpus: true statements are proved, false ones refuted, at most one in twenty of each left undecided."""

from __future__ import annotations

import importlib

import pytest

from verified_dynamics.proof import Equal, Verdict, prove

TOPICS = ("algebra", "dynamics", "exponentials", "homogeneity", "inequalities", "limits", "series")
KINDS = {"TRUE": (Verdict.PROVEN, Verdict.REFUTED), "FALSE": (Verdict.REFUTED, Verdict.PROVEN)}


def statements(topic: str, kind: str) -> tuple:
    return getattr(importlib.import_module(f"corpus_{topic}"), kind)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("topic", TOPICS)
def test_verdicts(topic, kind):
    right, wrong = KINDS[kind]
    undecided = []
    for statement in statements(topic, kind):
        proof = prove(statement, timeout=5.0)
        assert proof.verdict is not wrong, str(proof)
        if proof.verdict is not right:
            undecided.append(str(proof))
        elif right is Verdict.REFUTED:
            assert proof.witness is not None and proof.reason, str(proof)
    assert len(undecided) <= len(statements(topic, kind)) / 20, "\n".join(undecided)


@pytest.mark.parametrize("kind", KINDS)
def test_the_corpus_is_large_and_has_no_repetitions(kind):
    everything = [statement for topic in TOPICS for statement in statements(topic, kind)]
    assert len(everything) == len(set(everything)) >= 150


def test_no_equality_is_true_by_construction():
    """SymPy rewrites on sight; an equality whose sides look alike then tests nothing."""
    for topic in TOPICS:
        for statement in statements(topic, "TRUE"):
            assert not isinstance(statement, Equal) or statement.left != statement.right, str(statement)


def test_no_statement_is_on_both_sides():
    for topic in TOPICS:
        assert not set(statements(topic, "TRUE")) & set(statements(topic, "FALSE"))


@pytest.mark.parametrize("topic", TOPICS)
def test_verdict_and_witness_are_the_same_at_each_run(topic):
    for statement in (*statements(topic, "TRUE")[:2], *statements(topic, "FALSE")[:4]):
        first, second = prove(statement, timeout=5.0), prove(statement, timeout=5.0)
        assert (first.verdict, first.witness, first.method) == (second.verdict, second.witness, second.method)
