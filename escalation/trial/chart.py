"""What is recorded of a person beside the escalation, as corrected: screening, results, visits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field, replace
from typing import Any, TypeAlias

from escalation.dataclass import dataclass
from escalation.trial.events import (
    EligibilityWaived,
    FindingsRecorded,
    SubjectLeft,
    SubjectScreened,
    VisitRecorded,
)
from escalation.trial.patients.subjects import Fact

__all__ = ["Chart", "ChartEvent", "put_in_chart"]

ChartEvent: TypeAlias = (
    SubjectScreened | FindingsRecorded | EligibilityWaived | VisitRecorded | SubjectLeft
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Entries about one person, each kind in the order of recording.

    Somebody can have a chart who was never enrolled, and be enrolled without one. What follows from
    it is found once, and kept in ``judged``: a chart with one more entry is another one.
    """

    subject: str
    screenings: tuple[Fact[SubjectScreened], ...] = ()
    findings: tuple[Fact[FindingsRecorded], ...] = ()
    waivers: tuple[Fact[EligibilityWaived], ...] = ()
    visits: tuple[Fact[VisitRecorded], ...] = ()
    leavings: tuple[Fact[SubjectLeft], ...] = ()
    judged: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def screening(self) -> Fact[SubjectScreened] | None:
        """The one that counts: the last."""
        return self.screenings[-1] if self.screenings else None

    @property
    def left(self) -> Fact[SubjectLeft] | None:
        """How the person's part ended, as last said; None where they were screened again since."""
        since = 0 if self.screening is None else self.screening.seq
        return self.leavings[-1] if self.leavings and self.leavings[-1].seq > since else None

    def during(self, screening: Fact[SubjectScreened]) -> Chart:
        """Return the chart of one screening: what was recorded in it, until the next."""
        until = min((one.seq for one in self.screenings if one.seq > screening.seq), default=None)

        def is_in(fact: Fact[Any]) -> bool:
            return fact.seq > screening.seq and (until is None or fact.seq < until)

        return Chart(
            subject=self.subject,
            screenings=(screening,),
            findings=tuple(filter(is_in, self.findings)),
            waivers=tuple(filter(is_in, self.waivers)),
            visits=tuple(filter(is_in, self.visits)),
        )

    def facts(self) -> Iterator[Fact[Any]]:
        """Yield every entry of the chart, kind by kind."""
        for name in _KEPT_IN.values():
            yield from getattr(self, name)

    def with_fact(self, fact: Fact[Any]) -> Chart:
        """Return the chart with one more entry, or with what one says since it was corrected."""
        name = _KEPT_IN[type(fact.event)]
        kept: tuple[Fact[Any], ...] = getattr(self, name)
        if any(old.seq == fact.seq for old in kept):
            kept = tuple(fact if old.seq == fact.seq else old for old in kept)
        else:
            kept = (*kept, fact)
        changed: Any = {name: kept}
        return replace(self, **changed)

    def without(self, seq: int) -> Chart:
        """Return the chart without an entry that was withdrawn."""
        kept: dict[str, Any] = {
            name: tuple(fact for fact in getattr(self, name) if fact.seq != seq)
            for name in _KEPT_IN.values()
        }
        return replace(self, **kept)


_KEPT_IN: dict[type[ChartEvent], str] = {
    SubjectScreened: "screenings",
    FindingsRecorded: "findings",
    EligibilityWaived: "waivers",
    VisitRecorded: "visits",
    SubjectLeft: "leavings",
}


def put_in_chart(charts: dict[str, Chart], subject: str, fact: Fact[Any]) -> None:
    """Add an entry to somebody's chart, which begins with the first."""
    charts[subject] = charts.get(subject, Chart(subject=subject)).with_fact(fact)
