"""Where numbers came from: device, versions, parameters, and for records also commit, date and cost."""

import platform
import resource
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch
import xarray as xr

from verified_dynamics.experiments.cells import PEAK, SECONDS
from verified_dynamics.experiments.declaration import Profile
from verified_dynamics.experiments.devices import choose_device, describe_device

PACKAGES = ("verified-dynamics", "torch", "numpy", "scipy", "sympy", "xarray", "scikit-learn")


@dataclass(frozen=True)
class Place:
    """Where cells run: the device as torch calls it, its name in words, the machine, and the versions there."""

    device: str
    device_name: str
    machine: dict
    versions: dict[str, str]

    @classmethod
    def here(cls, device: str = "auto") -> "Place":
        """This process, on the device of that name; raises DeviceError when it is not there."""
        chosen = choose_device(device)
        everything = {"python": platform.python_version(), **versions()}
        return cls(str(chosen), describe_device(chosen), machine(), everything)


def provenance(profile_name: str, profile: Profile, seeds: tuple[int, ...], place: Place) -> dict:
    """What determines the numbers of a run; the same at each repetition on one machine."""
    return {
        "profile": profile_name,
        "parameters": profile.parameters(),
        "seeds": list(seeds),
        "device": place.device,
        "device_name": place.device_name,
        "machine": dict(place.machine),
        "precision": "as the experiment says (float64 unless stated), TF32 off",
        "versions": dict(place.versions),
    }


def machine() -> dict:
    """The processor, the vector instructions that PyTorch uses on it, and the number of threads.

    Where these, the device and the versions agree, a repetition gives the same bits; elsewhere rounding may differ.
    """
    return {
        "processor": _processor(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "threads": torch.get_num_threads(),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or platform.machine()


def versions() -> dict[str, str]:
    """Installed versions of the packages that matter; a missing one is left out."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def reset_peak(device: str) -> None:
    """Begin to measure the peak of this process's memory afresh, where the system can (CUDA, Linux)."""
    if device.startswith("cuda"):
        torch.cuda.reset_peak_memory_stats(device)
        return
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return


def peak_memory(device: str) -> int:
    """The most memory in bytes that this process used since `reset_peak`: of the GPU where the device is one."""
    if device.startswith("cuda"):
        return int(torch.cuda.max_memory_allocated(device))
    try:
        status = Path("/proc/self/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024
    except (OSError, IndexError):
        # Linux reports the peak in KiB, macOS in bytes.
        unit = 1 if platform.system() == "Darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


@dataclass
class Spent:
    """What the cells of a run took, those included that an earlier run had stored.

    stored: how many of the `cells` came from the store. seconds: wall time of these when they ran. peak: bytes.
    """

    cells: int
    stored: int = 0
    seconds: float = 0.0
    peak: int = 0

    def add(self, result: xr.Dataset, stored: bool) -> xr.Dataset:
        """Take the account out of a cell's attributes and give the cell without them."""
        attributes = dict(result.attrs)
        seconds, peak = attributes.pop(SECONDS, 0.0), attributes.pop(PEAK, 0)
        self.peak = max(self.peak, int(peak))
        if stored:
            self.stored += 1
            self.seconds += float(seconds)
        plain = result.copy()
        plain.attrs = attributes
        return plain

    def cost(self, elapsed: float) -> dict:
        """Wall time in seconds, peak memory in bytes, cells computed and cells taken, the commit and the date."""
        return {
            "wall_seconds": round(elapsed + self.seconds, 2),
            "peak_memory_bytes": self.peak,
            "cells_run": self.cells - self.stored,
            "cells_stored": self.stored,
            "commit": commit(),
            "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        }


def commit() -> str:
    """The commit of the checkout that runs, with a plus sign if it has changes; "unknown" outside a checkout."""
    try:
        head = subprocess.run(
            ["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True
        ).stdout.strip()
        changes = subprocess.run(
            ["git", "status", "--porcelain"], capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return head[:12] + ("+" if changes.strip() else "")
