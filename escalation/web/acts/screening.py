"""Who may enter: somebody is screened, the criteria are answered, and waived where that may be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from functools import partial
from typing import ClassVar, NamedTuple

from escalation.plan import Criterion, Plan
from escalation.reports.trial.choices import list_waivable, say_known, say_standing
from escalation.tracker import Command
from escalation.trial import TrialState, record_findings, screen_subject, waive_criteria
from escalation.trial.events import Sex
from escalation.trial.people.rights import subject_id_fault
from escalation.web.acts.base import Act, Answers, Folded
from escalation.web.acts.fields import (
    choice,
    chosen,
    chosen_boxes,
    day,
    line,
    offer,
    paragraph,
    show,
)
from escalation.web.acts.patients import offer_sites, subject_id
from escalation.web.acts.planning import OfPerson, OfPlan
from escalation.web.acts.rows import Asked, Heading, Rows, capitalised, made_with

__all__ = ["AnswerCriteria", "Screen", "Waive"]

SOURCES = {"cockcroft-gault": ("age", "weight", "creatinine")}  # what is calculated, from what
_BY = line(
    "Who says so",
    "If somebody else than you; a row can name yet another.",
    maxlength="100",
)


class Screen(OfPlan):
    """Somebody begins to be screened."""

    name = "screen"
    title = "Screen somebody"
    lead = "Who it is, as far as criteria ask for it. The criteria themselves are answered next."
    leads_to = "criteria"
    answers: ClassVar[Answers] = {
        "The id of a subject": "subject",
        "no disease": "disease",
        "Born": "born",
        "The consent": "consented",
        "No site": "site",
    }

    subject = subject_id("Person")
    disease = chosen("Disease")
    sex = choice("Sex", choices=[(str(sex), str(sex)) for sex in Sex])
    born = line(
        "Year or month of birth",
        "Such as 1975 or 1975-03; no day, which could identify a person.",
        inputmode="numeric",
        maxlength="10",
    )
    consented = day("Day of the informed consent")
    site = chosen("Site")
    on = day("Day", "On which the screening began; today at the site, if left empty.")

    def fill(self, state: TrialState) -> None:
        """Offer the diseases of the plan, and the sites."""
        diseases = () if state.plan is None else state.plan.diseases
        if diseases:
            offer(self.disease, [("", "choose"), *((one.name, one.label) for one in diseases)])
        else:
            del self.disease
        offer_sites(self, state)

    def prefill(self, state: TrialState) -> None:
        """Fill in what was said of somebody who is screened again."""
        last = state.chart(self.subject.data or "").screening
        if last is not None:
            for name in ("disease", "sex", "born", "site"):
                if name in self:
                    show(self[name], getattr(last.event, name))

    def command(self, state: TrialState) -> Command:
        """Ask for the screening."""
        return partial(
            screen_subject,
            subject=self.subject.data or "",
            disease=self.disease.data if "disease" in self else None,
            sex=None if self.sex.data is None else Sex(self.sex.data),
            born=self.born.data,
            consented=self.consented.data,
            site=self.site.data if "site" in self else None,
        )

    def whom(self) -> tuple[str | None, str | None]:
        """Return the site."""
        return None, self.site.data if "site" in self else None


class InScreening(OfPerson):
    """An act about somebody who is screened."""

    def can_be(self, state: TrialState, subject: str) -> bool:
        """Tell whether somebody is or was screened."""
        return not subject_id_fault(subject) and state.chart(subject).screening is not None

    def rests_on(self, state: TrialState) -> int:
        """Return the entry of the plan or of the screening, of which the criteria are."""
        screening = state.chart(self.person).screening
        return max(super().rests_on(state), 0 if screening is None else screening.seq)

    def whom(self) -> tuple[str | None, str | None]:
        """Return the person, and the site of the screening."""
        return self.person, None


class AnswerCriteria(Rows, InScreening):
    """The plan's criteria are answered, as far as they can be."""

    name = "criteria"
    title = "Answer criteria"
    lead = (
        "A row each; leave those for later that nobody can answer yet. Numbers are recorded as "
        "the laboratory reports them."
    )
    leads_to = "criteria"
    rare: ClassVar[Folded] = {"A result takes the place of an earlier one": ("reason",)}
    answers: ClassVar[Answers] = {"give the reason why": "reason"}
    order = ("by",)

    by = _BY
    reason = line("Reason", "Why the earlier one does not stand.")
    on = day("Day", "Of the samples and answers, where a row says no other; today if left empty.")

    @classmethod
    def made_for(cls, state: TrialState, on: date, given: Mapping[str, str]) -> type[Act]:
        """Return the form with the criteria that are asked of whom it is about."""
        screening = state.chart(given.get("subject", "")).screening
        plan = state.plan
        if plan is None or screening is None:
            return cls
        disease, sex = screening.event.disease, screening.event.sex
        subject = screening.event.subject
        known, stands = say_known(state, subject), say_standing(state, subject, on)

        def shown() -> Iterator[Asked]:
            for one in asked_of(plan, disease, sex):
                said = known.get(one.name)
                stand = stands.get(one.criterion, "")
                yield one if said is None else replace(one, known=f"{said}{stand}.")

        return made_with(cls, shown())

    def command(self, state: TrialState) -> Command:
        """Ask for the answers to be recorded."""
        return partial(
            record_findings,
            subject=self.person,
            findings=tuple(self.told(self.by.data)),
            reason=self.reason.data,
        )


