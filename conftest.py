"""Chapters are tests: nbmake executes each one once, and the site shows what ran here."""

import tempfile

import pytest

SOCKETS = pytest.StashKey()


def pytest_configure(config):
    if config.getoption("nbmake", False):
        from verified_dynamics.book import execution

        config.stash[SOCKETS] = tempfile.TemporaryDirectory(prefix="vd-")
        execution.install(config.stash[SOCKETS])


def pytest_unconfigure(config):
    if SOCKETS in config.stash:
        config.stash[SOCKETS].cleanup()


def pytest_report_teststatus(report):
    if report.when == "call" and report.passed and ("chapter", "from the store") in report.user_properties:
        return "passed", ".", "PASSED (unchanged since it was executed)"
    return None
