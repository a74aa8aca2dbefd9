"""Every kind of event is read into the state and said in a sentence."""

from __future__ import annotations

import inspect
import re
from typing import get_args

import pytest

from escalation.reports.trial import sentences
from escalation.trial.events import EVENTS, AnyEvent, Event
from escalation.trial.evolve import _HANDLERS


def test_every_event_that_is_written_is_among_the_kinds() -> None:
    written = {event.__name__ for event in Event.__subclasses__()}
    assert {event.__name__ for event in get_args(AnyEvent)} == written
    first = {(event.kind, event.version) for event in get_args(AnyEvent)}
    assert len(first) == len(get_args(AnyEvent)), "two kinds share a name and a version"
    assert first <= set(EVENTS)


@pytest.mark.parametrize("event", get_args(AnyEvent), ids=lambda event: event.kind)
def test_a_kind_has_a_handler_and_a_sentence(event: type[Event]) -> None:
    assert event in _HANDLERS
    assert re.search(rf"case .*\b{event.__name__}\(\)", inspect.getsource(sentences._sentence))
