"""Designs, decisions and what else is handed about are values, whose parts are given by name."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields
from inspect import isabstract

import pytest

from escalation.designs import DESIGNS, Action, Clause, Decision, Design
from escalation.designs.crm.fit import CrmFit
from escalation.designs.crm.grid import Grid
from escalation.designs.crm.model import CrmModel
from escalation.designs.crm.options import CrmOptions
from escalation.designs.declared import Option
from escalation.designs.interval.options import IntervalOptions
from escalation.designs.replay import Departure, Expansion, Replay
from escalation.designs.walk import Walk
from escalation.outcomes import Tally

NAMED = [
    *DESIGNS.values(),
    *(IntervalOptions, CrmOptions, CrmModel, CrmFit, Grid),
    *(Decision, Option, Departure, Expansion, Replay, Walk),
]


@pytest.mark.parametrize("kind", NAMED)
def test_every_part_is_given_by_name(kind):
    made = [field for field in fields(kind) if field.init]
    assert made
    assert all(field.kw_only for field in made)


@pytest.mark.parametrize("kind", [*(each for each in NAMED if not isabstract(each)), Clause])
def test_no_part_can_be_changed(kind):
    """Nor can it be taken away, whatever it holds."""
    value = object.__new__(kind)
    name = fields(kind)[0].name
    with pytest.raises(FrozenInstanceError):
        setattr(value, name, 1)
    with pytest.raises(FrozenInstanceError):
        delattr(value, name)


def test_what_is_equal_and_what_is_itself():
    stop = Decision(action=Action.STOP, clause=Clause("a", "A."))
    assert stop == Decision(action=Action.STOP, clause=Clause("a", "A."))
    assert hash(stop) == hash(Decision(action=Action.STOP, clause=Clause("a", "A.")))
    assert Walk.__eq__ is object.__eq__  # its lists are long
    for name, design in DESIGNS.items():
        assert issubclass(design, Design)
        assert design.name == name


def test_equal_designs_are_one_key():
    made = [DESIGNS["boin"](n_levels=3, target=0.3, max_patients=30) for _ in range(2)]
    assert len(set(made)) == 1
    made = [DESIGNS["crm"](n_levels=3, target=0.3, max_patients=30) for _ in range(2)]
    made[0].decide([Tally()] * 3, 0)
    assert len(set(made)) == 1
    made = [DESIGNS["3+3"](n_levels=3), DESIGNS["3+3"](n_levels=3, variant="confirm")]
    assert len(set(made)) == 1
    assert repr(made[0]).startswith("ThreePlusThree(n_levels=3, start=0, below='expand', top=")
    for private in ("_clauses", "_statuses", "_fits", "curve", "doses"):
        assert private not in repr(made)
