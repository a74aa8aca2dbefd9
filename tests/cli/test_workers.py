"""The processes of a simulation end with it."""

from __future__ import annotations

import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from simulations.cli.workers import worker_pool


def work_without_end(begun: Path) -> None:
    begun.open("w").close()
    while True:
        signal.pause()


def interrupt_a_task(begun: Path) -> None:
    with worker_pool(2) as pool:
        assert pool is not None
        pool.submit(work_without_end, begun)
        begun.open().close()  # waits until the worker has opened it too
        raise KeyboardInterrupt


def test_an_interrupt_does_not_wait_for_a_task_that_has_begun(tmp_path: Path) -> None:
    """`compare` simulates a design as one task: Ctrl-C waited until it was done, for hours."""
    others = set(multiprocessing.active_children())
    begun = tmp_path / "begun"
    os.mkfifo(begun)
    with pytest.raises(KeyboardInterrupt):
        interrupt_a_task(begun)
    assert set(multiprocessing.active_children()) <= others


def test_an_interrupt_while_processes_start_is_not_lost() -> None:
    """What Python calls after a fork drops exceptions: Ctrl-C there let the run go on."""
    others = set(multiprocessing.active_children())
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a run in the background
    armed = [signal.SIGINT]
    os.register_at_fork(after_in_parent=lambda: armed and os.kill(os.getpid(), armed.pop()))
    try:
        with pytest.raises(KeyboardInterrupt), worker_pool(2):
            pass
    finally:
        signal.signal(signal.SIGINT, before)
    assert not armed
    assert set(multiprocessing.active_children()) <= others
