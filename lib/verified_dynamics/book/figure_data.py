"""The data of a figure as files: NetCDF as it is, and tables that any program reads."""

import base64
import csv
import io

import numpy as np
import xarray as xr

__all__ = ["datasets", "tables"]


def datasets(record: dict) -> dict[str, tuple[bytes, xr.Dataset]]:
    """NetCDF bytes and dataset of each experiment behind a figure."""
    found = {}
    for name, text in record["data"].items():
        content = base64.b64decode(text)
        with xr.open_dataset(io.BytesIO(content), engine="scipy") as data:
            found[name] = content, data.load()
    return found


def tables(data: xr.Dataset) -> dict[str, str]:
    """CSV texts, one for each set of dimensions that variables of `data` share; keys are the dimensions.

    A row holds one point: its coordinates, then every variable on these dimensions.
    """
    groups: dict[tuple[str, ...], list[str]] = {}
    for name, variable in data.data_vars.items():
        groups.setdefault(tuple(map(str, variable.dims)), []).append(str(name))
    return {"-".join(dims) or "scalar": _table(data, dims, names) for dims, names in groups.items()}


def _table(data: xr.Dataset, dims: tuple[str, ...], names: list[str]) -> str:
    shape = tuple(data.sizes[dim] for dim in dims)
    coordinates = [data[dim].values if dim in data.coords else np.arange(data.sizes[dim]) for dim in dims]
    grids = np.meshgrid(*coordinates, indexing="ij") if dims else []
    columns = [grid.ravel() for grid in grids]
    columns += [data[name].transpose(*dims).values.reshape(shape).ravel() for name in names]
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([*dims, *names])
    writer.writerows(zip(*(map(_text, column) for column in columns), strict=True))
    return stream.getvalue()


def _text(value) -> str:
    """Twelve significant digits: more would be rounding of the machine, fewer would lose the experiment."""
    if isinstance(value, np.floating | float):
        return f"{value:.12g}"
    return value.decode() if isinstance(value, bytes) else str(value)