class Waive(InScreening):
    """Criteria are waived, where the plan permits it."""

    name = "waive"
    title = "Waive criteria"
    lead = "Only those from which the plan permits an exception. It always stays visible."
    asked = "Whose criteria?"
    answers: ClassVar[Answers] = {"The reason": "reason"}

    criteria = chosen_boxes("Criteria")
    reason = paragraph("Reason", required=True)
    on = day("Day", "Today, if left empty.")

    @classmethod
    def made_for(cls, state: TrialState, on: date, given: Mapping[str, str]) -> type[Act]:
        """Return the form with the criteria that can be waived."""
        offered = chosen_boxes(
            "Criteria", choices=list_waivable(state, given.get("subject", ""), on)
        )
        return type(cls.__name__, (cls,), {"criteria": offered, "__doc__": cls.__doc__})

    def notes(self, state: TrialState, on: date) -> Iterator[str]:
        """Yield that there is nothing to waive."""
        if not list(self.criteria.iter_choices()):
            yield "There is nothing to waive from which the plan permits an exception."

    def command(self, state: TrialState) -> Command:
        """Ask for the waiver."""
        return partial(
            waive_criteria,
            subject=self.person,
            criteria=tuple(self.criteria.data or ()),
            reason=self.reason.data or "",
        )


# ---------------------------------------------------------------- the rows of the criteria


def asked_of(plan: Plan, disease: str | None, sex: Sex | None) -> Iterator[Asked]:
    """Yield what is asked of somebody, each test once."""
    label = next((one.label for one in plan.diseases if one.name == disease), disease or "")
    seen: set[str] = set()
    for criterion in plan.criteria:
        if criterion.kind == "part" or not _Of(disease, sex, []).concerns(criterion):
            continue
        section = "Exclusion: any one of these excludes"
        if criterion.kind == "inclusion":
            section = f"Inclusion, {label}" if criterion.diseases else "Inclusion, common"
        above: list[Heading] = []
        for one in _rows(plan, criterion, _Of(disease, sex, above)):
            if one.name not in seen:
                seen.add(one.name)
                yield replace(one, section=section, above=tuple(above))
                above.clear()


class _Of(NamedTuple):
    """Of whom it is asked, and what is still to be said before the next row."""

    disease: str | None
    sex: Sex | None
    above: list[Heading]
    depth: int = 0

    def concerns(self, criterion: Criterion) -> bool:
        if criterion.diseases and self.disease not in criterion.diseases:
            return False
        return criterion.sex is None or self.sex in (None, Sex.UNKNOWN, criterion.sex)


def _rows(plan: Plan, criterion: Criterion, of: _Of) -> Iterator[Asked]:
    """Yield the rows of a criterion: of what it goes by, and of its parts."""
    said = f"{criterion.id} {criterion.text}"
    if criterion.only_if is not None:
        yield from _named(plan, criterion.only_if, of)
    parts = (*criterion.all_of, *criterion.any_of)
    if parts:
        how = "all of these" if criterion.all_of else f"at least {criterion.at_least} of these"
        of.above.append((f"{said.rstrip('.')}: {how}", criterion.flags))
        for name in parts:
            yield from _named(plan, name, of._replace(depth=of.depth + 1))
        return
    test = plan.find_test(criterion.test or "")
    if test is not None and test.calculated is not None:
        for name in SOURCES[test.calculated]:
            yield from _named(plan, name, of)
    front = {"ULN": ("upper",), "LLN": ("lower",)}.get(criterion.times or "", ())
    name = criterion.id if test is None else test.name
    yield Asked(
        name=name,
        text=said,
        test=test,
        criterion=criterion.id,
        depth=of.depth,
        front=front,
        flags=criterion.flags,
    )


def _named(plan: Plan, name: str, of: _Of) -> Iterator[Asked]:
    """Yield the rows of a criterion or a test, by its name."""
    criterion, test = plan.find_criterion(name), plan.find_test(name)
    if criterion is not None and of.concerns(criterion):
        yield from _rows(plan, criterion, of)
    elif test is not None:
        yield Asked(name=name, text=capitalised(test.label), test=test, depth=of.depth)
