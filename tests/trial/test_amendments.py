"""Amendments of the ladder: levels put between others, levels reopened, stops lifted (case 7)."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from escalation.designs import make_design
from escalation.errors import ProtocolError
from escalation.labels import Label
from escalation.outcomes import Tally, format_outcomes
from escalation.protocol import DoseLevel, Protocol
from escalation.protocol.file import parse_protocol
from escalation.reports.trial.sentences import describe_entry
from escalation.trial import (
    amend_protocol,
    close_trial,
    departures,
    dose_subject,
    evolve,
    look_back,
    next_patient,
    rule_says,
)
from escalation.trial.codec import version_of
from escalation.trial.events import Choice, EntryCorrected, ProtocolAmended, Purpose
from escalation.trial.inspection import inspect_entries
from escalation.trial.rule import recommend
from escalation.trial.spreadsheet.importing import import_patients
from tests.trial.bench import CHAIR, SITE, Bench, day, recorded
from tests.trial.small_trials import FOUR, NEW, THREE, amended, ladder, typed, with_beside


def said(bench: Bench) -> str:
    """Say the rule as ``3 at 1.5`` or ``MTD 1``."""
    choice = recommend(rule_says(bench.state), bench.state.protocol).choice
    if choice.action == "enrol":
        return f"{choice.n_to_enrol} at {choice.level}"
    return f"MTD {choice.mtd}"


# ---------------------------------------------------------------- a level put between others


@pytest.mark.parametrize("label", ["1.5", "1a"])
def test_case_7_a_level_between_is_treated_next(label: Label) -> None:
    """A dose between a cleared and a too toxic one."""
    bench = amended(typed("1NNN 2TTN"), ladder((1, 100), (label, 150), (2, 200), (3, 400)))
    assert said(bench) == f"3 at {label}"
    bench.open_cohort()
    assert bench.state.open_cohort.level == label
    assert format_outcomes(bench.state.written_cohorts()) == "1NNN 2TTN"
    bench.treat("S7")
    assert bench.state.subjects["S7"].infused == 150
    assert inspect_entries(bench.entries, bench.entries[-1].at) == []


@pytest.mark.parametrize(
    ("history", "protocol", "expected"),
    [
        ("1NNN 2TTN", FOUR, "3 at 1.5"),
        ("1NNN 2NNN", FOUR, "3 at 3"),  # 2 was cleared: nobody goes back to less
        ("1NNN 2TNN", FOUR, "3 at 2"),  # 2 is being expanded
        ("1NNN", FOUR, "3 at 1.5"),  # the next level up is the new one
        ("1NNN 2TTN 1NNN", FOUR, "3 at 1.5"),  # no longer the MTD: a level above it is untested
        ("1NNN 2TTN", ladder((1, 100), (2, 200), (3, 400), (4, 800)), "3 at 1"),
        ("1TTN", ladder((0, 50), (1, 100), (2, 200), (3, 400)), "3 at 0"),
        ("1TTN", ladder((-1, 25), (0, 50), (1, 100), (2, 200)), "3 at 0"),  # the next one down
        ("1NNN 2TTN", ladder((1, 100), ("1a", 130), ("1b", 160), (2, 200)), "3 at 1b"),
    ],
)
def test_what_a_clinician_expects_after_an_amendment(history, protocol, expected) -> None:
    assert said(amended(typed(history), protocol)) == expected


COUNTS = [(n, x) for n in (3, 6) for x in range(4) if x <= n]
PLACES = [
    ladder((0, 50), (1, 100), (2, 200), (3, 400)),
    FOUR,
    ladder((1, 100), (2, 200), ("2+", 300), (3, 400)),
    ladder((1, 100), (2, 200), (3, 400), (4, 500)),
]


@pytest.mark.parametrize("second", [1, 2, 3])
def test_after_any_two_cohorts_the_rule_is_the_design_s_on_the_new_ladder(second: int) -> None:
    """Oracle: the design asked of tallies added up here, for all outcomes and places of a level."""
    for (n, x), (m, y) in product(COUNTS[:4], COUNTS[:4]):
        before = typed(f"1{'T' * x}{'N' * (n - x)} {second}{'T' * y}{'N' * (m - y)}")
        for protocol in PLACES:
            bench = Bench(state=before.state, now=before.now)
            amended(bench, protocol)
            seen = {1: [n, x]}
            if second == 1:
                seen = {1: [n + m, x + y]}
            else:
                seen[second] = [m, y]
            tallies = [
                Tally(n_evaluable=seen.get(label, [0, 0])[0], n_dlts=seen.get(label, [0, 0])[1])
                for label in protocol.labels
            ]
            expected = protocol.design.decide(tallies, protocol.labels.index(second))
            assert rule_says(bench.state) == expected, (n, x, m, y, protocol.labels)


@pytest.mark.parametrize("design", ["3+3", "crm"])
def test_decisions_before_an_amendment_are_told_and_judged_by_the_ladder_of_their_time(
    design: str,
) -> None:
    options = {"max_patients": 24, "target": 0.25} if design == "crm" else {}
    old = THREE.with_design(design, **options)
    bench = typed("1NNN 2NNN", old)
    before = [describe_entry(entry, bench.state) for entry in bench.entries]
    amended(bench, FOUR.with_design(design, **options))
    after = [describe_entry(entry, bench.state) for entry in bench.entries[: len(before)]]
    assert after == before
    assert "level 2, 200 mg" in " ".join(before)


def test_the_history_of_a_spreadsheet_is_judged_by_the_ladder_it_was_imported_under() -> None:
    """A level put between later does not make a skip of what was the next level then."""
    bench = Bench.started(THREE)
    rows = ["subject,level,enrolled_on,dosed_on,infused,outcome,outcome_on"]
    for n, level in enumerate((1, 1, 1, 2, 2, 2), start=1):
        rows.append(f"S{n},{level},2026-01-05,2026-01-05,{100 * level},no DLT,2026-01-05")
    bench.do(import_patients("\n".join(rows).encode(), "old.csv"), SITE)
    before = [remark.text for remark in departures(bench.state)]
    amended(bench, FOUR)
    assert [remark.text for remark in departures(bench.state)] == before
    assert not any("would not have produced" in text for text in before)


# ---------------------------------------------------------------- reopened levels


def stopped() -> Bench:
    """Return a trial that ended with level 1 as the MTD: 0 of 6 there, 2 of 3 at level 2."""
    bench = typed("1NNN 2TTN 1NNN")
    bench.open_cohort()
    assert bench.state.stopped is not None
    return bench


def test_case_7_a_stopped_trial_goes_on_at_a_level_that_the_amendment_opens() -> None:
    bench = amended(stopped(), FOUR, NEW)
    assert bench.state.stopped is None
    assert said(bench) == "3 at 1.5"
    assert next_patient(bench.state, day(bench.now)).needs_decision
    bench.open_cohort()
    bench.treat("S10")
    assert bench.state.subjects["S10"].level == NEW
    assert bench.state.decisions[-1].event.departure is False


def test_where_nothing_is_reopened_the_stop_stays_and_the_entry_says_so() -> None:
    bench = amended(stopped(), FOUR)
    assert bench.state.stopped is not None
    sentence = describe_entry(bench.entries[-1], bench.state)
    assert sentence.endswith(
        "by the sponsor. Level 1.5, 150 mg, is new, between 1 and 2. The stop of decision "
        f"{bench.state.stopped.seq} (stop, the MTD is level 1, 100 mg) stays in force."
    )
    assert not any("Amendment" in remark.text for remark in departures(bench.state))
    bench.open_cohort()  # the committee may go on by a decision, as the rule says
    assert bench.state.stopped is None
    assert bench.state.open_cohort.level == NEW


def test_a_reopened_level_forgets_its_patients_for_the_rule_and_for_nothing_else() -> None:
    bench = stopped()
    number = bench.state.decisions[-1].seq
    amended(bench, FOUR, 2)
    assert said(bench) == "3 at 1.5"
    state = bench.state
    assert [tally.n_evaluable for tally in state.tallies()] == [6, 0, 3, 0]
    assert [tally.n_evaluable for tally in state.tallies(set_aside=False)] == [6, 0, 0, 0]
    assert format_outcomes(state.written_cohorts()) == "1NNN 2TTN 1NNN"
    seq = state.seq
    expected = [
        f"Amendment {seq} reopened level 2: its 3 patients so far, 2 with a DLT, no longer count "
        "for the rule.",
        f"Amendment {seq} lifted the stop of decision {number} (stop, the MTD is level 1, 100 mg).",
    ]
    assert [remark.text for remark in departures(state) if remark.entry == seq] == expected
    assert describe_entry(bench.entries[-1], state).endswith(" ".join(expected))


@pytest.mark.parametrize(
    ("history", "reopens", "expected"),
    [
        ("1NNN 2TTN", [2], "3 at 2"),
        ("1NNN 2TTN", [1, 2], "3 at 1"),  # nothing is cleared any more: from the start
        ("1NNN 2NNN 3TTN", [2, 3], "3 at 2"),  # and not at 3, above what nobody has cleared
        ("1NNN 2NNN 3TTN", [3], "3 at 3"),
        ("1NNN 2NNN 3TTN 2NNN", [3], "3 at 3"),
        ("1NNN 2NNN 3TTN 2NNN", [2], "3 at 2"),  # below what was too toxic
    ],
)
def test_what_a_clinician_expects_after_levels_were_reopened(history, reopens, expected) -> None:
    bench = amended(typed(history), replace(THREE, title="amended"), *reopens)
    assert said(bench) == expected


def test_a_level_can_be_reopened_under_the_protocol_as_it_is() -> None:
    bench = typed("1NNN 2TTN")
    assert "says the same" in bench.refused(
        amend_protocol, CHAIR, protocol=bench.state.protocol, reason="x"
    )
    assert said(amended(bench, bench.state.protocol, 2)) == "3 at 2"


def test_who_is_treated_after_the_amendment_counts_and_who_was_before_does_not() -> None:
    """Who had a place and was not dosed waits until the committee has decided again."""
    bench = typed("1NNN 2T??")
    bench.lost("S6")
    bench.enrol("S7")
    amended(bench, replace(THREE, title="amended"), 2)
    refused = bench.refused(dose_subject, SITE, subject="S7", infused=200.0)
    assert "Cohort 2 was opened before amendment" in refused
    assert "reopened level 2: the committee has to decide again." in refused
    bench.open_cohort()
    bench.enrol("S7")
    bench.dose("S7")
    assert [s.id for s in bench.state.subjects.values() if s.set_aside_by] == ["S4", "S5", "S6"]
    tally = bench.state.tallies(set_aside=False)[1]
    assert (tally.n_pending, tally.n_evaluable) == (1, 0)
    bench.dlt("S5")  # who is set aside stays so, and is shown
    assert bench.state.tallies(set_aside=False)[1] == tally
    assert "its 3 patients so far, 2 with a DLT, no longer count" in " ".join(
        remark.text for remark in departures(bench.state)
    )


def test_of_a_single_patient_it_is_said_in_the_singular() -> None:
    bench = amended(typed("1NNN 2T"), replace(THREE, title="amended"), 2)
    assert "its 1 patient so far, 1 with a DLT, no longer counts for the rule." in " ".join(
        remark.text for remark in departures(bench.state)
    )


def test_a_corrected_level_moves_a_patient_out_of_what_was_set_aside() -> None:
    bench = typed("1NNN 2TTN")
    amended(bench, replace(THREE, title="amended"), 2)
    enrolled = bench.state.subjects["S6"].enrolments[0].seq
    for level, aside in ((1, False), (2, True)):
        event = EntryCorrected(
            on=day(bench.now), entry=enrolled, reason="x", changes={"level": level}
        )
        state = evolve(bench.state, recorded(bench.state, event))
        assert (state.subjects["S6"].set_aside_by is not None) == aside
        assert state.tallies(set_aside=False)[0].n_patients == (3 if aside else 4)


def test_a_level_that_is_reopened_twice_forgets_each_patient_once() -> None:
    bench = amended(typed("1NNN 2TTN"), replace(THREE, title="amended"), 2)
    first = bench.state.seq
    bench.open_cohort()
    for name in ("S7", "S8", "S9"):
        bench.treat(name)
    for name in ("S7", "S8", "S9"):
        bench.dlt(name)
    amended(bench, replace(THREE, title="amended again"), 2)
    second = bench.state.seq
    aside = {s.id: s.set_aside_by for s in bench.state.subjects.values() if s.set_aside_by}
    assert aside == dict.fromkeys(("S4", "S5", "S6"), first) | dict.fromkeys(
        ("S7", "S8", "S9"), second
    )
    assert (
        f"Amendment {second} reopened level 2: its 3 patients since amendment {first}, 3 with a "
        "DLT, no longer count for the rule."
    ) in [remark.text for remark in departures(bench.state)]


def test_a_cohort_that_an_inserted_level_overtakes_is_closed_to_the_next_patient() -> None:
    """As for every change of the rule's answer: the committee has to decide again."""
    bench = typed("1NNN")
    bench.open_cohort()
    assert bench.state.open_cohort.level == 2
    amended(bench, FOUR)
    found = next_patient(bench.state, day(bench.now))
    assert not found.yes
    assert any("is overtaken" in obstacle.text for obstacle in found.obstacles)
    bench.open_cohort()
    assert bench.state.open_cohort.level == NEW


