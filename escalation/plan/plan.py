"""A plan and its tables, each a dataclass that says its own limits."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Literal

from escalation.dataclass import dataclass
from escalation.errors import EscalationError
from escalation.plain import NotPlainError, read_plain, write_plain

__all__ = [
    "Biomarker",
    "Criterion",
    "Disease",
    "Kinetics",
    "Plan",
    "PlanError",
    "PlannedTest",
    "Response",
    "Visit",
]


class PlanError(EscalationError):
    """A document that makes no plan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedTest:
    """Something that is measured, assessed or asked.

    Attributes
    ----------
    name : str
        By which criteria, visits and findings call it, such as ``haemoglobin``.
    label : str
        As people read it.
    kind : str
        A number with its unit, one of several choices, or yes or no.
    unit : str or None
        Of a number: what the plan states limits in, and what others are converted to.
    substance : str or None
        What the table of conversions knows it as, such as ``creatinine``; None where no unit but
        the plan's own is taken.
    choices : tuple of str
        Of a choice.
    least, greatest : float or None
        A number beyond them, in the plan's unit, is impossible.
    domain : str
        Where an export puts it: laboratory, vital signs, concentrations or responses.
    code : str or None
        Short name for exports: at most 8 capitals and digits.
    specimen : str or None
    """

    name: str
    label: str
    kind: Literal["number", "choice", "yes/no"] = "number"
    unit: str | None = None
    substance: str | None = None
    choices: tuple[str, ...] = ()
    least: float | None = None
    greatest: float | None = None
    calculated: Literal["cockcroft-gault"] | None = None
    domain: Literal["LB", "VS", "PC", "RS", "QS"] = "LB"
    code: str | None = None
    specimen: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Disease:
    """A condition under which patients enter, and which of the criteria are its own."""

    name: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """A criterion of eligibility: a comparison, a question, or others joined by and, or.

    One with none of ``test``, ``all_of`` and ``any_of`` is a question, answered yes or no under its
    own ``id``, with the day and who says so. An exclusion that holds excludes.

    Attributes
    ----------
    id : str
        As the source numbers it, such as ``I2.1``.
    kind : str
        ``part`` is asked only as a part of another one.
    diseases : tuple of str
        Of whom it is asked; empty: of everybody.
    sex : str or None
        Of whom it is asked.
    only_if : str or None
        A criterion or a test of yes and no: where it does not hold, this is not asked.
    test, comparator, limit, upper
        The result and what it has to be; ``between`` takes both, and both are included.
    times : str or None
        The limit is so many times the laboratory's upper or lower limit of normal.
    answers : tuple of str
        Of a test of choices: those that meet it.
    consecutive : int
        How many results in a row have to meet it.
    within_days : int or None
        How old a result may be on the day of enrolment.
    all_of, any_of : tuple of str
        Ids of parts. ``at_least`` is how many of ``any_of``.
    waiver : str or None
        In whose words an exception is permitted; None where none is.
    flags : tuple of str
        Gaps and contradictions of the source that bite here: said, never mended.
    """

    id: str
    kind: Literal["inclusion", "exclusion", "part"]
    text: str
    diseases: tuple[str, ...] = ()
    sex: Literal["female", "male"] | None = None
    only_if: str | None = None
    test: str | None = None
    comparator: Literal[">=", ">", "<=", "<", "between"] | None = None
    limit: float | None = None
    upper: float | None = None
    times: Literal["ULN", "LLN"] | None = None
    answers: tuple[str, ...] = ()
    consecutive: int = 1
    within_days: int | None = None
    all_of: tuple[str, ...] = ()
    any_of: tuple[str, ...] = ()
    at_least: int = 1
    waiver: str | None = None
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A visit: so many days after the infusion, give or take its window, and what is due then."""

    name: str
    label: str
    day: int
    before: int = 0
    after: int = 0
    tests: tuple[str, ...] = ()
    optional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What response is assessed by, when, and how it is counted."""

    test: str
    visits: tuple[str, ...]
    responders: tuple[str, ...] = ("CR", "PR")
    confidence: float = 0.95
    not_assessed: Literal["counted", "left out"] = "counted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kinetics:
    """Which concentration is followed, and by what rules it is summarised."""

    test: str
    rule: Literal["log", "linear"] = "log"
    below: Literal["standard", "ends", "zero", "half", "missing"] = "standard"
    until_day: float = 28


@dataclass(frozen=True, slots=True, kw_only=True)
class Biomarker:
    """A test whose change from baseline is followed, or how long it takes to come back.

    It is back at ``threshold``, in the plan's unit, or at ``share`` of its baseline. ``below`` is
    the value of results below the limit of quantification.
    """

    test: str
    threshold: float | None = None
    share: float | None = None
    below: Literal["half", "zero", "missing"] = "half"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a trial does beside escalating, as a file says it and a trial adopts it.

    Attributes
    ----------
    schema : int
        Of the file: 1.
    name, title : str
    source : str or None
        Where it is taken from.
    creatinine_clearance : str or None
        Cockcroft-Gault by 88.4 umol/L a mg/dL, or with the factors rounded to 1.04 and 1.23.
    notes : tuple of str
        Gaps and contradictions of the source as a whole.
    """

    schema: int = 1
    name: str
    title: str | None = None
    source: str | None = None
    creatinine_clearance: Literal["88.4", "1.04/1.23"] = "88.4"
    notes: tuple[str, ...] = ()
    tests: tuple[PlannedTest, ...] = ()
    diseases: tuple[Disease, ...] = ()
    criteria: tuple[Criterion, ...] = ()
    visits: tuple[Visit, ...] = ()
    response: Response | None = None
    kinetics: Kinetics | None = None
    biomarkers: tuple[Biomarker, ...] = ()

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Plan:
        """Read a sound document; a file that people write is read by ``load_plan``.

        Raises
        ------
        PlanError
        """
        try:
            return read_plain(cls, json.dumps(document, allow_nan=False))
        except (NotPlainError, TypeError, ValueError) as error:
            raise PlanError(f"the plan cannot be read: {error}") from error

    @property
    def document(self) -> dict[str, Any]:
        """The plan as JSON types, which ``from_document`` reads back."""
        written: dict[str, Any] = write_plain(self)
        return written

    @property
    def digest(self) -> str:
        """SHA-256 of what it says, as canonical JSON."""
        text = json.dumps(self.document, sort_keys=True, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(text.encode("ascii")).hexdigest()

    def find_test(self, name: str) -> PlannedTest | None:
        """Return a test by its name."""
        return next((test for test in self.tests if test.name == name), None)

    def find_criterion(self, name: str) -> Criterion | None:
        """Return a criterion by its id."""
        return next((criterion for criterion in self.criteria if criterion.id == name), None)

    def find_visit(self, name: str) -> Visit | None:
        """Return a visit by its name."""
        return next((visit for visit in self.visits if visit.name == name), None)
