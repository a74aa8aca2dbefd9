"""A sweep that is ended, resumed, dealt to workers that die: the same file, no cell twice."""

from __future__ import annotations

import contextlib
from collections import Counter
from concurrent.futures import Executor, Future
from concurrent.futures.process import BrokenProcessPool

import pytest

from simulations.sweeps import run as module
from simulations.sweeps.blocks import MOST_GIVEN_UP, MOST_TRIES, Dealer
from simulations.sweeps.cells import Calculated, run_block
from simulations.sweeps.run import SweepError, Workers
from simulations.sweeps.store import unfinished_path

from .studies import go_on, lines_of, many_cells, small_study


class Here(Executor):
    """An executor that calculates when asked; ``killers`` are cells that kill their worker."""

    def __init__(self, killers: dict[int, int], dealt: Counter[int]) -> None:
        self.killers, self.dealt = killers, dealt
        self.is_broken = False
        self.waiting: list[Future[object]] = []

    def submit(self, fn, /, *args, **kwargs):
        if self.is_broken:
            raise BrokenProcessPool("broken")
        future: Future[object] = Future()
        future.set_running_or_notify_cancel()
        cells = args[0]
        self.dealt.update(cell.number for cell in cells)
        killer = next((cell.number for cell in cells if self.killers.get(cell.number, 0) > 0), None)
        if killer is None:
            future.set_result(fn(*args, **kwargs))
        else:
            self.killers[killer] -= 1
            self.is_broken = True
            future.set_exception(BrokenProcessPool("a worker died"))
        return future


def workers(killers: dict[int, int] | None = None, number: int = 2):
    dealt: Counter[int] = Counter()
    opened = []

    @contextlib.contextmanager
    def open_one():
        opened.append(1)
        yield Here(killers if killers is not None else {}, dealt)

    return Workers(opened=open_one, number=lambda _: number), dealt, opened


@pytest.fixture(scope="module")
def study():
    """Return a study of 40 cells."""
    return small_study(many_cells(20))


@pytest.fixture(scope="module")
def whole(study, tmp_path_factory):
    """Return its results in one go."""
    return go_on(study, tmp_path_factory.mktemp("whole") / "results.csv").read_bytes()


def end_after(monkeypatch, n_cells: int, error: type[BaseException]) -> Counter[int]:
    """Let the run end in the midst, and count how often each cell is finished."""
    finished: Counter[int] = Counter()
    calculate = module.calculate

    def counted(cell, engines):
        if sum(finished.values()) == n_cells:
            raise error
        finished[cell.number] += 1
        return calculate(cell, engines)

    monkeypatch.setattr(module, "calculate", counted)
    return finished


def test_200_cells_ended_twice_and_resumed_give_the_file_of_one_go(tmp_path, monkeypatch):
    study = small_study(many_cells(100))
    whole = go_on(study, tmp_path / "whole.csv").read_bytes()
    output = tmp_path / "results.csv"
    finished: Counter[int] = Counter()
    for n_cells in (61, 80):
        with monkeypatch.context() as patch:
            here = end_after(patch, n_cells, KeyboardInterrupt)
            with pytest.raises(KeyboardInterrupt):
                go_on(study, output)
            finished += here
        assert not output.exists()
    with monkeypatch.context() as patch:
        here = end_after(patch, -1, KeyboardInterrupt)
        go_on(study, output)
        finished += here
    assert output.read_bytes() == whole
    assert finished == Counter(range(1, 201))  # none twice
    assert not unfinished_path(output).exists()


def test_a_crash_costs_a_block_at_most(study, tmp_path, monkeypatch):
    """A quarter of a second a cell: blocks of 1 to 2 s are written."""
    output = tmp_path / "results.csv"
    kept = []
    monkeypatch.setattr(
        module._Run, "keep", lambda self, found: kept.append(len(list(found))), raising=True
    )
    with monkeypatch.context() as patch:
        end_after(patch, 20, KeyboardInterrupt)
        with pytest.raises(KeyboardInterrupt):
            go_on(study, output, seconds=0.25)
    assert sum(kept) == 20
    assert 1 <= max(kept) * 0.25 <= 2


@pytest.mark.parametrize("number", [1, 2, 5])
def test_workers_give_the_file_of_one_go(study, whole, tmp_path, number):
    who, dealt, opened = workers(number=number)
    assert go_on(study, tmp_path / "r.csv", workers=who).read_bytes() == whole
    assert dealt == Counter(range(1, 41))
    assert len(opened) == 1


def test_a_killed_worker_is_replaced_and_its_cells_are_calculated_again(study, whole, tmp_path):
    who, dealt, opened = workers({7: 1, 30: 1})
    assert go_on(study, tmp_path / "r.csv", workers=who, seconds=0.01).read_bytes() == whole
    assert len(opened) == 3
    assert dealt.total() < 40 + 40


