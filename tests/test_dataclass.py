"""The quick dataclass against the standard library's, which it must not differ from in use."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, field
from functools import partial
from typing import Any, ClassVar

import pytest

from escalation import dataclass as quick
from escalation.designs import Boin, ThreePlusThree
from escalation.outcomes import Tally

FROZEN = {"frozen": True, "slots": True, "kw_only": True}


def point(dataclass: Any) -> Any:
    @dataclass(frozen=True, slots=True)
    class Point:
        """Two numbers."""

        x: int
        y: float = 0.5

    return Point


def visit(dataclass: Any) -> Any:
    @dataclass(**FROZEN)
    class Visit:
        """With what a field can have."""

        kind: ClassVar[str] = "visit"

        day: int
        seen: tuple[str, ...] = ()
        marks: list[int] = field(default_factory=list, compare=False)
        note: str = field(default="none", repr=False)
        site: str = field(default="A", init=False)
        log: list[int] = field(default_factory=list, init=False, compare=False)
        total: int = field(init=False, repr=False, compare=False)

        def __post_init__(self) -> None:
            object.__setattr__(self, "total", self.day + len(self.marks))

    return Visit


def later(dataclass: Any) -> Any:
    @dataclass(**FROZEN)
    class Later(visit(dataclass)):  # type: ignore[misc]  # of either kind
        """As a visit, with a day of its own and one that says more."""

        day: int = 3
        until: int | None = None

        def __repr__(self) -> str:
            return f"<{self.day}>"

    return Later


def alone(dataclass: Any) -> Any:
    @dataclass(**FROZEN, eq=False, repr=False)
    class Alone:
        """Equal to itself only."""

        x: int

    return Alone


CLASSES = [point, visit, later, alone]
MADE: list[tuple[Callable[[Any], Any], dict[str, Any]]] = [
    (point, {"x": 1}),
    (point, {"x": 2, "y": 0.25}),
    (visit, {"day": 1}),
    (visit, {"day": 1, "marks": [1, 2], "seen": ("a",), "note": "n"}),
    (later, {}),
    (later, {"until": 5, "day": 1}),
    (alone, {"x": 1}),
]


def both(make: Callable[[Any], Any]) -> list[Any]:
    return [make(dataclass) for dataclass in (quick.dataclass, dataclasses.dataclass)]


def outcome(ask: Callable[[], Any]) -> Any:
    """Return what is said, or which error, without addresses."""
    try:
        return ask()
    except Exception as error:  # whatever it is, it is compared
        return type(error), str(error)


@pytest.mark.parametrize("make", CLASSES)
def test_a_class_is_described_as_by_the_standard_library(make):
    ours, theirs = both(make)
    assert str(inspect.signature(ours)) == str(inspect.signature(theirs))  # <factory> is one's own
    for name in ("__match_args__", "__slots__", "__doc__", "__annotations__", "__qualname__"):
        assert getattr(ours, name) == getattr(theirs, name), name
    assert repr(ours.__dataclass_params__) == repr(theirs.__dataclass_params__)
    told = [[repr(member) for member in dataclasses.fields(made)] for made in (ours, theirs)]
    assert told[0] == told[1]
    assert (ours.__hash__ is object.__hash__) == (theirs.__hash__ is object.__hash__)


@pytest.mark.parametrize("written", [False, True])
@pytest.mark.parametrize(("make", "values"), MADE)
def test_an_instance_behaves_as_the_standard_librarys(make, values, written):
    said = []
    for made in both(make):
        if written:
            assert inspect.isfunction(made.__init__)  # to ask is enough
        instance, again = made(**values), made(**values)
        said.append(
            (
                {f.name: getattr(instance, f.name) for f in dataclasses.fields(made)},
                repr(instance).partition(" at 0x")[0],
                instance == again,
                instance == instance,  # noqa: PLR0124  # which is the question
                instance == values,
                hash(instance) == hash(again),
                dataclasses.replace(instance, **values) == instance,
                copy.copy(instance) == instance,
                outcome(partial(setattr, instance, dataclasses.fields(made)[0].name, 9)),
                outcome(partial(delattr, instance, dataclasses.fields(made)[0].name)),
                outcome(partial(made, **values, other=1)),
                outcome(partial(made, 1, 2, 3, 4)),
                outcome(partial(made, 1, **values)),
                outcome(lambda made=made: repr(made()).partition(" at 0x")[0]),
            )
        )
    assert said[0] == said[1]


def test_a_name_that_is_no_field_is_not_assigned_either():
    with pytest.raises(FrozenInstanceError, match="cannot assign to field 'z'"):
        point(quick.dataclass)(x=1).z = 1


def test_factories_make_one_each():
    made = visit(quick.dataclass)
    assert made(day=1).marks is not made(day=1).marks


def test_hashes_are_those_of_the_standard_library():
    ours, theirs = both(point)
    assert hash(ours(x=1, y=2.5)) == hash(theirs(x=1, y=2.5))


@pytest.mark.parametrize(
    "value",
    [
        Tally(n_evaluable=3, n_dlts=1),
        ThreePlusThree(n_levels=3),
        Boin(n_levels=3, target=0.3, max_patients=9),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_the_program_makes_is_pickled_and_copied_whole(value):
    assert pickle.loads(pickle.dumps(value)) == value  # noqa: S301  # of our own making
    assert copy.deepcopy(value) == value


def test_one_that_can_change_or_is_ordered_is_the_standard_librarys():
    @quick.dataclass(slots=True, order=True)
    class Count:
        n: int

    count = Count(1)
    count.n = 3
    assert Count(2) < count


def test_methods_are_written_when_they_are_asked_for():
    made = point(quick.dataclass)
    of_ours = {"__init__", "__repr__", "__eq__", "__hash__"}

    def written() -> set[str]:
        return {name for name in of_ours if inspect.isfunction(vars(made)[name])}

    assert made(1).y == 0.5
    assert written() == set()
    assert made(1) == made(1)
    assert written() == {"__eq__"}
    assert {made(n).x for n in range(20)} == set(range(20))
    assert written() == {"__eq__", "__init__"}


def test_what_a_class_says_in_post_init_is_raised_as_it_is_and_once():
    asked = []

    @quick.dataclass(**FROZEN)
    class Strict:
        x: int

        def __post_init__(self) -> None:
            asked.append(self.x)
            raise TypeError("never")

    with pytest.raises(TypeError, match="never"):
        Strict(x=1)
    assert asked == [1]
