"""The library's own functions: a protocol and outcomes in, a result that shows itself out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from escalation.dataclass import dataclass
from escalation.designs import DESIGNS, Design
from escalation.designs.base import Decision
from escalation.errors import InputError
from escalation.outcomes import Cohort, format_outcomes, parse_outcomes
from escalation.protocol import (
    DEFAULT_PROTOCOL,
    Advice,
    DoseLevel,
    Protocol,
    advise,
    load_protocol,
)
from escalation.reports.decision import view_decision
from escalation.reports.decisions import Decided, sentence_of, view_decisions
from escalation.reports.shown import Shown
from escalation.reports.view import View

__all__ = [
    "Decisions",
    "DoseDecision",
    "ProtocolLike",
    "cohorts_of",
    "decide",
    "decisions",
    "protocol_of",
]

ProtocolLike = Protocol | Design | str | Path


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class DoseDecision(Shown):
    """What a protocol says after the outcomes so far.

    Attributes
    ----------
    protocol : Protocol
    cohorts : tuple of Cohort
        The outcomes so far.
    advice : Advice
        The decision, and the tallies and departures that it rests on.
    """

    protocol: Protocol
    cohorts: tuple[Cohort, ...]
    advice: Advice

    @property
    def decision(self) -> Decision:
        """Action, level, patients to enrol, MTD, and the clause that says so."""
        return self.advice.decision

    @property
    def sentence(self) -> str:
        """The decision in one sentence."""
        return sentence_of(self.protocol, self.advice)

    @property
    def because(self) -> str:
        """The sentence of the protocol that the decision rests on."""
        return self.decision.clause.text

    def view(self) -> View:
        """Return the view, as of ``escalation decide``."""
        return view_decision(self.protocol, self.cohorts, self.advice)

    def __repr__(self) -> str:
        after = format_outcomes(self.cohorts) or "before the first patient"
        return f"<{after}: {self.sentence}>"


class Decisions(Shown, Sequence[DoseDecision]):
    """Decisions after several histories, or of several protocols, in the order asked.

    Attributes
    ----------
    found : tuple of (str, DoseDecision)
        Each with the name of its protocol.
    """

    __slots__ = ("found",)

    def __init__(self, found: Sequence[tuple[str, DoseDecision]]) -> None:
        self.found = tuple(found)

    def view(self) -> View:
        """Return the view: a row a history, and with several protocols a column each."""
        decided: list[tuple[str, Decided]] = [
            (name, (one.protocol, one.cohorts, one.advice)) for name, one in self.found
        ]
        return view_decisions(decided)

    def __getitem__(self, place):  # type: ignore[no-untyped-def]  # an index or a slice
        found = [one for _, one in self.found]
        return found[place]

    def __len__(self) -> int:
        return len(self.found)

    def __iter__(self) -> Iterator[DoseDecision]:
        return (one for _, one in self.found)

    def __repr__(self) -> str:
        names = ", ".join(dict.fromkeys(name for name, _ in self.found))
        return f"<{len(self.found)} decisions: {names}>"


def decide(
    outcomes: str | Sequence[Cohort] = "",
    protocol: ProtocolLike = DEFAULT_PROTOCOL,
    *,
    allow_departures: bool = False,
    window_days: int | None = None,
) -> DoseDecision:
    """Say what to do next under a protocol, and which of its sentences says so.

    Parameters
    ----------
    outcomes : str or sequence of Cohort
        Outcomes so far, in notation: cohorts separated by spaces, a level label and then a letter
        a patient; N no DLT, T DLT, ? pending, X not evaluable. Empty before the first patient.
    protocol : Protocol, Design, str or Path
        A protocol; the name of a shipped one, by default the one that ``escalation decide``
        takes, or a file; or a design, on a plain ladder with the levels 1, 2 ...
    allow_departures : bool
        Decide also on a history that the protocol would not have produced.
    window_days : int, optional
        DLT window, for a design that asks how long pending patients have been followed
        (``"2NN?14"``); the protocol's unless given.

    Returns
    -------
    DoseDecision

    Raises
    ------
    NotationError, LadderError
        For outcomes that cannot be read on this protocol's ladder.
    DepartureError
        If the protocol would not have produced them and departures are not allowed.
    ProtocolError
        For a name or a file that is not a protocol.
    InputError
        For an argument that is something else.

    Examples
    --------
    >>> import escalation
    >>> found = escalation.decide("1NNN 2NNT")
    >>> found
    <1NNN 2NNT: Stay at level 2, 6E6 cells/kg: enrol 3 patients.>
    >>> found.decision.level, found.decision.n_to_enrol, found.decision.clause.id
    (2, 3, 'expand')
    >>> escalation.decide("1NNN 2NNT", escalation.Boin(n_levels=3, target=0.25, max_patients=18))
    <1NNN 2NNT: De-escalate to level 1: enrol 3 patients.>
    """
    plan = protocol_of(protocol)
    if window_days is not None:
        plan = plan.with_window(window_days)
    cohorts = cohorts_of(outcomes)
    advice = advise(plan, cohorts, allow_departures=allow_departures)
    return DoseDecision(protocol=plan, cohorts=cohorts, advice=advice)


def decisions(
    histories: Sequence[str | Sequence[Cohort]],
    protocol: ProtocolLike | Mapping[str, ProtocolLike] = DEFAULT_PROTOCOL,
    *,
    allow_departures: bool = False,
) -> Decisions:
    """Say what to do after each of several histories, under one protocol or several.

    Parameters
    ----------
    histories : sequence
        Each as the ``outcomes`` of ``decide``.
    protocol : Protocol, Design, str or Path; or mapping of str to these
        Several by the names they have in tables.
    allow_departures : bool
        As for ``decide``.

    Returns
    -------
    Decisions

    Raises
    ------
    InputError
        Where there is no history, or one text in place of several; else as ``decide``.

    Examples
    --------
    >>> import escalation
    >>> found = escalation.decisions(["1NNN", "1TTN"])
    >>> found
    <2 decisions: nct07123519>
    >>> [one.decision.action.value for one in found]
    ['escalate', 'deescalate']
    """
    if isinstance(histories, str) or not histories:
        raise InputError(
            f'several histories are needed, as ["1NNN", "1NNT"], not {histories!r}; for one there '
            "is decide"
        )
    plans = (
        {name: protocol_of(one) for name, one in protocol.items()}
        if isinstance(protocol, Mapping)
        else {(plan := protocol_of(protocol)).name: plan}
    )
    return Decisions([
        (name, decide(outcomes, plan, allow_departures=allow_departures))
        for outcomes in histories
        for name, plan in plans.items()
    ])  # fmt: skip


def protocol_of(given: object) -> Protocol:
    """Return the protocol that is meant by a protocol, its name or file, or a design.

    Raises
    ------
    InputError
        For anything else.
    ProtocolError
        For a name or a file that is not a protocol.
    """
    match given:
        case Protocol():
            return given
        case Design():
            levels = tuple(DoseLevel(label=label) for label in range(1, given.n_levels + 1))
            return Protocol(
                name=f"plain-{given.n_levels}", levels=levels, start=given.start, design=given
            )
        case str() if given in DESIGNS:
            made = DESIGNS[given].__name__
            raise InputError(
                f"the design {given} needs a ladder: give escalation.{made}(n_levels=...), or "
                f"escalation.load_protocol(...).with_design({given!r})"
            )
        case str() | Path():
            return load_protocol(str(given))
    raise InputError(
        "a protocol, its name or file, or a design is needed, such as 'nct07123519' or "
        f"escalation.ThreePlusThree(n_levels=4), not {_briefly(given)}"
    )


def cohorts_of(outcomes: object) -> tuple[Cohort, ...]:
    """Return the cohorts that are meant by outcome notation, or by cohorts.

    Raises
    ------
    NotationError
        For a text that cannot be read.
    InputError
        For anything else.
    """
    if isinstance(outcomes, str):
        return parse_outcomes(outcomes)
    if isinstance(outcomes, Sequence) and all(isinstance(one, Cohort) for one in outcomes):
        return tuple(outcomes)
    raise InputError(
        'outcomes are a text such as "1NNN 2NT?", or cohorts from parse_outcomes, not '
        f"{_briefly(outcomes)}"
    )


def _briefly(value: object) -> str:
    """Return the type of a value, and itself where it is short."""
    shown = repr(value)
    name = type(value).__name__
    return f"{name} {shown}" if len(shown) <= 40 else f"a {name}"
