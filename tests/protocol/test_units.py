"""Units as protocols spell them: each read for what it is, or refused with what would be right.

The oracle of the fuzz is a list of flat units typed here: whatever becomes of the spelling of a
dose per kg or per m2, it is read as flat only where it has become one of them.
"""

from __future__ import annotations

import random
import re
import unicodedata

import pytest

from escalation.errors import InputError
from escalation.protocol.units import (
    BodySize,
    Unit,
    find_unit,
    find_unit_fault,
    is_same_unit,
    read_unit,
)

PER_KG = {
    "cells/kg": "cells",
    "Cells/Kg": "Cells",
    "cells / kg": "cells",
    "cells/KG": "cells",
    "cells per kg": "cells",
    "cells/kilogram": "cells",
    "cells kg-1": "cells",
    "cells·kg⁻¹": "cells",
    "cells kg^-1": "cells",
    "cells/kg bw": "cells",
    "cells/kg body weight": "cells",
    "cells/kg (body weight)": "cells",
    "cells per kg of recipient body weight": "cells",
    "×10⁶ CAR-T/kg": "×10⁶ CAR-T",  # as protocols write it
    "x10^6 CAR+ T cells/kg": "x10^6 CAR+ T cells",
    "10^6 cells/kg body weight": "10^6 cells",
    "mg/kg": "mg",
    "mg/kg/day": "mg/day",
    "mg/kg/dose": "mg/dose",
    "mg kg-1 day-1": "mg/day",
    "mg/kg twice daily": "mg twice daily",
    "µg/kg/min": "µg/min",
    "vg/kg": "vg",
    "IU/Kg": "IU",
    "million IU IL-2/kg": "million IU IL-2",
    "Zellen/kg": "Zellen",
    "cells\u2044kg": "cells",  # fraction slash
    "cells\u2215kg": "cells",  # division slash
    "ｃｅｌｌｓ／ｋｇ": "cells",  # noqa: RUF001  # of full width
    "㎎/㎏": "mg",
}
PER_M2 = {
    "mg/m2": "mg",
    "mg/m²": "mg",
    "mg/M2": "mg",
    "mg/m^2": "mg",
    "mg / m 2": "mg",
    "mg/sqm": "mg",
    "mg/sq. m": "mg",
    "mg per square metre": "mg",
    "mg per square meter": "mg",
    "mg/m2 BSA": "mg",
    "mg/m2 body surface area": "mg",
    "mg m-2": "mg",
    "mg·m⁻²": "mg",
    "mg/m2/day": "mg/day",
    "mg/m2 q3w": "mg q3w",
    "cells/m2": "cells",
    "mg/㎡": "mg",
}
FLAT = {
    **{unit: unit for unit in ("mg", "g", "µg", "mcg", "ug", "ng", "mL", "IU", "U", "units")},
    **{unit: unit for unit in ("MBq", "GBq", "mCi", "Gy", "cells", "vg", "CFU", "tablets", "%")},
    **{unit: unit for unit in ("million cells", "10^6 CAR+ T cells", "10⁹ TILs", "Gy/fraction")},
    **{
        unit: unit
        for unit in ("mg/day", "mg BID", "mg once daily", "flat mg", "mg (flat dose)", "Gy(RBE)")
    },
    "\u03bcg": "µg",  # the Greek letter
    "mg/patient": "mg",
    "Zellen per patient": "Zellen",
}
READ = [
    *((text, amount, BodySize.KG) for text, amount in PER_KG.items()),
    *((text, amount, BodySize.M2) for text, amount in PER_M2.items()),
    *((text, amount, BodySize.PATIENT) for text, amount in FLAT.items()),
]


