"""A claim is a square: proved and its control refuted, measured and its rival rejected."""

import re
import time
from collections.abc import Callable, Sequence

import xarray as xr

from verified_dynamics.claims.card import card, summary_table
from verified_dynamics.experiments import Evidence
from verified_dynamics.proof import Statement, Verdict, prove
from verified_dynamics.statistics import Estimate, equivalent, estimate, excludes

CLAIM_MIME = "application/vnd.verified-dynamics.claim+json"
CITED_MIME = "application/vnd.verified-dynamics.cited+json"
CELLS = ("proves", "refutes", "measures", "rejects")
ORIGINS = ("paper", "ours", "correction", "reconstruction")

_session: dict[str, "Claim"] = {}


class ClaimError(AssertionError):
    """A cell of a claim did not come out as it must; the message says which, and what was found instead."""


class Claim:
    """One statement of the book and the outcome of its checks.

    name: label of the statement in the chapter's text. source: where the statement stands. origin: "paper" (as
    published), "ours", "correction" (of a published statement) or "reconstruction" (of a text we could not read).
    needs: names of the claims on which this one rests.
    """

    def __init__(self, name: str, *, source: str, origin: str = "paper", needs: Sequence[str] = ()):
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
            raise ValueError(f"the name of a claim is lower-case words joined by hyphens, not {name!r}.")
        if origin not in ORIGINS:
            raise ValueError(f"the origin of a claim is one of {', '.join(ORIGINS)}, not {origin!r}.")
        if name in needs:
            raise ValueError(f"claim {name} cannot need itself; remove it from needs.")
        self.name, self.source, self.origin, self.needs = name, source, origin, tuple(needs)
        self._checks: dict[str, list[dict]] = {cell: [] for cell in CELLS}
        self._reasons: dict[str, str] = {}
        self._start = time.perf_counter()
        self._seconds = 0.0
        _session[name] = self

    def proves(self, statement: Statement, text: str, *, timeout: float = 30.0) -> None:
        """Establish a statement on its whole domain; text says in words what the check covers.

        Raises ClaimError when it is refuted or stays undecided.
        """
        self._symbolic("proves", statement, text, Verdict.PROVEN, timeout)

    def refutes(self, statement: Statement, text: str, *, timeout: float = 30.0) -> None:
        """The control: the same statement with one hypothesis dropped, named by text, must have a witness against it.

        Raises ClaimError when it is proved or stays undecided.
        """
        self._symbolic("refutes", statement, text, Verdict.REFUTED, timeout)

    def measures(
        self,
        label: str,
        evidence: Evidence,
        statistic: Callable[[xr.Dataset], xr.DataArray],
        *,
        predicted: float,
        within: float,
        summary: str | None = None,
        level: float = 0.95,
    ) -> None:
        """The estimate is equivalent to the prediction: its whole interval lies inside predicted +- within.

        statistic: takes the experiment's dataset, gives one value for each replicate (dimension "seed"), or a single
        exact value. summary: as in `statistics.estimate`; None means "mean", or "exact" for a single value.
        Judged on the live run and on the record; raises ClaimError when either fails.
        """
        self._measured("measures", label, evidence, statistic, predicted, within, summary, level, None)

    def rejects(
        self,
        label: str,
        evidence: Evidence,
        statistic: Callable[[xr.Dataset], xr.DataArray],
        *,
        predicted: float,
        within: float = 0.0,
        summary: str | None = None,
        level: float = 0.95,
        because: str,
    ) -> None:
        """The control: the estimate excludes a rival prediction, or a broken set-up excludes the claim's own.

        Passes only if the interval and predicted +- within are disjoint. because: what was broken, or whose rival
        prediction it is. Otherwise as `measures`.
        """
        if not because.strip():
            raise ValueError(f"claim {self.name}: say because of what the rival is rejected.")
        self._measured("rejects", label, evidence, statistic, predicted, within, summary, level, because)

    def not_applicable(self, cell: str, reason: str) -> None:
        """Leave a cell empty for a reason that the ledger shows; raises ValueError for a cell that is filled."""
        if cell not in CELLS:
            raise ValueError(f"a claim has the cells {', '.join(CELLS)}, not {cell!r}.")
        if self._checks[cell]:
            raise ValueError(f"claim {self.name}: the cell {cell} is filled already, so it is applicable.")
        if not reason.strip():
            raise ValueError(f"claim {self.name}: say why {cell} is not applicable.")
        self._reasons[cell] = reason

    def record(self) -> dict:
        """The claim as plain data, for the ledger; an empty list marks a cell that is still open."""
        cells = {
            c: {"not_applicable": self._reasons[c]} if c in self._reasons else self._checks[c] for c in CELLS
        }
        profiles = [
            e["profile"] for c in ("measures", "rejects") for k in self._checks[c] for e in k["estimates"]
        ]
        return {
            "name": self.name,
            "source": self.source,
            "origin": self.origin,
            "needs": list(self.needs),
            **cells,
            "profile": profiles[0] if profiles else None,
            "seconds": round(self._seconds, 2),
        }

    def open_cells(self) -> list[str]:
        """Cells that are neither filled nor marked as not applicable."""
        return [cell for cell in CELLS if not self._checks[cell] and cell not in self._reasons]

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict:
        record = self.record()
        state = ", ".join(f"{c}: {_state(record[c])}" for c in CELLS)
        return {"text/plain": f"Claim {self.name} ({state})", "text/html": card(record), CLAIM_MIME: record}

    def _symbolic(self, cell, statement, text, wanted, timeout) -> None:
        proof = prove(statement, timeout=timeout)
        if proof.verdict is not wanted:
            raise ClaimError(
                f"claim {self.name}, {cell}: {text!r} must be {wanted.name} but is {proof.verdict.name} "
                f"({proof.reason or proof.method}"
                + (f"; witness {proof.witness}" if proof.witness else "")
                + f"): {statement}"
            )
        check = {
            "text": text,
            "statement": statement.latex(),
            "plain": str(statement),
            "kind": type(statement).__name__,
            "verdict": proof.verdict.name,
            "method": proof.method,
            "witness": {str(k): str(v) for k, v in proof.witness.items()} if proof.witness else None,
            "seconds": round(proof.seconds, 2),
            "checked_points": proof.checked_points,
        }
        self._add(cell, check)

    def _measured(self, cell, label, evidence, statistic, predicted, within, summary, level, because) -> None:
        if within < 0:
            raise ValueError(
                f"claim {self.name}: a tolerance is not negative, but within={within} was given."
            )
        estimates = []
        for profile, data, origin, record in evidence.sources():
            found = self._estimate(label, statistic(data), summary, level)
            where = f"{profile}, {origin['device_name']}" + (", record" if record else "")
            passed = excludes(found, predicted, within) if because else equivalent(found, predicted, within)
            if not passed:
                wanted = "exclude" if because else "lie within"
                raise ClaimError(
                    f"claim {self.name}, {cell}: {label} is {found} over {found.replicates} {evidence.experiment.unit} "
                    f"({where}); it must {wanted} {predicted:g} ± {within:g}"
                )
            estimates.append(_plain(found, profile, origin, record))
        check = {
            "label": label,
            "predicted": float(predicted),
            "within": float(within),
            "summary": summary or ("mean" if estimates[0]["replicates"] > 1 else "exact"),
            "because": because,
            "unit": evidence.experiment.unit,
            "experiment": evidence.experiment.name,
            "estimates": estimates,
        }
        self._add(cell, check)

    def _estimate(self, label, values, summary, level) -> Estimate:
        if not isinstance(values, xr.DataArray):
            raise TypeError(
                f"claim {self.name}: the statistic for {label!r} must give an xarray.DataArray, not "
                f"{type(values).__name__}."
            )
        return estimate(values, summary=summary or ("mean" if values.ndim else "exact"), level=level)

    def _add(self, cell: str, check: dict) -> None:
        if cell in self._reasons:
            raise ValueError(f"claim {self.name}: {cell} was marked as not applicable; remove the mark.")
        self._checks[cell].append(check)
        self._seconds = time.perf_counter() - self._start


