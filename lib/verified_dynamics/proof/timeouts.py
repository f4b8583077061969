"""A time limit that really stops a SymPy computation.

The limit counts CPU time of the process, so that a verdict does not depend on how busy the machine is; a wall
clock of four times the limit stands behind it. In the main thread (a script, a test, a Jupyter kernel) interval
timers raise `TimeLimit`; in any other thread a watchdog thread injects it. Limits nest.
"""

from __future__ import annotations

import ctypes
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_WALL_FACTOR = 4.0
_REPEAT = 0.2  # the signal comes again, should a bare `except:` have swallowed the first


class TimeLimit(BaseException):
    """The limit ran out. Not an `Exception`, so that no `except Exception` on the way swallows it."""

    def __init__(self, owner: object = None):
        super().__init__("the time limit ran out")
        self.owner = owner


class _Deadlines:
    """The stack of limits of the main thread, innermost last: (token, CPU deadline, wall deadline)."""

    def __init__(self) -> None:
        self.stack: list[tuple[object, float, float]] = []

    def expired(self) -> object | None:
        """The outermost limit that has run out, or None."""
        cpu, wall = time.process_time(), time.monotonic()
        for token, cpu_end, wall_end in self.stack:
            if cpu >= cpu_end or wall >= wall_end:
                return token
        return None

    def on_signal(self, signum, frame) -> None:
        token = self.expired()
        if token is not None:
            raise TimeLimit(token)

    def arm(self) -> None:
        if not self.stack:
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.setitimer(signal.ITIMER_REAL, 0)
            return
        cpu = min(end for _, end, _ in self.stack) - time.process_time()
        wall = min(end for _, _, end in self.stack) - time.monotonic()
        signal.setitimer(signal.ITIMER_PROF, max(cpu, 1e-3), _REPEAT)
        signal.setitimer(signal.ITIMER_REAL, max(wall, 1e-3), _REPEAT)


_deadlines = _Deadlines()


@contextmanager
def _limit_by_signal(seconds: float, token: object) -> Iterator[None]:
    outermost = not _deadlines.stack
    if outermost:
        handlers = [(s, signal.signal(s, _deadlines.on_signal)) for s in (signal.SIGPROF, signal.SIGALRM)]
    entry = (token, time.process_time() + seconds, time.monotonic() + _WALL_FACTOR * seconds)
    _deadlines.stack.append(entry)
    try:
        _deadlines.arm()
        yield
    finally:
        _deadlines.stack.remove(entry)
        _deadlines.arm()
        if outermost:
            for number, handler in handlers:
                signal.signal(number, handler)


class _Inject(TimeLimit):
    """What a watchdog thread injects; the interpreter instantiates it without arguments."""

    def __init__(self) -> None:
        super().__init__(None)


@contextmanager
def _limit_by_watchdog(seconds: float, token: object) -> Iterator[None]:
    target = threading.get_ident()
    lock, finished = threading.Lock(), threading.Event()

    def watch() -> None:
        if not finished.wait(_WALL_FACTOR * seconds):
            with lock:
                if not finished.is_set():
                    ctypes.pythonapi.PyThreadState_SetAsyncExc(
                        ctypes.c_ulong(target), ctypes.py_object(_Inject)
                    )

    threading.Thread(target=watch, daemon=True).start()
    try:
        yield
        with lock:
            finished.set()
    except _Inject as error:
        raise TimeLimit(token) from error
    finally:
        finished.set()


@contextmanager
def time_limit(seconds: float) -> Iterator[object]:
    """Raise `TimeLimit` inside the block once it has used `seconds` of CPU time; limits nest.

    Yields a token; a `TimeLimit` whose `owner` is that token is this block's own.
    """
    token = object()
    main = threading.current_thread() is threading.main_thread() and hasattr(signal, "setitimer")
    with (_limit_by_signal if main else _limit_by_watchdog)(seconds, token):
        yield token


def attempt(seconds: float, function, *arguments, default=None):
    """The value of `function(*arguments)`, or `default` where it takes longer than `seconds`."""
    token = None
    try:
        with time_limit(seconds) as token:
            return function(*arguments)
    except TimeLimit as error:
        if error.owner is not token:
            raise
        return default
