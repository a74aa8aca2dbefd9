"""A trial's protocol: its ladder, its design with every option, and what each setting rests on.

A protocol is written in TOML. A shipped one has been validated by a test and is read as it is; a
file of yours goes through ``file``, which reports every fault at once. From there
both take one road, ``Protocol.from_document``.
"""

from __future__ import annotations

import hashlib
import json
import re
import textwrap
from collections.abc import Mapping
from dataclasses import asdict, field, fields, replace
from typing import Any

from escalation.dataclass import dataclass
from escalation.designs import (
    DESIGNS,
    Design,
    ThreePlusThree,
    change_design,
    design_options,
    design_settings,
    make_design,
    options_left_out,
)
from escalation.errors import DesignError, InputError, LadderError
from escalation.labels import Label, read_label
from escalation.protocol.expansion import find_boundary_faults
from escalation.protocol.tables import (
    FRACTION,
    FRACTION_WORDS,
    LATER_TABLES,
    NAME,
    TABLES,
    Anchors,
    Backfill,
    Committee,
    DltException,
    DltRule,
    DltWindow,
    DoseLevel,
    Dosing,
    Enrolment,
    Evaluability,
    ExpansionMonitoring,
    Keys,
    PauseRule,
    ProtocolScenario,
    Reporting,
    Source,
    Trial,
)

__all__ = [
    "DltWindow",
    "DoseLevel",
    "Enrolment",
    "ExpansionMonitoring",
    "Protocol",
    "ProtocolScenario",
    "Source",
    "Trial",
    "format_dose",
    "freeze_lists",
    "name_settings",
]

