"""Endpoints in the packet: where there are such data, and the same as on the command line."""

from __future__ import annotations

from datetime import date

import pytest

from escalation.figures.packet import draw_packet
from escalation.reports.packet import Basis
from escalation.reports.packet.endpoints import biomarker_blocks, kinetics_blocks, response_blocks
from escalation.reports.view import Figure, Table
from escalation.trial import TrialState
from tests.endpoints.test_views import played
from tests.endpoints.trials import followed

SECTIONS = (response_blocks, kinetics_blocks, biomarker_blocks)


def basis(state: TrialState, **more) -> Basis:
    return Basis(state=state, entries=(), trial="TJ", on=date(2027, 1, 1), **more)


def test_the_packet_has_the_tables_of_the_command_line() -> None:
    shown = [block for section in SECTIONS for block in section(basis(played()))]
    captions = [block.caption for block in shown if isinstance(block, Table)]
    assert [caption.split()[0].rstrip(",") for caption in captions] == [
        *("T14", "T14", "T15", "T15", "T16", "T16", "T16")
    ]
    kinetics = next(b for b in shown if isinstance(b, Table) and b.caption.startswith("T15,"))
    assert kinetics.rows[1] == [
        *("S1", "1", "1000", "0", "28", "9392", "9392", "7", "0"),
    ]


@pytest.mark.parametrize("state", [followed("1N", None), followed("1N")])
def test_a_trial_without_such_data_has_no_such_section(state: TrialState) -> None:
    assert [block for section in SECTIONS for block in section(basis(state))] == []


@pytest.mark.slow
def test_the_pictures_stand_behind_their_tables() -> None:
    shown = basis(played(), pictures=draw_packet)
    figures = [b for section in SECTIONS for b in section(shown) if isinstance(b, Figure)]
    assert [figure.caption.split()[0] for figure in figures] == ["F9", "F10", "F11", "F11"]
    assert figures[1].draw("png").startswith(b"\x89PNG")
