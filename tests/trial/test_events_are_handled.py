"""Every kind of event is read into the state and said in a sentence."""

from __future__ import annotations

import inspect
from typing import get_args

import pytest

from escalation.reports.trial import sentences
from escalation.trial import evolve
from escalation.trial.events import EVENTS, AnyEvent, Event


def test_every_event_that_is_written_is_among_the_kinds() -> None:
    assert set(get_args(AnyEvent)) == set(Event.__subclasses__())
    assert len(EVENTS) == len(get_args(AnyEvent)), "two kinds share a name and a version"


@pytest.mark.parametrize("event", get_args(AnyEvent), ids=lambda event: event.kind)
def test_a_kind_has_a_handler_and_a_sentence(event: type[Event]) -> None:
    assert event in evolve._HANDLERS
    assert f"case {event.__name__}():" in inspect.getsource(sentences._sentence)
