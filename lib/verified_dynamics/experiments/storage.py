"""Datasets on disk: NetCDF-3 through SciPy, which every machine with xarray can read; always written whole."""

import os
from pathlib import Path

import numpy as np
import xarray as xr


def to_bytes(data: xr.Dataset) -> bytes:
    """The dataset as NetCDF-3 bytes; the same data gives the same bytes."""
    plain = data.copy()
    for name in list(plain.variables):
        values = plain.variables[name]
        if values.dtype.kind in "iu" and values.size and np.abs(values.values).max() >= 2**31:
            raise ValueError(
                f"variable {name!r} holds integers beyond 32 bits, which NetCDF-3 has not; use float64."
            )
        plain.variables[name].encoding = {}
    return bytes(plain.to_netcdf(engine="scipy", format="NETCDF3_64BIT"))


def from_bytes(content: bytes) -> xr.Dataset:
    """The dataset in NetCDF-3 bytes, loaded into memory."""
    with xr.open_dataset(content, engine="scipy") as opened:
        data = opened.load()
    for name in list(data.variables):
        data.variables[name].encoding = {}
    return data


def write_atomically(path: Path, content: bytes) -> None:
    """Write the file so that a reader, or a crash at any moment, sees the old file or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with open(draft, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)
