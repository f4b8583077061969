"""What a chapter needs to be at home in a notebook: the set-up cell, and prose whose numbers come from the run."""

import os
import platform
import sys
from importlib.metadata import requires

from verified_dynamics import addresses


def setup_cell() -> str:
    """Source of the first code cell of every chapter: it installs the library where it is missing."""
    source = f"{addresses.repository()}@{addresses.revision()}"
    return "\n".join(
        (
            "import importlib.util",
            "",
            'if importlib.util.find_spec("verified_dynamics") is None:',
            f'    %pip install -q "verified-dynamics @ git+{source}"',
            "    importlib.invalidate_caches()",
            '    if importlib.util.find_spec("verified_dynamics") is None:',
            '        raise ImportError("The library was not installed, and pip says why above; "',
            '                          "check that this runtime has a network, then run this cell again.")',
            "from verified_dynamics.notebook import announce",
            "",
            "announce()",
        )
    )


def announce() -> None:
    """Print the versions, the device and the profile on which this session runs, and how to change them.

    Raises ImportError for a PyTorch that is too old, ExperimentError for a profile that does not exist.
    """
    import torch

    from verified_dynamics import __version__
    from verified_dynamics.experiments import choose_device, current_profile, describe_device

    _require_torch(torch.__version__)
    device, profile = choose_device(), current_profile()
    if device.type == "cpu":
        # Small stacked tensors: a second thread costs more than it brings.
        torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    toolkit = f" with CUDA {torch.version.cuda}" if device.type == "cuda" else ""
    version = torch.__version__.split("+")[0]
    print(f"verified-dynamics {__version__}, Python {platform.python_version()}, PyTorch {version}{toolkit}")
    print(f"device: {describe_device(device)}{_way_to_a_gpu() if device.type == 'cpu' else ''}")
    print(f"profile: {profile}, {_reason(device.type)}")


def _require_torch(found: str) -> None:
    from packaging.requirements import Requirement
    from packaging.version import Version

    needed = next(r for r in map(Requirement, requires("verified-dynamics")) if r.name == "torch")
    # Without its suffix: a vendor's 2.6.0a0 has what 2.6 has.
    if not needed.specifier.contains(Version(found).base_version):
        raise ImportError(
            f"This session has PyTorch {found} and the library needs {needed}: take a newer runtime, "
            f'or run %pip install "{needed}" and restart the kernel.'
        )


def _way_to_a_gpu() -> str:
    if "google.colab" in sys.modules:
        return "; Runtime > Change runtime type offers a GPU"
    if any(name.startswith("BINDER_") for name in os.environ):
        return "; Binder has no GPU, and the chapter's Colab button leads to one"
    return ""


def _reason(device: str) -> str:
    from verified_dynamics.experiments.declaration import PROFILE_VARIABLE

    if os.environ.get(PROFILE_VARIABLE):
        return f"as {PROFILE_VARIABLE} says"
    there = "this is a GPU" if device == "cuda" else "there is no CUDA device"
    other = "smoke" if device == "cuda" else "full"
    return f"because {there}; to change it, put %env {PROFILE_VARIABLE}={other} above this cell and restart"


def say(template: str, **values) -> None:
    """Show a Markdown sentence whose numbers come from the run: `template.format(**values)`.

    Raises KeyError for a placeholder without value. xarray scalars are accepted as numbers.
    """
    from IPython.display import Markdown, display

    plain = {name: value.item() if hasattr(value, "item") and not getattr(value, "shape", ()) else value
             for name, value in values.items()}  # fmt: skip
    display(Markdown(template.format(**plain)))
