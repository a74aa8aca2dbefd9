"""Designs by name, each imported when it is asked for: who decides by one does not pay for all."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, MutableMapping

from escalation.designs.base import Design

__all__ = ["Catalogue"]


class Catalogue(MutableMapping[str, type[Design]]):
    """Designs by the name that a protocol gives them, in order.

    Parameters
    ----------
    places : mapping of str to str
        For each name ``module:Class``.
    """

    def __init__(self, places: Mapping[str, str]) -> None:
        self._found: dict[str, type[Design] | str] = dict(places)

    def __getitem__(self, name: str) -> type[Design]:
        found = self._found[name]
        if isinstance(found, str):
            module, _, attribute = found.partition(":")
            design: type[Design] = getattr(importlib.import_module(module), attribute)
            self._found[name] = found = design
        return found

    def __setitem__(self, name: str, design: type[Design]) -> None:
        self._found[name] = design

    def __delitem__(self, name: str) -> None:
        del self._found[name]

    def __contains__(self, name: object) -> bool:
        return name in self._found

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def __repr__(self) -> str:
        return f"<Catalogue of {', '.join(self)}>"
