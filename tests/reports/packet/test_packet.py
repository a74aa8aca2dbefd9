"""The packet of a trial: what its tables say, held against the trial told another way.

Counts are made by loops over patients; what a committee must find is from ICH E6(R3) and from
what inspectors found missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from escalation.designs import make_design
from escalation.errors import EscalationError
from escalation.figures.packet import draw_packet
from escalation.ledger import open_ledger
from escalation.outcomes import Outcome
from escalation.protocol import load_protocol
from escalation.reports.documents import write_document
from escalation.reports.packet import Basis, write_minutes, write_packet
from escalation.reports.view import Figure, Paragraph, Table
from escalation.tracker import Tracker
from escalation.trial import (
    circulate_decision,
    decide,
    delegate_role,
    evolve,
    freeze_data,
    open_site,
    record_adverse_event,
    replay_events,
    sign,
)
from escalation.trial.demo.backfill import BACKFILL
from escalation.trial.demo.star_t import STAR_T
from escalation.trial.events import Choice, Meaning, Role, Serious
from escalation.trial.patients.subjects import Standing
from escalation.trial.state import Recorded, TrialState
from tests.reports.read_documents import html_page, is_in_order, texts_of
from tests.trial.bench import CHAIR, OFFICE, SITE, STATISTICIAN, Bench, day, recorded
from tests.trial.small_trials import FOUR, THREE, amended, typed

LEDGERS = Path(__file__).parents[2] / "data" / "ledgers"


@cache
def played(demo) -> tuple[Recorded, ...]:
    state, entries = TrialState(), []
    for command, recorder in demo.steps(load_protocol(demo.protocol)):
        for event in command(state, recorder):
            entries.append(recorded(state, event, recorder.name, recorder.at))
            state = evolve(state, entries[-1])
    return tuple(entries)


def basis_of(entries: Sequence[Recorded], on=None, **more) -> Basis:
    return Basis(
        state=replay_events(entries),
        entries=entries,
        trial="T-1",
        on=on or entries[-1].event.on,
        **more,
    )


def of(bench: Bench, **more) -> Basis:
    return basis_of(bench.entries, day(bench.now), **more)


DEMO = basis_of(played(STAR_T), STAR_T.day)
BESIDE = basis_of(played(BACKFILL), BACKFILL.day)


def tables(blocks, number: str) -> list[Table]:
    """Return the tables whose caption begins so."""
    return [
        b for b in blocks if isinstance(b, Table) and b.caption.split()[0].rstrip(",") == number
    ]


def table(basis: Basis, number: str) -> list[dict[str, str]]:
    """Return the first table of a number by the names of its columns."""
    found = tables(write_packet(basis).blocks, number)[0]
    head, *rows = found.rows
    return [dict(zip(head, row, strict=True)) for row in rows]


def facts(basis: Basis, number: str) -> dict[str, str]:
    """Return a table of two columns."""
    return dict(tables(write_packet(basis).blocks, number)[0].rows)


def text(document) -> str:
    return "\n".join(texts_of(document.blocks))


def paragraphs(document) -> list[str]:
    return [block.text for block in document.blocks if isinstance(block, Paragraph)]


@pytest.mark.parametrize("basis", [DEMO, BESIDE], ids=["star-t", "backfill"])
def test_levels_hold_the_counts_of_a_loop_over_patients(basis):
    rows = table(basis, "T2")
    for row in rows:
        label, _, purpose = row["level"].partition(", ")
        here = [
            s
            for s in basis.state.subjects.values()
            if str(s.level) == label and s.purpose == (purpose or "escalation")
        ]
        counted = [s for s in here if s.set_aside_by is None]
        dlts = sum(s.standing is Standing.DLT for s in counted)
        evaluable = dlts + sum(s.standing in (Standing.NO_DLT, Standing.MODERATE) for s in counted)
        assert row["assigned"] == str(len(here))
        assert row["dosed"] == str(sum(s.dosed_on is not None for s in here))
        assert row["evaluable"] == str(evaluable)
        assert row["DLT"] == f"{dlts}/{evaluable}"
        assert row["pending"] == str(sum(s.outcome is Outcome.PENDING for s in counted))
        assert row["replaced"] == str(sum(s.replaced_by is not None for s in here))
    assert sum(int(row["assigned"]) for row in rows) == len(basis.state.subjects)


def test_backfill_and_expansion_stand_apart_from_the_escalation():
    names = [row["level"] for row in table(BESIDE, "T2")]
    assert names == ["1", "2", "2.5", "3", "1, backfill", "2.5, expansion"]
    assert "7 expansion" in [row["cohort"] for row in table(BESIDE, "T3")]


def test_every_patient_has_a_row_with_dose_lot_window_and_worst_grades():
    rows = {row["patient"]: row for row in table(DEMO, "T3")}
    assert list(rows) == list(DEMO.state.subjects)
    assert rows["TJ-006"] | {"standing": "DLT"} == rows["TJ-006"]
    said = rows["TJ-007"]
    assert (said["of planned"], said["lot"], said["window to"]) == ("98 %", "L-007", "2026-05-07")
    assert (rows["TJ-003"]["CRS"], rows["TJ-005"]["worst"], rows["TJ-010"]["day"]) == (
        *("2", "4", "6"),
    )


def test_a_dlt_is_told_in_the_fixed_frame():
    told = facts(DEMO, "T4")
    assert list(told) == [
        *("event", "baseline", "course", "treatment", "recovery", "relation", "definition"),
        *("ruled", "narrative"),
    ]
    assert told["course"] == "grade 3 from 2026-04-11 (day 5) (ASTCT 2019: one vasopressor)"
    assert told["ruled"].startswith("a DLT by P. Novak on 2026-04-13 (entry 42)")
    assert told["narrative"] == "vasopressor for 2 days"


def test_the_question_is_whether_to_depart_while_the_rule_waits():
    said = paragraphs(write_packet(DEMO))
    assert "to decide now is to depart from it" in said[0]
    assert said[1] == "The rule says: Wait for the pending patients."
    assert any("0 have a DLT: escalate to level 3" in one for one in texts_of(
        write_packet(DEMO).blocks))  # fmt: skip


def test_the_row_of_the_decision_table_is_the_published_one_of_six_patients():
    rows = [
        (row["DLTs"].replace("\N{NO-BREAK SPACE}", " "), row["answer"]) for row in table(DEMO, "T8")
    ]
    assert rows == [("0 to 1 of 6", "escalate, treat 3"), ("2 to 6 of 6", "de-escalate, treat 3")]


def test_departures_since_the_last_meeting_are_marked_and_come_first():
    rows = table(DEMO, "T9")
    assert [(row["entry"], row["new"], row["kind"]) for row in rows] == [
        ("48", "new", "departure"),
        ("60", "new", "departure"),
        ("23", "-", "departure"),
        ("35", "-", "correction"),
    ]


def test_pause_rules_are_each_said_to_be_met_or_not():
    rows = {row["rule"]: row["met"] for row in table(DEMO, "T11")}
    assert rows["pause: death"] == rows["pause: severe"] == "no"
    bench = Bench.started()
    bench.open_cohort()
    bench.treat("S1")
    bench.do(
        record_adverse_event, SITE, subject="S1", term="sepsis", started=day(0), grade=5,
        scale="CTCAE", scale_version="5.0", aware=day(0), serious=(Serious.DEATH,),
    )  # fmt: skip
    rows = {row["rule"]: row["met"] for row in table(of(bench), "T11")}
    assert rows["pause: death"] == "yes"
    assert "Is enrolment to be resumed?" in paragraphs(write_packet(of(bench)))


def test_dissent_rationale_and_signatures_stand_in_the_votes():
    (_, last) = tables(write_packet(DEMO).blocks, "T13")
    rows = {(row[0], row[2]): row for row in last.rows}
    assert rows["A. Haddad", "AGAINST (entry 51)"][5].startswith('"three days are worth')
    by_key = rows["Zhao Lan", "signed by key (entry 53)"]
    assert by_key[1:5:2] == ("approved", "2026-05-04")  # with its meaning, day and time
    assert by_key[4] == f"{DEMO.entries[52].at:%Y-%m-%d %H:%M}"
    assert "FURTHER THAN THE RULE WENT" in last.caption
    assert "not recorded to whom it was sent; TJ-008 was dosed first" in text(write_packet(DEMO))


def test_a_packet_before_the_vote_has_a_line_for_everybody_who_may_vote():
    form, _ = tables(write_packet(DEMO).blocks, "T13")
    assert [row[0] for row in form.rows[1:4]] == ["Zhao Lan", "K. Sato", "A. Haddad"]


def voted(sent_on: int | None = None, votes: str = "chair member") -> Bench:
    bench = Bench.started(quorum=2)
    bench.do(open_site, CHAIR, site="Site 01", time_zone="Asia/Shanghai")
    bench.do(freeze_data, SITE, checked_by=(STATISTICIAN,), statement="complete")
    bench.meet(votes=votes)
    if "chair member" in votes:
        bench.do(sign, CHAIR, meaning=Meaning.APPROVED)
    if sent_on == 0:
        bench.do(circulate_decision, CHAIR, to=("Site 01",))
    if "chair member" in votes:
        bench.treat("S1", 1)
    if sent_on == 2:
        bench.do(circulate_decision, CHAIR, on=2, to=("Site 01",))
    return bench


def minutes(bench: Bench, entry: int | None = None):
    basis = of(bench)
    made = basis.state.find_decision(entry) if entry else basis.state.decisions[-1]
    assert made is not None
    return write_minutes(basis, made, basis_of(bench.entries[: made.event.cutoff]))


@pytest.mark.parametrize(
    ("sent_on", "said"),
    [
        (None, "It is not recorded to whom it was sent; S1 was dosed first, on 2026-01-06."),
        (0, "It was sent before the next dosing: S1 was dosed first, on 2026-01-06."),
        (2, "It was sent AFTER the next dosing: S1 was dosed first, on 2026-01-06."),
    ],
)
def test_minutes_say_whether_the_decision_was_sent_before_the_next_dosing(sent_on, said):
    assert said in paragraphs(minutes(voted(sent_on)))


def test_minutes_say_what_the_inspector_asks_for():
    said = text(minutes(voted(0)))
    for wanted in (
        "Approved by chair on 2026-01-05, recorded 2026-01-05 12:00 UTC; at Site 01 2026-01-05 "
        "20:00 (Asia/Shanghai)",
        "delegated on 2026-01-05",
        "checked by statistician, endorsed by site",
        '"complete"',
        "The rule said: enrol 3 patients at level 1",
        "for (entry",
        "signed (entry",
        "sent it to Site 01",
        "Data recorded or corrected since its cut-off: none",
    ):
        assert wanted in said, wanted


def test_minutes_before_the_approval_are_a_draft_with_lines_for_who_has_not_voted():
    bench = voted(votes="chair")
    said = text(minutes(bench))
    assert "DRAFT: the decision has not been approved." in said
    assert "vote: ____" in said
    assert "Is decision" in paragraphs(write_packet(of(bench)))[0]


def test_what_was_recorded_after_a_decision_about_days_before_it_is_late():
    bench = voted(0)
    bench.do(decide, STATISTICIAN, 15, choice=Choice(action="defer"), rationale="later")
    bench.do(
        record_adverse_event, SITE, 16, subject="S1", term="rash", started=day(3), grade=2,
        scale="CTCAE", scale_version="5.0", aware=day(16),
    )  # fmt: skip
    late = f"Entry {len(bench.entries)}, site: S1 had rash, grade 2"
    assert late in text(minutes(bench))
    (row,) = table(of(bench), "T9")
    assert (row["new"], row["kind"]) == ("new", "late")
    assert row["what"].startswith(late)


HTML = '<script>alert("x")</script> <img src=x onerror=y> & =HYPERLINK("z")'


def crowded() -> Bench:
    """Sixty patients, people with names of forty letters, and HTML in what was told of one."""
    bench = Bench.started(THREE)
    bench.do(
        delegate_role, OFFICE, person="Wolfeschlegelsteinhausenbergerdorff Jana", role=Role.CHAIR
    )
    for number in range(20):
        bench.open_cohort(
            choice=Choice(action="enrol", level=1, n_to_enrol=3), rationale=f"again, {HTML}"
        )
        for k in range(3):
            name = f"PTNT-{3 * number + k:04}-AB12-CD34"
            assert len(name) == 19
            bench.treat(name)
            bench.no_dlt(name)
    bench.do(
        record_adverse_event, SITE, subject=name, term=HTML[:60], started=day(bench.now), grade=3,
        scale="CTCAE", scale_version="5.0", aware=day(bench.now), narrative=HTML, treatment=HTML,
    )  # fmt: skip
    return bench


def released(version: str) -> Basis:
    with open_ledger(str(LEDGERS / f"{version}.db")) as ledger:
        trial = ledger.trials(recorded=True)[0]
        entries = Tracker(ledger, trial).entries()
    return basis_of(entries)


CRM = make_design("crm", n_levels=3, target=0.25, skeleton=(0.1, 0.2, 0.3), max_patients=18)
PER_M2 = replace(THREE, unit="mg/m2")


def in_m2() -> Bench:
    bench = Bench.started(PER_M2)
    bench.open_cohort()
    bench.enrol("S1", height_cm=170.0)
    bench.dose("S1")
    bench.enrol("S2", height_cm=160.0)
    return bench


BASES = {
    "nobody": lambda: of(Bench.started()),
    "enrolled": lambda: of(opened()),
    "0.2.0": lambda: released("0.2.0"),
    "0.2.0-every-kind": lambda: released("0.2.0-every-kind"),
    "sixty": lambda: of(crowded()),
    "m2": lambda: of(in_m2()),
    "amended": lambda: of(amended(typed("1NNN 2NNN 3TTN"), FOUR, 2)),
    "demo": lambda: DEMO,
    "beside": lambda: BESIDE,
    "crm": lambda: of(Bench.started(replace(THREE, design=CRM))),
}


def opened() -> Bench:
    bench = Bench.started()
    bench.open_cohort()
    bench.enrol("S1")
    return bench


@pytest.mark.slow
@pytest.mark.parametrize("case", BASES)
def test_every_trial_has_a_packet_with_all_thirteen_sections_in_each_format(case):
    document = write_packet(BASES[case]())
    said = list(texts_of(document.blocks))
    numbers = {one.split()[0].rstrip(",").partition(".")[0] for one in said if one.strip()}
    assert {f"T{n}" for n in range(1, 14)} <= numbers
    page = html_page(write_document(document, ".html"))
    assert not {"script", "a", "link", "form", "iframe"} & set(page.tags)
    assert is_in_order(said, "".join(page.texts)) is None
    assert write_document(document, ".docx").startswith(b"PK")


def test_doses_by_body_surface_are_said_with_their_amount():
    rows = table(of(in_m2()), "T12")
    assert "178 mg" in rows[0]["level"] or "mg for" in rows[0]["level"]
    heads = tables(write_packet(of(in_m2())).blocks, "T2")[0].rows[0]
    assert "dose, mg/m2" in heads


def test_figures_stand_in_their_places_with_their_words():
    document = write_packet(replace(DEMO, pictures=draw_packet))
    figures = [block for block in document.blocks if isinstance(block, Figure)]
    assert [figure.caption.split()[0] for figure in figures] == ["F1", "F2", "F3"]
    assert "1NNXN 2NTN 2???" in figures[0].words
    assert figures[0].draw("svg").startswith(b"<?xml")


def test_a_trial_where_nobody_was_dosed_has_no_figures():
    document = write_packet(of(opened(), pictures=draw_packet))
    assert not [block for block in document.blocks if isinstance(block, Figure)]


def test_a_trial_without_a_protocol_is_refused():
    with pytest.raises(EscalationError, match="no protocol"):
        write_packet(replace(DEMO, state=TrialState()))
