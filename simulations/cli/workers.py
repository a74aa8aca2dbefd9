"""The processes that simulations run in."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from multiprocessing import connection

__all__ = ["worker_pool"]


@contextlib.contextmanager
def worker_pool(workers: int) -> Iterator[Executor | None]:
    """Give a process pool that Ctrl-C ends quietly, or None for one worker."""
    if workers == 1:
        yield None
        return
    pool = ProcessPoolExecutor(workers, initializer=_begin)
    try:
        with _interrupts_later():
            pool.submit(int)  # so that the processes start now
        yield pool
    except BaseException:
        for worker in multiprocessing.active_children():
            worker.terminate()  # a task that has begun, a whole design, would go on to its end
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _begin() -> None:
    """Leave Ctrl-C to the process that began this one, and end with it even if it is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    connection.wait([sentinel])
    os._exit(1)


@contextlib.contextmanager
def _interrupts_later() -> Iterator[None]:
    """Hold back a Ctrl-C until the end: Python loses one that comes while it forks."""
    if not hasattr(signal, "pthread_sigmask"):  # where nothing forks
        yield
        return
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
