"""The tables of a plan file, each a dataclass that says its own limits.

The metadata of a field goes to pydantic as it stands: limits and descriptions are said here only.
"""

from __future__ import annotations

from dataclasses import field
from typing import Any, Literal

from escalation.dataclass import dataclass
from escalation.protocol.tables import NAME

__all__ = [
    "CODE",
    "DEEPEST",
    "Biomarker",
    "Criterion",
    "Disease",
    "Kinetics",
    "PlannedTest",
    "Response",
    "Visit",
]

DEEPEST = 20  # parts of parts of a criterion, and so on
CODE = r"^[A-Z][A-Z0-9]{0,7}$"

_NAMES: dict[str, Any] = {"each": {"pattern": NAME}}
_FLAGS: dict[str, Any] = {
    "description": "Gaps and contradictions of the source that bite here, and what is taken "
    "instead: shown beside it, never mended.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedTest:
    """Something that is measured, assessed or asked."""

    name: str = field(
        metadata={
            "description": "By which criteria, visits and results call it, such as haemoglobin.",
            "pattern": NAME,
        }
    )
    label: str = field(metadata={"description": "As people read it, within a sentence."})
    kind: Literal["number", "choice", "yes/no"] = field(
        default="number",
        metadata={"description": "A number with its unit, one of several choices, or yes or no."},
    )
    unit: str | None = field(
        default=None,
        metadata={
            "description": "Of a number: what limits are stated in and results are converted to. "
            "Without it, a number without a unit, such as a score or an INR.",
        },
    )
    substance: str | None = field(
        default=None,
        metadata={
            "description": "What the table of conversions knows it as, such as creatinine. Without "
            "it, only units that differ by powers of ten are converted.",
        },
    )
    choices: tuple[str, ...] = field(
        default=(), metadata={"description": "Of a choice: what can be chosen."}
    )
    least: float | None = field(
        default=None,
        metadata={"description": "A number below it, in the unit above, is impossible."},
    )
    greatest: float | None = field(
        default=None,
        metadata={"description": "A number above it, in the unit above, is impossible."},
    )
    calculated: Literal["cockcroft-gault"] | None = field(
        default=None,
        metadata={
            "description": "Calculated from the tests age, weight and creatinine, and the sex, "
            "where no later result is recorded.",
        },
    )
    domain: Literal["LB", "VS", "PC", "RS", "QS"] = field(
        default="LB",
        metadata={
            "description": "Where an export puts it: laboratory, vital signs, concentrations, "
            "responses or questionnaires.",
        },
    )
    code: str | None = field(
        default=None,
        metadata={
            "description": "Short name for exports: at most 8 capitals and digits.",
            "pattern": CODE,
        },
    )
    specimen: str | None = field(
        default=None, metadata={"description": "What it is measured in, such as serum."}
    )
    flags: tuple[str, ...] = field(default=(), metadata=_FLAGS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Disease:
    """A condition under which patients enter; criteria say which are its own."""

    name: str = field(metadata={"description": "By which criteria call it.", "pattern": NAME})
    label: str = field(metadata={"description": "As people read it."})
    flags: tuple[str, ...] = field(default=(), metadata=_FLAGS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """A criterion of eligibility: a comparison, a question, or others joined by and, or.

    One with none of ``test``, ``all_of`` and ``any_of`` is a question, answered yes or no under its
    own ``id``, with the day and who says so. An exclusion that holds excludes.
    """

    id: str = field(
        metadata={"description": "As the source numbers it, such as I2.1.", "pattern": NAME}
    )
    kind: Literal["inclusion", "exclusion", "part"] = field(
        metadata={"description": "An exclusion that holds excludes; a part is asked for others."}
    )
    text: str = field(metadata={"description": "In the words of the source."})
    diseases: tuple[str, ...] = field(
        default=(),
        metadata={"description": "Diseases under which it is asked; of everybody without."}
        | _NAMES,
    )
    sex: Literal["female", "male"] | None = field(
        default=None, metadata={"description": "Of whom it is asked; of everybody without."}
    )
    only_if: str | None = field(
        default=None,
        metadata={
            "description": "A criterion, or a test of yes and no: asked only where that holds.",
            "pattern": NAME,
        },
    )
    test: str | None = field(
        default=None,
        metadata={"description": "The test whose result decides.", "pattern": NAME},
    )
    comparator: Literal[">=", ">", "<=", "<", "between"] | None = field(
        default=None,
        metadata={
            "description": "How a number has to compare with the limit; between takes upper too, "
            "and includes both.",
        },
    )
    limit: float | None = field(
        default=None, metadata={"description": "The limit, in the unit of the test."}
    )
    upper: float | None = field(
        default=None, metadata={"description": "The upper limit of between."}
    )
    times: Literal["ULN", "LLN"] | None = field(
        default=None,
        metadata={
            "description": "The limit is so many times the laboratory's upper or lower limit of "
            "normal.",
        },
    )
    answers: tuple[str, ...] = field(
        default=(),
        metadata={
            "description": "Of a test of choices, or of yes and no: those that meet it. Without "
            "it, yes.",
        },
    )
    consecutive: int = field(
        default=1,
        metadata={"description": "So many results in a row meet it.", "ge": 1, "le": 20},
    )
    within_days: int | None = field(
        default=None,
        metadata={
            "description": "How many days old a result or an answer may be on the day of "
            "enrolment.",
            "ge": 0,
            "le": 3650,
        },
    )
    all_of: tuple[str, ...] = field(
        default=(), metadata={"description": "Ids of criteria that all have to hold."} | _NAMES
    )
    any_of: tuple[str, ...] = field(
        default=(),
        metadata={"description": "Ids of criteria of which some have to hold."} | _NAMES,
    )
    at_least: int = field(
        default=1, metadata={"description": "How many of any_of have to hold.", "ge": 1, "le": 100}
    )
    waiver: str | None = field(
        default=None,
        metadata={
            "description": "In whose words an exception is permitted; without it, none is. It "
            "excuses a result, not that there is none.",
        },
    )
    flags: tuple[str, ...] = field(default=(), metadata=_FLAGS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A visit: so many days after the infusion, give or take its window, and what is due then."""

    name: str = field(metadata={"description": "Such as D4 or W12.", "pattern": NAME})
    label: str = field(metadata={"description": "As people read it."})
    day: int = field(
        metadata={
            "description": "Days after the infusion, which is day 0.",
            "ge": -365,
            "le": 36_500,
        }
    )
    before: int = field(
        default=0,
        metadata={"description": "Days by which it may be early.", "ge": 0, "le": 365},
    )
    after: int = field(
        default=0, metadata={"description": "Days by which it may be late.", "ge": 0, "le": 365}
    )
    tests: tuple[str, ...] = field(
        default=(), metadata={"description": "Tests that are due at it."} | _NAMES
    )
    optional: bool = field(
        default=False, metadata={"description": "Whether it may be left out without being missed."}
    )
    flags: tuple[str, ...] = field(default=(), metadata=_FLAGS)

    @property
    def first_day(self) -> int:
        """The first day of its window, from the infusion."""
        return self.day - self.before

    @property
    def last_day(self) -> int:
        """The last day of its window, from the infusion."""
        return self.day + self.after


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What response is assessed by, when, and how it is counted."""

    test: str = field(
        metadata={"description": "The test of choices in which it is recorded.", "pattern": NAME}
    )
    visits: tuple[str, ...] = field(
        metadata={"description": "Visits at which it is assessed."} | _NAMES
    )
    responders: tuple[str, ...] = field(
        default=("CR", "PR"), metadata={"description": "Choices that count as a response."}
    )
    confidence: float = field(
        default=0.95,
        metadata={"description": "Confidence of the limits of a proportion.", "gt": 0.5, "lt": 1},
    )
    not_assessed: Literal["counted", "left out"] = field(
        default="counted",
        metadata={
            "description": "Whether somebody who was not assessed is counted as without response.",
        },
    )
    flags: tuple[str, ...] = field(default=(), metadata=_FLAGS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kinetics:
    """Which concentration is followed, and by what rules it is summarised."""

    test: str = field(metadata={"description": "The test of its results.", "pattern": NAME})
    rule: Literal["log", "linear"] = field(
        default="log",
        metadata={
            "description": "Areas by trapezia that are linear up and logarithmic down, or linear.",
        },
    )
    below: Literal["standard", "ends", "zero", "half", "missing"] = field(
        default="standard",
        metadata={
            "description": "What a result below the limit of quantification counts as. Standard: 0 "
            "before the first measurable one, then missing; ends: 0 after the last too.",
        },
    )
    until_day: float = field(
        default=28,
        metadata={"description": "The area from day 0 to this day is given.", "gt": 0, "le": 3650},
    )
    flags: tuple[str, ...] = field(default=(), metadata=_FLAGS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Biomarker:
    """A test whose change from baseline is followed, or how long it takes to come back."""

    test: str = field(metadata={"description": "The test of its results.", "pattern": NAME})
    threshold: float | None = field(
        default=None,
        metadata={"description": "It is back at this value, in the unit of the test.", "gt": 0},
    )
    share: float | None = field(
        default=None,
        metadata={"description": "It is back at this share of its baseline.", "gt": 0, "le": 1},
    )
    below: Literal["half", "zero", "missing"] = field(
        default="half",
        metadata={
            "description": "What a result below the limit of quantification counts as: half of it, "
            "0, or missing.",
        },
    )
    flags: tuple[str, ...] = field(default=(), metadata=_FLAGS)
