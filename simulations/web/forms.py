"""Questions as forms: what is filled in becomes the words of a command line, and nothing else.

What is offered by name is chosen from a list, so that no word names a file of the machine.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, ClassVar, Self

from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, Field, Form
from wtforms.validators import ValidationError

from escalation.cli.asking import ask_command
from escalation.designs import DESIGNS, VARIANTS
from escalation.designs.declared import summarise_design
from escalation.errors import InputError
from escalation.outcomes import parse_outcomes
from escalation.protocol import DEFAULT_PROTOCOL, Protocol, load_protocol, shipped_protocols
from simulations.scenarios.scenario import shipped_scenarios
from simulations.web.counts import COUNTS, notation_of
from simulations.web.options import (
    PREFIX,
    Choice,
    choice,
    design_choices,
    line,
    option_fields,
    option_lines,
)

__all__ = ["FORMS", "CompareForm", "DecideForm", "QuestionForm", "SimulateForm"]

PLAIN = "plain"
MOST_DESIGNS = 6
_SETTINGS = re.compile(r"[A-Za-z0-9_.,=\[\]+-]*")


def protocol_field() -> Choice:
    """Return a choice of the shipped protocols, and of a plain ladder."""
    plain = (PLAIN, "A plain ladder of so many levels, without doses")
    return choice("Protocol", [*_titles(), plain], usual=DEFAULT_PROTOCOL)


@cache
def _titles() -> tuple[tuple[str, str], ...]:
    return tuple((name, f"{name}: {_shipped(name).title or name}") for name in shipped_protocols())


@cache
def _shipped(name: str) -> Protocol:
    return load_protocol(name)


_FIELDS = {"--from": "outcomes"}  # the others are called as the option is


class QuestionForm(Form):
    """What every question has: a ladder.

    Attributes
    ----------
    name : str
        Of the command that it asks, and in the page's address.
    title, lead, button : str
    """

    name: ClassVar[str]
    title: ClassVar[str]
    lead: ClassVar[str]
    button: ClassVar[str]
    has_options: ClassVar[bool] = False  # whether fields depend on what is chosen

    protocol = protocol_field()
    levels = line("Levels", "How many, of a plain ladder.", is_number=True)
    start = line("Start", "Label of the level at which the trial starts.")

    @classmethod
    def read(cls, given: MultiDict[str, str]) -> Self:
        """Return the form as it is filled in, with fields that depend on what is chosen."""
        made: type[Self] = type(cls.__name__, (cls,), cls.more_fields(given))
        return made(formdata=given)

    def given(self) -> dict[str, str]:
        """Return what is filled in, as an address says it."""
        values = {field.name: field.data for field in self}
        return {name: "y" if value is True else value for name, value in values.items() if value}

    @classmethod
    def more_fields(cls, given: MultiDict[str, str]) -> dict[str, Field]:
        """Return fields that depend on what is chosen."""
        return {}

    def validate_levels(self, field: Field) -> None:
        """Refuse two ladders."""
        if field.data and self.protocol.data != PLAIN:
            raise ValidationError("This is for a plain ladder; the protocol has its own levels")

    def ladder(self) -> Iterator[str]:
        """Yield the words for the ladder."""
        if self.protocol.data != PLAIN:
            yield from ("--protocol", self.protocol.data)
        elif self.levels.data:
            yield from ("--levels", self.levels.data)
        elif not self.says_levels():
            raise InputError("say how many levels the plain ladder has")
        if self.start.data:
            yield from ("--start", self.start.data)

    def says_levels(self) -> bool:
        """Tell whether something else says how many levels a plain ladder has."""
        return False

    def words(self) -> list[str]:
        """Return the words of a command line that asks the same, ``escalation`` left out.

        Raises
        ------
        EscalationError
            If the fields do not make one.
        """
        raise NotImplementedError

    def named(self, names: Mapping[str, str]) -> Iterator[str]:
        """Yield options for fields that are filled in."""
        for field, option in names.items():
            if self[field].data:
                yield from (option, self[field].data)

    def in_its_words(self, text: str) -> str:
        """Return a sentence of the command line, its options named as the fields they are here."""

        def named(found: re.Match[str]) -> str:
            name = _FIELDS.get(found[0], found[0][2:].replace("-", "_"))
            return f'"{self[name].label.text}"' if name in self else found[0]

        return re.sub(r"(?<![\w-])--[a-z]+(?:-[a-z]+)*", named, text)

    def parts(self) -> Iterator[tuple[str, list[Field]]]:
        """Yield the fields in groups, each with what it is about; "" for what all need."""
        raise NotImplementedError

    def is_open(self, group: list[Field]) -> bool:
        """Tell whether a group is to be seen at once: something in it is filled in, or wrong."""
        return any(
            field.errors or field.data not in (None, "", False, field.default) for field in group
        )

    def reference(self) -> Iterator[tuple[str, str, list[str]]]:
        """Yield what is good to know while filling it in: a name, what it is, lines on it."""
        yield from ()


class DesignForm(QuestionForm):
    """A question about one design on a ladder."""

    has_options = True

    design = choice(
        "Design",
        [("", "As in the protocol; the 3+3 on a plain ladder"), *design_choices()],
        "Its options are below, once it has been chosen.",
    )

    @classmethod
    def more_fields(cls, given: MultiDict[str, str]) -> dict[str, Field]:
        """Return the options of the chosen design."""
        name, design = given.get("protocol", DEFAULT_PROTOCOL), given.get("design", "")
        own = _shipped(name) if name in shipped_protocols() and not design else None
        chosen = design or ("3+3" if own is None else own.design.name)
        if chosen not in dict(design_choices()):
            return {}
        return option_fields(chosen, own)

    def settings(self) -> Iterator[str]:
        """Yield the words for ladder, design and options."""
        yield from self.ladder()
        if self.design.data:
            yield from ("--design", self.design.data)
        for field in self.options():
            if field.data:
                yield from ("--set", f"{field.name.removeprefix(PREFIX)}={field.data}")

    def options(self) -> list[Field]:
        """Return the fields of the design's options."""
        return [field for field in self if field.name.startswith(PREFIX)]


