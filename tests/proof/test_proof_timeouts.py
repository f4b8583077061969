"""The time limit stops pure Python computations in the main thread and in others."""

from __future__ import annotations

import signal
import threading
import time

import pytest
import sympy as sp

from verified_dynamics.proof import Equal, Verdict, prove
from verified_dynamics.proof.timeouts import TimeLimit, attempt, time_limit


def spin(seconds: float) -> str:
    """Uses the processor, and swallows ordinary exceptions as SymPy does."""
    end = time.process_time() + seconds
    while time.process_time() < end:
        try:
            sum(range(1000))
        except Exception:
            pass
    return "finished"


def hard_statement() -> Equal:
    """True, and beyond every method within a tenth of a second."""
    symbols = sp.symbols("a:14", real=True)
    total = sum(sp.sqrt(1 + s**2 + sp.exp(sp.sin(s))) for s in symbols)
    return Equal(sp.sqrt(total**2), sp.sqrt(sp.expand(total**2)))


def test_a_limit_stops_a_loop():
    start = time.process_time()
    with pytest.raises(TimeLimit), time_limit(0.2):
        spin(20)
    assert time.process_time() - start < 2


def test_within_the_limit_nothing_happens():
    with time_limit(5):
        assert spin(0.01) == "finished"
    assert signal.getitimer(signal.ITIMER_PROF) == (0.0, 0.0)


def test_limits_nest():
    with time_limit(5):
        assert attempt(0.1, spin, 20, default="stopped") == "stopped"
        assert attempt(2, spin, 0.01) == "finished"
    with pytest.raises(TimeLimit), time_limit(0.2):
        attempt(30, spin, 20)


def test_the_previous_signal_handler_comes_back():
    before = signal.getsignal(signal.SIGALRM)
    attempt(0.05, spin, 5)
    assert signal.getsignal(signal.SIGALRM) is before


def test_in_another_thread():
    answers = []

    def work():
        answers.append(attempt(0.1, spin, 60, default="stopped"))
        answers.append(prove(Equal(sp.Symbol("x") * 2, sp.Symbol("x") + sp.Symbol("x"))).verdict)

    worker = threading.Thread(target=work)
    worker.start()
    worker.join(30)
    assert answers == ["stopped", Verdict.PROVEN]


def test_a_proof_that_takes_too_long_is_undecided():
    start = time.process_time()
    proof = prove(hard_statement(), timeout=0.1)
    assert proof.verdict is Verdict.UNDECIDED and "time limit" in proof.reason
    assert time.process_time() - start < 3


def test_a_limit_must_be_positive():
    with pytest.raises(ValueError, match="must be positive"):
        prove(Equal(sp.Symbol("x"), 0), timeout=0)