def test_an_expansion_goes_on_though_the_ladder_has_a_new_level_above_the_mtd() -> None:
    """The stop stays, and that a level above was never tried is nothing against the MTD."""
    bench = typed("1NNN 2TTN 1NNN", with_beside(THREE))
    bench.open_cohort()
    expand = Choice(action="enrol", n_to_enrol=6, purpose=Purpose.EXPANSION)
    bench.open_cohort(choice=expand)
    bench.treat("S10")
    amended(bench, with_beside(FOUR))
    assert said(bench) == "3 at 1.5"
    assert next_patient(bench.state, day(bench.now)).yes
    amended(bench, with_beside(FOUR), 2)  # which lifts the stop, and with it the MTD
    [obstacle] = next_patient(bench.state, day(bench.now)).obstacles
    assert "No MTD has been declared" in obstacle.text


# ---------------------------------------------------------------- seen from now


def test_who_was_set_aside_since_counted_at_the_decisions_before() -> None:
    """DLTs that came to light change what rested on them, and nothing after the amendment."""
    bench = typed("1NNN 2NNN")
    bench.open_cohort()
    to_level_3 = bench.state.decisions[-1].seq
    amended(bench, replace(THREE, title="amended"), 2)
    bench.open_cohort()
    assert bench.state.open_cohort.level == 2
    assert look_back(bench.state) == []
    verdicts = []
    for name in ("S5", "S6"):
        verdict = bench.state.subjects[name].outcomes[0].seq
        toxicity = {"term": "CRS", "grade": 3, "onset": day(0).isoformat()}
        bench.correct(verdict, outcome="T", toxicities=[toxicity])
        verdicts.append(bench.state.seq)
    [remark] = look_back(bench.state)
    assert remark.entry == to_level_3
    assert remark.text.startswith(
        f"Had entries {verdicts[0]}, {verdicts[1]} been known, cohort 3 (level 3) would not have "
        "opened"
    )