@pytest.mark.parametrize(("text", "amount", "per"), READ)
def test_a_usual_spelling_is_read_as_a_protocol_means_it(text, amount, per):
    assert read_unit(text) == Unit(amount, per)
    assert find_unit(text) == Unit(amount, per)
    assert find_unit_fault(text) is None


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("mg/m^2/kg", 'is for each m2 and kg both; write "mg/kg", "mg/m2", or "mg" if flat'),
        ("mg/kg/kg", 'is for each kg twice; write "mg/kg", "mg/m2", or "mg" if flat'),
        ("mg/kg/patient", "is for each kg and patient both"),
        ("cells/kq", 'write "cells/kg"'),
        ("cells kg", 'write "cells/kg"'),
        ("cells/k g", 'write "cells/kg"'),
        ("cellskg", 'write "mg/kg"'),
        ("mg/kg-1", 'write "mg/kg"'),
        ("mg//kg", 'write "mg/kg"'),
        ("mg/weight", 'write "mg/kg"'),
        ("mg/m", 'write "mg/m2"'),
        ("mg/m3", 'write "mg/m2"'),
        ("mg m2", 'write "mg/m2"'),
        ("mg/surface", 'write "mg/m2"'),
        ("mg/1.73 m2", "is not for one; write the doses for one kg or one m2 each"),
        ("mg/10 kg", "is not for one"),
        ("mg/lb", 'is for each pound; write the doses for each kg, as "mg/kg" (1 lb is 0.4536 kg)'),
        ("mg/stone", 'is for each stone; write the doses for each kg, as "mg/kg" (1 stone is 6.35'),
        ("mg/kg ideal body weight", "is for a weight that is not known here, ideal"),
        ("mg/kg lean body mass", "is for a weight that is not known here, lean"),
        ("J/cm2", "is for each cm2, and not of body surface; write what one patient gets"),
        ("mg/mL", "after the amount stands /kg, /m2 or /patient"),
        ("mg/", "after the amount stands /kg, /m2 or /patient"),
        ("/kg", "does not say what of"),
        ("10^6/kg", "does not say what of"),
        ("kg", 'write "mg/kg"'),
        ("mg/kg/day/week", 'names two times; write one, such as "mg/day"'),
        ("106 cells/kg", "has lost a power of ten; write x10^6 for 106"),
        ("100 mg", "has a number, 100"),
        ("rumour", 'is not known as a unit; write "rumour/patient" if it is one'),
        ("mg cells", "is not known as a unit"),
        ("mg g", "is not known as a unit"),
        ("cells/\u043ag", "has a sign that units are not written with (cyrillic small letter ka)"),
        ("клеток", "has a sign that units are not written with"),
        ("cells/kg\u200b", "has a sign that units are not written with (zero width space)"),
        ("", 'is empty; write "cells/kg", "mg/m2" or "mg"'),
        ("mg" * 51, "is too long for a unit"),
    ],
)
def test_what_is_not_understood_is_refused_with_what_would_be_right(text, right):
    fault = find_unit_fault(text)
    assert fault is not None
    assert right in fault
    assert find_unit(text) is None
    with pytest.raises(InputError) as refused:
        read_unit(text)
    assert str(refused.value).isascii()


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("cells/kg", "Cells / Kg", True),
        ("mg/m2", "mg/m²", True),
        ("mg/kg", "mg/m2", False),
        ("mg/kg", "g/kg", False),
        ("mg", "mg/patient", True),
        ("mg/lb", "mg/lb", True),  # as an old record has it
        ("mg/lb", "mg/kg", False),
        (None, "mg", False),
        (None, None, True),
    ],
)
def test_units_are_the_same_however_they_are_spelled(one, other, same):
    assert is_same_unit(one, other) is same
    assert is_same_unit(other, one) is same


# every word that a flat unit of the fuzz may consist of: what protocols mean by an amount alone
_WORDS = {
    *("mg", "mgs", "g", "ng", "pg", "ug", "mcg", "ml", "l", "ul", "mcl", "u", "iu", "mu", "ku"),
    *("miu", "cell", "cells", "vg", "vp", "gc", "gy", "mgy", "cgy", "ci", "mci", "uci", "cc"),
    *("cart", "car-t", "t", "b", "car", "car+", "%", "tu", "nk", "bq", "sv", "msv", "gye"),
}
_TIMES = {"day", "dose", "d", "h", "min", "wk", "fx", "hr", "days", "doses"}


