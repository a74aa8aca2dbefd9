"""Cytokine release syndrome and neurotoxicity (ICANS, adults) by the consensus of ASTCT, 2019.

None is what was not assessed. The most severe sign counts.

References
----------
Lee DW, Santomasso BD, Locke FL, et al. ASTCT consensus grading for cytokine release syndrome and
neurologic toxicity associated with immune effector cells. Biol Blood Marrow Transplant 2019;
25:625-638.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from enum import StrEnum
from typing import Any

from escalation.dataclass import dataclass
from escalation.errors import InputError
from escalation.grading.grade import Grade, grade_with_unknowns
from escalation.nearness import is_above
from escalation.text import count

__all__ = [
    "ICE_POINTS",
    "Consciousness",
    "CrsObservations",
    "IcansObservations",
    "Oedema",
    "Oxygen",
    "Seizure",
    "grade_crs",
    "grade_icans",
]

FEVER = 38.0  # degrees Celsius
LOW_FLOW = 6.0  # L/min

Sign = tuple[int, str]


class Oxygen(StrEnum):
    """How oxygen is given."""

    NONE = "none"
    NASAL = "nasal"
    BLOW_BY = "blow-by"
    HIGH_FLOW = "high-flow"
    FACE_MASK = "face-mask"
    NON_REBREATHER = "non-rebreather"
    VENTURI = "venturi"
    CPAP = "cpap"
    BIPAP = "bipap"
    VENTILATION = "ventilation"


_OXYGEN_GRADES = {
    Oxygen.NONE: 0,
    Oxygen.BLOW_BY: 2,
    Oxygen.HIGH_FLOW: 3,
    Oxygen.FACE_MASK: 3,
    Oxygen.NON_REBREATHER: 3,
    Oxygen.VENTURI: 3,
    Oxygen.CPAP: 4,
    Oxygen.BIPAP: 4,
    Oxygen.VENTILATION: 4,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CrsObservations:
    """What CRS is graded from, at its worst.

    Attributes
    ----------
    temperature : float or None
        Degrees Celsius.
    fever_explained : bool
        The fever is due to another cause.
    treated : bool or None
        After antipyretics, tocilizumab or steroids: fever is no longer required.
    hypotension : bool or None
    vasopressors : int or None
        How many at the same time, vasopressin not counted.
    vasopressin : bool or None
    oxygen : Oxygen or None
    oxygen_l_min : float or None
        Flow of nasal oxygen, L/min.
    died : bool
        Of CRS.
    """

    temperature: float | None = None
    fever_explained: bool = False
    treated: bool | None = None
    hypotension: bool | None = None
    vasopressors: int | None = None
    vasopressin: bool | None = None
    oxygen: Oxygen | None = None
    oxygen_l_min: float | None = None
    died: bool = False

    def __post_init__(self) -> None:
        if self.temperature is not None and not 25 <= self.temperature <= 45:
            raise InputError(
                f"temperature: {self.temperature:g} is not a body temperature in degrees Celsius"
            )
        if self.vasopressors is not None and not 0 <= self.vasopressors <= 10:
            raise InputError(f"vasopressors: {self.vasopressors} must be a number from 0 to 10")
        if self.oxygen_l_min is None:
            return
        if self.oxygen is None or self.oxygen is Oxygen.NONE:
            raise InputError("oxygen: a flow is given, but not how the oxygen is given")
        if not 0 < self.oxygen_l_min <= 100:
            raise InputError(f"oxygen: {self.oxygen_l_min:g} must be a flow in L/min, up to 100")


def grade_crs(observed: CrsObservations) -> Grade:
    """Grade CRS.

    Examples
    --------
    >>> grade_crs(CrsObservations(temperature=38.5, vasopressors=1, oxygen=Oxygen.NONE)).text
    'grade 3: one vasopressor'
    """
    worst: dict[str, Any] = {}
    if observed.treated is None:
        worst["treated"] = True
    if observed.temperature is None:
        worst["temperature"] = 45.0
    if observed.hypotension is None:
        worst["hypotension"] = True
    if observed.hypotension is not False:  # without hypotension nobody needs a vasopressor
        if observed.vasopressors is None:
            worst["vasopressors"] = 2
        if observed.vasopressin is None:
            worst["vasopressin"] = True
    if observed.oxygen is None:
        worst["oxygen"] = Oxygen.VENTILATION
    elif observed.oxygen is Oxygen.NASAL and observed.oxygen_l_min is None:
        worst["oxygen_l_min"] = 100.0
    return grade_with_unknowns(observed, _grade_crs, worst, _CRS_NAMES)


_CRS_NAMES = {
    "treated": "whether treated with antipyretics, tocilizumab or steroids",
    "oxygen_l_min": "flow of oxygen",
}


def _grade_crs(observed: CrsObservations) -> Sign:
    if observed.died:
        return 5, "death due to CRS"
    temperature = observed.temperature
    hot = temperature is not None and not is_above(FEVER, temperature)
    fever = hot and not observed.fever_explained
    worst = max(_crs_signs(observed), key=lambda sign: sign[0], default=(0, ""))
    if not fever and not observed.treated:
        if hot:
            return 0, f"no CRS: the fever of {temperature:g} \N{DEGREE SIGN}C has another cause"
        measured = "" if temperature is None else f", {temperature:g} \N{DEGREE SIGN}C"
        return 0, f"no CRS: no fever of {FEVER:g} \N{DEGREE SIGN}C or more{measured}"
    if worst[0]:
        return worst
    if fever:
        return 1, f"fever of {temperature:g} \N{DEGREE SIGN}C only"
    return 0, "no CRS: treated, no fever, hypotension or hypoxia"


def _crs_signs(observed: CrsObservations) -> Iterator[Sign]:
    """Yield the grades of hypotension and hypoxia, each with what gave it."""
    n_pressors = observed.vasopressors or 0
    if n_pressors > 1:
        yield 4, f"{count(n_pressors, 'vasopressor')}, not counting vasopressin"
    elif n_pressors == 1:
        yield 3, "one vasopressor" + " with vasopressin" * bool(observed.vasopressin)
    elif observed.vasopressin:
        yield 3, "vasopressin"
    elif observed.hypotension:
        yield 2, "hypotension without a vasopressor"
    if observed.oxygen is None:
        return
    flow = observed.oxygen_l_min
    if observed.oxygen is not Oxygen.NASAL:
        yield _OXYGEN_GRADES[observed.oxygen], f"oxygen by {observed.oxygen}"
    elif flow is None:
        yield 2, "nasal oxygen"
    elif is_above(flow, LOW_FLOW):
        yield 3, f"high-flow nasal oxygen, {flow:g} L/min"
    else:
        yield 2, f"low-flow nasal oxygen, {flow:g} L/min"


class Consciousness(StrEnum):
    """What it takes to awaken the patient."""

    AWAKE = "awake"
    BY_ITSELF = "by-itself"
    TO_VOICE = "to-voice"
    TO_TOUCH = "to-touch"
    UNAROUSABLE = "unarousable"


class Seizure(StrEnum):
    """A seizure, clinical or on EEG."""

    NONE = "none"
    RESOLVES = "resolves"
    PROLONGED = "prolonged"


class Oedema(StrEnum):
    """Cerebral oedema on imaging; diffuse stands also for the signs of raised pressure.

    They are decerebrate or decorticate posturing, a palsy of cranial nerve VI, papilloedema and
    Cushing's triad.
    """

    NONE = "none"
    FOCAL = "focal"
    DIFFUSE = "diffuse"


ICE_POINTS = {"orientation": 4, "naming": 3, "command": 1, "writing": 1, "attention": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class IcansObservations:
    """What ICANS is graded from, at its worst and where not due to another cause.

    Haemorrhage, tremor and myoclonus do not count.

    Attributes
    ----------
    ice : int or None
        The ICE score, 0 to 10, where its items are not given.
    orientation, naming, command, writing, attention : int or None
        Points of its items: at most 4, 3, 1, 1 and 1.
    consciousness : Consciousness or None
    sedated : bool
        Then consciousness cannot be assessed, whatever is said of it.
    seizure : Seizure or None
    deep_focal_weakness : bool or None
        Such as hemiparesis or paraparesis.
    oedema : Oedema or None
    died : bool
        Of ICANS.
    """

    ice: int | None = None
    orientation: int | None = None
    naming: int | None = None
    command: int | None = None
    writing: int | None = None
    attention: int | None = None
    consciousness: Consciousness | None = None
    sedated: bool = False
    seizure: Seizure | None = None
    deep_focal_weakness: bool | None = None
    oedema: Oedema | None = None
    died: bool = False

    def __post_init__(self) -> None:
        if self.ice is not None and not 0 <= self.ice <= 10:
            raise InputError(f"ice: {self.ice} must be a score from 0 to 10")
        for name, most in ICE_POINTS.items():
            points = getattr(self, name)
            if points is not None and not 0 <= points <= most:
                raise InputError(f"{name}: {points} must be 0 to {most} points of the ICE score")
            if points is not None and self.ice is not None:
                raise InputError(f"{name}: is given beside the ICE score; give one of the two")

    @property
    def highest_ice(self) -> int:
        """The ICE score, with all points of what was not assessed."""
        if self.ice is not None:
            return self.ice
        got = {name: getattr(self, name) for name in ICE_POINTS}
        return sum(most if got[name] is None else got[name] for name, most in ICE_POINTS.items())


def grade_icans(observed: IcansObservations) -> Grade:
    """Grade ICANS of an adult.

    Examples
    --------
    >>> awake = IcansObservations(ice=8, consciousness=Consciousness.AWAKE, seizure=Seizure.NONE)
    >>> print(grade_icans(awake).text)
    grade at least 1: ICE score 8; not assessed: motor findings, cerebral oedema
    """
    if observed.sedated:
        observed = replace(observed, consciousness=None)
    worst: dict[str, Any] = {
        "consciousness": Consciousness.UNAROUSABLE,
        "seizure": Seizure.PROLONGED,
        "deep_focal_weakness": True,
        "oedema": Oedema.DIFFUSE,
    }
    if observed.ice is None:
        if all(getattr(observed, name) is None for name in ICE_POINTS):
            worst = {"ice": 0} | worst
        else:
            worst = dict.fromkeys(ICE_POINTS, 0) | worst
    unknown = {name: value for name, value in worst.items() if getattr(observed, name) is None}
    sedated = {"consciousness": "consciousness, under sedation"} if observed.sedated else {}
    return grade_with_unknowns(observed, _grade_icans, unknown, _ICANS_NAMES | sedated)


_ICANS_NAMES = {
    "ice": "ICE score",
    "deep_focal_weakness": "motor findings",
    "oedema": "cerebral oedema",
    **{name: f"{name} of the ICE score" for name in ICE_POINTS},
}


def _grade_icans(observed: IcansObservations) -> Sign:
    if observed.died:
        return 5, "death due to ICANS"
    return max(_icans_signs(observed), key=lambda sign: sign[0], default=(0, "no sign of ICANS"))


def _icans_signs(observed: IcansObservations) -> Iterator[Sign]:
    """Yield the grade of each item that is not normal, with what gave it."""
    if observed.consciousness not in (None, Consciousness.AWAKE):
        yield _CONSCIOUSNESS[observed.consciousness]
    if observed.seizure is Seizure.RESOLVES:
        yield 3, "a seizure that resolves"
    if observed.seizure is Seizure.PROLONGED:
        yield 4, "a seizure that is prolonged, or repetitive without return to baseline"
    if observed.deep_focal_weakness:
        yield 4, "deep focal motor weakness"
    if observed.oedema is Oedema.FOCAL:
        yield 3, "focal cerebral oedema on imaging"
    if observed.oedema is Oedema.DIFFUSE:
        yield 4, "diffuse cerebral oedema, or signs of raised pressure"
    score = observed.highest_ice
    if score < 10:
        by_score = 1 if score >= 7 else 2 if score >= 3 else 3
        yield by_score, f"ICE score {score}"


_CONSCIOUSNESS = {
    Consciousness.BY_ITSELF: (1, "awakens by itself"),
    Consciousness.TO_VOICE: (2, "awakens to voice"),
    Consciousness.TO_TOUCH: (3, "awakens to touch only"),
    Consciousness.UNAROUSABLE: (4, "unarousable, or to vigorous or repeated touch only"),
}
