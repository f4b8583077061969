"""Experiments: declared once, run at two sizes, kept as records that stay valid by behaviour."""

from verified_dynamics.experiments.cluster import Cluster, connect
from verified_dynamics.experiments.cluster_executor import ClusterError
from verified_dynamics.experiments.comparison import deviations, digest
from verified_dynamics.experiments.declaration import (
    Experiment,
    ExperimentError,
    Profile,
    Tolerance,
    current_profile,
    experiment,
)
from verified_dynamics.experiments.devices import DeviceError, choose_device, describe_device
from verified_dynamics.experiments.evidence import Evidence
from verified_dynamics.experiments.records import (
    Record,
    RecordError,
    read_record,
    records_folder,
    write_record,
)
from verified_dynamics.experiments.runner import Run, plan, run

__all__ = [
    "Cluster",
    "ClusterError",
    "DeviceError",
    "Evidence",
    "Experiment",
    "ExperimentError",
    "Profile",
    "Record",
    "RecordError",
    "Run",
    "Tolerance",
    "choose_device",
    "connect",
    "current_profile",
    "describe_device",
    "deviations",
    "digest",
    "experiment",
    "plan",
    "read_record",
    "records_folder",
    "run",
    "write_record",
]
