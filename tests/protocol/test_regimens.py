"""Levels of one dose are told apart by their regimens, or the file is found faulty (case 8)."""

from __future__ import annotations

import tomllib

import pytest

from escalation.protocol import Protocol
from escalation.protocol.file import find_faults


def ladder(*levels: str, more: str = "") -> dict:
    written = "".join(f"[[levels]]\n{level.replace('; ', chr(10))}\n" for level in levels)
    head = f'schema = 1\nname = "x"\nunit = "Gy"\nstart = 1\n{written}'
    return tomllib.loads(f'{head}[design]\nname = "3+3"\n{more}')


FIRST = 'label = 1; dose = 60; regimen = "15 fractions"'


@pytest.mark.parametrize(
    ("levels", "fault"),
    [
        (
            ("label = 1; dose = 60", "label = 2; dose = 60"),
            "levels[1].regimen: is missing: levels[0] and levels[1] have the same dose; say in "
            "their regimens what differs, or give each a dose of its own",
        ),
        (
            (FIRST, "label = 2; dose = 60"),
            "levels[1].regimen: is missing: levels[0] and levels[1] have the same dose",
        ),
        (
            ("label = 1; dose = 60", FIRST.replace("= 1", "= 2")),
            "levels[0].regimen: is missing: levels[0] and levels[1] have the same dose",
        ),
        (
            (FIRST, 'label = 2; dose = 60; regimen = "15  Fractions"'),
            'levels[1].regimen: "15  Fractions" is that of levels[0] too, as is the dose',
        ),
        (
            (
                FIRST,
                'label = 2; dose = 60; regimen = "8 fractions"',
                FIRST.replace("= 1;", "= 3;"),
            ),
            'levels[2].regimen: "15 fractions" is that of levels[0] too, as is the dose',
        ),
        (
            (FIRST, 'label = 2; dose = 60; regimen = ""'),
            "levels[1].regimen: must be one line of text that neither starts nor ends with a bl",
        ),
        (
            (FIRST, f'label = 2; dose = 60; regimen = "{"a" * 101}"'),
            "levels[1].regimen: must have at most 100 characters",
        ),
        (
            (FIRST, "label = 2; dose = 59"),
            "levels[1].dose: 59 is not above the level before, 60",
        ),
    ],
)
def test_levels_that_nothing_tells_apart_are_one_fault(levels, fault):
    (found,) = find_faults(ladder(*levels))
    assert found.startswith(fault)


def test_two_fractionations_of_one_dose_are_two_levels():
    document = ladder(
        FIRST,
        'label = 2; dose = 60; regimen = "8 fractions"',
        "label = 3; dose = 64",
        more='[sources]\n"levels.2.regimen" = "registry"\n',
    )
    assert find_faults(document) == ()
    protocol = Protocol.from_document(document)
    assert protocol.level_names == [
        "level 1, 60 Gy, 15 fractions",
        "level 2, 60 Gy, 8 fractions",
        "level 3, 64 Gy",
    ]
    assert protocol.describe_level(1, briefly=True) == "level 2, 60 Gy"
    assert protocol.short_names == ["1 (60)", "2 (60)", "3 (64)"]
    assert protocol.regimens == "Regimens: 1: 15 fractions; 2: 8 fractions."
    assert protocol.level_document(2) == {"level": 3, "dose": 64, "regimen": None}
    assert protocol.level_document(None) == {"level": None, "dose": None, "regimen": None}
    assert Protocol.from_document(protocol.document) == protocol


def test_a_source_of_a_regimen_that_is_not_there_names_no_setting():
    (fault,) = find_faults(
        ladder(FIRST, "label = 2; dose = 64", more='[sources]\n"levels.2.regimen" = "registry"\n')
    )
    assert fault.startswith('sources."levels.2.regimen": names no setting; did you mean levels.1')


def test_a_ladder_of_faulty_levels_is_not_said_to_be_short():
    found = find_faults(ladder('label = "low dose"; dose = 1', f'label = "{"a" * 40}"; dose = 2'))
    assert [fault.partition(":")[0] for fault in found if fault.startswith("levels")] == [
        "levels[0].label",
        "levels[1].label",
    ]
    assert any('..." is not a label: at most' in fault for fault in found)  # the quote is closed
    [fault] = find_faults({**ladder(), "levels": []})
    assert "must have at least 1 entry" in fault