class Cited:
    """A statement taken on trust from a source: shown in the text, listed by the ledger as cited, not verified."""

    def __init__(self, name: str, *, statement: str, source: str):
        self.name, self.statement, self.source = name, statement, source

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict:
        record = {"name": self.name, "statement": self.statement, "source": self.source}
        text = f"Cited, not verified here: {self.name} ({self.source})"
        return {"text/plain": text, CITED_MIME: record}


class summary:
    """The table of the claims of this session, shown by the last cell of a chapter."""

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict:
        records = [claim.record() for claim in _session.values()]
        lines = [f"{r['name']}: " + ", ".join(_state(r[c]) for c in CELLS) for r in records]
        return {"text/plain": "\n".join(lines), "text/html": summary_table(records)}


def _plain(found: Estimate, profile: str, origin: dict, record: str | None) -> dict:
    return {
        "profile": profile,
        "device": origin["device_name"],
        "value": _number(found.value),
        "low": _number(found.low),
        "high": _number(found.high),
        "level": found.level,
        "replicates": found.replicates,
        "nonfinite": found.nonfinite,
        "method": found.method,
        "record": record,
    }


def _number(value: float) -> float | str:
    """JSON has no infinities: they travel as text."""
    value = float(value)
    return value if abs(value) < float("inf") else str(value)


def _state(cell) -> str:
    if isinstance(cell, dict):
        return "not applicable"
    return f"{len(cell)} checked" if cell else "open"
