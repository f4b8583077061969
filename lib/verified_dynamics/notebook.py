"""What a chapter needs to be at home in a notebook: the set-up cell, and prose whose numbers come from the run."""

import os

from verified_dynamics import addresses


def setup_cell() -> str:
    """Source of the first code cell of every chapter: it installs the library where it is missing."""
    return "\n".join(
        (
            "import importlib.util",
            "",
            'if importlib.util.find_spec("verified_dynamics") is None:',
            f'    %pip install -q "verified-dynamics @ git+{addresses.repository()}"',
            "from verified_dynamics.notebook import announce",
            "",
            "announce()",
        )
    )


def announce() -> None:
    """Print the versions, the device and the profile on which this session runs, and how to change them."""
    import torch

    from verified_dynamics import __version__
    from verified_dynamics.experiments import choose_device, current_profile, describe_device
    from verified_dynamics.experiments.declaration import PROFILE_VARIABLE

    device = choose_device()
    if device.type == "cpu":
        # Small stacked tensors: a second thread costs more than it brings.
        torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    version = torch.__version__.split("+")[0]
    print(f"verified-dynamics {__version__}, PyTorch {version}, {describe_device(device)}")
    print(f"profile {current_profile()}; the variable {PROFILE_VARIABLE} sets another")


def say(template: str, **values) -> None:
    """Show a Markdown sentence whose numbers come from the run: `template.format(**values)`.

    Raises KeyError for a placeholder without value. xarray scalars are accepted as numbers.
    """
    from IPython.display import Markdown, display

    plain = {name: value.item() if hasattr(value, "item") and not getattr(value, "shape", ()) else value
             for name, value in values.items()}  # fmt: skip
    display(Markdown(template.format(**plain)))