def test_a_cell_that_always_kills_its_worker_is_named_and_the_others_go_on(study, tmp_path):
    who, dealt, _ = workers({13: 99})
    with pytest.raises(SweepError) as error:
        go_on(study, tmp_path / "r.csv", workers=who, seconds=0.01)
    assert len(error.value.faults) == 1
    assert error.value.faults[0].startswith("cell 13 (3+3 variant=confirm, s12): it killed")
    assert dealt[13] == MOST_TRIES
    kept = lines_of(unfinished_path(tmp_path / "r.csv"))
    assert len(kept) == 1 + 39
    who, dealt, _ = workers()
    go_on(study, tmp_path / "r.csv", workers=who)  # more memory now
    assert dealt == Counter([13])


def test_where_every_cell_kills_its_worker_not_all_are_tried(study, tmp_path):
    who, dealt, _ = workers(dict.fromkeys(range(1, 41), 99))
    with pytest.raises(SweepError, match=f"{MOST_GIVEN_UP} cells could not be calculated"):
        go_on(study, tmp_path / "r.csv", workers=who)
    assert dealt.total() <= MOST_TRIES * MOST_GIVEN_UP + 2


def test_a_worker_that_dies_under_an_executor_that_goes_on_is_named_too(study, tmp_path):
    """As a Dask scheduler says it: the task failed, the others do not."""

    class KilledError(Exception):
        pass

    class Scheduler(Here):
        def submit(self, fn, /, *args, **kwargs):
            future = super().submit(fn, *args, **kwargs)
            if self.is_broken:
                self.is_broken = False
                killed: Future[object] = Future()
                killed.set_exception(KilledError())
                return killed
            return future

    dealt: Counter[int] = Counter()
    who = Workers(
        opened=lambda: contextlib.nullcontext(Scheduler({13: 99}, dealt)),
        number=lambda _: 4,
        has_died=lambda error: isinstance(error, KilledError),
    )
    with pytest.raises(SweepError, match=r"cell 13 .* killed its worker"):
        go_on(study, tmp_path / "r.csv", workers=who, seconds=0.01)
    assert len(lines_of(unfinished_path(tmp_path / "r.csv"))) == 40


def test_cells_that_the_engines_refuse_are_named_together(tmp_path):
    text = many_cells(2).replace(
        "[[designs]]",
        'method = "exact"\n[[designs]]\ndesign = "crm"\nskeleton = [0.1, 0.2, 0.3]\n'
        "cohort_size = 1\nmax_patients = 3\n[[designs]]",
        1,
    )
    study = small_study(text)
    refused = {study.cells[1].number, study.cells[4].number}
    original = module.calculate
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            module,
            "calculate",
            lambda cell, engines: (
                Calculated(cell.number, None, "too large")
                if cell.number in refused
                else original(cell, engines)
            ),
        )
        with pytest.raises(SweepError) as error:
            go_on(study, tmp_path / "r.csv")
    assert str(error.value).splitlines() == [
        "2 cells could not be calculated:",
        "  cell 2 (crm, s1): too large",
        "  cell 5 (3+3 variant=declare, s0): too large",
    ]
    assert len(lines_of(unfinished_path(tmp_path / "r.csv"))) == 1 + 4


def test_an_error_of_another_kind_is_not_swallowed(study, tmp_path, monkeypatch):
    def broken(cells, clock):
        raise ZeroDivisionError

    who, _, _ = workers()
    monkeypatch.setattr(module, "run_block", broken)
    with pytest.raises(ZeroDivisionError):
        go_on(study, tmp_path / "r.csv", workers=who)


# ------------------------------------------------------------ how cells are dealt


def test_two_workers_begin_with_two_designs(study):
    dealer = Dealer(study.cells)
    first, second = dealer.deal(0, 2), dealer.deal(1, 2)
    assert first is not None
    assert second is not None
    assert first.cells[0].design != second.cells[0].design


def test_blocks_grow_to_about_a_second_and_shrink_towards_the_end():
    dealer = Dealer(small_study(many_cells(100)).cells)
    sizes = []
    while not dealer.is_empty:
        block = dealer.deal(0, 2)
        assert block is not None
        sizes.append(len(block.cells))
        dealer.done(block, 0.05 * len(block.cells))
    assert sum(sizes) == 200
    assert sizes[0] == 1
    assert max(sizes) in (23, 24)  # of 50 ms each
    assert sizes[-1] == 1


def test_blocks_of_a_worker_are_timed_by_the_clock_that_is_sent_along(study):
    times = iter([3.0, 7.5])
    found, seconds = run_block(study.cells[:2], lambda: next(times))
    assert [one.number for one in found] == [1, 2]
    assert seconds == 4.5
