"""Which cells are calculated next, and together: blocks that take a second or so.

A block is what is dealt to a worker and written at once. It is of one design, as far as that goes:
what is built for a design serves all its scenarios, and two workers that begin with two designs do
not build the same thing. Towards the end blocks are smaller, so that no worker waits for another.

Where a worker dies, nobody knows which of the blocks under way killed it. They are dealt again,
each alone, and a block that kills once more is taken apart; what kills ``MOST_TRIES`` workers is
given up.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil

from simulations.sweeps.study import Cell

__all__ = ["MOST_TRIES", "Block", "Dealer"]

AIM = 1.2  # seconds
MOST_TRIES = 3
MOST_GIVEN_UP = 20  # cells; where so many kill their workers, it is not for the cells
_GROWTH = 4  # at most so many times as many cells as before


@dataclass(frozen=True, slots=True)
class Block:
    """Cells that are calculated together.

    Attributes
    ----------
    cells : tuple of Cell
    tries : int
        How often a worker has died over them.
    """

    cells: tuple[Cell, ...]
    tries: int = 0


class Dealer:
    """Deals out cells, first those of designs that nobody works on.

    Parameters
    ----------
    cells : iterable of Cell
    """

    def __init__(self, cells: Iterable[Cell]) -> None:
        groups: dict[str, deque[Cell]] = {}
        for cell in cells:
            groups.setdefault(cell.protocol_digest, deque()).append(cell)
        self._groups = groups
        self._under_way = dict.fromkeys(groups, 0)
        self._suspects: deque[Block] = deque()
        self._n_left = sum(map(len, groups.values()))
        self._size = 1.0
        self.given_up: list[Cell] = []

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left to deal, or too much was given up."""
        if len(self.given_up) >= MOST_GIVEN_UP:
            return True
        return not (self._n_left or self._suspects)

    def deal(self, n_running: int, n_workers: int) -> Block | None:
        """Return the next block; None where there is none now, as a suspect needs to be alone."""
        if self.is_empty:
            return None
        if self._suspects:
            if n_running:
                return None
            suspect = self._suspects.popleft()
            self._count(suspect.cells, 1)
            return suspect
        wanted = min(int(self._size), ceil(self._n_left / (2 * n_workers)))
        cells: list[Cell] = []
        while len(cells) < max(1, wanted) and self._groups:
            name = min(self._groups, key=self._under_way.__getitem__)
            if cells and self._under_way[name]:
                break  # another worker has built what that design needs
            group = self._groups[name]
            while group and len(cells) < max(1, wanted):
                cells.append(group.popleft())
            if not group:
                del self._groups[name]
        self._n_left -= len(cells)
        self._count(cells, 1)
        return Block(tuple(cells))

    def done(self, block: Block, seconds: float) -> None:
        """Note how long a block took, by which the next ones are measured."""
        self._count(block.cells, -1)
        fits = len(block.cells) * AIM / max(seconds, 1e-6)
        self._size = max(1.0, min(fits, _GROWTH * self._size))

    def died(self, block: Block, *, often: bool = False) -> None:
        """Take back a block over which a worker died, perhaps not of it; or ``often``, of it."""
        self._count(block.cells, -1)
        block = Block(block.cells, MOST_TRIES - 1) if often else block
        tries = block.tries + 1
        if block.tries and len(block.cells) > 1:  # it was alone
            tries = min(tries, MOST_TRIES - 1)
            self._suspects.extend(Block((cell,), tries) for cell in block.cells)
        elif tries < MOST_TRIES:
            self._suspects.append(Block(block.cells, tries))
        else:
            self.given_up += block.cells

    def take_back(self, block: Block) -> None:
        """Take back a block that nobody began."""
        self._count(block.cells, -1)
        self._suspects.append(block)

    def _count(self, cells: Sequence[Cell], by: int) -> None:
        for name in {cell.protocol_digest for cell in cells}:
            self._under_way[name] += by
