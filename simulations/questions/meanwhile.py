"""Work that is done ahead: the next item is made while one is in use."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

__all__ = ["ahead"]

T = TypeVar("T")


def ahead(items: Iterator[T]) -> Iterator[T]:
    """Yield the items in order, the next one being made in a thread meanwhile.

    numpy lets other threads run while it calculates, so that making and using take turns on two
    cores; what comes out is the same. An error in making an item is raised where it would come.
    """
    end = object()
    with ThreadPoolExecutor(1) as worker:
        following = worker.submit(next, items, end)
        while (item := following.result()) is not end:
            following = worker.submit(next, items, end)
            yield item  # type: ignore[misc]  # it is not the end
