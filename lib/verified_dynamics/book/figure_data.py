"""The data of a figure as files: NetCDF as it is, and tables that any program reads."""

import base64
import csv
import io

import numpy as np
import xarray as xr

__all__ = ["datasets", "dictionary", "tables"]


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


def dictionary(data: xr.Dataset, origin: dict) -> list[dict[str, str]]:
    """What every column of a dataset's files means, one row per variable and coordinate.

    Rows have `name`, `role` ("measured" or "coordinate"), `over` (the dimensions), `type`, `values` (range, or words),
    `tolerance` (how far a re-run may be off) and `unit`. origin: the figure's entry of the experiment.
    """
    found = []
    for name in data.data_vars:
        limits = origin["tolerances"].get(str(name), {})
        allowed = " + ".join(
            text for text in (_atol(limits.get("atol", 0)), _rtol(limits.get("rtol", 0))) if text
        )
        found.append(_described(data, str(name), "measured") | {"tolerance": allowed or "0: equal"})
    for name in [*data.dims, *(c for c in data.coords if c not in data.dims)]:
        found.append(_described(data, str(name), "coordinate") | {"tolerance": ""})
        if name == "seed" and origin.get("unit"):
            found[-1]["unit"] = f"number of the replicate ({origin['unit']})"
    return found


def _described(data: xr.Dataset, name: str, role: str) -> dict[str, str]:
    values = data[name].values if name in data.variables else np.arange(data.sizes[name])
    dims = data[name].dims if name in data.variables else (name,)
    over = " × ".join(f"{dim} ({data.sizes[dim]})" for dim in dims) if role == "measured" else ""
    return {
        "name": name,
        "role": role,
        "over": over or ("a single number" if role == "measured" else ""),
        "type": {"f": "real", "i": "integer", "u": "integer", "b": "true or false"}.get(
            values.dtype.kind, "text"
        ),
        "values": _range(values),
        "unit": str(data[name].attrs.get("units", "")) if name in data.variables else "",
    }


def _range(values: np.ndarray) -> str:
    if values.dtype.kind not in "fiu":
        words = list(dict.fromkeys(map(_text, values.ravel())))
        return ", ".join(words) if len(words) <= 12 else f"{len(words)} different words"
    finite = values[np.isfinite(values)] if values.dtype.kind == "f" else values.ravel()
    if not finite.size:
        return "none finite"
    low, high = (f"{bound:.4g}" for bound in (finite.min(), finite.max()))
    missing = values.size - finite.size
    return (low if low == high else f"{low} to {high}") + (f", {missing} not finite" if missing else "")


def _atol(value: float) -> str:
    return f"{value:g}" if value else ""


def _rtol(value: float) -> str:
    return f"{value:g} × |value|" if value else ""
