"""Where numbers came from: device, versions, parameters, and for records also commit, date and cost."""

import platform
import resource
import subprocess
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

from verified_dynamics.experiments.declaration import Profile
from verified_dynamics.experiments.devices import describe_device

PACKAGES = ("verified-dynamics", "torch", "numpy", "scipy", "sympy", "xarray", "scikit-learn")


def provenance(profile_name: str, profile: Profile, seeds: tuple[int, ...], device: torch.device) -> dict:
    """What determines the numbers of a run; the same at each repetition on one machine."""
    return {
        "profile": profile_name,
        "parameters": profile.parameters(),
        "seeds": list(seeds),
        "device": str(device),
        "device_name": describe_device(device),
        "machine": machine(),
        "precision": "as the experiment says (float64 unless stated), TF32 off",
        "versions": {"python": platform.python_version(), **versions()},
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


def cost(seconds: float, device: torch.device) -> dict:
    """What a run took: wall time in seconds, peak memory in bytes, the commit and the date."""
    if device.type == "cuda":
        peak = torch.cuda.max_memory_allocated(device)
    else:
        # Linux reports the peak in KiB, macOS in bytes.
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (
            1 if platform.system() == "Darwin" else 1024
        )
    return {
        "wall_seconds": round(seconds, 2),
        "peak_memory_bytes": int(peak),
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
