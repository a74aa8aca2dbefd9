"""The unit of a protocol's doses: of what, and for each what: a patient, a kg or a square metre.

Protocols spell it in many ways: ``cells/kg``, ``Cells / Kg body weight``, ``mg kg-1``, ``mg/m²``.
What is for each is read; what the amount is of stays as written, and no dose is ever scaled. A dose
is flat only where every word is known to be one of an amount, or where ``/patient`` says so, so
that no misspelling of ``/kg`` makes a flat dose.
"""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum
from functools import lru_cache

from escalation.dataclass import dataclass
from escalation.errors import InputError, printable

__all__ = [
    "POWER_OF_TEN",
    "BodySize",
    "Unit",
    "find_unit",
    "find_unit_fault",
    "fold_unit",
    "is_same_unit",
    "read_unit",
]

MAX_LENGTH = 100


class BodySize(StrEnum):
    """What a dose is given for each of."""

    PATIENT = "patient"
    KG = "kg"
    M2 = "m2"


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of doses that has been read.

    Attributes
    ----------
    amount : str
        Unit of what one patient gets, as it was spelled: ``cells``, ``mg/day``.
    per : BodySize
    """

    amount: str
    per: BodySize


def read_unit(text: str) -> Unit:
    """Read the unit of a protocol's doses.

    Raises
    ------
    InputError
        For what cannot be read, with what would be right.

    Examples
    --------
    >>> [read_unit(text).per.value for text in ("Cells/Kg", "mg kg-1", "mg/m²", "mg/day", "Gy")]
    ['kg', 'kg', 'm2', 'patient', 'patient']
    >>> read_unit("mg/kg/day").amount
    'mg/day'
    """
    read = _read(text)
    if isinstance(read, str):
        raise InputError(f'"{printable(text)}" {read}')
    return read


def find_unit(text: str | None) -> Unit | None:
    """Return a unit; None for none, and for one that cannot be read, as old records may have."""
    read = None if text is None else _read(text)
    return read if isinstance(read, Unit) else None


def find_unit_fault(text: str) -> str | None:
    """Say what is wrong with a unit, and what would be right; None for one that can be read."""
    read = _read(text)
    return read if isinstance(read, str) else None


def is_same_unit(text: str | None, other: str | None) -> bool:
    """Tell whether doses in two units mean the same, however they are spelled."""
    if text == other:
        return True
    one, two = find_unit(text), find_unit(other)
    if one is None or two is None:
        return False
    return one.per is two.per and one.amount.casefold() == two.amount.casefold()


# ------------------------------------------------------- what stands for each, at the end of a unit

_OF_WEIGHT = (
    r"(?:of )?(?:actual |total |recipient |patient )?(?:body[ -]?(?:weight|mass)|weight|bw)"
)
_OF_SURFACE = r"(?:of )?(?:body[ -]surface(?:[ -]area)?|bsa)"
_KG = "kgs?|kilos?|kilogram(?:me|m)?s?"
_M2 = (
    r"m ?(?:\^ ?|\*\*)?[2²]|sq\.? ?m(?:et(?:er|re)s?)?|m ?sq|"
    r"square[ -]?met(?:er|re)s?|met(?:er|re)s? ?(?:squared|\^?[2²])"
)
_AFTER_SLASH = {
    "kg": rf"(?:{_KG})(?: ?{_OF_WEIGHT}| ?\({_OF_WEIGHT}\))?",
    "m2": rf"(?:{_M2})(?: ?{_OF_SURFACE}| ?\({_OF_SURFACE}\))?",
    "patient": "patients?|pt|subjects?|person",
    "time": "minutes?|min|hours?|hr|h|days?|d|weeks?|wk|months?|doses?|infusions?|injections?|"
    "administrations?|applications?|fractions?|fx|sessions?|courses?|cycles?",
}
# raised to a negative power, in place of the slash: kg-1, kg^-1, m**-2, m⁻²
_TO_MINUS_1 = r" ?(?:(?:\^|\*\*)? ?-1|⁻¹|\^[({]-1[)}])"
_TO_MINUS_2 = r" ?(?:(?:\^|\*\*)? ?-2|⁻²|\^[({]-2[)}])"
_FOR_EACH = re.compile(
    "(?: ?/ ?| per )(?:"
    + "|".join(f"(?P<{name}>{words})" for name, words in _AFTER_SLASH.items())
    + rf")$|[ ·.*](?:(?P<kg_>kg{_TO_MINUS_1})|(?P<m2_>m{_TO_MINUS_2})"
    + rf"|(?P<time_>day|d|week|wk|h|min){_TO_MINUS_1})$",
    re.IGNORECASE | re.ASCII,
)
_SCHEDULE = re.compile(
    r"(?:[ ,]\(?(?:once|twice|daily|weekly|monthly|(?:two|three|four) times|a day|a week|"
    r"every (?:other )?(?:[0-9]+ )?(?:hours?|days?|weeks?|months?)|"
    r"qd|od|bid|tid|qid|qod|q\.d\.|b\.i\.d\.|t\.i\.d\.|qw|q[0-9]+[hdw])\)?)+$",
    re.IGNORECASE | re.ASCII,
)


@lru_cache(maxsize=256)
def _read(text: str) -> Unit | str:
    """Return the unit, or what is wrong with it."""
    folded = fold_unit(text)
    fault = _find_odd_sign(folded, text)
    if fault is not None:
        return fault
    rest, schedule = folded, ""
    found = _SCHEDULE.search(rest)
    if found:
        rest, schedule = rest[: found.start()], rest[found.start() :]
    sizes: list[BodySize] = []
    times: list[str] = []
    while found := _FOR_EACH.search(rest):
        for name, word in found.groupdict().items():
            kind = name.rstrip("_")
            if word is not None and kind == "time":
                times.append(word)
            elif word is not None:
                sizes.append(BodySize(kind))
        rest = rest[: found.start()]
    amount = rest.strip()
    if len(sizes) > 1:
        named = " and ".join(dict.fromkeys(reversed(sizes)))
        once = "twice" if len(set(sizes)) == 1 else "both"
        return f"is for each {named} {once}; write {_alternatives(amount)}"
    if len(times) > 1:
        return f"names two times; write one, such as {_quote(f'{amount}/{times[-1]}')}"
    fault = _find_amount_fault(amount)
    if fault is not None:
        return fault
    if not sizes and not _is_known(amount):
        return _say_unknown(folded, amount)
    per = sizes[0] if sizes else BodySize.PATIENT
    return Unit("".join([amount, *(f"/{time}" for time in times), schedule]), per)


_ALIKE = str.maketrans(
    {
        **dict.fromkeys("\u2044\u2215\u29f8", "/"),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2212", "-"),
        **dict.fromkeys("\u22c5\u2219\u2022\u30fb", "·"),
        "\u03bc": "µ",
        "\u2715": "\xd7",
        "\u207b": "⁻",
    }
)
_SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻"


def fold_unit(text: str) -> str:
    """Return a unit in NFKC with one blank between words; superscripts and µ stay."""
    kept = (
        c if c in f"{_SUPERSCRIPTS}µ·" else unicodedata.normalize("NFKC", c).translate(_ALIKE)
        for c in unicodedata.normalize("NFC", text)
    )
    return " ".join("".join(kept).split())


_SIGNS = f" /+-^*.,()%{{}}\xd7·µ{_SUPERSCRIPTS}"


def _find_odd_sign(folded: str, text: str) -> str | None:
    if len(text) > MAX_LENGTH:
        return f"is too long for a unit: at most {MAX_LENGTH} characters"
    if not folded:
        return 'is empty; write "cells/kg", "mg/m2" or "mg"'
    for c in folded:
        is_latin = c.isalpha() and unicodedata.name(c, "").startswith("LATIN ")
        if not (c in _SIGNS or is_latin or (c.isascii() and c.isdigit())):
            what = unicodedata.name(c, f"U+{ord(c):04X}").lower()
            return (
                f"has a sign that units are not written with ({what}); write it in Latin letters, "
                'such as "cells/kg", "mg/m2" or "mg"'
            )
    return None


# ------------------------------------------------------------------------- what the amount is of

POWER_OF_TEN = (
    r"10 ?(?:\^ ?|\*\*|e\+?)[0-9]{1,2}|10[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,2}|10\^[({][0-9]{1,2}[)}]|"
    r"[1-9](?:\.[0-9]+)?e\+?[0-9]{1,2}"
)
_MULTIPLIER = re.compile(
    rf"(?:[x\xd7*·] ?)?(?:{POWER_OF_TEN})(?: ?[x\xd7*·])?(?: |$)",
    re.IGNORECASE | re.ASCII,
)
_LOST_POWER = re.compile(r"(?:[x\xd7*·] ?)?10([1-9][0-9]?)(?: |$)", re.IGNORECASE | re.ASCII)
_MEASURES = """
g gram grams gramme grammes mg mgs milligram milligrams milligramme milligrammes
mcg ug µg microgram micrograms microgramme microgrammes ng nanogram nanograms pg
l litre litres liter liters ml cc millilitre millilitres milliliter milliliters
µl ul mcl microlitre microlitres microliter microliters
u unit units iu ku miu mu mol mmol µmol umol nmol pmol meq
bq kbq mbq gbq ci mci µci uci gy cgy mgy gray sv msv gye gyrbe % percent
"""
_WITH_MEASURES = """
of rbe flat fixed absolute dose total active international
thousand million millions billion billions trillion
"""
_COUNTED = """
cell cells t-cells nk-cells b-cells lymphocytes til tils msc mscs car-t cart car-ts nk nks
tregs treg leukocytes leucocytes platelets mononuclear splenocytes
vg gc vp pfu tu ffu cfu tcid50 ccid50 copies genomes particles virions plasmids
tablet tablets capsule capsules puff puffs vial vials drop drops spray sprays
patch patches ampoule ampoules suppository suppositories
"""
_WITH_COUNTED = """
viable live living alive positive engineered modified
transduced transfected nucleated stem mesenchymal autologous allogeneic donor natural killer
regulatory tumour tumor infiltrating tumour-infiltrating tumor-infiltrating expressing
car car+ car-positive car-expressing tcr tcr+ tcr-t t b nkt car-nk cytotoxic memory
progenitor haematopoietic hematopoietic plaque-forming colony-forming forming viral vector anti
"""
_KINDS = {
    "measure": _MEASURES,
    "with measure": _WITH_MEASURES,
    "counted": _COUNTED,
    "with counted": _WITH_COUNTED,
}
_KIND_OF = {word: kind for kind, words in _KINDS.items() for word in words.split()}
_MARKER = re.compile(r"(?:anti-)?cd[0-9]{1,3}[a-z]?[+-]?", re.IGNORECASE | re.ASCII)
# what may have been meant for a kg or a square metre, where it stands for nothing that was read
_LIKE_KG = re.compile(
    r"kg|kilo|kq|\bk\b|\bb\.?w\b|weight|mass\b|\blbs?\b|pound|stone", re.IGNORECASE | re.ASCII
)
_LIKE_M2 = re.compile(
    r"m ?\^?[2²]|\bm ?[3³]|\bm\b|\bsq|square|met(?:er|re)|surface|bsa|²", re.IGNORECASE | re.ASCII
)
_LEFT_OVER = re.compile(
    r"/|\bper\b|\^|\*\*|[gmy] ?[-⁻] ?[12¹²]\b|[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻{}]", re.IGNORECASE | re.ASCII
)


def _find_amount_fault(amount: str) -> str | None:
    """Say what an amount has in it that no amount has; None for a sound one."""
    lost = _LOST_POWER.match(amount)
    if lost:
        return f"has lost a power of ten; write x10^{lost[1]} for {printable(lost[0].strip())}"
    words = _words(amount)
    number = next((word for word in words if re.fullmatch(r"[0-9.,]+", word)), None)
    if number is not None:
        return (
            f"has a number, {number}: give the doses themselves, and here what they are in, such "
            'as "mg" or "x10^6 cells"'
        )
    clean = " ".join(words)
    if _LEFT_OVER.search(clean) or _LIKE_KG.search(clean) or _LIKE_M2.search(clean):
        return _say_unread(amount)
    if not any(word[:1].isalpha() or word[:1] in "%(" for word in words):
        return f"does not say what of; write {_alternatives('cells')}"
    return None


def _words(amount: str) -> list[str]:
    """Return the words of an amount, without the power of ten that it may begin with."""
    power = _MULTIPLIER.match(amount)
    return amount[power.end() if power else 0 :].split()


def _is_known(amount: str) -> bool:
    """Tell whether it is a measure, or something that is counted, in words that are all known."""
    bare = re.sub(r"\(([^()]*)\)", r"\1", amount.lower())
    kinds = [_find_kind(word.strip(",")) for word in _words(bare)]
    if "measure" in kinds:
        return kinds.count("measure") == 1 and set(kinds) <= {"measure", "with measure"}
    return "counted" in kinds and None not in kinds


def _find_kind(word: str) -> str | None:
    return "with counted" if _MARKER.fullmatch(word) else _KIND_OF.get(word)


_RULE = "after the amount stands /kg, /m2 or /patient, then perhaps a time such as /day or /cycle"
_NOT_ONE = re.compile(r"(?:/|\bper) ?[0-9]", re.ASCII | re.IGNORECASE)
_POUND = re.compile(r"\blbs?\b|pound", re.ASCII | re.IGNORECASE)
_STONE = re.compile(r"\bstone", re.ASCII | re.IGNORECASE)
_OTHER_AREA = re.compile(r"(?:/|\bper) ?([cmdk]m ?\^?[2²])", re.ASCII | re.IGNORECASE)
_OTHER_WEIGHT = re.compile(r"\b(ideal|lean|adjusted|dry|ibw|lbm)\b", re.ASCII | re.IGNORECASE)


def _say_unread(text: str) -> str:
    """Say that something for each is not understood, and what it may have been meant for."""
    if _NOT_ONE.search(text):
        return "is not for one; write the doses for one kg or one m2 each"
    if _STONE.search(text):
        return 'is for each stone; write the doses for each kg, as "mg/kg" (1 stone is 6.35 kg)'
    if _POUND.search(text):
        return 'is for each pound; write the doses for each kg, as "mg/kg" (1 lb is 0.4536 kg)'
    area = _OTHER_AREA.search(text)
    if area:
        return f"is for each {area[1]}, and not of body surface; write what one patient gets"
    other = _OTHER_WEIGHT.search(text)
    if other:
        return f"is for a weight that is not known here, {other[1]}; /kg is of body weight"
    first = _known_beginning(text)
    rest = text[len(first) :]
    meant = [f"{first or 'mg'}/kg"] if _LIKE_KG.search(rest) else []
    meant += [f"{first or 'mg'}/m2"] if _LIKE_M2.search(rest) else []
    written = " or ".join(map(_quote, meant)) or _alternatives(first)
    return f"cannot be read as a unit: {_RULE}; write {written}"


def _known_beginning(text: str) -> str:
    """Return as much of a unit as is known to be an amount."""
    found = ""
    for end in (match.start() for match in re.finditer(r"[ /·.*]|$", text)):
        if _is_known(text[:end]):
            found = text[:end]
    return found


def _say_unknown(text: str, amount: str) -> str:
    """Say that a unit is not known to be flat, and how to say that it is."""
    if re.search(r"\bkg|/", text, re.IGNORECASE):
        return _say_unread(text)
    return (
        f"is not known as a unit; write {_quote(f'{amount}/patient')} if it is one and every "
        f"patient gets the same, else {_quote(f'{amount}/kg')} or {_quote(f'{amount}/m2')}"
    )


def _alternatives(amount: str) -> str:
    amount = amount if amount and _is_known(amount) else "mg"
    return f"{_quote(f'{amount}/kg')}, {_quote(f'{amount}/m2')}, or {_quote(amount)} if flat"


def _quote(text: str) -> str:
    return f'"{printable(text)}"'
