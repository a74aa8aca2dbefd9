"""The patients of a trial: nobody is left out, replaced ones and all toxicities included."""

from __future__ import annotations

import json
from datetime import date

from escalation.protocol import load_protocol
from escalation.reports.trial.patients import patient_blocks, patients_document
from escalation.trial import enrol_subject
from escalation.trial.demo.star_t import STAR_T
from escalation.trial.events import Toxicity
from tests.reports.played import begin, play_demo
from tests.reports.written import lines_of


def test_the_demo_s_patients_with_what_has_to_be_known_of_each() -> None:
    lines = lines_of(patient_blocks(play_demo().state, STAR_T.day))
    assert lines[:7] == [
        "patient  level  cohort       dosed  given   window to  standing",
        "TJ-001       1       1  2026-01-12  100 %  2026-02-09  no DLT",
        "TJ-002       1       1  2026-01-26  100 %  2026-02-23  no DLT",
        "  1 adverse event, worst grade 3, 1 serious",
        "TJ-003       1       1  2026-01-29  100 %  2026-02-26  not evaluable",
        "  CRS grade 2, onset 2026-02-02; withdrew consent on day 14; replaced by TJ-004",
        "TJ-004       1       1  2026-02-18  100 %  2026-03-18  no DLT",
    ]
    assert "  1 adverse event, worst grade 4; entry 34 was corrected by 35" in lines
    assert max(map(len, lines)) <= 79


def test_nobody_is_no_table() -> None:
    assert lines_of(patient_blocks(begin().state, STAR_T.day)) == []
    assert patients_document(begin().state, STAR_T.day) == []


def test_every_standing_is_shown() -> None:
    played = begin(load_protocol("nct07123519"))
    played.open_cohort(0)
    played.treat("S1", 0, infused=1.8e8, weight_kg=60)
    played.do(enrol_subject, day=1, subject="S2", weight_kg=70)

    def standings(on: date) -> list[str]:
        rows = lines_of(patient_blocks(played.state, on))[1:]
        return [row.split()[-1] for row in rows]

    assert standings(date(2026, 2, 1)) == ["pending", "assigned"]
    assert standings(date(2026, 2, 2)) == ["overdue", "assigned"]
    played.outcome("S2", 2, "X", reason="never came")
    lines = lines_of(patient_blocks(played.state, STAR_T.day))
    assert lines[-2:] == ["S2           1       1           -      -           -  withdrawn",
                          "  never came"]  # fmt: skip


def test_every_toxicity_of_a_subject_stays_in_sight() -> None:
    played = begin()
    played.open_cohort(0)
    played.treat("S1", 0)
    tox = [Toxicity(term=t, grade=g, onset=date(2026, 1, 6)) for t, g in (("rash", 1), ("flu", 2))]
    played.outcome("S1", 3, "N", toxicities=tox[:1])
    played.outcome("S1", 4, "T", toxicities=tox[1:])
    text = " ".join(lines_of(patient_blocks(played.state, STAR_T.day)))
    assert "rash grade 1" in text
    assert "flu grade 2" in text
    (document,) = patients_document(played.state, STAR_T.day)
    assert [toxicity["term"] for toxicity in document["toxicities"]] == ["rash", "flu"]


def test_the_document_s_keys_are_stable() -> None:
    document = json.loads(json.dumps(patients_document(play_demo().state, STAR_T.day)))
    assert len(document) == 10
    assert document[2] == {
        "subject": "TJ-003",
        "level": 1,
        "cohort": 1,
        "purpose": "escalation",
        "weight_kg": 70.0,
        "height_cm": None,
        "surface_m2": None,
        "enrolled_on": "2026-01-26",
        "dosed_on": "2026-01-29",
        "planned": 2.1e8,
        "infused": 2.1e8,
        "n_infusions": 1,
        "percent_of_planned": 100.0,
        "lot": "L-003",
        "window_closes": "2026-02-26",
        "standing": "not evaluable",
        "ruled_evaluable": None,
        "ruled_because": None,
        "overdue": False,
        "set_aside_by": None,
        "n_adverse_events": 0,
        "n_serious": 0,
        "worst_grade": None,
        "toxicities": [
            {
                "term": "CRS",
                "grade": 2,
                "onset": "2026-02-02",
                "relation": "probable",
                "narrative": "febrile, 3 days",
            }
        ],
        "replaces": None,
        "replaced_by": "TJ-004",
        "former_ids": [],
        "site": None,
        "sites": [],
        "days_from_onset_to_record": None,
    }
