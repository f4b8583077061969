"""Which device runs, and what it is called."""

import platform

import torch


class DeviceError(RuntimeError):
    """The device that was asked for is not there, or has too little memory."""


def choose_device(name: str = "auto") -> torch.device:
    """CUDA, else Apple MPS, else the CPU, or the one named; raises DeviceError when that one is not there.

    Also switches TF32 off, so that a float32 product on a GPU means the same as on a CPU.
    """
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    there = ["cpu"]
    if torch.backends.mps.is_available():
        there.insert(0, "mps")
    if torch.cuda.is_available():
        there = ["cuda", *(f"cuda:{i}" for i in range(torch.cuda.device_count())), *there]
    if name == "auto":
        # MPS has no float64, which the theory checks need: the CPU is the better choice there.
        return torch.device(next(d for d in there if d != "mps"))
    if name not in there:
        raise DeviceError(f"there is no device {name!r} on this machine; use one of {', '.join(there)}.")
    return torch.device(name)


def describe_device(device: torch.device) -> str:
    """The device in words, such as "NVIDIA H200" or "CPU (x86_64)"."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{device.type.upper()} ({platform.machine()})"


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception says that the device's memory was too small."""
    text = str(error)
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or (
        isinstance(error, RuntimeError) and ("can't allocate memory" in text or "out of memory" in text)
    )
