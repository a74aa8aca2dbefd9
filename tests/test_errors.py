"""Errors keep their message and their data on the way from another process."""

import pickle

import pytest

from escalation.designs.replay import DepartureError
from escalation.designs.walk import TooManyStatesError
from escalation.errors import (
    DesignError,
    EscalationError,
    LadderError,
    NotationError,
    ProtocolError,
    did_you_mean,
)
from simulations.scenarios.arguments import CurveError
from simulations.scenarios.scenario import ScenarioFileError


@pytest.mark.parametrize(
    "error",
    [
        DesignError("no"),
        NotationError("1NNZ", 3, "wrong"),
        LadderError(7, (1, 2)),
        ProtocolError("file", ["a: b", "c: d"]),
        ScenarioFileError("file", ["a: b"]),
        CurveError(["a", "b"]),
        TooManyStatesError(5, 10),
        DepartureError([]),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_survives_pickling(error: EscalationError) -> None:
    again = pickle.loads(pickle.dumps(error))  # noqa: S301  # of our own making
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert again.__dict__ == error.__dict__


def test_of_very_many_known_names_the_nearest_is_said_or_the_last_are_listed():
    names = [f"S-{number:04}" for number in range(1, 2001)]
    assert did_you_mean("s-0042", names) == "did you mean S-0042? There are 1999 others"
    said = did_you_mean("nobody", names)
    assert said.startswith("known: S-1901, ")
    assert said.endswith("S-2000, and 1900 others before")
    assert len(said) < 1000