_MOST_DAYS = 36_525  # of a DLT window typed beside a ladder: a century


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """A trial's protocol.

    Attributes
    ----------
    name : str
    title : str or None
    levels : tuple of DoseLevel
        The ladder, lowest level first.
    unit : str or None
        Of the doses; None for a ladder without doses.
    start : int
        0-based index of the starting level.
    dose_cap : float or None
        Largest total dose one patient may get, whatever the body size.
    design : Design
    trial : Trial
    dlt : DltWindow
    enrolment : Enrolment
    expansion : ExpansionMonitoring
        Of patients treated at the MTD after the escalation.
    backfill : Backfill
        Of patients treated below the current level while the escalation goes on.
    dosing : Dosing
        How a dose by body size becomes an amount.
    evaluability, reporting, committee, keys, anchors
        How the record judges and is kept.
    pause : tuple of PauseRule
        What pauses enrolment by itself; a death always does.
    scenarios : tuple of ProtocolScenario
    sources : tuple of (str, {"registry", "assumed"})
        What a setting rests on, by the setting's dotted name (see ``settings``).
    """

    name: str = field(
        metadata={
            "description": "The name printed with every result.",
            "pattern": NAME,
            "max_length": 60,
        }
    )
    title: str | None = field(default=None, metadata={"description": "The trial's title."})
    levels: tuple[DoseLevel, ...]
    unit: str | None = field(
        default=None,
        metadata={
            "description": "Unit of every dose: for each kg of body weight as cells/kg, for each "
            "m2 of body surface as mg/m2, or flat as mg."
        },
    )
    start: int = 0
    dose_cap: float | None = field(
        default=None,
        metadata={
            "description": "Largest total dose of one patient, whatever the body size.",
            "gt": 0,
        },
    )
    design: Design
    trial: Trial = field(default_factory=Trial)
    dlt: DltWindow = field(default_factory=DltWindow)
    enrolment: Enrolment = field(default_factory=Enrolment)
    expansion: ExpansionMonitoring = field(default_factory=ExpansionMonitoring)
    backfill: Backfill = field(default_factory=Backfill)
    dosing: Dosing = field(default_factory=Dosing)
    evaluability: Evaluability = field(default_factory=Evaluability)
    reporting: Reporting = field(default_factory=Reporting)
    committee: Committee = field(default_factory=Committee)
    keys: Keys = field(default_factory=Keys)
    anchors: Anchors = field(default_factory=Anchors)
    pause: tuple[PauseRule, ...] = ()
    scenarios: tuple[ProtocolScenario, ...] = ()
    sources: tuple[tuple[str, Source], ...] = ()
    _labels: tuple[Label, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:  # a replay of a trial asks for them at every entry
        object.__setattr__(self, "_labels", tuple([level.label for level in self.levels]))

    def __repr__(self) -> str:
        name = type(self.design).name
        return f"<Protocol {self.name}: {name} on {len(self.levels)} levels, {self.digest[:12]}>"

    @classmethod
    def plain(cls, n_levels: int, start_label: int = 1, **design_options: Any) -> Protocol:
        """Make a 3+3 on a ladder without doses, labelled 1 to ``n_levels``.

        Raises
        ------
        LadderError, DesignError
            For a start that is not on the ladder, or what the 3+3 refuses.
        """
        labels = range(1, n_levels + 1)
        if labels and start_label not in labels:
            raise LadderError(start_label, labels)
        start = start_label - 1
        design = make_design(ThreePlusThree.name, n_levels=n_levels, start=start, **design_options)
        levels = tuple(DoseLevel(label=label) for label in labels)
        return cls(name=f"plain-{n_levels}", levels=levels, start=start, design=design)

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Protocol:
        """Make a protocol from a document that has been checked, as ``document`` gives it back."""
        levels = tuple(
            DoseLevel(
                label=read_label(level["label"]),
                dose=_float(level.get("dose")),
                regimen=level.get("regimen"),
            )
            for level in document["levels"]
        )
        start = [level.label for level in levels].index(read_label(document["start"]))
        tables = {
            name: made(**freeze_lists(document.get(name, {}))) for name, made in TABLES.items()
        }
        backfill = freeze_lists(document.get("backfill", {}))
        if backfill.get("from_level") is not None:
            tables["backfill"] = Backfill(
                **backfill | {"from_level": read_label(backfill["from_level"])}
            )
        dlt = freeze_lists(document.get("dlt", {}))
        tables["dlt"] = DltWindow(**dlt | {"rules": tuple(map(_rule, dlt.get("rules", ())))})
        return cls(
            name=document["name"],
            title=document.get("title"),
            levels=levels,
            unit=document.get("unit"),
            start=start,
            dose_cap=_float(document.get("dose_cap")),
            design=make_design(
                **freeze_lists(document["design"]), n_levels=len(levels), start=start
            ),
            pause=tuple(PauseRule(**rule) for rule in document.get("pause", ())),
            scenarios=tuple(
                ProtocolScenario(
                    name=scenario["name"], p_dlt=tuple(float(p) for p in scenario["p_dlt"])
                )
                for scenario in document.get("scenarios", ())
            ),
            sources=tuple(sorted(document.get("sources", {}).items())),
            **tables,  # type: ignore[arg-type]  # each table has its own class
        )

    @property
    def document(self) -> dict[str, Any]:
        """The protocol in the shape of its file, every default filled in.

        What the first version did not know is left out where nothing is said of it.
        """
        sourced = {name.partition(".")[0] for name, _ in self.sources}
        tables = {
            name: _said(getattr(self, name))
            for name, made in TABLES.items()
            if name not in LATER_TABLES or name in sourced or getattr(self, name) != made()
        }
        pause = {"pause": [asdict(rule) for rule in self.pause]} if self.pause else {}
        return {
            "schema": 1,
            "name": self.name,
            "title": self.title,
            "unit": self.unit,
            "start": self.labels[self.start],
            "dose_cap": self.dose_cap,
            "levels": [_said(level) for level in self.levels],
            "design": design_settings(self.design),
            **tables,
            **pause,
            "scenarios": [asdict(scenario) for scenario in self.scenarios],
            "sources": dict(self.sources),
        }

    @property
    def digest(self) -> str:
        """SHA-256 of the document as canonical JSON: what it says, not how it was written."""
        canonical = json.dumps(
            _canonical(self.document), sort_keys=True, separators=(",", ":"), allow_nan=False
        )
        return hashlib.sha256(canonical.encode("ascii")).hexdigest()

    @property
    def settings(self) -> dict[str, Any]:
        """Every setting that can have a source, by its dotted name."""
        return name_settings(self.document)

    @property
    def labels(self) -> tuple[Label, ...]:
        """The levels' labels, lowest first."""
        return self._labels

    def place_of(self, label: Label) -> int:
        """Return the 0-based index of the level with this label, which may be given as text.

        Raises
        ------
        LadderError
            If the ladder has no such level.
        InputError
            For what is not a label.
        """
        label = read_label(label)
        if label not in self.labels:
            raise LadderError(label, self.labels)
        return self.labels.index(label)

    @property
    def planned_patients(self) -> int | None:
        """Patients planned, which is not a cap."""
        return self.enrolment.planned_patients

    @property
    def level_names(self) -> list[str]:
        """Names of the levels in a text, lowest first, as ``describe_level`` gives them."""
        return [self.describe_level(level) for level in range(len(self.levels))]

    @property
    def short_names(self) -> list[str]:
        """Names of the levels in a table: ``1 (3E6)``."""
        return [
            str(level.label) if level.dose is None else f"{level.label} ({format_dose(level.dose)})"
            for level in self.levels
        ]

    @property
    def axis_names(self) -> list[str]:
        """Names of the levels below an axis, by line: ``1``, ``60 Gy``, ``15 fractions``."""
        return [
            "\n".join(
                [str(level.label)]
                + ([] if level.dose is None else [self.describe_dose(level.dose)])
                + ([] if level.regimen is None else [_cut(level.regimen, 20)])
            )
            for level in self.levels
        ]

    @property
    def diagram_names(self) -> list[str]:
        """Names of the levels in a diagram: as in a text, long regimens cut."""
        briefly = [self.describe_level(level, briefly=True) for level in range(len(self.levels))]
        return [
            name if level.regimen is None else f"{name}, {_cut(level.regimen, 24)}"
            for name, level in zip(briefly, self.levels, strict=True)
        ]

    @property
    def regimens(self) -> str:
        """The regimens in one sentence, by label; empty where no level has one."""
        given = [f"{one.label}: {one.regimen}" for one in self.levels if one.regimen is not None]
        return f"Regimens: {'; '.join(given)}." if given else ""

    def describe_level(self, level: int, *, briefly: bool = False) -> str:
        """Say which level this 0-based index is: ``level 1, 60 Gy, 15 fractions``.

        ``briefly``, as in a line of many, leaves out the regimen: the label tells levels apart.
        """
        named = self.levels[level]
        said = f"level {named.label}"
        said += "" if named.dose is None else f", {self.describe_dose(named.dose)}"
        return said if briefly or named.regimen is None else f"{said}, {named.regimen}"

    def level_document(self, level: int | None) -> dict[str, Any]:
        """Return what JSON says a level is: label and dose, and the regimen on a ladder with any.

        All are null where there is no level.
        """
        named = None if level is None else self.levels[level]
        has_regimens = any(one.regimen is not None for one in self.levels)
        return {
            "level": None if named is None else named.label,
            "dose": None if named is None else named.dose,
            **({"regimen": None if named is None else named.regimen} if has_regimens else {}),
        }

    def describe_dose(self, dose: float) -> str:
        """Write a dose with the protocol's unit: ``3E6 cells/kg``."""
        return f"{format_dose(dose)} {self.unit}"

    def with_design(self, design_name: str | None = None, /, **options: Any) -> Protocol:
        """Return a copy under another design, or under its own with some options changed.

        Parameters
        ----------
        design_name : str or None
            A design, whose options not given have their defaults; None for the protocol's own,
            whose options not given stay as they are.
        **options
            Named as in a protocol file's ``[design]`` table.

        Raises
        ------
        DesignError
            For what ``make_design`` refuses.
        """
        for reserved in ("name", "n_levels", "start"):
            if reserved in options:
                raise DesignError(f"{reserved!r} is not an option of a design")
        options = freeze_lists(options)
        if design_name is None:
            design = change_design(self.design, **options)
        else:
            ladder = {"n_levels": len(self.levels), "start": self.start}
            design = make_design(design_name, **ladder, **options)
        return self._changed(design=design)

    def with_start(self, label: Label) -> Protocol:
        """Return a copy that starts at the level with this label, as ``place_of`` reads it."""
        start = self.place_of(label)
        design = replace(self.design, start=start)  # type: ignore[type-var]  # a dataclass
        return self._changed(start=start, design=design)

    def with_window(self, days: int) -> Protocol:
        """Return a copy whose DLT window is of so many days.

        Raises
        ------
        InputError
            For what is not a whole number from 1, or longer than a century.
        """
        if type(days) is not int or not 1 <= days <= _MOST_DAYS:
            raise InputError(
                f"a DLT window is a whole number of days from 1 to {_MOST_DAYS}, not {days!r}"
            )
        return self._changed(dlt=replace(self.dlt, window_days=days))

    def with_stop_at_rate(self, rate: str) -> Protocol:
        """Return a copy whose expansion stops at this DLT rate, and at no other boundary.

        Raises
        ------
        InputError
            For what is not a fraction such as ``"1/3"``.
        """
        if not re.fullmatch(FRACTION, rate) or "\n" in rate:
            problems = [f"{FRACTION_WORDS}, not {rate!a}"]
        else:
            problems = [problem for _, problem in find_boundary_faults(rate, ())]
        if problems:
            raise InputError(f"the rate at which the expansion stops {problems[0]}")
        return self._changed(expansion=ExpansionMonitoring(stop_at_rate=rate))

    def _changed(self, **changes: Any) -> Protocol:
        """Return a copy, without the sources of what is no longer as the source said."""
        changed = replace(self, **changes)
        before, after = self.settings, changed.settings
        kept = tuple(
            pair for pair in self.sources if pair[0] in after and before[pair[0]] == after[pair[0]]
        )
        return replace(changed, sources=kept)


def format_dose(dose: float) -> str:
    """Write a dose in ASCII, without loss: cell numbers in powers of ten, small numbers plainly.

    Examples
    --------
    >>> [format_dose(dose) for dose in (3e6, 1.5e6, 0.25, 25)]
    ['3E6', '1.5E6', '0.25', '25']
    """
    dose = float(dose)
    if 1e-3 <= dose < 1e5:
        return repr(dose).removesuffix(".0")
    shortest = next(text for p in range(17) if float(text := f"{dose:.{p}E}") == dose)
    mantissa, _, exponent = shortest.partition("E")
    return f"{mantissa}E{int(exponent)}"


def name_settings(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return every setting that can have a source, by its dotted name.

    Parameters
    ----------
    document : mapping
        In the shape of a protocol file; it need not be complete, but what is there is sound.
    """
    named = {name: document.get(name) for name in ("title", "unit", "start", "dose_cap")}
    for level in document.get("levels", ()):
        named |= _name_level(level)
    design = document.get("design")
    if design is not None:
        of_name, sources = DESIGNS[design["name"]], document.get("sources") or {}
        left_out = options_left_out(of_name)
        for option in ("name", *design_options(of_name)):
            said = option in design or f"design.{option}" in sources
            if said or option not in left_out:
                named[f"design.{option}"] = design.get(option, left_out.get(option))
    for table, made in TABLES.items():
        if table in LATER_TABLES and table not in document:
            continue
        for setting in fields(made):
            if setting.name == "rules":
                for rule in document.get(table, {}).get("rules", ()):
                    named[f"{table}.rules.{rule['name']}"] = rule
            elif setting.name in document.get(table, {}) or "added_later" not in setting.metadata:
                named[f"{table}.{setting.name}"] = document.get(table, {}).get(setting.name)
    for rule in document.get("pause", ()):
        named[f"pause.{rule['name']}"] = rule
    for scenario in document.get("scenarios", ()):
        named[f"scenarios.{scenario['name']}"] = scenario["p_dlt"]
    return named


def _name_level(level: Mapping[str, Any]) -> dict[str, Any]:
    name, regimen = f"levels.{level['label']}", level.get("regimen")
    return {name: level.get("dose"), **({} if regimen is None else {f"{name}.regimen": regimen})}


def _rule(table: Mapping[str, Any]) -> DltRule:
    exceptions = tuple(DltException(**exception) for exception in table.get("exceptions", ()))
    return DltRule(**freeze_lists(table) | {"exceptions": exceptions})


def _said(table: Any) -> dict[str, Any]:
    """Return a table, without what was added later and says nothing."""
    told = asdict(table)
    for setting in fields(table):
        if "added_later" in setting.metadata and told[setting.name] == setting.default:
            del told[setting.name]
    return told


def _cut(text: str, width: int) -> str:
    return textwrap.shorten(text, width, placeholder=" ...")


def _float(value: float | None) -> float | None:
    return None if value is None else float(value)


def freeze_lists(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return a table with its lists as tuples."""
    return {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}


def _canonical(value: Any) -> Any:
    """Write every whole number as an integer, so that 3e6 and 3000000 are one."""
    match value:
        case dict():
            return {key: _canonical(item) for key, item in value.items()}
        case list() | tuple():
            return [_canonical(item) for item in value]
        case float() if value.is_integer():
            return int(value)
    return value
