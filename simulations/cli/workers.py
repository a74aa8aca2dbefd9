"""The processes that simulations run in."""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor

__all__ = ["worker_pool"]


@contextlib.contextmanager
def worker_pool(workers: int) -> Iterator[Executor | None]:
    """Give a process pool that Ctrl-C ends quietly, or None for one worker."""
    if workers == 1:
        yield None
        return
    pool = ProcessPoolExecutor(
        workers, initializer=signal.signal, initargs=(signal.SIGINT, signal.SIG_IGN)
    )
    try:
        yield pool
    except BaseException:
        for worker in multiprocessing.active_children():
            worker.terminate()  # a task that has begun, a whole design, would go on to its end
        raise
    finally:
        pool.shutdown(cancel_futures=True)
