"""The ``dataclass`` of the standard library, whose methods are written when first asked for.

To define a frozen one with slots takes it half a millisecond, nearly all of it to compile
methods from source. A command defines up to two hundred, makes instances of a few, and prints and
compares fewer still: here it pays for what it uses, and of a class that it makes a few instances of
not even for compiling ``__init__``. Type checkers see the original, and a class
made here is one to ``dataclasses.fields`` and ``replace``.
"""

from __future__ import annotations

import dataclasses
from dataclasses import MISSING, Field, FrozenInstanceError, fields
from functools import partial

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from dataclasses import dataclass
    from typing import Any

__all__ = ["dataclass"]


if not TYPE_CHECKING:

    def dataclass(
        *,
        frozen=False,
        slots=False,
        kw_only=False,
        eq=True,
        repr=True,  # noqa: A002  # its name there
        order=False,
    ):
        """Make a dataclass, as ``dataclasses.dataclass`` does with these arguments."""
        shape = {"slots": slots, "kw_only": kw_only}
        if order or not slots:  # none of those that a start waits for
            return dataclasses.dataclass(frozen=frozen, eq=eq, repr=repr, order=order, **shape)

        def make(cls: type) -> type:
            inherits = frozen and hasattr(cls, "__dataclass_fields__")  # then both must be
            bare = dataclasses.dataclass(init=False, repr=False, eq=False, frozen=inherits, **shape)
            made = bare(cls)
            told = made.__dataclass_params__
            told.init, told.repr, told.eq, told.frozen = True, repr, eq, frozen
            for name in ("__init__", *["__repr__"] * repr, *["__eq__", "__hash__"] * eq):
                if name not in vars(made):
                    stands_for = _UnwrittenInit if name == "__init__" else _Unwritten
                    setattr(made, name, stands_for(made, name))
            for name, method in _FROZEN.items() if frozen else [("__hash__", None)] * eq:
                setattr(made, name, method)
            return made

        return make


class _Unwritten:
    """Stands in a class for a method, and has it written in its place when it is asked for."""

    def __init__(self, made: type, name: str) -> None:
        self.made, self.name = made, name

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        method = _WRITE[self.name](self.made)
        method.__qualname__ = f"{self.made.__qualname__}.{self.name}"
        setattr(self.made, self.name, method)
        return method if instance is None else method.__get__(instance, owner)


class _UnwrittenInit(_Unwritten):
    """As that, and makes the first instances itself, which is quicker than to compile it for them.

    What it does not take, ``__init__`` is written for, to say why.
    """

    n_left = 8

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        self.n_left -= 1
        if self.n_left < 0 or not isinstance(instance, self.made):  # asked by the class
            return super().__get__(instance, owner)
        return partial(self._fill, instance)

    def _fill(self, instance: Any, *args: Any, **named: Any) -> None:
        members = fields(self.made)
        places = [member.name for member in members if member.init and not member.kw_only]
        given = dict(zip(places, args, strict=False))
        values = {m.name: _value_of(m, {**given, **named}) for m in members}
        takes = {member.name for member in members if member.init}
        lacks = any(values[name] is MISSING for name in takes)
        if lacks or len(args) > len(places) or given.keys() & named or not named.keys() <= takes:
            super().__get__(instance)(*args, **named)
            return
        for name, value in values.items():
            if value is not MISSING:
                object.__setattr__(instance, name, value)
        if hasattr(instance, "__post_init__"):
            instance.__post_init__()


def _value_of(member: Field[Any], given: Mapping[str, Any]) -> Any:
    if member.init and member.name in given:
        return given[member.name]
    made = member.default_factory
    return member.default if made is MISSING else made()


class _LeftOut:
    """Stands for an argument that a factory makes."""

    def __repr__(self) -> str:
        return "<factory>"


_LEFT_OUT = _LeftOut()


def _write_init(made: Any) -> Any:
    known: dict[str, Any] = {"_assign": object.__setattr__, "_LEFT_OUT": _LEFT_OUT}
    positional, by_name, body = ["self"], ["*"], []
    for field in fields(made):
        name, value, default = field.name, "", ""
        if field.default is not MISSING:
            known[f"_default_{name}"] = field.default
            value, default = f"_default_{name}", f"=_default_{name}"
        elif field.default_factory is not MISSING:
            known[f"_make_{name}"] = field.default_factory
            value, default = f"_make_{name}()", "=_LEFT_OUT"
        if field.init:
            (by_name if field.kw_only else positional).append(f"{name}{default}")
            value = f"{value} if {name} is _LEFT_OUT else {name}" if "()" in value else name
        if value:
            body.append(f"_assign(self, {name!r}, {value})")
    if hasattr(made, "__post_init__"):
        body.append("self.__post_init__()")
    takes = [*positional, *(by_name if len(by_name) > 1 else [])]
    method = _compile(made, f"__init__({', '.join(takes)})", body or ["pass"], known)
    method.__annotations__ = {f.name: f.type for f in fields(made) if f.init} | {"return": None}
    return method


def _write_repr(made: Any) -> Any:
    said = ", ".join(f"{f.name}={{self.{f.name}!r}}" for f in fields(made) if f.repr)
    return _compile(made, "__repr__(self)", [f"return f'{{type(self).__qualname__}}({said})'"])


def _write_eq(made: Any) -> Any:
    body = [
        "if other.__class__ is not self.__class__:",
        "    return NotImplemented",
        f"return {_compared(made, 'self')} == {_compared(made, 'other')}",
    ]
    return _compile(made, "__eq__(self, other)", body)


def _write_hash(made: Any) -> Any:
    return _compile(made, "__hash__(self)", [f"return hash({_compared(made, 'self')})"])


def _compared(made: Any, of: str) -> str:
    return f"({''.join(f'{of}.{f.name}, ' for f in fields(made) if f.compare)})"


def _compile(
    made: type, signature: str, body: Iterable[str], known: Mapping[str, Any] | None = None
) -> Any:
    names = {"__name__": made.__module__, **(known or {})}
    source = "\n    ".join([f"def {signature}:", *body])
    exec(source, names)  # noqa: S102  # the fields' names, as in the standard library
    return names[signature.partition("(")[0]]


_WRITE: dict[str, Callable[[type], Any]] = {
    "__init__": _write_init,
    "__repr__": _write_repr,
    "__eq__": _write_eq,
    "__hash__": _write_hash,
}


def _refuse_to_assign(self: object, name: str, value: object) -> None:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(self: object, name: str) -> None:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _get_state(self: Any) -> list[Any]:
    return [getattr(self, field.name) for field in fields(self)]


def _set_state(self: Any, state: list[Any]) -> None:
    for field, value in zip(fields(self), state, strict=True):
        object.__setattr__(self, field.name, value)


_FROZEN: dict[str, Any] = {
    "__setattr__": _refuse_to_assign,
    "__delattr__": _refuse_to_delete,
    "__getstate__": _get_state,  # to copy and pickle one with slots
    "__setstate__": _set_state,
}
