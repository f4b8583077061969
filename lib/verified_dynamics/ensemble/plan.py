"""What a training is to do, checked before it starts."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from verified_dynamics.ensemble.ensemble import Ensemble
from verified_dynamics.ensemble.errors import EnsembleError


@dataclass(frozen=True)
class Plan:
    """Data, rates (members,), batches and recorded steps of a training."""

    data: tuple[Tensor, ...] | Callable[[int], Sequence[Tensor]]
    shared_data: bool
    samples: int
    rates: Tensor
    schedule: Callable[[int], float] | None
    steps: int
    batch_size: int | None
    stream: int
    record: Callable | None
    record_at: tuple[int, ...]
    chunk: int

    def select(self, rows: slice) -> "Plan":
        """The same plan for these members only."""
        return replace(self, data=self._rows(rows), rates=self.rates[rows])

    def _rows(self, rows: slice):
        if self.shared_data:
            return self.data
        if callable(self.data):
            return lambda step: tuple(column[rows] for column in self.data(step))
        return tuple(column[rows] for column in self.data)


def make_plan(
    ensemble: Ensemble,
    data: Sequence[Tensor] | Callable[[int], Sequence[Tensor]],
    *,
    steps: int,
    learning_rate: float | Tensor,
    schedule: Callable[[int], float] | None,
    batch_size: int | None,
    stream: int,
    shared_data: bool,
    record: Callable | None,
    record_at: Iterable[int],
    chunk: int | None,
) -> Plan:
    """Check everything that can be checked before the first step; raises EnsembleError."""
    if steps < 0:
        raise EnsembleError(f"The number of steps is at least zero, but {steps} was given.")
    if chunk is not None and chunk < 1:
        raise EnsembleError(f"A chunk has at least one member, but chunk={chunk} was given.")
    first = data(0) if callable(data) else data
    checked = _checked_data(ensemble, first, shared_data)
    samples = checked[0].shape[0 if shared_data else 1] if checked else 0
    if callable(data) and batch_size is not None:
        raise EnsembleError("Data drawn anew at each step comes in batches already: leave batch_size out.")
    if batch_size is not None and not 1 <= batch_size <= samples:
        raise EnsembleError(
            f"batch_size={batch_size} must lie between 1 and the number of samples, {samples}."
        )
    rates = _rates(ensemble, learning_rate)
    recorded = _recorded_steps(record, record_at, steps)
    size = len(ensemble) if chunk is None else chunk
    columns = data if callable(data) else checked
    return Plan(
        columns, shared_data, samples, rates, schedule, steps, batch_size, stream, record, recorded, size
    )


def _checked_data(ensemble: Ensemble, data: Sequence[Tensor], shared: bool) -> tuple[Tensor, ...]:
    if isinstance(data, Tensor) or not all(isinstance(column, Tensor) for column in data):
        raise EnsembleError("data must be a tuple of tensors, such as (x, y).")
    columns = tuple(data)
    leading = 1 if shared else 2
    if any(column.ndim < leading for column in columns):
        raise EnsembleError(f"Each tensor of the data needs {'(n, ...)' if shared else '(members, n, ...)'}.")
    shapes = {tuple(column.shape[:leading]) for column in columns}
    if len(shapes) > 1:
        raise EnsembleError(f"The tensors of the data differ in their first dimensions: {sorted(shapes)}.")
    ensemble.columns(columns, shared=shared)
    dtypes = {p.dtype for p in ensemble.parameters.values()}
    for column in columns:
        if column.device != ensemble.device:
            raise EnsembleError(
                f"The data is on {column.device}, the ensemble on {ensemble.device}: move one of them."
            )
        if column.is_floating_point() and dtypes and column.dtype not in dtypes:
            raise EnsembleError(
                f"The data is {column.dtype}, the parameters are {', '.join(map(str, dtypes))}: convert the data."
            )
    return columns


def _rates(ensemble: Ensemble, learning_rate: float | Tensor) -> Tensor:
    rates = torch.as_tensor(learning_rate, dtype=torch.float64, device="cpu")
    if rates.ndim == 0:
        rates = rates.expand(len(ensemble))
    if rates.shape != (len(ensemble),):
        raise EnsembleError(
            f"learning_rate is one number or one per member ({len(ensemble)}), not of shape {tuple(rates.shape)}."
        )
    if not (rates.isfinite() & (rates >= 0)).all():
        raise EnsembleError("Learning rates must be finite and not negative.")
    return rates


def _recorded_steps(record: Callable | None, record_at: Iterable[int], steps: int) -> tuple[int, ...]:
    recorded = tuple(sorted({int(step) for step in record_at}))
    if (record is None) != (not recorded):
        raise EnsembleError(
            "record= says what to record and record_at= at which steps: give both or neither."
        )
    if recorded and not 0 <= recorded[0] <= recorded[-1] <= steps:
        raise EnsembleError(
            f"record_at must lie between 0 and the {steps} steps, but goes from {recorded[0]} to {recorded[-1]}."
        )
    return recorded
