"""Accelerated titration tracked: a moderate toxicity is no DLT, and counts where it should."""

from __future__ import annotations

import pytest

from escalation.designs.base import Action
from escalation.figures.course import plot_course
from escalation.outcomes import Outcome, Tally
from escalation.reports.trial.outlook import describe_outlook, outlook, outlook_document
from escalation.reports.trial.sentences import describe_entry
from escalation.trial import departures, record_outcome, rule_says
from escalation.trial.events import Relation, Toxicity
from escalation.trial.hindsight import look_back
from escalation.trial.patients.subjects import Standing
from escalation.trial.spreadsheet.columns import SpreadsheetError
from escalation.trial.spreadsheet.importing import import_patients
from escalation.trial.spreadsheet.rows import read_patients
from escalation.trial.spreadsheet.writing import patients_csv

from .bench import NCT, SITE, Bench, day, recorded

ACCELERATED = NCT.with_design("accelerated")
RASH = Toxicity(term="rash", grade=2, onset=day(3))


def moderate(bench, subject, on, *, grade=2, relation=None):
    bench.do(
        record_outcome,
        SITE,
        on,
        subject=subject,
        outcome=Outcome.MODERATE,
        toxicities=[Toxicity(term="rash", grade=grade, onset=day(on - 20), relation=relation)],
    )


def titrated():
    """S1 at level 1 without toxicity, S2 at level 2 with a moderate one, S3 at level 3 pending."""
    bench = Bench.started(ACCELERATED)
    bench.open_cohort(0)
    bench.treat("S1", 0)
    bench.no_dlt("S1", 28)
    bench.open_cohort(28)
    bench.treat("S2", 28)
    moderate(bench, "S2", 56)
    return bench


def test_one_patient_a_level_is_what_the_rule_opens():
    bench = titrated()
    assert [cohort.n_opened for cohort in bench.state.cohorts] == [1, 1]
    said = rule_says(bench.state)
    assert (said.action, said.level, said.n_to_enrol) == (Action.ESCALATE, 3, 1)
    assert bench.state.tallies()[2] == Tally(n_evaluable=1, n_moderate=1)
    assert [str(cohort) for cohort in bench.state.written_cohorts()] == ["1N", "2M"]


def test_moderate_is_no_dlt_and_passes_its_gates():
    bench = titrated()
    subject = bench.state.subjects["S2"]
    assert subject.standing is Standing.MODERATE
    assert "no DLT" in subject.standing
    assert subject.takes_place
    early = Bench.started(ACCELERATED)
    early.open_cohort(0)
    early.treat("S1", 0)
    said = early.refused(record_outcome, SITE, 27, subject="S1", outcome=Outcome.MODERATE)
    assert '"no DLT" cannot be said before' in said


def test_a_sheet_with_another_grade_is_not_recorded_already():
    bench = titrated()
    sheet = patients_csv(bench.state)
    for text, fault in (
        (sheet, "every row says what is recorded already"),
        (sheet.replace("rash,2", "rash,3"), "rash grade 3, onset 2026-02-10, is not as in entry"),
    ):
        with pytest.raises(SpreadsheetError, match=fault):
            bench.do(import_patients(text.encode(), "patients.csv"), SITE, 100)


def test_a_moderate_toxicity_of_the_window_moved_beyond_is_pending_again():
    bench = titrated()
    [seq] = [fact.seq for fact in [bench.state.subjects["S2"].dosing]]
    bench.correct(seq, on=str(day(29)))
    assert bench.state.subjects["S2"].outcome is Outcome.PENDING


def test_a_dlt_may_follow_and_nothing_else():
    bench = titrated()
    refused = bench.refused(record_outcome, SITE, 57, subject="S2", outcome=Outcome.NO_DLT)
    assert "says moderate, no DLT" in refused
    bench.dlt("S2", 57, onset=40)
    assert bench.state.subjects["S2"].standing is Standing.DLT
    assert bench.state.tallies()[2] == Tally(n_evaluable=1, n_dlts=1)