def test_a_dosing_is_looked_at_with_those_whom_the_rule_counted_that_day() -> None:
    """A DLT of somebody who is set aside is named, and would not have forbidden the dosing."""
    bench = typed("1NNN 2N??")
    bench.lost("S6")
    bench.now = 3
    amended(bench, replace(THREE, title="amended"), 2)
    bench.open_cohort(5)
    bench.treat("S7", 5)
    bench.dlt("S5", 9, onset=4)
    [remark] = look_back(bench.state)
    assert remark.text.startswith("S7 was dosed on 2026-01-10 after 1 DLT had begun (S5 on")
    assert remark.text.endswith("Had that been known, the rule would have allowed it all the same.")


# ---------------------------------------------------------------- what is refused


def changed(*levels: DoseLevel) -> Protocol:
    return replace(THREE, levels=levels, title="amended")


ONE, TWO, TOP = THREE.levels


@pytest.mark.parametrize(
    ("protocol", "reopens", "reason"),
    [
        (FOUR, [9], "Level 9 is not on the amended ladder; its levels are 1, 1.5, 2, 3."),
        (FOUR, ["1a"], "Level 1a is not on the amended ladder; its levels are 1, 1.5, 2, 3."),
        (FOUR, [3], "Level 3 is neither new nor has anybody been treated there."),
        (FOUR, [2, 2], "Level 2 is named 2 times."),
        (
            changed(ONE, replace(TWO, dose=250.0), TOP),
            [],
            "Level 2 has been opened and must stay on the ladder with its dose.",
        ),
        (
            ladder((1, 100), ("2a", 200), (3, 400)),
            ["2a"],
            "Level 2 has been opened and must stay on the ladder with its dose.",
        ),
    ],
)
def test_what_cannot_be_amended_is_refused_with_one_line(protocol, reopens, reason) -> None:
    bench = typed("1NNN 2TTN")
    said = bench.refused(
        amend_protocol,
        CHAIR,
        protocol=replace(protocol, committee=bench.state.protocol.committee),
        reason="x",
        reopens=reopens,
    )
    assert said.endswith(reason)
    assert said.count("\n") <= 1


