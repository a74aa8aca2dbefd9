"""Running a sweep: cells to workers, finished ones to the store, until every one is there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from escalation.errors import EscalationError
from escalation.text import count
from simulations.sweeps.blocks import AIM, MOST_TRIES, Block, Dealer
from simulations.sweeps.cells import Calculated, Engines, calculate, run_block
from simulations.sweeps.store import Store
from simulations.sweeps.study import Cell

__all__ = ["SweepError", "Workers", "run_cells"]

MOST_SHOWN = 10


class SweepError(EscalationError):
    """Cells that could not be calculated, by name; the others are kept.

    Parameters
    ----------
    faults : iterable of str
        Each ``"cell 3 (boin, low): why"``.
    """

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        listed = "".join(f"\n  {fault}" for fault in self.faults[:MOST_SHOWN])
        more = len(self.faults) - MOST_SHOWN
        listed += f"\n  and {more} more" * (more > 0)
        super().__init__(f"{count(len(self.faults), 'cell')} could not be calculated:{listed}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Workers:
    """Who calculates.

    Attributes
    ----------
    opened : callable
        Opens an executor as a context, again after one broke.
    number : callable
        Returns how many work at once in it now.
    has_died : callable
        Tells whether an error means that a task killed its workers, in an executor that goes on.
    """

    opened: Callable[[], AbstractContextManager[Executor]]
    number: Callable[[Executor], int]
    has_died: Callable[[BaseException], bool] = field(default=lambda error: False)


def run_cells(
    cells: Iterable[Cell],
    store: Store,
    *,
    clock: Callable[[], float],
    workers: Workers | None = None,
    progress: Callable[[int], object] | None = None,
) -> None:
    """Calculate cells and keep them, each once.

    Parameters
    ----------
    cells : iterable of Cell
    store : Store
        An open one. Whatever ends the run, what is finished is in it.
    clock : callable
        Returns seconds; it is sent to the workers.
    workers : Workers, optional
        In this process without any.
    progress : callable, optional
        Called with the number of cells finished since the last call.

    Raises
    ------
    SweepError
        At the end, for cells that the engines refuse or that always kill their worker.
    """
    run = _Run(cells, store, clock, progress)
    if workers is None:
        run.here()
    else:
        run.among(workers)
    if run.faults:
        raise SweepError(run.faults[number] for number in sorted(run.faults))


class _Run:
    def __init__(
        self,
        cells: Iterable[Cell],
        store: Store,
        clock: Callable[[], float],
        progress: Callable[[int], object] | None,
    ) -> None:
        self.cells = {cell.number: cell for cell in cells}
        self.store = store
        self.clock = clock
        self.progress = progress
        self.faults: dict[int, str] = {}

    def here(self) -> None:
        """Calculate one after the other."""
        engines, finished = Engines(), list[Calculated]()
        written = self.clock()
        try:
            for cell in self.cells.values():
                finished.append(calculate(cell, engines))
                if self.clock() - written >= AIM:
                    self.keep(finished)
                    finished = []
                    written = self.clock()
        finally:
            self.keep(finished)

    def among(self, workers: Workers) -> None:
        """Deal blocks to workers; where a pool breaks, open another."""
        dealer = Dealer(self.cells.values())
        while not dealer.is_empty:
            with workers.opened() as executor:
                self.in_one(executor, workers, dealer)
        for cell in dealer.given_up:
            self.faults[cell.number] = (
                f"{cell.title}: it killed its worker each of {MOST_TRIES} times (too little "
                "memory?)"
            )

    def in_one(self, executor: Executor, workers: Workers, dealer: Dealer) -> None:
        """Deal until nothing is left or the pool is broken."""
        running: dict[Future[tuple[list[Calculated], float]], Block] = {}
        broken = False
        try:
            while not broken:
                n_workers = max(1, workers.number(executor))
                while len(running) < n_workers:
                    block = dealer.deal(len(running), n_workers)
                    if block is None:
                        break
                    try:
                        future = executor.submit(run_block, block.cells, self.clock)
                    except BrokenExecutor:
                        dealer.take_back(block)
                        broken = True
                        break
                    running[future] = block
                if not running:
                    break
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    broken |= self.take(future, running.pop(future), workers, dealer)
            for future, block in list(running.items()):  # all have failed, or are finished
                del running[future]
                self.take(future, block, workers, dealer)
        finally:
            for future in running:
                future.cancel()

    def take(
        self,
        future: Future[tuple[list[Calculated], float]],
        block: Block,
        workers: Workers,
        dealer: Dealer,
    ) -> bool:
        """Keep what a worker has finished; return whether the pool is broken."""
        try:
            calculated, seconds = future.result()
        except BrokenExecutor:
            dealer.died(block)
            return True
        except Exception as error:
            if not workers.has_died(error):
                raise
            dealer.died(block, often=True)
            return False
        dealer.done(block, seconds)
        self.keep(calculated)
        return False

    def keep(self, calculated: Iterable[Calculated]) -> None:
        """Write what is finished, and note what cannot be had."""
        finished = list(calculated)
        self.store.keep((one.number, one.row) for one in finished if one.row is not None)
        for one in finished:
            if one.fault is not None:
                self.faults[one.number] = f"{self.cells[one.number].title}: {one.fault}"
        if self.progress is not None and finished:
            self.progress(len(finished))