class DecideForm(DesignForm):
    """One dose decision."""

    name = "decide"
    title = "What to do next"
    lead = (
        "Outcomes in, the rule's answer out, with the sentence of the protocol that says so. "
        "Nothing is stored; the address of an answer is a link to it."
    )

    outcomes = line(
        "Outcomes so far",
        "Cohorts in order: a level, then a letter a patient, as 1NNN 2NNT. N no DLT, T DLT, "
        "? pending, X not evaluable, M moderate toxicity. ?14 has been pending for 14 days. Empty "
        "before the first patient.",
    )
    window = line(
        "DLT window in days",
        "For a design that asks for follow-up; the protocol's, if left empty.",
        is_number=True,
    )
    button = "Decide"
    allow_departures = BooleanField("Answer also where the rule would not have led there")

    @classmethod
    def more_fields(cls, given: MultiDict[str, str]) -> dict[str, Field]:
        """Return the design's options, and places for counts at each level."""
        return {**super().more_fields(given), **COUNTS.fields(_labels(given))}

    def words(self) -> list[str]:
        """Return the words of ``escalation decide``."""
        outcomes = self.outcomes.data or ""
        parse_outcomes(outcomes)  # a lone - would be standard input
        words = ["decide", *self.settings(), *self.named({"window": "--window"})]
        words += ["--allow-departures"] * self.allow_departures.data
        if re.match("-[^0-9]", outcomes):
            return [*words, "--", outcomes]
        return ["decide", outcomes, *words[1:]]

    def counts(self) -> list[Field]:
        """Return the fields of the counts."""
        return COUNTS.of(self)

    def counted(self) -> str | None:
        """Return the notation for counts, where these are filled in.

        Raises
        ------
        EscalationError
            If they are none, or outcomes are given too.
        """
        counts = COUNTS.read(self)
        if not counts:
            return None
        if self.outcomes.data:
            raise InputError("give the outcomes in notation or as counts, not both")
        first = ask_command(["decide", "", *self.settings()]).view
        size = 1 if first is None else int(first.document()["n_to_enrol"])
        return notation_of(counts, now=self["now"].data, cohort_size=size)

    def parts(self) -> Iterator[tuple[str, list[Field]]]:
        """Yield outcomes, counts, the ladder and the options of the design."""
        yield "", [self.outcomes, self.window, self.allow_departures]
        yield "Counts at each level, in place of the notation", self.counts()
        yield "Protocol and design", [self.protocol, self.levels, self.start, self.design]
        yield "Options of the design", self.options()


def _labels(given: MultiDict[str, str]) -> tuple[str, ...]:
    """Return the labels of the ladder that is chosen; of one that cannot be read, none."""
    name = given.get("protocol", DEFAULT_PROTOCOL)
    if name in shipped_protocols():
        return tuple(map(str, _shipped(name).labels))
    levels = given.get("levels", "").strip()
    n_levels = int(levels) if re.fullmatch("[0-9]{1,2}", levels) else 0
    return tuple(map(str, range(1, min(n_levels, COUNTS.most_levels) + 1)))


_CURVE_WORDS = {
    "p_dlt": "--p-dlt",
    "scenario": "--scenario",
    "p_moderate": "--p-moderate",
    "target": "--target",
}