def test_a_regimen_that_was_given_stays_and_may_be_named_for_the_first_time() -> None:
    bench = typed("1NNN 2TTN")
    named = changed(ONE, replace(TWO, regimen="day 1"), TOP)
    amended(bench, named)
    sentence = describe_entry(bench.entries[-1], bench.state)
    assert "Level 2, 200 mg" in sentence
    other = replace(
        changed(ONE, replace(TWO, regimen="days 1 and 8"), TOP),
        committee=bench.state.protocol.committee,
    )
    said = bench.refused(amend_protocol, CHAIR, protocol=other, reason="x")
    assert said.endswith("Level 2 has been opened and must keep its regimen, day 1.")


def test_without_doses_the_levels_that_were_opened_keep_their_order() -> None:
    words = [DoseLevel(label=label) for label in ("low", "mid", "high")]
    start = Protocol(
        name="words", levels=tuple(words), design=make_design("3+3", n_levels=3, start=0)
    )
    bench = Bench.started(start)
    for label in ("low", "mid"):
        choice = Choice(action="enrol", level=label, n_to_enrol=1)
        bench.open_cohort(choice=choice, rationale="x")
        subject = f"S-{label.upper()}-1"
        bench.treat(subject)
        bench.no_dlt(subject)
    swapped = replace(bench.state.protocol, levels=(words[1], words[0], words[2]))
    said = bench.refused(amend_protocol, CHAIR, protocol=swapped, reason="x")
    assert said.endswith("Levels low, mid have been opened and must stay in this order.")


