"""Independent pieces of work shared between processes: much of closing people is Python, which threads do not share.

Held: results come in the order of the tasks and do not depend on the number of workers.  One worker is this process.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from types import TracebackType
from typing import TypeVar

Task = TypeVar("Task")
Found = TypeVar("Found")


class Crew:
    """``map`` over workers that are started when first needed; to be used as a context.

    With more than one worker, function and tasks must pickle, and the calling program must guard its main module.
    """

    def __init__(self, workers: int = 1):
        self.workers = max(1, workers)
        self._pool: ProcessPoolExecutor | None = None

    def map(self, function: Callable[[Task], Found], tasks: Sequence[Task]) -> list[Found]:
        if self.workers == 1 or len(tasks) < 2:
            return [function(task) for task in tasks]
        if self._pool is None:
            # Not forked: a copy of a process with running threads may never wake.
            self._pool = ProcessPoolExecutor(self.workers, mp_context=get_context("spawn"))
        return list(self._pool.map(function, tasks))

    def __enter__(self) -> Crew:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None


ALONE = Crew(1)