class CurvesForm(QuestionForm):
    """A question about assumed toxicity curves."""

    p_dlt = line("P(DLT) by level", "A scenario as numbers, lowest level first: 0.05, 0.10, 0.25.")
    scenario = choice(
        "Scenarios",
        [
            ("", "The numbers, else the protocol's own or those shipped"),
            *((name, f"shipped: {name}") for name in shipped_scenarios()),
        ],
        "In place of numbers.",
    )
    p_moderate = line(
        "P(moderate toxicity) by level",
        "Of a patient without a DLT, where a design counts them.",
    )
    target = line("Target P(DLT)", "Adds correct selection, such as 0.25.", is_number=True)

    def says_levels(self) -> bool:
        """Tell whether there is a number a level."""
        return bool(self.p_dlt.data)


class SimulateForm(CurvesForm, DesignForm):
    """Operating characteristics of one design."""

    name = "simulate"
    title = "What a design does"
    lead = (
        "Selection, patients and DLTs under assumed toxicity curves: exact, by following every "
        "outcome. Nothing is stored; the address of an answer is a link to it."
    )

    button = "Simulate"
    outcomes = line("Outcomes so far", "After which the trial goes on, as 1NNN 2NNT. May be empty.")
    allow_departures = BooleanField("Go on also where the rule would not have led there")

    def words(self) -> list[str]:
        """Return the words of ``escalation simulate``."""
        parse_outcomes(self.outcomes.data or "")  # a lone - would be standard input
        words = ["simulate", *self.settings(), *self.named(_CURVE_WORDS)]
        words += self.named({"outcomes": "--from"})
        words += ["--allow-departures"] * self.allow_departures.data
        return [*words, "--method", "exact"]

    def parts(self) -> Iterator[tuple[str, list[Field]]]:
        """Yield the ladder and design, its options, the curves, outcomes so far."""
        yield "", [self.protocol, self.levels, self.design]
        yield "Options of the design", [self.start, *self.options()]
        yield "Scenarios", [self[name] for name in _CURVE_WORDS]
        yield "Outcomes so far", [self.outcomes, self.allow_departures]


class CompareForm(CurvesForm):
    """Designs side by side."""

    name = "compare"
    title = "Designs compared"
    lead = (
        "Two to six designs on one ladder under assumed toxicity curves, exact, beside what "
        "complete information would select. Nothing is stored; the address of an answer is a link."
    )

    button = "Compare"
    max_patients = line("Patients", "For a design that needs a number.", is_number=True)
    interval = line("Good enough", "P(DLT) from, to: 0.16, 0.33.")

    @classmethod
    def more_fields(cls, given: MultiDict[str, str]) -> dict[str, Field]:
        """Return the places of the designs."""
        chosen = [*design_choices()]
        chosen += [(name, f"{name}: a variant of the 3+3") for name in VARIANTS]
        chosen += [(name, f"{name}: the protocol's") for name in shipped_protocols()]
        fields: dict[str, Any] = {}
        for k in range(1, MOST_DESIGNS + 1):
            fields[f"design_{k}"] = choice(f"Design {k}", [("", "none"), *chosen], usual="")
            fields[f"options_{k}"] = line(f"Options of design {k}", "As cohort_size=1, target=0.3.")
            fields[f"validate_options_{k}"] = _plain_settings
        return fields

    def words(self) -> list[str]:
        """Return the words of ``escalation compare``."""
        curves = {**_CURVE_WORDS, "max_patients": "--max-patients", "interval": "--interval"}
        words = ["compare", *self.designs(), *self.ladder(), *self.named(curves)]
        return [*words, "--method", "exact"]

    def reference(self) -> Iterator[tuple[str, str, list[str]]]:
        """Yield every design with its options."""
        for name, design in DESIGNS.items():
            yield name, summarise_design(design), list(option_lines(name))

    def designs(self) -> Iterator[str]:
        """Yield a word a design."""
        for k in range(1, MOST_DESIGNS + 1):
            name, options = self[f"design_{k}"].data, self[f"options_{k}"].data.replace(" ", "")
            if name:
                yield f"{name}:{options}" if options else name
            elif options:
                raise InputError(f"options of design {k} are given, and no design")

    def parts(self) -> Iterator[tuple[str, list[Field]]]:
        """Yield the designs, the ladder, the curves."""
        places = range(1, MOST_DESIGNS + 1)
        yield "Designs", [self[f"{what}_{k}"] for k in places for what in ("design", "options")]
        yield "Ladder", [self.protocol, self.levels, self.start]
        named = [self[name] for name in _CURVE_WORDS]
        yield "Scenarios, and what is measured", [*named, self.max_patients, self.interval]


def _plain_settings(form: Form, field: Field) -> None:
    if not _SETTINGS.fullmatch(field.data.replace(" ", "")):
        raise ValidationError(
            "Options are written as KEY=VALUE, KEY=VALUE, a list as KEY=[0.1,0.2]"
        )


FORMS: dict[str, type[QuestionForm]] = {
    form.name: form for form in (DecideForm, SimulateForm, CompareForm)
}
