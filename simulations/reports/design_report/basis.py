"""What a design report rests on: designs on one ladder, and figures that have been found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from escalation.protocol import Protocol
from escalation.reports.formats.text import table_parts
from escalation.reports.origin import describe_origin
from escalation.reports.view import Block, Figure, Gap, Heading, Paragraph, Table
from simulations.compare.result import Contender, ScenarioComparison
from simulations.engines.results import ScenarioResult
from simulations.questions.question import Question
from simulations.reports.worst_case import Searched

__all__ = ["Basis", "Compared", "Pictures", "fit", "part_of"]

_WIDTH = 125  # characters of a table on paper

Pictures = Callable[["Basis", str], Iterable[Figure]]
"""Draws the figures of a number, such as ``F1``; none where there is nothing to draw."""


def _none(basis: Basis, number: str) -> Iterable[Figure]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Compared:
    """Designs side by side.

    Attributes
    ----------
    contenders : sequence of Contender
    results : sequence of ScenarioComparison
    notes : str
        What the comparison rests on.
    """

    contenders: Sequence[Contender]
    results: Sequence[ScenarioComparison]
    notes: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Basis:
    """What a design report rests on.

    Attributes
    ----------
    question : Question
        The ladder, the scenarios and what else is assumed.
    designs : sequence of Contender
        What the report is about: one design, or all that are compared.
    target : float
        Target P(DLT) that figures are measured by.
    target_from : str
        Where it comes from, in words.
    results : sequence of ScenarioResult
        Of the one design; empty where several are compared.
    checked : sequence of ScenarioResult
        Exact and simulated ones that must agree; empty where there are none.
    compared : Compared or str
        Or why there is no comparison.
    searched : mapping of str to (Searched or str)
        The worst case of each design by its label, or why there is none.
    seed, trials : int
        As asked for.
    command : str
        The command line that makes the report again.
    pictures : callable
        See ``Pictures``; this room never draws.
    """

    question: Question
    designs: Sequence[Contender]
    target: float
    target_from: str
    results: Sequence[ScenarioResult] = ()
    checked: Sequence[ScenarioResult] = ()
    compared: Compared | str
    searched: Mapping[str, Searched | str]
    seed: int
    trials: int
    command: str
    pictures: Pictures = field(default=_none)

    @property
    def protocol(self) -> Protocol:
        """The protocol, or the ladder of the designs compared."""
        return self.question.protocol

    def protocols(self) -> Iterator[tuple[str, Protocol]]:
        """Yield each design's label, and the ladder under it; no label where there is one."""
        for one in self.designs:
            label = one.label if len(self.designs) > 1 else ""
            yield label, replace(self.protocol, design=one.design)


def part_of(page: Iterable[Block], protocol: Protocol, below: int = 3) -> Iterator[Block]:
    """Yield the blocks of a command's page as a part: headings below ``below``, no origin."""
    origin = describe_origin(protocol)
    for block in page:
        match block:
            case Gap():
                continue
            case Paragraph(text) if text.startswith(origin):
                if text != origin:  # what is left out of the part
                    yield Paragraph(text.removeprefix(origin).strip())
            case Heading(text):
                yield Heading(text, below + 1)
            case Table():
                yield from fit(block)
            case _:
                yield block


def fit(table: Table) -> Iterator[Table]:
    """Yield a table in parts that fit on paper."""
    return table_parts(replace(table, indent=""), _WIDTH)
