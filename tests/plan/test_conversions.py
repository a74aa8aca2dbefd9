"""Units of results: one number in every spelling, and no guess at what is not said."""

from __future__ import annotations

import pytest

from escalation.plan.conversions import ConversionError, convert, is_same_unit, units_taken

COUNTS = """10^9/L|x10^9/L|×10^9/L|x 10^9/L|×10⁹/L|×10⁹/l|10⁹/L|10*9/L|10**9/L|10E9/L|10e9/L|1e9/L
10(9)/L|G/L|Giga/L|10^3/uL|10^3/µL|10³/μL|x10³/µl|10*3/uL|K/uL|k/µL|thou/mcL|10^3/mm3|10^3/mm³
10^6/mL|10^9 cells/L|×10⁹ cells/L|10^9 per litre|10^9 L-1|10^9·L⁻¹|million/mL|10^3 cells/cu mm"""


@pytest.mark.parametrize("unit", COUNTS.replace("\n", "|").split("|"))
def test_a_count_is_one_number_in_every_spelling(unit):
    assert convert(50, unit, "10^9/L", "platelets") == 50
    assert is_same_unit(unit, "10^9/L")


@pytest.mark.parametrize(
    ("value", "unit", "to", "substance", "right"),
    [
        (50_000, "/uL", "10^9/L", "platelets", 50),
        (50_000, "cells/mm3", "10^9/L", "platelets", 50),
        (50_000, "cells/µL", "10^9/L", None, 50),
        (1.0, "mg/dL", "umol/L", "creatinine", 88.4),  # clinical.md
        (88.4, "µmol/L", "mg/dL", "creatinine", 1.0),
        (1.0, "mg/dL", "umol/L", "bilirubin", 17.1),
        (17.1, "umol/l", "mg/dL", "bilirubin", 1.0),
        (6.0, "g/dL", "g/L", "haemoglobin", 60),
        (6.1, "G/DL", "g/L", "haemoglobin", 61),
        (5.0, "mmol/L", "g/L", "haemoglobin", 80.57),
        (8.0, "g/dL", "mmol/L", "haemoglobin", 4.9646),  # 0.6206 mmol/L a g/dL
        (1000, "mg/g", "g/g", "protein/creatinine", 1),
        (1.0, "mg/mg", "g/g", "protein/creatinine", 1),
        (113.12, "mg/mmol", "g/g", "protein/creatinine", 1),  # 1 mg/mmol is 8.84 mg/g
        (1000, "mg/24 h", "g/24 h", "24-hour protein", 1),
        (1.0, "g/day", "g/24 h", "24-hour protein", 1),
        (1000, "mg/24hr", "g/24h", "24-hour protein", 1),
        (1.0, "ukat/L", "U/L", "enzyme", 60),
        (40, "IU/L", "U/L", "enzyme", 40),
        (12, "pg/mL", "ng/L", None, 12),
        (7, "g%", "g/L", "haemoglobin", 70),
        (7, "gm/100 mL", "g/L", "haemoglobin", 70),
        (40, "IE/l", "U/L", "enzyme", 40),
        (50, "Tsd/µl", "10^9/L", "platelets", 50),
        (50_000, "per cubic mm", "10^9/L", "platelets", 50),
        (0.5, "mL/s", "mL/min", None, 30),
        (170, "cm", "m", None, 1.7),
        (20, "copies/µg gDNA", "copies/ug", None, 20),
        (1.2, None, None, None, 1.2),
        (1.2, "", None, None, 1.2),
        (1.2, "INR", None, None, 1.2),
    ],
)
def test_results_are_converted_by_the_factors_of_the_field(value, unit, to, substance, right):
    assert convert(value, unit, to, substance) == pytest.approx(right, rel=1e-4)


@pytest.mark.parametrize("tenths", range(1, 200))
def test_a_power_of_ten_costs_no_digit(tenths):
    assert convert(tenths / 10, "g/dL", "g/L", "haemoglobin") == tenths


