"""Results from the unit in which a laboratory reports to the one in which a plan states limits.

A unit is read, however it is spelled: ``10^9/L``, ``×10⁹/l``, ``10*9/L``, ``G/L`` and ``10^3/uL``
are one. What differs by powers of ten, or by minutes and days, is always converted. Between grams
and moles, and whatever else takes more than arithmetic, the table ``SUBSTANCES`` says; there is no
other such number in the project.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache
from types import MappingProxyType

from escalation.dataclass import dataclass
from escalation.errors import InputError, printable
from escalation.protocol.units import POWER_OF_TEN, fold_unit
from escalation.text import join_words

__all__ = [
    "SUBSTANCES",
    "ConversionError",
    "Substance",
    "convert",
    "find_unit_fault",
    "is_same_unit",
    "units_taken",
]

# What is counted, weighed or timed, each to which power: g/L is {"g": 1, "L": -1}
Dimensions = tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Substance:
    """What the units of one substance are to each other.

    Attributes
    ----------
    taken : tuple of str
        Units in which it is usually reported, for messages.
    equal : tuple of (str, Fraction, str)
        One of the first is so many of the second, of this substance: 1 mol of creatinine in g.
    """

    taken: tuple[str, ...]
    equal: tuple[tuple[str, Fraction, str], ...] = ()


_CELLS = Substance(taken=("10^9/L", "10^3/uL", "/uL", "cells/mm3", "G/L"))
# 1 mg/dL of creatinine is 88.4 umol/L
_CREATININE = ("mol", Fraction(10_000) / Fraction("88.4"), "g")
_ENZYME = Substance(
    taken=("U/L", "IU/L", "ukat/L"),
    equal=(("IU", Fraction(1), "U"), ("kat", Fraction(60_000_000), "U")),  # 1 U is 1 umol/min
)

SUBSTANCES: Mapping[str, Substance] = MappingProxyType(
    {
        "creatinine": Substance(taken=("umol/L", "mg/dL"), equal=(_CREATININE,)),
        # a mole of haemoglobin as laboratories report it is one of its four chains
        "haemoglobin": Substance(
            taken=("g/L", "g/dL", "mmol/L"), equal=(("mol", Fraction(16_114), "g"),)
        ),
        # 1 mg/dL of bilirubin is 17.1 umol/L
        "bilirubin": Substance(
            taken=("umol/L", "mg/dL"),
            equal=(("mol", Fraction(10_000) / Fraction("17.1"), "g"),),
        ),
        "cells": _CELLS,
        "platelets": _CELLS,
        "neutrophils": _CELLS,
        # the moles are those of creatinine
        "protein/creatinine": Substance(taken=("g/g", "mg/g", "mg/mmol"), equal=(_CREATININE,)),
        "24-hour protein": Substance(taken=("g/24 h", "mg/24 h")),
        "enzyme": _ENZYME,
    }
)


class ConversionError(InputError):
    """A result whose unit is missing, unknown, or of another kind.

    Parameters
    ----------
    value : float
    unit : str or None
        As reported.
    to : str or None
        The unit that it was to be converted to.
    substance : str or None
    problem : str
        ``its unit is missing``, with the units that are taken.
    """

    def __init__(
        self, value: float, unit: str | None, to: str | None, substance: str | None, problem: str
    ) -> None:
        self.value = value
        self.unit = unit
        self.to = to
        self.substance = substance
        self.problem = problem
        super().__init__(f"{value:.10g}{_after(unit)}: {problem}")


def convert(value: float, unit: str | None, to: str | None, substance: str | None = None) -> float:
    """Convert a result to another unit.

    Parameters
    ----------
    value : float
    unit : str or None
        As reported; None, and an empty one, only for what has no unit, such as an INR.
    to : str or None
        The plan's unit; None for what has none.
    substance : str or None
        A name of ``SUBSTANCES``.

    Returns
    -------
    float
        Calculated on the decimals as they are written: 6.1 g/dL is 61 g/L to the last digit.

    Raises
    ------
    ConversionError
        For a unit that is missing, unknown, or of another kind.

    Examples
    --------
    >>> convert(6.1, "g/dL", "g/L"), convert(45, "×10³/µL", "10^9/L")
    (61.0, 45.0)
    >>> convert(1.0, "mg/dL", "umol/L", "creatinine")
    88.4
    """
    problem = find_unit_fault(unit, to, substance)
    if problem is not None:
        raise ConversionError(value, unit, to, substance, problem)
    factor = None if to is None else _factor(unit or "", to, substance)
    if factor is None or factor == 1:
        return float(value)
    try:
        return float(Fraction(repr(value)) * factor)
    except (OverflowError, ValueError) as error:
        raise ConversionError(value, unit, to, substance, f"is not a number in {to}") from error


def find_unit_fault(unit: str | None, to: str | None, substance: str | None = None) -> str | None:
    """Say why a result in a unit cannot be converted to another, and what would be right."""
    if unit == to:
        return None
    folded = fold_unit(unit or "")
    if to is None:
        return None if folded.casefold() in _NO_UNIT else "it is taken without a unit"
    if not folded:
        return f"its unit is missing; give it in {join_words(units_taken(to, substance), 'or')}"
    if _factor(folded, to, substance) is not None:
        return None
    said = f'the unit "{printable(unit or "")}"'
    lost = _LOST_POWER.match(folded)
    if lost:
        return f"{said} has lost a power of ten; write 10^{lost[1]}{lost[2]}"
    is_known = _read(folded, counts=True) is not None
    problem = f"cannot be converted to {to}" if is_known else "is not known"
    return f"{said} {problem}; give it in {join_words(units_taken(to, substance), 'or')}"


def is_same_unit(unit: str | None, other: str | None) -> bool:
    """Tell whether two units are one, spelled in one way or two.

    Examples
    --------
    >>> is_same_unit("×10⁹/L", "10^9/l"), is_same_unit("g/L", "g/dL")
    (True, False)
    """
    if unit is None or other is None:
        return unit == other
    return unit == other or _factor(unit, other, None) == 1


def units_taken(to: str | None, substance: str | None = None) -> tuple[str, ...]:
    """Return units in which results may be given, the plan's own first; others are spellings.

    Examples
    --------
    >>> units_taken("umol/L", "creatinine")
    ('umol/L', 'mg/dL')
    """
    if to is None:
        return ()
    usual = _find(substance).taken
    if not usual and _factor("10^9/L", to, None) is not None:
        usual = _CELLS.taken
    others = (unit for unit in usual if _factor(unit, to, substance) is not None)
    return (to, *(unit for unit in others if not is_same_unit(unit, to)))


# ------------------------------------------------------------------------------ factors

_NO_UNIT = {"", "1", "ratio", "inr", "index", "score", "points", "none", "-"}


@lru_cache(maxsize=512)
def _factor(unit: str, to: str, substance: str | None) -> Fraction | None:
    """Return how many of one unit another one is; None where nothing says so."""
    one, other = fold_unit(unit), fold_unit(to)
    if one.casefold() == other.casefold() and not one.startswith(("g/", "G/")):
        return Fraction(1)
    wanted = _read(other, counts=True)
    given = _read(one, counts=wanted is not None and wanted[1] in _COUNTS)
    if given is None or wanted is None:
        return None
    known = _find(substance)
    scale, dimensions = _in_basic(*given, known)
    wanted_scale, wanted_dimensions = _in_basic(*wanted, known)
    return scale / wanted_scale if dimensions == wanted_dimensions else None


def _find(substance: str | None) -> Substance:
    return SUBSTANCES.get(substance or "", Substance(taken=()))


def _in_basic(
    scale: Fraction, dimensions: Dimensions, substance: Substance
) -> tuple[Fraction, Dimensions]:
    """Put for what is equal to something else of a substance that something else."""
    powers = dict(dimensions)
    for name, times, basic in substance.equal:
        power = powers.pop(name, 0)
        powers[basic] = powers.get(basic, 0) + power
        scale *= times**power
    return scale, _sorted(powers)


def _sorted(powers: Mapping[str, int]) -> Dimensions:
    return tuple(sorted((name, power) for name, power in powers.items() if power))


# ------------------------------------------------------------------------------ reading

_PREFIXES = {
    **{"k": 3, "kilo": 3, "d": -1, "deci": -1, "c": -2, "centi": -2, "m": -3, "milli": -3},
    **{"u": -6, "mc": -6, "micro": -6, "n": -9, "nano": -9, "p": -12, "pico": -12, "f": -15},
}
_BASES: Mapping[str, tuple[str, Fraction, Dimensions]] = {
    name: (prefixes, Fraction(scale), dimensions)
    for names, prefixes, scale, dimensions in (
        ("g gm gms gram grams gramme grammes", "kdcmunpf", 1, (("g", 1),)),
        ("mol mole moles", "munpf", 1, (("mol", 1),)),
        ("l litre litres liter liters", "dcmunpf", 1, (("L", 1),)),
        ("u unit units", "kmu", 1, (("U", 1),)),
        ("iu [iu] ie", "kmu", 1, (("IU", 1),)),
        ("kat", "mun", 1, (("kat", 1),)),
        ("m meter meters metre metres", "cmu", 1, (("m", 1),)),
        ("copy copies", "", 1, (("copies", 1),)),
        ("d day days", "", 1, (("d", 1),)),
        ("h hr hrs hour hours", "", Fraction(1, 24), (("d", 1),)),
        ("min mins minute minutes", "", Fraction(1, 1440), (("d", 1),)),
        ("s sec secs second seconds", "m", Fraction(1, 86_400), (("d", 1),)),
        ("a y yr yrs year years", "", 1, (("a", 1),)),
        ("% percent", "", 1, (("%", 1),)),
        ("mmhg", "", 1, (("mmHg", 1),)),
        ("°c degc celsius c", "", 1, (("°C", 1),)),
        ("cc cm3", "", Fraction(1, 1000), (("L", 1),)),
        ("mm3 cmm", "", Fraction(1, 1_000_000), (("L", 1),)),
        # what is measured, beside its measure: cells/uL, mg/g creatinine, copies/ug DNA
        ("cell cells dna gdna creatinine creat crea cr protein beats breaths", "", 1, ()),
    )
    for name in names.split()
}
# before a volume, where cells are counted: G/L is 10^9 a litre, and g/L a weight
_MANY = {
    **{"K": 3, "k": 3, "G": 9, "T": 12, "M": 6, "thou": 3, "thousand": 3, "thousands": 3},
    **{
        "Tsd": 3,
        "tsd": 3,
        "Mio": 6,
        "mill": 6,
        "mio": 6,
        "million": 6,
        "millions": 6,
        "giga": 9,
        "tera": 12,
        "Giga": 9,
    },
}
_COUNTS: frozenset[Dimensions] = frozenset({(("L", -1),)})
_LOST_POWER = re.compile(r"(?:[x\xd7*·] ?)?10([369]|12)( ?/.*)$", re.IGNORECASE | re.ASCII)
_POWER = re.compile(
    rf"(?:[x\xd7*·] ?)?(?P<power>{POWER_OF_TEN}|10 ?(?:\*[0-9]{{1,2}}|\([0-9]{{1,2}}\)))"
    r"(?: ?[x\xd7*·])?",
    re.IGNORECASE | re.ASCII,
)
_OTHER_WORDS = tuple(
    (re.compile(other, re.IGNORECASE | re.ASCII), usual)
    for other, usual in (
        (r"\bper\b", "/"),
        (r"\(?\b24[ -]?(?:h|hr|hrs|hour|hours)\b\)?", "d"),
        (r"\bcu(?:bic)?\.? ?mm\b", "mm3"),
        (r"\b100 ?ml\b", "dl"),
        (r"^(m?g) ?%$", r"\1/dl"),
        (r"\bmm hg\b", "mmhg"),
    )
)
_TOKEN = re.compile(r"([a-z%°\[\]]+)(?:\^|\*\*)?([+-]?[0-9])?", re.IGNORECASE | re.ASCII)
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-")


@lru_cache(maxsize=512)
def _read(folded: str, *, counts: bool) -> tuple[Fraction, Dimensions] | None:
    """Return how many of what a unit is; None where it cannot be read."""
    text = folded.replace("µ", "u")
    for other, usual in _OTHER_WORDS:
        text = other.sub(usual, text)
    scale = Fraction(1)
    power = _POWER.match(text)
    if power:
        scale = _value(power["power"].translate(_RAISED))
        text = text[power.end() :]
    powers: dict[str, int] = {}
    for k, part in enumerate(text.translate(_RAISED).split("/")):
        for word in re.split(r"[ ·.]+", part.strip()):
            read = _read_word(word, counts=counts and k == 0)
            if read is None or (word in ("", "1") and k > 0):
                return None
            sign = 1 if k == 0 else -1
            scale *= read[0] ** sign
            for name, times in read[1]:
                powers[name] = powers.get(name, 0) + sign * times
    return (scale, _sorted(powers)) if powers else None


def _value(power: str) -> Fraction:
    """Return a power of ten: ``10^9``, ``10**9``, ``10*9``, ``10(9)`` and ``10E9`` are one."""
    mantissa, exponent = re.findall(r"[0-9.]+", re.sub("^10 ?", "10 ", power))
    return (1 if mantissa == "10" else Fraction(mantissa)) * Fraction(10) ** int(exponent)


def _read_word(word: str, *, counts: bool) -> tuple[Fraction, Dimensions] | None:
    if word in ("", "1"):
        return Fraction(1), ()
    if counts and word in _MANY:
        return Fraction(10) ** _MANY[word], ()
    found = _TOKEN.fullmatch(word)
    if not found:
        return None
    name, exponent = found[1].lower(), found[2]
    whole = f"{name}{exponent or ''}"
    if whole in _BASES:
        return _BASES[whole][1:]
    for prefix in ("", *_PREFIXES):
        base = _BASES.get(name.removeprefix(prefix)) if name.startswith(prefix) else None
        if base is None or (prefix and prefix[0] not in base[0]):
            continue
        times = int(exponent or 1)
        scale = Fraction(10) ** (_PREFIXES[prefix] if prefix else 0) * base[1]
        return scale**times, tuple((unit, power * times) for unit, power in base[2])
    return None


# ------------------------------------------------------------------------------ words


def _after(unit: str | None) -> str:
    return f" {printable(unit)}" if unit else ""
