"""The packet: what a committee reads before it decides."""

from __future__ import annotations

from collections.abc import Iterator

from escalation.reports.documents import Document
from escalation.reports.packet.basis import Basis
from escalation.reports.packet.endpoints import (
    biomarker_blocks,
    kinetics_blocks,
    response_blocks,
)
from escalation.reports.packet.events import event_blocks, listed_blocks, syndrome_blocks
from escalation.reports.packet.levels import level_blocks
from escalation.reports.packet.meeting import meeting_blocks, question_blocks, say_cutoff
from escalation.reports.packet.narratives import narrative_blocks
from escalation.reports.packet.patients import patient_blocks
from escalation.reports.packet.record import change_blocks, quality_blocks
from escalation.reports.packet.rule import candidate_blocks, rule_blocks, stopping_blocks
from escalation.reports.packet.screening import flow_blocks, screening_blocks
from escalation.reports.packet.visits import visit_blocks
from escalation.reports.packet.votes import vote_blocks
from escalation.reports.view import Block, Heading

__all__ = ["write_packet"]

_PARTS = (
    ("Meeting", "meeting", (meeting_blocks,)),
    (
        "Levels and patients",
        "levels",
        (level_blocks, patient_blocks, flow_blocks, screening_blocks),
    ),
    ("Toxicity", "toxicity", (narrative_blocks, syndrome_blocks, event_blocks, listed_blocks)),
    ("Endpoints", "endpoints", (response_blocks, kinetics_blocks, biomarker_blocks)),
    ("Visits", "visits", (visit_blocks,)),
    ("The rule from here", "rule", (rule_blocks,)),
    ("The record", "record", (change_blocks, quality_blocks)),
    ("Stopping rules and candidates", "stopping", (stopping_blocks, candidate_blocks)),
    ("Votes and sign-off", "votes", (vote_blocks,)),
)


def write_packet(basis: Basis) -> Document:
    """Return the packet as a document.

    Raises
    ------
    NoProtocolError
        For a trial without a protocol that can be read.
    """
    return Document(
        title=f"Safety committee packet, trial {basis.trial}",
        origin=f"Trial {basis.trial}, packet of {basis.on}, data up to entry {basis.last.seq}",
        at=basis.last.at,
        blocks=list(_blocks(basis)),
        facts={
            "trial": basis.trial,
            "on": str(basis.on),
            "cutoff": say_cutoff(basis, basis.last),
        },
    )


def _blocks(basis: Basis) -> Iterator[Block]:
    yield Heading(f"Safety committee packet: trial {basis.trial}", 2)
    yield from question_blocks(basis)
    for heading, name, sections in _PARTS:
        blocks = [block for section in sections for block in section(basis)]
        if blocks:  # a trial need not have endpoints
            yield Heading(heading, name=name)
        yield from blocks
