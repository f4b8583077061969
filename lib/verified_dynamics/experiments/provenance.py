"""Where numbers came from: device, versions, parameters, and for records also commit, date and cost."""

import platform
import resource
import subprocess
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

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
        "precision": "as the experiment says (float64 unless stated), TF32 off",
        "versions": {"python": platform.python_version(), **versions()},
    }


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
