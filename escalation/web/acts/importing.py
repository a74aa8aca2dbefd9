"""A spreadsheet of patients, results or visits is read; all its rows are recorded, or none.

Nothing is kept between the steps, and nothing that the browser says of the file is relied on: the
whole file comes back with the confirmation, and is read and held against the trial again, as if for
the first time. What is recorded is what that reading gives.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from datetime import date
from typing import Any, ClassVar, Literal, cast

from flask import request
from markupsafe import Markup
from wtforms import BooleanField, Field, HiddenField
from wtforms.validators import ValidationError

from escalation.text import count
from escalation.tracker import Command
from escalation.trial import TrialState
from escalation.trial.patients.recording import PATIENTS
from escalation.trial.spreadsheet.charting import What, import_list
from escalation.trial.spreadsheet.importing import import_patients
from escalation.trial.spreadsheet.reading import Reading, read_map
from escalation.web.acts.base import Act, Folded
from escalation.web.acts.fields import choice, day, line, paragraph

__all__ = ["Import"]

MOST_BYTES = 3_000_000  # of a file; at the terminal more
_DATES = (
    ("%d.%m.%Y", "31.01.2026"),
    ("%d/%m/%Y", "31/01/2026"),
    ("%m/%d/%Y", "01/31/2026"),
    ("%d-%b-%Y", "31-Jan-2026"),
    ("%Y/%m/%d", "2026/01/31"),
    ("%Y%m%d", "20260131"),
)
_KINDS: tuple[tuple[What, str], ...] = (
    ("results", "a result: subject, visit, date, test, value, unit"),
    ("visits", "a visit: subject, visit, date, missed"),
    ("screening", "somebody who is screened: subject, date, disease, sex, born"),
    ("events", "an adverse event: subject, term, grade, started"),
)


class _SheetWidget:
    def __call__(self, field: _Sheet, **kwargs: Any) -> Markup:
        given = {k.replace("_", "-"): v for k, v in kwargs.items() if v not in (None, False)}
        attributes = Markup("").join(Markup(' {}="{}"').format(k, v) for k, v in given.items())
        chosen = Markup('<input type="file" id="{}" name="{}" accept="{}"{}>').format(
            field.id, field.name, field.accept, attributes
        )
        if not field.data:
            return chosen
        kept = Markup('<input type="hidden" name="{}" value="{}">').format(
            field.name, field._value()
        )
        said = count(len(field.data), "byte")
        return (
            chosen
            + kept
            + Markup(
                '<p class="hint">A file of {} is handed in; choose one to replace it.</p>'
            ).format(said)
        )


class _Sheet(Field):
    """A spreadsheet; with the next step it comes back whole, in base64."""

    widget = _SheetWidget()
    accept = ".csv,.txt,.xlsx"

    def process(self, formdata: Any, *args: Any, **kwargs: Any) -> None:
        """Read the file that is handed in or, where none is, the one that was before."""
        super().process(formdata, *args, **kwargs)
        self.data, self.filename = b"", None
        if formdata is None:
            return
        file = request.files.get(self.name)
        if file is not None and file.filename:
            with file.stream as opened:
                self.data = opened.read(MOST_BYTES + 1)
            self.filename = file.filename
            if not self.data:
                self.process_errors = ["The file is empty"]
        else:
            try:
                self.data = base64.b64decode(formdata.get(self.name, ""), validate=True)
            except (ValueError, binascii.Error):
                self.process_errors = ["The file did not come back whole: choose it again"]
        if len(self.data) > MOST_BYTES:
            self.data = b""
            self.process_errors = [
                f"The file is larger than {MOST_BYTES:,} bytes: hand it in in parts, or have it "
                "imported at the terminal (escalation trial import)"
            ]

    def pre_validate(self, form: Any) -> None:
        """Refuse no file."""
        if not self.data and not self.process_errors:
            raise ValidationError("File: choose a spreadsheet")

    def _value(self) -> str:
        return base64.b64encode(self.data or b"").decode("ascii")


class Import(Act):
    """Record what a spreadsheet says."""

    name = "import"
    title = "Import a spreadsheet"
    lead = (
        "CSV or .xlsx: a heading, then a row each. All rows are recorded, or none; every fault is "
        "named with its row. Patients in a trial without a cohort are the history from before it "
        "was tracked; in any other, rows pass the same gates as if typed."
    )
    group = "Patients"
    task = PATIENTS
    most_bytes = 2 * MOST_BYTES
    rare: ClassVar[Folded] = {
        "The file writes days, numbers or words otherwise": (
            *("date_format", "decimal", "mapped", "left_out", "sheet"),
        )
    }

    file = _Sheet("File")
    kind = choice(
        "A row is about",
        "Results, visits and screenings are those that the plan of the trial names.",
        choices=_KINDS,
        empty="a patient, with level, infusion and outcome",
    )
    called = HiddenField("Its name")
    date_format = choice("Days are written as", choices=_DATES, empty="2026-01-31")
    decimal = choice(
        "Before decimals stands",
        choices=[(",", "a comma: 61,5")],
        empty="a point: 61.5",
    )
    mapped = paragraph(
        "Columns and words that are called otherwise",
        "What the file says and what it means, with commas between: Patient=subject, ja=yes.",
    )
    left_out = BooleanField("Leave out columns that are not known; they are named in the record")
    sheet = line("Sheet", "Which one of an .xlsx, if there are several.")
    on = day("Day of the import", "Today, if left empty.")

    def fill(self, state: TrialState) -> None:
        """Keep the name of the file."""
        if self.file.filename:
            self.called.data = self.file.filename.replace("\\", "/").rpartition("/")[2][:200]

    def is_about(self, state: TrialState, on: date) -> str | None:
        """Say which file it is."""
        if not self.file.data:
            return None
        digest = hashlib.sha256(self.file.data).hexdigest()
        size = count(len(self.file.data), "byte")
        return f"{self._source}, {size}, SHA-256 {digest}"

    @property
    def _source(self) -> str:
        return (self.called.data or "")[:200] or "the file"

    def command(self, state: TrialState) -> Command:
        """Read the file, and ask for all its rows.

        Raises
        ------
        SpreadsheetError, InputError
        """
        reading = Reading(
            date_format=self.date_format.data,
            decimal=cast(Literal[".", ","], self.decimal.data or "."),
            mapped=read_map([self.mapped.data] if self.mapped.data else []),
            extra="ignore" if self.left_out.data else "refuse",
            sheet=self.sheet.data,
        )
        if self.kind.data is not None:
            return import_list(self.kind.data, self.file.data, self._source, reading)
        return import_patients(self.file.data, self._source, reading)
