"""Things grouped, or put in order, by what a function says of each, and kept so as they change.

At every entry of a trial that is inspected it is asked who is pending, whose event awaits a ruling,
how many have been seen at each level. To go through all subjects each time would be quadratic: here
only those are asked again who have changed since the last time.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, Generic, TypeVar

__all__ = ["Groups", "Order"]

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)


class Groups(Generic[T, K]):
    """Things that have a name, by what is said of each.

    Parameters
    ----------
    say : callable
        From a thing to the group it belongs to; pure, of that thing alone.
    """

    def __init__(self, say: Callable[[T], K]) -> None:
        self._say = say
        self._n_read = 0  # of the changes
        self._said: dict[str, K] = {}
        self._groups: dict[K, dict[str, T]] = {}

    def follow(
        self, things: Mapping[str, T], changes: Sequence[str]
    ) -> Mapping[K, Mapping[str, T]]:
        """Return the groups, after everything that has changed since they were asked for last.

        Parameters
        ----------
        things : mapping
            As they are now, by name; none is ever taken away.
        changes : sequence of str
            The names of those that are new or have changed, from the very first on.
        """
        for name in dict.fromkeys(changes[self._n_read :]):
            now = self._say(things[name])
            if name in self._said:
                before = self._said[name]
                del self._groups[before][name]
                if not self._groups[before]:
                    del self._groups[before]
            self._said[name] = now
            self._groups.setdefault(now, {})[name] = things[name]
        self._n_read = len(changes)
        return self._groups

    def copy(self) -> Groups[T, K]:
        """Return a copy that can go on without changing this one."""
        other = Groups(self._say)
        other._n_read, other._said = self._n_read, self._said.copy()
        other._groups = {key: group.copy() for key, group in self._groups.items()}
        return other


class Order(Generic[T]):
    """What is said of things that have a name, in order; no two say the same.

    Parameters
    ----------
    say : callable
        From a thing to what it is sorted by; pure. None leaves it out.
    """

    def __init__(self, say: Callable[[T], tuple[Any, ...] | None]) -> None:
        self._say = say
        self._n_read = 0  # of the changes
        self._said: dict[str, tuple[Any, ...]] = {}
        self._sorted: list[tuple[Any, ...]] = []

    def follow(self, things: Mapping[str, T], changes: Sequence[str]) -> Sequence[tuple[Any, ...]]:
        """Return what is said, in order, after everything that has changed: see ``Groups``."""
        for name in dict.fromkeys(changes[self._n_read :]):
            now, before = self._say(things[name]), self._said.pop(name, None)
            if before is not None:
                del self._sorted[bisect_left(self._sorted, before)]
            if now is not None:
                self._said[name] = now
                insort(self._sorted, now)
        self._n_read = len(changes)
        return self._sorted

    def copy(self) -> Order[T]:
        """Return a copy that can go on without changing this one."""
        other = Order(self._say)
        other._n_read = self._n_read
        other._said, other._sorted = self._said.copy(), self._sorted.copy()
        return other