def _is_flat_as_typed(text: str) -> bool:
    """Tell whether a text is an amount, at most with a time, by the words listed here alone."""
    text = " ".join(unicodedata.normalize("NFKC", text).lower().split())
    text = re.sub(r"^([x\u00d7] ?)?10(\^[0-9]+|[0-9]{1,2})", " ", text)
    text = re.sub(r"[ .](day|d|h|wk|min)-1$", r"/\1", text)
    text = re.sub(r"(/ ?(patients?|pt|subjects?|person)| per patient)$", "", text).strip()
    amount, _, time = text.replace("per ", "/").partition("/")
    if time and time.strip() not in _TIMES:
        return False
    words = amount.replace("\u03bc", "u").replace("µ", "u").split()
    return bool(words) and all(word in _WORDS for word in words)


_MEANT = [
    *("cells/kg", "Cells/Kg", "mg/kg", "mg/m2", "mg/m²", "U/kg", "g/kg", "mg kg-1", "mg·m⁻²"),
    *("cells per kg", "mg/kg/day", "mg/m2/day", "x10^6 CAR-T/kg", "mg per m2", "mg/sqm", "mg/m^2"),
    *("L/kg", "cells/kg bw", "IU/kg/dose", "µg/kg", "t cells/kg"),
]
_PUT_IN = [
    *"kgmclbw2²13^-/ .·*()KGMxX0 qdhst",
    *("\u00a0", "\u2009", "\u200b", "\u2044", "\u2215", "\uff0f", "\u212a", "\u043a", "\u0433"),
    *("⁻", "¹", "\u2212", "\u2010", "\ufe63", "\u00ad", "\u0301", "per ", "bw", "kg", "m2", "\\"),
]


def _misspelled(rng: random.Random) -> str:
    signs = list(rng.choice(_MEANT))
    for _ in range(rng.choice((1, 1, 2, 2, 3))):
        place = rng.randrange(len(signs) + 1)
        match rng.randrange(4):
            case 0:
                signs.insert(place, rng.choice(_PUT_IN))
            case 1 if place < len(signs):
                del signs[place]
            case 2 if place < len(signs):
                signs[place] = rng.choice(_PUT_IN)
            case 3 if place + 1 < len(signs):
                signs[place], signs[place + 1] = signs[place + 1], signs[place]
    return "".join(signs)


@pytest.mark.parametrize("n", [4_000, pytest.param(200_000, marks=pytest.mark.slow)])
def test_no_misspelling_of_a_dose_by_body_size_becomes_flat_by_a_list_typed_here(n):
    rng = random.Random(n)  # noqa: S311  # no secret
    seen = {"kg": 0, "m2": 0, "patient": 0, "refused": 0}
    for _ in range(n):
        text = _misspelled(rng)
        unit = find_unit(text)
        if unit is None:
            assert find_unit_fault(text)
            seen["refused"] += 1
            continue
        seen[unit.per] += 1
        if unit.per is BodySize.PATIENT:
            assert _is_flat_as_typed(text), ascii(text)
        assert unit.amount
        assert not re.search(r"kg|/m|m2|m²", unit.amount.lower()), text
    assert min(seen.values()) > 0, seen  # each kind was met


def test_any_text_is_read_or_refused_and_what_is_read_says_what_of():
    rng = random.Random(4)  # noqa: S311  # no secret
    letters = [chr(code) for code in (*range(32, 127), *range(0xA0, 0x250), *range(0x2000, 0x2100))]
    letters += [*("/kg", "/m2", "mg", "cells", " per "), *map(chr, range(0x0400, 0x0460))]
    for _ in range(3_000):
        text = "".join(rng.choices(letters, k=rng.randrange(1, 12)))
        unit = find_unit(text)
        assert (unit is None) is (find_unit_fault(text) is not None)
        if unit is not None and unit.per is BodySize.PATIENT:
            assert _is_flat_as_typed(text), ascii(text)
