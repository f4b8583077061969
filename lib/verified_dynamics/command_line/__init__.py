"""The command `verified-dynamics`: list, run, pending, ledger, reproduce, cite."""

from verified_dynamics.command_line.application import main

__all__ = ["main"]