@pytest.mark.parametrize(
    ("outcome", "grade", "relation", "said"),
    [
        (Outcome.MODERATE, 1, None, "of grade 2 or more"),
        (Outcome.MODERATE, 2, Relation.UNRELATED, "and related"),
        (Outcome.NO_DLT, 2, None, 'this is "moderate" unless it is unrelated'),
        (Outcome.NO_DLT, 3, Relation.POSSIBLE, "rash is of grade 3"),
        (Outcome.NO_DLT, 1, None, None),
        (Outcome.NO_DLT, 2, Relation.UNRELATED, None),
        (Outcome.MODERATE, 2, None, None),
    ],
)
def test_what_is_moderate_is_held_against_the_toxicities(outcome, grade, relation, said):
    bench = Bench.started(ACCELERATED)
    bench.open_cohort(0)
    bench.treat("S1", 0)
    toxicity = Toxicity(term="rash", grade=grade, onset=day(3), relation=relation)
    how = {"subject": "S1", "outcome": outcome, "toxicities": [toxicity]}
    if said is None:
        bench.do(record_outcome, SITE, 28, **how)
    else:
        assert said in bench.refused(record_outcome, SITE, 28, **how)


def test_where_none_counts_no_dlt_can_be_said_with_any_toxicity():
    bench = Bench.started()
    bench.open_cohort(0)
    bench.treat("S1", 0)
    bench.do(record_outcome, SITE, 28, subject="S1", outcome=Outcome.NO_DLT, toxicities=[RASH])
    assert bench.state.subjects["S1"].standing is Standing.NO_DLT
    plain = Bench.started()
    plain.open_cohort(0)
    plain.treat("S1", 0)
    moderate(plain, "S1", 28)
    assert rule_says(plain.state) == rule_says(bench.state)


def test_a_correction_to_moderate_changes_what_the_rule_says_and_earlier_decisions():
    bench = titrated()
    bench.open_cohort(56)
    bench.treat("S3", 56)
    assert not look_back(bench.state)
    [fact] = bench.state.subjects["S1"].outcomes
    bench.correct(fact.seq, outcome="M")
    said = rule_says(bench.state)
    assert (said.level, said.n_to_enrol) == (2, 2)  # titration has ended at level 2
    [remark] = look_back(bench.state)
    assert "would not have opened" in remark.text


def test_it_is_said_as_what_it_is():
    bench = titrated()
    [fact] = bench.state.subjects["S2"].outcomes
    said = describe_entry(recorded(bench.state, fact.event), bench.state)
    assert said.startswith("S2 had a moderate toxicity and no DLT")


def test_the_outlook_has_the_third_way():
    bench = Bench.started(ACCELERATED)
    bench.open_cohort(0)
    bench.treat("S1", 0)
    moderate(bench, "S1", 28)
    bench.open_cohort(28)
    bench.treat("S2", 28)
    ways = outlook(bench.state)
    unit = "2, 6E6 cells/kg"
    assert list(describe_outlook(ways, rule_says(bench.state), ACCELERATED)) == [
        "If, of the 1 pending at level 2,",
        "  0 have a DLT: escalate to level 3, 1E7 cells/kg: enrol 1 patient.",
        f"  0 have a DLT, 1 a moderate toxicity: stay at level {unit}: enrol 2 patients.",
        f"  1 has a DLT: stay at level {unit}: enrol 2 patients.",
    ]
    document = outlook_document(ways, ACCELERATED)
    assert [way["pending"][0]["n_moderate"] for way in document] == [0, 1, 0]


def test_the_course_marks_it(tmp_path):
    bench = titrated()
    legend = plot_course(bench.state, day(60)).get_legend()
    assert "moderate, no DLT" in [text.get_text() for text in legend.get_texts()]


HISTORY = """\
subject,level,weight_kg,dosed_on,infused,outcome,outcome_on,term,grade,onset
S1,1,60,2026-01-05,1.8e8,moderate,2026-02-02,rash,2,2026-01-08
S2,2,60,2026-02-03,3.6e8,M,2026-03-03,,,
S3,2,60,2026-03-09,3.6e8,N,2026-04-06,,,
S4,2,60,2026-03-10,3.6e8,,,,,
"""


def test_a_spreadsheet_holds_it_and_is_read_back_the_same():
    bench = Bench.started(ACCELERATED)
    bench.do(import_patients(HISTORY.encode(), "patients.csv"), SITE, 100)
    assert [str(cohort) for cohort in bench.state.written_cohorts()] == ["1M", "2M", "2N?"]
    assert rule_says(bench.state).action is Action.WAIT
    assert not [r for r in departures(bench.state) if "opens" in r.text]
    rows = read_patients(patients_csv(bench.state).encode(), "patients.csv")
    assert [row.outcome for row in rows] == [
        Outcome.MODERATE,
        Outcome.MODERATE,
        Outcome.NO_DLT,
        None,
    ]
