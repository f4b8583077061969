"""Evidence for a claim: the live run of this session, and the committed full-size record where there is one."""

from dataclasses import dataclass

import xarray as xr

from verified_dynamics.experiments.comparison import deviations
from verified_dynamics.experiments.declaration import Experiment, current_profile
from verified_dynamics.experiments.records import Record, read_record, records_folder
from verified_dynamics.experiments.runner import Run


@dataclass(frozen=True)
class Evidence:
    """What stands behind a measured claim or a figure.

    live: the run that this session made. record: the committed full-size record or None. state: "no record",
    "valid", or "stale: reason". A stale record is neither judged nor shown. smoke_deviations: how far the present
    code's smoke result lies from the one kept in a valid record, for each variable in units of its tolerance.
    """

    experiment: Experiment
    live: Run
    record: Record | None
    state: str
    smoke_deviations: dict[str, float] | None = None

    @classmethod
    def gather(cls, experiment: Experiment) -> "Evidence":
        """Run the experiment at the session's profile, read its record, and decide whether the record stands."""
        profile = current_profile()
        record = read_record(experiment, records_folder())
        live = experiment.run(profile)
        if record is None:
            return cls(experiment, live, None, "no record")
        # A record's own smoke result was made on the CPU; so is the one that it is compared with.
        smoke = live.data if profile == "smoke" else experiment.run("smoke", device="cpu").data
        reason = record.stale_because(experiment, smoke)
        if reason:
            return cls(experiment, live, record, f"stale: {reason}")
        return cls(experiment, live, record, "valid", deviations(record.smoke, smoke, experiment.tolerances))

    @property
    def shows_record(self) -> bool:
        """Whether figures show the record: it stands, and this session ran smaller than it."""
        return self.state == "valid" and self.live.profile != "full"

    @property
    def data(self) -> xr.Dataset:
        """What figures show: the record where it stands, else the live run."""
        return self.record.data if self.shows_record else self.live.data

    @property
    def profile(self) -> str:
        """Profile of what figures show."""
        return "full" if self.shows_record else self.live.profile

    @property
    def provenance(self) -> dict:
        """Provenance of what figures show."""
        return self.record.provenance if self.shows_record else self.live.provenance

    def sources(self) -> list[tuple[str, xr.Dataset, dict, str | None]]:
        """(profile, data, provenance, digest of the record or None) of everything on which a claim is judged."""
        found = [(self.live.profile, self.live.data, self.live.provenance, None)]
        if self.state == "valid":
            found.append(("full", self.record.data, self.record.provenance, self.record.digest))
        return found
