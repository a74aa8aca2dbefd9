"""CRS and ICANS against the tables of the consensus (Lee et al. 2019), cell by cell."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from escalation.errors import InputError
from escalation.grading import (
    Consciousness,
    CrsObservations,
    IcansObservations,
    Oedema,
    Oxygen,
    Seizure,
    grade_crs,
    grade_icans,
)

# Fever and nothing else: every other sign was looked for and is not there.
FEBRILE = CrsObservations(
    temperature=38.4,
    treated=False,
    hypotension=False,
    vasopressors=0,
    vasopressin=False,
    oxygen=Oxygen.NONE,
)
WELL = IcansObservations(
    ice=10,
    consciousness=Consciousness.AWAKE,
    seizure=Seizure.NONE,
    deep_focal_weakness=False,
    oedema=Oedema.NONE,
)

# Lee et al. 2019, table of CRS: a row for every cell. Signs beside fever, grade.
HYPOTENSION = [
    ({}, 1),
    ({"hypotension": True}, 2),
    ({"hypotension": True, "vasopressors": 1}, 3),
    ({"hypotension": True, "vasopressors": 1, "vasopressin": True}, 3),
    ({"hypotension": True, "vasopressin": True}, 3),
    ({"hypotension": True, "vasopressors": 2}, 4),
    ({"hypotension": True, "vasopressors": 2, "vasopressin": True}, 4),
    ({"hypotension": True, "vasopressors": 4}, 4),
]
HYPOXIA = [
    ({}, 1),
    ({"oxygen": Oxygen.NASAL, "oxygen_l_min": 0.5}, 2),
    ({"oxygen": Oxygen.NASAL, "oxygen_l_min": 6.0}, 2),
    ({"oxygen": Oxygen.BLOW_BY}, 2),
    ({"oxygen": Oxygen.NASAL, "oxygen_l_min": 6.1}, 3),
    ({"oxygen": Oxygen.HIGH_FLOW}, 3),
    ({"oxygen": Oxygen.HIGH_FLOW, "oxygen_l_min": 40.0}, 3),
    ({"oxygen": Oxygen.FACE_MASK}, 3),
    ({"oxygen": Oxygen.FACE_MASK, "oxygen_l_min": 5.0}, 3),
    ({"oxygen": Oxygen.NON_REBREATHER}, 3),
    ({"oxygen": Oxygen.VENTURI}, 3),
    ({"oxygen": Oxygen.CPAP}, 4),
    ({"oxygen": Oxygen.BIPAP}, 4),
    ({"oxygen": Oxygen.VENTILATION}, 4),
]


@pytest.mark.parametrize(("pressure", "by_pressure"), HYPOTENSION)
def test_crs_is_the_more_severe_of_hypotension_and_hypoxia_in_every_cell_of_the_table(
    pressure: dict[str, Any], by_pressure: int
):
    for hypoxia, by_hypoxia in HYPOXIA:
        said = grade_crs(replace(FEBRILE, **pressure, **hypoxia))
        assert (said.grade, said.at_least) == (max(by_pressure, by_hypoxia), False), hypoxia


@pytest.mark.parametrize("signs", [{}, {"vasopressors": 3}, {"oxygen": Oxygen.CPAP}])
def test_crs_grade_5_is_death_due_to_crs(signs: dict[str, Any]):
    said = grade_crs(replace(FEBRILE, died=True, **signs))
    assert said.text == "grade 5: death due to CRS"


@pytest.mark.parametrize(
    ("temperature", "treated", "explained", "grade"),
    [
        (37.9, False, False, 0),
        (38.0, False, False, 1),
        (41.0, False, False, 1),
        (38.0, False, True, 0),
        (36.5, True, False, 0),
        (38.0, True, False, 1),
    ],
)
def test_crs_begins_at_38_degrees_not_due_to_another_cause(temperature, treated, explained, grade):
    observed = replace(FEBRILE, temperature=temperature, treated=treated, fever_explained=explained)
    assert grade_crs(observed).grade == grade


@pytest.mark.parametrize(("signs", "grade"), [*HYPOTENSION[1:], *HYPOXIA[1:]])
def test_crs_needs_fever_only_before_treatment(signs: dict[str, Any], grade: int):
    """Lee et al.: after antipyretics or anticytokine therapy hypotension and hypoxia decide."""
    cool = replace(FEBRILE, temperature=36.8, **signs)
    assert grade_crs(cool).grade == 0
    assert grade_crs(replace(cool, treated=True)).grade == grade
    unmeasured = replace(FEBRILE, temperature=None, treated=True, **signs)
    assert (grade_crs(unmeasured).grade, grade_crs(unmeasured).at_least) == (grade, False)


@pytest.mark.parametrize(
    ("observed", "text"),
    [
        (
            replace(FEBRILE, hypotension=True, vasopressors=1, vasopressin=True),
            "grade 3: one vasopressor with vasopressin",
        ),
        (
            replace(FEBRILE, vasopressors=1, oxygen=Oxygen.NASAL, oxygen_l_min=4.0),
            "grade 3: one vasopressor",
        ),
        (
            replace(FEBRILE, oxygen=Oxygen.NASAL, oxygen_l_min=6.0),
            "grade 2: low-flow nasal oxygen, 6 L/min",
        ),
        (
            replace(FEBRILE, oxygen=Oxygen.NASAL, oxygen_l_min=6.1),
            "grade 3: high-flow nasal oxygen, 6.1 L/min",
        ),
        (
            replace(FEBRILE, temperature=37.9),
            "grade 0: no CRS: no fever of 38 °C or more, 37.9 °C",
        ),
        (
            replace(FEBRILE, fever_explained=True),
            "grade 0: no CRS: the fever of 38.4 °C has another cause",
        ),
        (
            replace(FEBRILE, temperature=37.0, treated=True),
            "grade 0: no CRS: treated, no fever, hypotension or hypoxia",
        ),
        (FEBRILE, "grade 1: fever of 38.4 °C only"),
    ],
)
def test_crs_is_said_with_the_rule_in_the_worked_examples(observed: CrsObservations, text: str):
    assert grade_crs(observed).text == text


CRS_SIGNS: dict[str, list[Any]] = {
    "temperature": [37.0, 39.0],
    "treated": [False, True],
    "pressure": [
        {"hypotension": False, "vasopressors": 0, "vasopressin": False},
        *[{"vasopressors": 0, "vasopressin": False, **row} for row, _ in HYPOTENSION[1:6]],
    ],
    "oxygen": [Oxygen.NONE, Oxygen.BLOW_BY, Oxygen.FACE_MASK, Oxygen.CPAP],
}


def crs_of(signs: dict[str, Any]) -> CrsObservations:
    return CrsObservations(
        **{k: v for k, v in signs.items() if k != "pressure"}, **signs["pressure"]
    )


@pytest.mark.parametrize(
    "unknown", [c for c in product([False, True], repeat=4) if any(c)], ids=str
)
def test_crs_not_assessed_is_the_lowest_grade_of_every_completion_by_brute_force(unknown):
    """And a bound is only said where a completion is graded higher."""
    names = list(CRS_SIGNS)
    hidden = {name for name, hide in zip(names, unknown, strict=True) if hide}
    for values in product(*(CRS_SIGNS[n][:1] if n in hidden else CRS_SIGNS[n] for n in names)):
        known = dict(zip(names, values, strict=True))
        seen = {n: (({} if n == "pressure" else None) if n in hidden else known[n]) for n in names}
        said = grade_crs(crs_of(seen))
        grades = [
            grade_crs(crs_of(dict(zip(names, completed, strict=True)))).grade
            for completed in product(*(CRS_SIGNS[n] if n in hidden else [known[n]] for n in names))
        ]
        assert said.grade == min(grades)
        assert said.at_least == (max(grades) > min(grades))


@pytest.mark.parametrize(
    ("signs", "text"),
    [
        (
            {"oxygen": None},
            "grade at least 1: fever of 38.4 °C only; not assessed: oxygen",
        ),
        (
            {"oxygen": Oxygen.NASAL},
            "grade at least 2: nasal oxygen; not assessed: flow of oxygen",
        ),
        (
            {"hypotension": True, "vasopressors": None, "vasopressin": None},
            "grade at least 2: hypotension without a vasopressor; "
            "not assessed: vasopressors, vasopressin",
        ),
        (
            {"temperature": None, "hypotension": True},
            "grade at least 0: no CRS: no fever of 38 °C or more; not assessed: temperature",
        ),
        (
            {"temperature": 37.0, "treated": None, "hypotension": True},
            "grade at least 0: no CRS: no fever of 38 °C or more, 37 °C; not assessed: "
            "whether treated with antipyretics, tocilizumab or steroids",
        ),
        ({"vasopressors": None, "vasopressin": None}, "grade 1: fever of 38.4 °C only"),
        ({"hypotension": None, "vasopressors": 1}, "grade 3: one vasopressor"),
    ],
)
def test_crs_names_what_could_raise_it_and_nothing_else(signs: dict[str, Any], text: str):
    assert grade_crs(replace(FEBRILE, **signs)).text == text


# Lee et al. 2019, table of ICANS in adults: an item, and its grade.
ICANS = [
    *(({"ice": score}, 1) for score in (9, 8, 7)),
    *(({"ice": score}, 2) for score in (6, 5, 4, 3)),
    *(({"ice": score}, 3) for score in (2, 1, 0)),
    ({"ice": 0, "consciousness": Consciousness.UNAROUSABLE}, 4),
    ({"consciousness": Consciousness.BY_ITSELF}, 1),
    ({"consciousness": Consciousness.TO_VOICE}, 2),
    ({"consciousness": Consciousness.TO_TOUCH}, 3),
    ({"consciousness": Consciousness.UNAROUSABLE}, 4),
    ({"seizure": Seizure.RESOLVES}, 3),
    ({"seizure": Seizure.PROLONGED}, 4),
    ({"deep_focal_weakness": True}, 4),
    ({"oedema": Oedema.FOCAL}, 3),
    ({"oedema": Oedema.DIFFUSE}, 4),
]


@pytest.mark.parametrize(("item", "grade"), [({}, 0), *ICANS])
def test_icans_is_graded_by_every_cell_of_the_table(item: dict[str, Any], grade: int):
    said = grade_icans(replace(WELL, **item))
    assert (said.grade, said.at_least) == (grade, False)


@pytest.mark.parametrize(("item", "grade"), ICANS)
def test_icans_is_graded_by_the_most_severe_item_of_any_two(item: dict[str, Any], grade: int):
    for other, by_other in ICANS:
        if not item.keys() & other.keys():
            assert grade_icans(replace(WELL, **item, **other)).grade == max(grade, by_other)


@pytest.mark.parametrize(
    ("observed", "text"),
    [
        (WELL, "grade 0: no sign of ICANS"),
        (replace(WELL, died=True), "grade 5: death due to ICANS"),
        (replace(WELL, ice=0), "grade 3: ICE score 0"),
        (
            replace(WELL, ice=0, consciousness=Consciousness.UNAROUSABLE),
            "grade 4: unarousable, or to vigorous or repeated touch only",
        ),
        (replace(WELL, ice=3, seizure=Seizure.RESOLVES), "grade 3: a seizure that resolves"),
        (
            replace(WELL, ice=None, orientation=3, naming=3, command=1, writing=0, attention=1),
            "grade 1: ICE score 8",
        ),
    ],
)
def test_icans_is_said_with_the_rule_in_the_worked_examples(observed: IcansObservations, text: str):
    assert grade_icans(observed).text == text


@pytest.mark.parametrize("consciousness", [None, *Consciousness])
def test_under_sedation_consciousness_is_unknown_and_not_normal(consciousness):
    observed = replace(WELL, ice=8, sedated=True, consciousness=consciousness)
    assert grade_icans(observed).text == (
        "grade at least 1: ICE score 8; not assessed: consciousness, under sedation"
    )


ICANS_SIGNS: dict[str, list[Any]] = {
    "ice": [10, 8, 5, 1],
    "consciousness": list(Consciousness),
    "seizure": list(Seizure),
    "deep_focal_weakness": [False, True],
    "oedema": list(Oedema),
}


@pytest.mark.parametrize("hidden", [*product([False, True], repeat=5)][1:], ids=str)
def test_icans_not_assessed_is_the_lowest_grade_of_every_completion_by_brute_force(hidden):
    names = list(ICANS_SIGNS)
    unknown = {name for name, hide in zip(names, hidden, strict=True) if hide}
    table = [
        max((grade for item, grade in ICANS if item == {name: value}), default=0)
        for name in names
        for value in ICANS_SIGNS[name]
    ]
    assert set(table) == {0, 1, 2, 3, 4}
    worst = {"ice": 3, "consciousness": 4, "seizure": 4, "deep_focal_weakness": 4, "oedema": 4}
    known = [ICANS_SIGNS[n][:1] if n in unknown else ICANS_SIGNS[n] for n in names]
    for values in product(*known):
        seen = {n: v for n, v in zip(names, values, strict=True) if n not in unknown}
        said = grade_icans(IcansObservations(**seen))
        by_item = [
            max((grade for item, grade in ICANS if item == {name: value}), default=0)
            for name, value in seen.items()
        ]
        lowest = max(by_item, default=0)
        assert said.grade == lowest
        called = {"deep_focal_weakness": "motor findings", "oedema": "cerebral oedema"}
        called["ice"] = "ICE score"
        raising = [n for n in ("ice", *list(worst)[1:]) if n in unknown and worst[n] > lowest]
        assert said.not_assessed == tuple(called.get(name, name) for name in raising)


@pytest.mark.parametrize(
    ("items", "text"),
    [
        (
            {"naming": 3, "orientation": 4},
            "grade at least 0: no sign of ICANS; not assessed: command of the ICE score, "
            "writing of the ICE score, attention of the ICE score",
        ),
        (
            {"orientation": 0, "naming": 0, "command": 0, "writing": None, "attention": 0},
            "grade 3: ICE score 1",
        ),
    ],
)
def test_an_item_of_the_ice_score_not_assessed_may_cost_its_points(
    items: dict[str, Any], text: str
):
    assert grade_icans(replace(WELL, ice=None, **items)).text == text


@pytest.mark.parametrize(
    ("made", "problem"),
    [
        (
            lambda: CrsObservations(temperature=101.2),
            "temperature: 101.2 is not a body temperature",
        ),
        (lambda: CrsObservations(temperature=float("nan")), "temperature: nan"),
        (
            lambda: CrsObservations(vasopressors=-1),
            "vasopressors: -1 must be a number from 0 to 10",
        ),
        (lambda: CrsObservations(oxygen_l_min=4.0), "oxygen: a flow is given, but not how"),
        (
            lambda: CrsObservations(oxygen=Oxygen.NONE, oxygen_l_min=4.0),
            "oxygen: a flow is given, but not how",
        ),
        (
            lambda: CrsObservations(oxygen=Oxygen.NASAL, oxygen_l_min=0.0),
            "oxygen: 0 must be a flow in L/min",
        ),
        (lambda: IcansObservations(ice=11), "ice: 11 must be a score from 0 to 10"),
        (lambda: IcansObservations(naming=4), "naming: 4 must be 0 to 3 points"),
        (lambda: IcansObservations(ice=5, naming=2), "naming: is given beside the ICE score"),
    ],
)
def test_observations_that_cannot_be_are_refused_by_name_and_value(made, problem: str):
    with pytest.raises(InputError, match=problem):
        made()