@pytest.mark.parametrize(
    ("unit", "to", "substance", "said"),
    [
        (None, "g/L", "haemoglobin", "7.5: its unit is missing; give it in g/L, g/dL or mmol/L"),
        (" ", "umol/L", "creatinine", "its unit is missing; give it in umol/L or mg/dL"),
        ("stones", "g/L", "haemoglobin", '7.5 stones: the unit "stones" is not known; give it in'),
        ("mg/dL", "umol/L", None, '"mg/dL" cannot be converted to umol/L; give it in umol/L'),
        ("U/L", "g/L", "haemoglobin", '"U/L" cannot be converted to g/L; give it in g/L, g/dL'),
        ("g/L", "10^9/L", "platelets", '"g/L" cannot be converted to 10^9/L'),
        ("g/l", "G/L", "platelets", '"g/l" cannot be converted to G/L'),
        ("109/L", "10^9/L", "platelets", '"109/L" has lost a power of ten; write 10^9/L'),
        ("103/uL", "10^9/L", "platelets", "write 10^3/uL"),
        ("copies/uL", "/uL", None, "cannot be converted"),
        ("mL/min/1.73 m2", "mL/min", None, "is not known"),
        ("%", "g/g", "protein/creatinine", "cannot be converted"),
        ("1", "g/g", "protein/creatinine", "is not known"),
        ("mmol/L", "umol/L", None, None),
        ("mg", None, None, "7.5 mg: it is taken without a unit"),
        ("g/dL\x1b[2J", "g/L", "haemoglobin", "\\x1b"),
    ],
)
def test_what_cannot_be_converted_says_value_unit_and_what_is_taken(unit, to, substance, said):
    if said is None:
        assert convert(7.5, unit, to, substance) == 7500
        return
    with pytest.raises(ConversionError, match=r"7\.5") as caught:
        convert(7.5, unit, to, substance)
    assert said in str(caught.value)


# one of each is so many of the last, written out again
TIMES = """
mg g 1e-3 | ug g 1e-6 | mcg g 1e-6 | ng g 1e-9 | pg g 1e-12 | fg g 1e-15 | kg g 1e3 | gms g 1
milligram g 1e-3 | kilogram g 1e3 | micrograms g 1e-6 | nanogram g 1e-9 | picogram g 1e-12
mmol mol 1e-3 | umol mol 1e-6 | nmol mol 1e-9 | pmol mol 1e-12 | dL L 0.1 | cL L 0.01 | mL L 1e-3
deciliter L 0.1 | centilitre L 0.01 | millilitres L 1e-3 | uL L 1e-6 | nL L 1e-9 | cc L 1e-3
cm3 L 1e-3 | mm3 L 1e-6 | cmm L 1e-6 | cm m 0.01 | mm m 1e-3 | um m 1e-6 | m^2 m2 1 | cm^2 m2 1e-4
kU U 1e3 | mU U 1e-3 | units U 1 | kIU IU 1e3 | mIU IU 1e-3 | uIU IU 1e-6 | [IU] IU 1
mkat kat 1e-3 | ukat kat 1e-6 | nkat kat 1e-9 | copy copies 1 | hours h 1 | d h 24 | h min 60
min s 60 | ms s 1e-3 | day min 1440 | yr years 1 | a years 1 | percent % 1 | mm_Hg mmHg 1
degC °C 1 | ℃ °C 1 | T/L 10^9/L 1000 | M/uL 10^9/L 1000 | giga/L 10^9/L 1 | tera/L 10^9/L 1000
thousand/uL 10^9/L 1 | thousands/uL 10^9/L 1 | mill/uL 10^9/L 1000 | Mio/mL 10^9/L 1
millions/mL 10^9/L 1 | beats/min /min 1
"""


@pytest.mark.parametrize(
    "line", [one.strip() for one in TIMES.replace("\n", "|").split("|") if one.strip()]
)
def test_one_of_a_unit_is_so_many_of_another(line):
    unit, to, times = line.replace("mm_Hg", "mm Hg").rsplit(" ", 2)
    assert convert(1, unit, to) == pytest.approx(float(times), rel=1e-12)


@pytest.mark.parametrize("value", [1e308, float("inf"), float("nan")])
def test_what_is_no_number_in_the_other_unit_is_an_error(value):
    with pytest.raises(ConversionError, match="is not a number in ug"):
        convert(value, "kg", "ug")


def test_units_that_are_taken_stand_first_in_the_plans_own():
    assert units_taken("g/L", "haemoglobin") == ("g/L", "g/dL", "mmol/L")
    assert units_taken("10^9/L") == ("10^9/L", "/uL", "cells/mm3")
    assert units_taken(None) == ()
    assert units_taken("%") == ("%",)
    with pytest.raises(ConversionError, match=r"give it in umol/L or mg/dL$"):
        convert(1, "%", "umol/L", "creatinine")
    with pytest.raises(ConversionError, match=r"give it in %$"):
        convert(1, "g/L", "%")
