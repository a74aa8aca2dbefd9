"""Observations as they are typed: what is read, and what every mistake is told."""

from __future__ import annotations

import json

import pytest

from escalation.errors import InputError
from escalation.grading import SCALES, grade_observations, read_observations


@pytest.mark.parametrize(
    ("category", "words", "stored"),
    [
        (
            "CRS",
            "temperature=38.5|vasopressors=1|vasopressin=yes|oxygen=nasal 6|treated=no",
            {
                "temperature": 38.5,
                "vasopressors": 1,
                "vasopressin": True,
                "oxygen": "nasal",
                "oxygen_l_min": 6.0,
                "treated": False,
            },
        ),
        ("crs", "oxygen=Nasal 6.5 L/min", {"oxygen": "nasal", "oxygen_l_min": 6.5}),
        ("crs", "oxygen=nasal 6L/min", {"oxygen": "nasal", "oxygen_l_min": 6.0}),
        ("crs", "oxygen=face mask", {"oxygen": "face-mask"}),
        ("crs", "oxygen=unknown|temperature= UNKNOWN", {}),
        ("crs", "Fever-Explained=yes|died=unknown", {"fever_explained": True}),
        ("icans", "ice=8|consciousness=to voice", {"ice": 8, "consciousness": "to-voice"}),
        (
            " Icans ",
            "orientation=3|naming=unknown|sedated=yes|deep-focal-weakness=no|seizure=none",
            {
                "orientation": 3,
                "sedated": True,
                "deep_focal_weakness": False,
                "seizure": "none",
            },
        ),
        ("icaht", "0=2.1|05=0.4|-2=3|9=unknown", {"0": 2.1, "5": 0.4, "-2": 3.0}),
    ],
)
def test_what_is_typed_is_read_into_what_can_be_stored(category, words: str, stored):
    read = read_observations(category, words.split("|"))
    assert read == stored
    assert json.loads(json.dumps(read)) == read


@pytest.mark.parametrize("category", SCALES)
def test_what_was_stored_gives_the_same_grade_again(category: str):
    words = {
        "crs": ["temperature=39", "oxygen=bipap", "hypotension=yes"],
        "icans": ["ice=2", "seizure=resolves", "oedema=focal", "consciousness=awake"],
        "icaht": ["0=0.4", "7=0.05", "14=0.06", "21=0.7"],
    }
    read = read_observations(category, words[category])
    again = grade_observations(category, json.loads(json.dumps(read)))
    assert again == grade_observations(category, read)
    assert again.grade == {"crs": 4, "icans": 3, "icaht": 4}[category]


@pytest.mark.parametrize(
    ("category", "word", "problem"),
    [
        ("gvhd", "skin=2", "gvhd is not graded from observations; known: crs, icans, icaht"),
        ("crs", "temperature", '"temperature" must be NAME=VALUE, such as temperature=38.5'),
        ("crs", "=38", '"=38" must be NAME=VALUE'),
        ("crs", "temperature=", '"temperature=" must be NAME=VALUE'),
        ("icans", "", '"" must be NAME=VALUE, such as ice=7'),
        ("crs", "temprature=38", "temprature is not an observation of crs; did you mean temper"),
        ("crs", "ice=7", "ice is not an observation of crs; "),
        ("crs", "temperature=warm", "temperature: warm must be a number"),
        ("crs", "temperature=nan", "temperature: nan must be a number"),
        ("crs", "temperature=38,5", "temperature: 38,5 must be a number"),
        ("crs", "temperature=101", "temperature: 101 is not a body temperature in degrees"),
        ("crs", "vasopressors=1.5", "vasopressors: 1.5 must be a whole number"),
        ("crs", "vasopressors=-1", "vasopressors: -1 must be a whole number"),
        ("crs", "vasopressors=11", "vasopressors: 11 must be a number from 0 to 10"),
        ("crs", "hypotension=1", "hypotension: 1 must be yes, no or unknown"),
        ("crs", "oxygen=nosal 6", 'oxygen: "nosal" is not known; did you mean nasal'),
        ("crs", "oxygen=6", 'oxygen: "" is not known; known: none, nasal'),
        ("crs", "oxygen=nasal 6x", "oxygen: 6x must be a number"),
        ("crs", "oxygen=none 6", "oxygen: a flow is given, but not how the oxygen is given"),
        ("icans", "ice=11", "ice: 11 must be a score from 0 to 10"),
        ("icans", "consciousness=sleepy", 'consciousness: "sleepy" is not known; known: awake'),
        ("icaht", "five=0.4", "five must be the number of a day after the infusion, day 0"),
        ("icaht", "5=low", "5: low must be a number"),
        ("icaht", "5=400", r"day 5: 400 is not a neutrophil count in 10\^9/L"),
        ("icaht", "40=0.4", "no neutrophil count is of days 0 to 30"),
        ("crs", "temp\u202eerature=38", r"temp\\u202eerature is not an observation"),
    ],
)
def test_a_mistake_is_told_by_name_and_value(category: str, word: str, problem: str):
    with pytest.raises(InputError, match=problem):
        read_observations(category, [word])


def test_an_observation_given_twice_is_refused():
    with pytest.raises(InputError, match="oxygen is given twice"):
        read_observations("crs", ["oxygen=none", "OXYGEN=cpap"])
    with pytest.raises(InputError, match="5 is given twice"):
        read_observations("icaht", ["5=0.4", "05=unknown"])
