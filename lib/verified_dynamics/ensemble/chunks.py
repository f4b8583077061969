"""Work on many members in chunks that fit the memory."""

from collections.abc import Callable
from typing import TypeVar

import torch

from verified_dynamics.ensemble.errors import EnsembleError

Result = TypeVar("Result")


def in_chunks(members: int, chunk: int, work: Callable[[slice], Result]) -> list[Result]:
    """work(rows) for consecutive slices of at most `chunk` members; a chunk that runs out of memory is halved.

    Raises EnsembleError where not even one member fits.
    """
    results: list[Result] = []
    start = 0
    while start < members:
        rows = slice(start, min(start + chunk, members))
        finished, result = _attempt(work, rows)
        if finished:
            results.append(result)
            start = rows.stop
        elif rows.stop - rows.start == 1:
            raise EnsembleError(
                "There is not enough memory for even one member at a time: use a smaller network, less data or "
                "a smaller batch_size."
            )
        else:
            chunk = (rows.stop - rows.start) // 2
    return results


def _attempt(work: Callable[[slice], Result], rows: slice) -> tuple[bool, Result | None]:
    try:
        return True, work(rows)
    except (RuntimeError, MemoryError) as error:
        if not _out_of_memory(error):
            raise
    # Outside the handler, so that the traceback no longer holds the tensors of the attempt.
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    return False, None


def _out_of_memory(error: Exception) -> bool:
    text = str(error).lower()
    return (
        isinstance(error, (MemoryError, torch.OutOfMemoryError))
        or "out of memory" in text
        or "can't allocate memory" in text
        or "not enough memory" in text
    )
