"""A trial as the datasets see it: whom they are about, and what they call study and arm."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from escalation.dataclass import dataclass
from escalation.exports.dataset import Value
from escalation.exports.iso8601 import study_day
from escalation.labels import Label
from escalation.plan import Visit
from escalation.protocol import Protocol
from escalation.protocol.units import find_unit
from escalation.trial.adverse_events.listing import ListedEvent, list_events
from escalation.trial.chart import Chart
from escalation.trial.events import ScreeningFailed
from escalation.trial.patients.subjects import Subject
from escalation.trial.state import TrialState
from escalation.trial.visits.ending import Ending, find_death, find_ending

__all__ = ["Person", "Row", "Study", "iso", "numbered"]

Row = dict[str, Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who was screened or enrolled.

    Attributes
    ----------
    id, unique : str
        In the study, and of all studies.
    subject : Subject or None
        None for somebody who was never enrolled.
    chart : Chart
    failed : ScreeningFailed or None
    ending, death : Ending or None
        How the part in the study ended, and of whoever died the death.
    events : tuple of ListedEvent
    """

    id: str
    unique: str
    subject: Subject | None
    chart: Chart
    failed: ScreeningFailed | None
    ending: Ending | None
    death: Ending | None
    events: tuple[ListedEvent, ...]

    @property
    def first_dose(self) -> date | None:
        """The day of the first infusion, from which study days count."""
        return None if self.subject is None else self.subject.dosed_on

    @property
    def last_dose(self) -> date | None:
        """The day of the last infusion."""
        if self.subject is None:
            return None
        return max((fact.event.on for fact in self.subject.infusions), default=None)

    @property
    def died_on(self) -> date | None:
        """The day of death."""
        return None if self.death is None else self.death.on

    @property
    def ended_on(self) -> date | None:
        """The day on which the part in the study ended; None while it goes on."""
        if self.ending is not None:
            return self.ending.on
        return None if self.failed is None else self.failed.on

    @property
    def site(self) -> str | None:
        """The site that has them in care, or had them at screening."""
        if self.subject is not None and self.subject.sites:
            return self.subject.sites[-1][1]
        if self.failed is not None and self.failed.site is not None:
            return self.failed.site
        screening = self.chart.screening
        return None if screening is None else screening.event.site

    def study_day(self, on: date | None) -> int | None:
        """Return the study day of a day in the calendar."""
        return study_day(on, self.first_dose)


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """A trial's state with what all datasets ask of it.

    Attributes
    ----------
    id : str
        The registry's identifier, or the trial's in the ledger.
    state : TrialState
    protocol : Protocol or None
    people : tuple of Person
        Enrolled as enrolled, then those who were only screened, as screened.
    """

    id: str
    state: TrialState
    protocol: Protocol | None
    people: tuple[Person, ...]

    @classmethod
    def of(cls, state: TrialState, trial: str) -> Study:
        """Return a study as it stands."""
        protocol = state.protocol
        registered = None if protocol is None else protocol.trial.registry_id
        study = registered or trial
        events: dict[str, list[ListedEvent]] = {}
        for event in list_events(state):
            events.setdefault(event.subject, []).append(event)
        failures = {name: event for name, (_, event) in state.screening_failures.items()}
        others = [name for name in (*state.charts, *failures) if name not in state.subjects]
        people = tuple(
            Person(
                id=name,
                unique=f"{study}-{name}",
                subject=state.subjects.get(name),
                chart=state.chart(name),
                failed=failures.get(name),
                ending=find_ending(state, name),
                death=find_death(state, name),
                events=tuple(events.get(name, ())),
            )
            for name in dict.fromkeys([*state.subjects, *others])
        )
        return cls(id=study, state=state, protocol=protocol, people=people)

    def row(self, name: str, person: Person | None = None) -> Row:
        """Return what every row of a domain begins with."""
        begun: Row = {"STUDYID": self.id, "DOMAIN": name}
        return begun if person is None else begun | {"USUBJID": person.unique}

    @property
    def unit(self) -> str | None:
        """What an infused amount is of: the protocol's unit without ``/kg`` or ``/m2``."""
        unit = find_unit(None if self.protocol is None else self.protocol.unit)
        return None if unit is None else unit.amount

    @property
    def treatment(self) -> str | None:
        """What is given, as the protocol says it."""
        return None if self.protocol is None else self.protocol.trial.product

    def arm_code(self, label: Label) -> str:
        """Return the code of a dose level as an arm."""
        return f"LEVEL {label}"

    def arm(self, label: Label) -> str:
        """Return the description of a dose level as an arm, by the last protocol that has it."""
        befores = [made.before for made in reversed(self.state.amendments)]
        for protocol in (self.protocol, *befores):
            if protocol is not None and label in protocol.labels:
                said = protocol.describe_level(protocol.place_of(label))
                return said[0].upper() + said[1:]
        return f"Level {label}"

    def visit(self, name: str | None) -> Row:
        """Return the variables of a visit of the plan; none for what is of no visit."""
        plan = self.state.plan
        visit = None if name is None or plan is None else plan.find_visit(name)
        if visit is None or plan is None:
            return {"VISIT": name}
        number = plan.visits.index(visit) + 1
        return {"VISITNUM": number, "VISIT": visit.label, "VISITDY": _planned_day(visit)}


def _planned_day(visit: Visit) -> int:
    return visit.day + 1 if visit.day >= 0 else visit.day


def iso(on: date | None) -> str | None:
    """Write a day."""
    return None if on is None else on.isoformat()


def numbered(prefix: str, rows: Iterable[Row]) -> Iterator[Row]:
    """Yield a subject's rows with their sequence numbers, after what every row begins with."""
    for number, row in enumerate(rows, start=1):
        yield row | {f"{prefix}SEQ": number}
