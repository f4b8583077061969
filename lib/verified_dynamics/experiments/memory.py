"""How much memory a cell takes, measured before it runs: short trials with one seed, two, four and so on.

Seeds are stacked, so that what a cell needs grows in a straight line with them once there are some. A trial watches
every tensor of the device come and go, and is cut off after a while; the estimate then holds for what the cell does
until there. Scratch memory inside a kernel of the CPU, and NumPy arrays, are not seen.
"""

import os
import signal
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
import xarray as xr
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from verified_dynamics.experiments.declaration import Experiment, Profile
from verified_dynamics.experiments.devices import choose_device


@dataclass(frozen=True)
class Estimate:
    """Bytes of tensors that one cell takes: fixed + each × seeds.

    finished: whether the trials saw the cell's end. most: the largest number of seeds that was tried.
    """

    fixed: float
    each: float
    finished: bool
    most: int

    def of(self, seeds: int) -> int:
        """Bytes for that many seeds at once."""
        return int(self.fixed + self.each * seeds)

    def at_once(self, seeds: int, room: int) -> int:
        """How many seeds at once fit into `room` bytes, by halving; at least one."""
        while seeds > 1 and self.of(seeds) > room:
            seeds = (seeds + 1) // 2
        return seeds


class Tried(BaseException):
    """The time of a trial is over; no experiment catches this."""


class LiveTensors(TorchDispatchMode):
    """Counts the bytes of all tensors on one kind of device that are alive, and the largest number so far.

    Raises `Tried` at an operation after the time `until` (of time.monotonic) or beyond the number `limit`.
    """

    def __init__(self, kind: str, until: float = float("inf"), limit: float = float("inf")):
        super().__init__()
        self.live = self.peak = self.operations = 0
        self._kind, self._until, self._limit, self._known = kind, until, limit, set()

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # else the first operation imports the compiler, which takes seconds and is not used

    def __torch_dispatch__(self, function, types, arguments=(), options=None):
        if self.operations >= self._limit or time.monotonic() > self._until:
            raise Tried
        self.operations += 1
        self._watch(arguments)
        result = function(*arguments, **(options or {}))
        self._watch(result)
        return result

    def _watch(self, tensors) -> None:
        for tensor in tree_leaves(tensors):
            if not isinstance(tensor, torch.Tensor) or tensor.device.type != self._kind:
                continue
            storage = tensor.untyped_storage()
            name = id(storage)
            if name not in self._known:
                self._known.add(name)
                self.live += storage.nbytes()
                self.peak = max(self.peak, self.live)
                weakref.finalize(storage, self._forget, name, storage.nbytes()).atexit = False

    def _forget(self, name: int, size: int) -> None:
        self._known.discard(name)
        self.live -= size


def tried(
    experiment: Experiment, sizes: Profile, device: str = "auto", *, seconds: float = 5.0
) -> Estimate | None:
    """The estimate for the largest-looking cell, from trials that take about `seconds` together.

    None where nothing was seen or a trial fails: the run itself tells why. The cell has the largest value of each
    numerical axis of the grid.
    """
    chosen = choose_device(device)
    xr.Dataset(
        {"value": ("seed", [0.0])}
    )  # xarray imports much at its first data set, which is not the cell's time
    end = time.monotonic() + seconds
    cell = max(sizes.cells(), key=lambda cell: [v for v in cell.values() if isinstance(v, int | float)])
    peaks: dict[int, int] = {}
    limit, seeds, finished = float("inf"), 1, True
    while seeds <= sizes.seeds:
        begun = time.monotonic()
        room = end - begun if peaks else seconds / 2
        watch = LiveTensors(chosen.type, begun + room, limit)
        try:
            with _alarm(room + 0.2), watch:
                experiment.function(dict(cell), tuple(range(seeds)), chosen)
        except Tried:
            if finished and peaks:
                break  # the smaller trials saw the end, this one did not: they are not comparable
            finished, limit = False, min(limit, watch.operations)
        except Exception:
            break
        peaks[seeds] = watch.peak
        if len(peaks) > 1 and (not finished or time.monotonic() + 2 * (time.monotonic() - begun) > end):
            break
        seeds *= 2
    return _line(peaks, sizes.seeds, finished)


def _line(peaks: dict[int, int], seeds: int, finished: bool) -> Estimate | None:
    """The straight line through the last two trials; None without two, or where no tensor was seen."""
    *_, before, last = [0, 0, *peaks]
    if not last or not peaks[last] or (not before and seeds > 1):
        return None
    each = max(0.0, (peaks[last] - peaks.get(before, 0)) / (last - before)) if before else 0.0
    return Estimate(max(0.0, peaks[last] - each * last), each, finished, last)


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    """End a trial that does no tensor operation for long; only the main thread of a Unix process can be alarmed."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return

    def over(number, frame):
        while frame is not None:
            if "importlib" in frame.f_code.co_filename:  # a module cut off in the middle would stay broken
                signal.setitimer(signal.ITIMER_REAL, 0.05)
                return
            frame = frame.f_back
        raise Tried

    before = signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def free_memory(device: torch.device) -> int | None:
    """Bytes that are free on the device; None where the system does not tell."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    if device.type != "cpu":
        return None
    rooms = [_meminfo(), _group_limit()]
    return min((room for room in rooms if room is not None), default=None)


def _meminfo() -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration, ValueError):
        names = ("SC_PHYS_PAGES", "SC_PAGE_SIZE")
        return os.sysconf(names[0]) * os.sysconf(names[1]) if set(names) <= set(os.sysconf_names) else None


def _group_limit() -> int | None:
    """What a container may still take."""
    try:
        most, used = (
            Path("/sys/fs/cgroup", name).read_text().strip() for name in ("memory.max", "memory.current")
        )
        return max(0, int(most) - int(used))
    except (OSError, ValueError):
        return None