def test_a_closed_trial_cannot_be_amended() -> None:
    bench = typed("1NNN")
    bench.do(close_trial, CHAIR, reason="x")
    said = bench.refused(amend_protocol, CHAIR, protocol=FOUR, reason="x", reopens=[NEW])
    assert "The trial was closed by entry" in said


def test_a_level_is_reopened_on_no_day_before_its_data() -> None:
    bench = typed("1NNN 2TTN")
    bench.now = 9
    bench.open_cohort(choice=Choice(action="enrol", level=1, n_to_enrol=3), rationale="x")
    bench.treat("S8", 9)
    protocol = replace(FOUR, committee=bench.state.protocol.committee)
    said = bench.refused(amend_protocol, CHAIR, 3, protocol=protocol, reason="x", reopens=[2])
    assert "It rests on data of 2026-01-14 and cannot be of 2026-01-08." in said


def test_a_level_out_of_order_of_dose_is_refused_before_anything_is_asked() -> None:
    text = (
        'schema = 1\nname = "x"\nunit = "mg"\nstart = 1\n[design]\nname = "3+3"\n'
        "[[levels]]\nlabel = 1\ndose = 100\n[[levels]]\nlabel = 2\ndose = 200\n"
        '[[levels]]\nlabel = "1.5"\ndose = 150\n'
    )
    with pytest.raises(ProtocolError, match=r"levels\[2\].dose: 150 is not above the level before"):
        parse_protocol(text.encode(), "v2.toml")


def test_only_an_amendment_that_reopens_is_of_the_second_version() -> None:
    event = ProtocolAmended(on=day(0), protocol={}, digest="", reason="x")
    assert version_of(event) == 1
    assert version_of(replace(event, reopens=(2,))) == 2
    assert version_of(replace(event, reopens=(NEW,))) == 2
