"""The processes that simulations run in."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, ProcessPoolExecutor
from multiprocessing import connection

__all__ = ["keep_what_is_freed", "worker_pool"]

_KEPT = 24 << 20  # bytes; glibc learns from up to 32 MiB


@contextlib.contextmanager
def worker_pool(workers: int) -> Iterator[Executor | None]:
    """Give a process pool that Ctrl-C ends quietly, or None for one worker.

    Ctrl-C ends the processes, and by that whatever waits for them; only then is it raised. Raised
    at once it could come while a lock of the pool is held, which nobody would release any more.
    """
    if workers == 1:
        yield None
        return
    pool = ProcessPoolExecutor(workers, initializer=_begin)
    try:
        with _interrupts_end_workers() as was_interrupted:
            try:
                with _interrupts_later():
                    pool.submit(int)  # so that the processes start now
                yield pool
            except BrokenExecutor:
                if not was_interrupted():
                    raise
            if was_interrupted():
                raise KeyboardInterrupt
    except BaseException:
        _end_workers()  # a task that has begun, a whole design, would go on to its end
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _end_workers() -> None:
    for worker in multiprocessing.active_children():
        worker.terminate()


@contextlib.contextmanager
def _interrupts_end_workers() -> Iterator[Callable[[], bool]]:
    """Let Ctrl-C end the workers; a second one is raised at once. Give whether there was one."""
    seen: list[int] = []

    def interrupt(signum: int, frame: object) -> None:
        seen.append(signum)
        _end_workers()
        if len(seen) > 1:
            raise KeyboardInterrupt

    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield lambda: False  # a shell has it ignored, or somebody else takes care of it
        return
    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield lambda: bool(seen)
    finally:
        signal.signal(signal.SIGINT, before)


def _begin() -> None:
    """Leave Ctrl-C to the process that began this one, and end with it even if it is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    keep_what_is_freed()
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def keep_what_is_freed() -> None:
    """Keep what is freed from now on, as in a process that has freed so much once.

    glibc gave each array back to the system, and a worker spent a third of its time on getting it
    again, a million random curves a tenth.
    """
    bytearray(_KEPT)


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
