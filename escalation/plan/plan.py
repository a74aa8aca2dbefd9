"""A plan: its tables together, and its document."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import field, fields, is_dataclass
from typing import Any, ClassVar, Literal

from escalation.dataclass import dataclass
from escalation.errors import FileFaultsError
from escalation.plain import NotPlainError, read_plain, write_plain
from escalation.plan.tables import (
    Biomarker,
    Criterion,
    Disease,
    Kinetics,
    PlannedTest,
    Response,
    Visit,
)
from escalation.protocol.tables import NAME

__all__ = ["Plan", "PlanError"]


class PlanError(FileFaultsError):
    """A plan that is not valid."""

    exit_code: ClassVar[int] = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a trial does beside escalating, as a file says it and a trial adopts it."""

    schema: int = field(default=1, metadata={"description": "This format: 1."})
    name: str = field(
        metadata={"description": "Letters, digits and . _ + - only.", "pattern": NAME}
    )
    title: str | None = field(default=None, metadata={"description": "Title of the trial."})
    source: str | None = field(
        default=None, metadata={"description": "Where it is taken from: a record, a protocol."}
    )
    creatinine_clearance: Literal["88.4", "1.04/1.23"] = field(
        default="88.4",
        metadata={
            "description": "Cockcroft-Gault by 88.4 umol/L a mg/dL, or with the factors for umol/L "
            "rounded to 1.04 and 1.23.",
        },
    )
    notes: tuple[str, ...] = field(
        default=(),
        metadata={"description": "Gaps and contradictions of the source as a whole."},
    )
    tests: tuple[PlannedTest, ...] = field(
        default=(), metadata={"description": "What is measured, assessed and asked."}
    )
    diseases: tuple[Disease, ...] = field(
        default=(), metadata={"description": "Conditions under which patients enter."}
    )
    criteria: tuple[Criterion, ...] = field(
        default=(), metadata={"description": "Who may enter, criterion by criterion."}
    )
    visits: tuple[Visit, ...] = field(
        default=(), metadata={"description": "The calendar, from day 0 on."}
    )
    response: Response | None = None
    kinetics: Kinetics | None = None
    biomarkers: tuple[Biomarker, ...] = field(
        default=(), metadata={"description": "Tests that are followed from their baseline."}
    )

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
            name = document.get("name")
            raise PlanError(f"plan {name}", [f"cannot be read: {error}"]) from error

    @property
    def document(self) -> dict[str, Any]:
        """What is said, as JSON types, which ``from_document`` reads back.

        A setting at its default is left out, so that plans keep their digest when there are more
        settings.
        """
        said: dict[str, Any] = {"schema": self.schema}
        for member in fields(self):
            value = getattr(self, member.name)
            if is_dataclass(value):
                said[member.name] = _without_defaults(value)
            elif value != member.default:
                rows = isinstance(value, tuple) and is_dataclass(value[0])
                said[member.name] = (
                    [_without_defaults(row) for row in value] if rows else write_plain(value)
                )
        return said

    @property
    def digest(self) -> str:
        """SHA-256 of what it says, as canonical JSON."""
        return digest_of(self.document)

    def find_test(self, name: str) -> PlannedTest | None:
        """Return a test by its name."""
        return next((test for test in self.tests if test.name == name), None)

    def find_criterion(self, name: str) -> Criterion | None:
        """Return a criterion by its id."""
        return next((criterion for criterion in self.criteria if criterion.id == name), None)

    def find_visit(self, name: str) -> Visit | None:
        """Return a visit by its name."""
        return next((visit for visit in self.visits if visit.name == name), None)


def digest_of(document: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a document as canonical JSON."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _without_defaults(made: Any) -> dict[str, Any]:
    """Write one table, whose settings are plain."""
    written: dict[str, Any] = write_plain(made)
    return {
        member.name: written[member.name]
        for member in fields(made)
        if getattr(made, member.name) != member.default
    }
