"""Training of a whole ensemble at once: one stacked step for all members."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from verified_dynamics.ensemble.batches import Batches
from verified_dynamics.ensemble.chunks import in_chunks
from verified_dynamics.ensemble.ensemble import Ensemble
from verified_dynamics.ensemble.errors import EnsembleError
from verified_dynamics.ensemble.optimizers import GroupedOptimizer, check_elementwise
from verified_dynamics.ensemble.plan import Plan, make_plan
from verified_dynamics.ensemble.stacking import Member, doubled, over_members


@dataclass(frozen=True)
class Trajectory:
    """What a training left, on the CPU.

    steps: the recorded steps; values: the recorded tensors (members, records, ...) by name;
    losses: each member's loss before every step (members, steps);
    diverged: (members,), whether a loss or the final parameters of the member were not finite.
    """

    steps: tuple[int, ...]
    values: dict[str, Tensor]
    losses: Tensor
    diverged: Tensor


def train(
    ensemble: Ensemble,
    loss: Callable[..., Tensor],
    data: Sequence[Tensor] | Callable[[int], Sequence[Tensor]],
    *,
    steps: int,
    optimizer: Callable = torch.optim.SGD,
    learning_rate: float | Tensor = 0.1,
    schedule: Callable[[int], float] | None = None,
    batch_size: int | None = None,
    shared_data: bool = True,
    record: Callable[[Ensemble, int], Mapping[str, Tensor]] | None = None,
    record_at: Iterable[int] = (),
    chunk: int | None = None,
    optimizer_options: Mapping | None = None,
    stream: int = 0,
) -> Trajectory:
    """Train every member in place by an elementwise optimizer of `torch.optim`, all of them in each step.

    loss(model, *batch) is a scalar, model one member as a function of its input. data: tensors with the samples
    first (n, ...), or (members, n, ...) where the data is not shared; or a function of the step (from 0) that gives
    such tensors, the data of that step alone. learning_rate: one for all, or (members,); schedule(step) multiplies it.
    batch_size: each member draws its own minibatches from its seed and `stream` (see Batches); all data
    where None. record(ensemble, step) gives tensors (members, ...) by name at the steps in record_at, 0 being
    before the first step; under chunks it sees the members of one chunk (`ensemble.seeds` says which).
    chunk: the most members at a time; a chunk that runs out of memory is halved and started again.

    Member k ends as it ends alone, bit for bit on a CPU in double precision, whatever the size of the ensemble
    and its chunks; a member that diverges runs on with values that are not finite, flagged, and disturbs no
    other. The ensemble changes only after all members are done. Raises EnsembleError for an optimizer that mixes
    members, for data, rates or records that do not fit, and where one member is too large for the memory.
    """
    plan = make_plan(
        ensemble, data, steps=steps, learning_rate=learning_rate, schedule=schedule, batch_size=batch_size,
        stream=stream, shared_data=shared_data, record=record, record_at=record_at, chunk=chunk,
    )  # fmt: skip
    options = dict(optimizer_options or {})
    check_elementwise(optimizer, options)

    def work(rows: slice) -> _Outcome:
        return _Run(plan.select(rows), ensemble.select(rows), loss, optimizer, options).outcome()

    outcomes = in_chunks(len(ensemble), plan.chunk, work)
    for name, tensor in [*ensemble.parameters.items(), *ensemble.buffers.items()]:
        tensor.copy_(torch.cat([outcome.tensors[name] for outcome in outcomes]))
    return _trajectory(plan, outcomes)


@dataclass(frozen=True)
class _Outcome:
    tensors: dict[str, Tensor]
    records: list[dict[str, Tensor]]
    losses: Tensor


class _Run:
    """The training of one chunk; a lone member runs as two equal ones."""

    def __init__(self, plan: Plan, part: Ensemble, loss: Callable, optimizer: Callable, options: Mapping):
        self.plan, self.part, self.loss = plan, part, loss
        self.lone = len(part) == 1
        parameters, self.buffers = part.parameters, part.buffers
        seeds, rates = part.seeds, plan.rates
        self.data = None if callable(plan.data) else self._columns(plan.data)
        if self.lone:
            parameters, self.buffers = doubled(parameters), doubled(self.buffers)
            seeds, rates = seeds * 2, torch.cat([rates, rates])
        trained = {name: p.requires_grad for name, p in part.module.named_parameters()}
        self.parameters = {name: p.requires_grad_(trained[name]) for name, p in parameters.items()}
        self.leaves = [p for p in self.parameters.values() if p.requires_grad]
        self.optimizer = GroupedOptimizer(optimizer, self.leaves, rates, options)
        self.batches = (
            Batches(seeds, plan.samples, plan.batch_size, stream=plan.stream) if plan.batch_size else None
        )
        self.mapped = over_members(self._member_loss)

    def outcome(self) -> _Outcome:
        records, losses = [], []
        for step in range(self.plan.steps + 1):
            if step in self.plan.record_at:
                records.append(self._recorded(step))
            if step < self.plan.steps:
                losses.append(self._step(step))
        count = len(self.part)
        stacked = torch.stack(losses, dim=1)[:count].cpu() if losses else torch.empty(count, 0)
        tensors = {**self.parameters, **self.buffers}
        return _Outcome({name: t.detach()[:count] for name, t in tensors.items()}, records, stacked)

    def _step(self, step: int) -> Tensor:
        values = self.mapped(self.parameters, self.buffers, self._batch(step))  # (members,)
        if values.ndim != 1:
            raise EnsembleError(
                f"The loss of a member must be a scalar, but has shape {tuple(values.shape[1:])}."
            )
        if not values.requires_grad:
            raise EnsembleError("The loss does not depend on any parameter that is trained.")
        # The sum over members gives each its own gradient: no member's loss contains another's parameters.
        factor = 1.0 if self.plan.schedule is None else float(self.plan.schedule(step))
        gradients = list(torch.autograd.grad(values.sum(), self.leaves, allow_unused=True))
        self.optimizer.step(gradients, factor)
        return values.detach()

    def _member_loss(self, parameters, buffers, batch) -> Tensor:
        return self.loss(Member(self.part.module, parameters, buffers), *batch)

    def _columns(self, data: Sequence[Tensor]) -> tuple[Tensor, ...]:
        columns = self.part.columns(data, shared=self.plan.shared_data)
        return tuple(torch.cat([column, column]) for column in columns) if self.lone else columns

    def _batch(self, step: int) -> tuple[Tensor, ...]:
        if callable(self.plan.data):
            return self._columns(self.plan.data(step))
        if self.batches is None:
            return self.data
        index = self.batches.draw().to(self.part.device)  # (members, b)
        rows = torch.arange(len(index), device=index.device)[:, None]
        return tuple(column[rows, index] for column in self.data)

    def _recorded(self, step: int) -> dict[str, Tensor]:
        count = len(self.part)
        parameters = {name: p.detach()[:count] for name, p in self.parameters.items()}
        buffers = {name: b[:count] for name, b in self.buffers.items()}
        values = self.plan.record(Ensemble(self.part.module, parameters, buffers, self.part.seeds), step)
        for name, value in values.items():
            if not isinstance(value, Tensor) or not value.ndim or value.shape[0] != count:
                raise EnsembleError(
                    f"record must give tensors with the {count} members first, but '{name}' is not."
                )
        return {name: value.detach().to("cpu", copy=True) for name, value in values.items()}


def _trajectory(plan: Plan, outcomes: list[_Outcome]) -> Trajectory:
    names = outcomes[0].records[0] if plan.record_at else ()
    values = {
        name: torch.cat([torch.stack([r[name] for r in outcome.records], dim=1) for outcome in outcomes])
        for name in names
    }
    losses = torch.cat([outcome.losses for outcome in outcomes])  # (members, steps)
    finite = losses.isfinite().all(dim=1)
    for name in outcomes[0].tensors:
        ends = torch.cat([outcome.tensors[name] for outcome in outcomes])
        finite &= ends.isfinite().reshape(len(ends), -1).all(dim=1).cpu()
    return Trajectory(plan.record_at, values, losses, ~finite)
