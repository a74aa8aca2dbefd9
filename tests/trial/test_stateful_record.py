"""A trial of several people with adverse events against a simple model of it, at random.

The model (here and in ``simple_model``) knows nothing of the state and the gates that it is held
against. ``conftest`` records every trial again when it is over.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from escalation.designs import Decision, ThreePlusThree
from escalation.errors import RefusedError
from escalation.outcomes import Outcome, Tally
from escalation.protocol import DltRule, DltWindow, Evaluability, PauseRule
from escalation.trial import (
    adjudicate,
    cast_vote,
    circulate_decision,
    continue_infusion,
    correct_entry,
    decide,
    delegate_role,
    dose_subject,
    enrol_subject,
    follow_up,
    hold_enrolment,
    next_patient,
    open_site,
    record_adverse_event,
    record_outcome,
    record_screening_failure,
    rename_subject,
    resume_enrolment,
    revoke_role,
    rule_evaluability,
    rule_says,
    sign,
    transfer_subject,
)
from escalation.trial.committee.tally import tally_votes
from escalation.trial.events import Choice, Meaning, Relation, Role, Vote
from escalation.trial.halts import standing_pauses

from .bench import AUDITOR, CHAIR, MEMBER, NCT, OFFICE, SITE, STATISTICIAN, Bench, crs, day
from .simple_model import (
    ALONE,
    BLOOD,
    GREATEST,
    LEAST,
    MEETS,
    NOT,
    WINDOW,
    Illness,
    Patient,
    answered,
    awaits_ruling,
    death,
    definition,
    first_day,
    highs,
    judged,
    letter,
    readings,
    related,
    reports,
    ruling_of,
    standing,
    takes_place,
    within_limits,
)

LABELS = (-1, 1, 2, 3)
PLANNED = dict(zip(LABELS, (6e7, 1.8e8, 3.6e8, 6e8), strict=True))  # for 60 kg
THIRD, FOURTH, ADJUDICATOR = "third", "fourth", "adjudicator"
PEOPLE = (CHAIR, MEMBER, THIRD, FOURTH, STATISTICIAN, SITE, AUDITOR)
SITES = ("Tianjin", "Basel")
PLACES = (*SITES, "Basle")
PROTOCOL = replace(
    NCT,
    dlt=DltWindow(
        window_days=WINDOW,
        rules=(
            DltRule(name="blood", category=BLOOD, min_grade=4, provisional_until_day=28),
            DltRule(name="other", except_categories=(BLOOD,), min_grade=3),
            DltRule(name="death", min_grade=5, related=False),
        ),
    ),
    pause=(PauseRule(name="severe", at_least=2, min_grade=4, related=True),),
    evaluability=Evaluability(least_share=0.8, greatest_share=1.2),
)
RULES = {
    "quorum": 2,
    "majority": "1/2",
    "override_majority": "2/3",
    "circulate_first": True,
}

STEPS = ("ill", "ill", "change", "change", "correct", "rule", "rule", "day")


class Trial(RuleBasedStateMachine):
    """Random commands of random people; the model keeps lists of what was recorded, and no more."""

    def __init__(self) -> None:
        super().__init__()
        self.bench = Bench.started(PROTOCOL, **RULES)
        for person in (THIRD, FOURTH):
            self.bench.do(delegate_role, OFFICE, person=person, role=Role.MEMBER)
        self.bench.do(delegate_role, OFFICE, person=ADJUDICATOR, role=Role.ADJUDICATOR)
        for site, zone in zip(SITES, ("Asia/Shanghai", "Europe/Zurich"), strict=True):
            self.bench.do(open_site, CHAIR, site=site, time_zone=zone)
        self.today = 0
        self.n_names = 0
        self.patients: list[Patient] = []
        self.cohorts: list[dict[str, Any]] = []  # level, size, decision
        self.decisions: list[dict[str, Any]] = []
        self.data = 0  # the last entry that a decision has to know
        self.held, self.held_since = False, 0
        self.fourth_votes = True
        self.n_failed = 0
        self.stopped: Choice | None = None
        self.taken_back: list[int] = []  # the corrections that took back a death

    # ------------------------------------------------------------ the model

    def tallies(self) -> list[Tally]:
        seen = []
        for label in LABELS:
            letters = "".join(letter(p) for p in self.patients if p["level"] == label)
            n, t, waiting = (letters.count(c) for c in "NT?")
            seen.append(Tally(n_evaluable=n + t, n_dlts=t, n_pending=waiting))
        return seen

    def advice(self) -> Decision:
        given = [
            c
            for c in self.cohorts
            if any(p["cohort"] is c and p["dosed"] is not None for p in self.patients)
        ]
        level = LABELS.index(given[-1]["level"]) if given else 1
        return ThreePlusThree(n_levels=4, start=1).decide(self.tallies(), level)

    def open(self) -> dict[str, Any] | None:
        return self.cohorts[-1] if self.cohorts and self.cohorts[-1]["size"] else None

    def members(self) -> list[Patient]:
        return [p for p in self.patients if self.cohorts and p["cohort"] is self.cohorts[-1]]

    def n_free(self) -> int:
        taken = sum(map(takes_place, self.members()))
        return max(self.cohorts[-1]["size"] - taken, 0) if self.cohorts else 0

    def waiting(self) -> list[Patient]:
        return [p for p in self.members() if standing(p) == "assigned"]

    def overdue(self) -> list[Patient]:
        return [
            p
            for p in self.patients
            if standing(p) == "pending" and p["dosed"] + WINDOW <= self.today
        ]

    def unruled(self) -> list[Illness]:
        """Return the events that are a DLT by the definition, and nobody has ruled on."""
        return [
            e
            for p in self.patients
            if standing(p) != "DLT"
            for e in p["events"]
            if not answered(p, e, self.today)
            and any(judged(p, said, self.today) == MEETS for said in readings(e))
        ]

    def pauses(self) -> set[str]:
        """Return what pauses enrolment, and no decision to resume has lifted."""
        known = max((d["n"] for d in self.decisions if d["resumes"] and d["approved"]), default=0)
        deaths, graves = [*self.taken_back], []
        for patient in self.patients:
            ns = [n for e in patient["events"] if (n := self.since(patient, e, 5)) is not None]
            deaths += ns
            grave = [n for e in patient["events"] if (n := self.since(patient, e, 4)) is not None]
            if grave:
                graves.append(grave)
        second = sorted(min(grave) for grave in graves)[1] if len(graves) > 1 else None
        found = {"death"} if any(n > known for n in deaths) else set()
        if second is not None and any(n > known and n >= second for g in graves for n in g):
            found.add("severe")
        return found

    def since(self, patient: Patient, event: Illness, grade: int) -> int | None:
        """Return the entry since which an event is a death, or severe after the infusion."""
        said = reports(event)

        def is_so(until: list[Illness]) -> bool:
            reached = max(report["grade"] for report in until) >= grade
            if grade == 5:
                return reached
            dosed = patient["dosed"]
            after = dosed is not None and any(dosed <= on for on, _ in highs(until))
            return reached and after and related(until[-1])

        if not is_so(said):
            return None
        n = next(said[k]["n"] for k in range(len(said)) if is_so(said[: k + 1]))
        return max(n, event["corrected"])

    def halted(self) -> bool:
        return self.held or bool(self.pauses()) or bool(self.unruled())

    def overtaken(self) -> bool:
        """Whether what was recorded since forbids one more patient of the open cohort."""
        made = self.cohorts[-1]["decision"]
        if made["departure"]:
            return any(
                said == "T" and n > made["n"]
                for p in self.patients
                if standing(p) == "DLT"
                for n, said, _, _ in p["outcomes"]
            )
        now, here = self.advice(), LABELS.index(self.cohorts[-1]["level"])
        return all(a.level is None or a.level < here for a in (now.possible or (now,)))

    def awaited_is_less(self) -> bool:
        """Whether a decision that is not approved yet would end the open cohort downwards."""
        last = self.decisions[-1]
        if not self.is_open(last):
            return False
        chosen = last["chosen"]
        if chosen.action == "enrol":
            return LABELS.index(chosen.level) < LABELS.index(self.cohorts[-1]["level"])
        return chosen.action == "stop"

    def shut(self) -> bool:
        """Whether nobody may be enrolled in, or dosed by, the cohort opened last."""
        return self.halted() or self.open() is None or self.overtaken() or self.awaited_is_less()

    def vote(self, made: dict[str, Any]) -> str:
        """Return carried, rejected or open; each voter not heard may still vote for it."""
        if made["rejected"]:
            return "rejected"
        votes = made["votes"]
        if self.carries(made, votes):
            return "carried"
        if made is not self.decisions[-1]:
            return "open"
        able = [CHAIR, MEMBER, THIRD, *([FOURTH] if self.fourth_votes else [])]
        best = votes | {person: Vote.FOR for person in able if person not in votes}
        return "open" if self.carries(made, best) else "rejected"

    def is_open(self, made: dict[str, Any]) -> bool:
        """Whether a decision may still be approved."""
        return not made["approved"] and self.vote(made) != "rejected"

    @staticmethod
    def carries(made: dict[str, Any], votes: dict[str, Vote]) -> bool:
        n_for, n_against = (list(votes.values()).count(v) for v in (Vote.FOR, Vote.AGAINST))
        needed = Fraction(2, 3) if made["override"] else Fraction(1, 2)
        majority = n_for > needed * (n_for + n_against)
        return len(votes) >= 2 and CHAIR in votes and majority

    def find_name(self, data: st.DataObject, patient: Patient) -> str:
        """Return an id of a patient: a mistyped one finds them too."""
        return data.draw(st.sampled_from(patient["names"]))

    # ------------------------------------------------------------ what can happen

    def attempt(self, expected: bool, command: Any, by: str, **kw: Any) -> int:
        """Try a command, which must be refused unless it is expected; return its first entry."""
        before = len(self.bench.entries)
        if not expected:
            with pytest.raises(RefusedError):
                self.bench.do(command, by, self.today, **kw)
            assert len(self.bench.entries) == before
            return 0
        self.bench.do(command, by, self.today, **kw)
        return before + 1

    @property
    def n(self) -> int:
        return len(self.bench.entries)

    def changed(self) -> None:
        """Note that the last entry is one that a decision has to know."""
        self.data = self.n

    @rule(days=st.sampled_from([1, 2, 3, 7, 11, 14, 28]))
    def time_passes(self, days: int) -> None:
        self.today += days

    # ---- the committee

    @rule(
        by=st.sampled_from([STATISTICIAN, STATISTICIAN, CHAIR, SITE]),
        rationale=st.sampled_from([None, None, "two products are at hand"]),
        other=st.sampled_from([None, None, None, "enrol", "stop", "defer", "resume"]),
        place=st.integers(0, 3),
        size=st.integers(1, 3),
    )
    def put_to_the_vote(
        self, by: str, rationale: str | None, other: Any, place: int, size: int
    ) -> None:
        now = self.advice()
        said = self.choice_of(now)
        chosen = said
        if other is not None:
            chosen = Choice(action=other)
        if other == "enrol":
            chosen = Choice(action="enrol", level=LABELS[place], n_to_enrol=size)
        resumes = chosen.action == "resume"
        follows = chosen == said
        expected = by != SITE and not (self.stopped is not None and chosen == self.stopped)
        if other is None and now.action == "wait":
            expected = False
        if resumes:
            expected &= (self.held or bool(self.pauses())) and rationale is not None
        elif follows:
            goes_on = self.open() is not None and not self.overtaken() and now.action != "wait"
            expected &= not (
                goes_on
                and chosen.action == "enrol"
                and chosen.level == self.cohorts[-1]["level"]
                and bool(self.n_free() or self.waiting())
            )
        else:
            expected &= rationale is not None
        overdue = self.overdue()
        expected &= rationale is not None or not (overdue or self.unruled())
        options = {} if other is None else {"choice": chosen}
        n = self.attempt(expected, decide, by, rationale=rationale, **options)
        if n:
            further = not follows and not resumes and self.goes_further(chosen, now)
            self.decisions.append(
                {
                    "n": n,
                    "by": by,
                    "chosen": chosen,
                    "override": not follows and not resumes,
                    "departure": further,
                    "resumes": resumes,
                    "votes": {},
                    "rejected": False,
                    "approved": False,
                    "overdue": overdue,
                    "sent": None,
                }
            )
            assert self.bench.state.decisions[-1].event.departure is further

    @staticmethod
    def choice_of(now: Decision) -> Choice:
        if now.action == "wait":
            return Choice(action="defer")
        if now.action == "stop":
            return Choice(action="stop", mtd=None if now.mtd is None else LABELS[now.mtd])
        assert now.level is not None
        return Choice(action="enrol", level=LABELS[now.level], n_to_enrol=now.n_to_enrol)

    @staticmethod
    def goes_further(chosen: Choice, now: Decision) -> bool:
        """Whether it exposes more patients, or higher, than the rule would in some answer."""
        if chosen.action != "enrol":
            return False
        wanted = (LABELS.index(chosen.level), chosen.n_to_enrol)
        return any(
            answer.level is None or wanted > (answer.level, answer.n_to_enrol)
            for answer in (now.possible or (now,))
        )

    @precondition(lambda self: self.decisions)
    @rule(
        by=st.sampled_from(PEOPLE),
        vote=st.sampled_from([Vote.FOR, Vote.FOR, Vote.FOR, Vote.AGAINST, Vote.ABSTAINED]),
        dissent=st.sampled_from(["not yet", "not yet", None]),
    )
    def a_member_votes(self, by: str, vote: Vote, dissent: str | None) -> None:
        last = self.decisions[-1]
        may = by in (CHAIR, MEMBER, THIRD) or (by == FOURTH and self.fourth_votes)
        expected = may and by not in last["votes"] and not last["approved"]
        expected &= vote is not Vote.AGAINST or dissent is not None
        if self.attempt(expected, cast_vote, by, vote=vote, reason=dissent):
            last["votes"][by] = vote
            last["rejected"] = self.vote(last) == "rejected"

    @precondition(lambda self: self.decisions and not self.decisions[-1]["approved"])
    @rule(votes=st.lists(st.sampled_from([Vote.FOR, Vote.AGAINST, Vote.ABSTAINED]), max_size=4))
    def the_committee_votes(self, votes: list[Vote]) -> None:
        for person, vote in zip((CHAIR, MEMBER, THIRD, FOURTH), votes, strict=False):
            self.a_member_votes(person, vote, "not yet")
        self.approve(CHAIR)

    @precondition(lambda self: self.decisions)
    @rule(by=st.sampled_from([CHAIR, CHAIR, CHAIR, MEMBER]))
    def approve(self, by: str) -> None:
        last = self.decisions[-1]
        expected = (
            by == CHAIR
            and last["by"] != CHAIR
            and not last["approved"]
            and self.vote(last) == "carried"
            and self.data <= last["n"]
            and all(p in last["overdue"] for p in self.overdue())
        )
        if not self.attempt(expected, sign, by, meaning=Meaning.APPROVED):
            return
        last["approved"], chosen = True, last["chosen"]
        if chosen.action == "resume" and self.held_since < last["n"]:
            self.held = False  # a hold that came after it, nobody has looked into
        if chosen.action in ("enrol", "stop"):
            cohort = {"level": chosen.level, "size": chosen.n_to_enrol, "decision": last}
            self.cohorts.append(cohort)
            self.stopped = chosen if chosen.action == "stop" else None

    @rule(data=st.data(), what=st.sampled_from(["circulate", "fourth", "hold", "resume"]))
    def the_office_is_busy(self, data: st.DataObject, what: str) -> None:
        if what == "circulate" and self.decisions:
            self.circulate()
        elif what == "fourth":
            self.the_fourth_member_comes_or_goes()
        elif what == "hold":
            self.hold(data.draw(st.sampled_from([AUDITOR, SITE])))
        else:
            self.resume(data.draw(st.sampled_from([CHAIR, CHAIR, SITE])))

    def circulate(self) -> None:
        last = self.decisions[-1]
        if self.attempt(last["approved"], circulate_decision, STATISTICIAN, to=["Tianjin"]):
            last["sent"] = self.today

    def the_fourth_member_comes_or_goes(self) -> None:
        if self.fourth_votes:
            kw = {"person": FOURTH, "role": Role.MEMBER, "reason": "on leave"}
            self.attempt(True, revoke_role, CHAIR, **kw)
        else:
            self.attempt(True, delegate_role, CHAIR, person=FOURTH, role=Role.MEMBER)
        self.fourth_votes = not self.fourth_votes

    def hold(self, by: str) -> None:
        if self.attempt(not self.held, hold_enrolment, by, reason="the freezer is checked"):
            self.held, self.held_since = True, self.n

    def resume(self, by: str) -> None:
        expected = by == CHAIR and self.held and not self.pauses()
        if self.attempt(expected, resume_enrolment, by, reason="the freezer is sound"):
            self.held = False

    # ---- patients

    @rule(site=st.sampled_from((*SITES, *PLACES)))
    def enrol(self, site: str) -> None:
        self.n_names += 1
        name = f"S{self.n_names}"
        expected = site in SITES and not self.shut() and self.n_free() > 0
        if self.attempt(expected, enrol_subject, SITE, subject=name, weight_kg=60.0, site=site):
            self.data = self.n - 1  # the last entry says at which site
            self.patients.append(
                {
                    "names": [name],
                    "cohort": self.cohorts[-1],
                    "level": self.cohorts[-1]["level"],
                    "enrolled": self.today,
                    "dosed": None,
                    "infused": [],
                    "outcomes": [],  # entry, letter, day, the event it was ruled of
                    "rulings": [],
                    "events": [],
                    "site": site,
                }
            )

    @precondition(lambda self: any(standing(p) == "assigned" for p in self.patients))
    @rule(data=st.data())
    def assign_again(self, data: st.DataObject) -> None:
        patient = data.draw(
            st.sampled_from([p for p in self.patients if standing(p) == "assigned"])
        )
        earlier = patient["cohort"] is not self.cohorts[-1]
        expected = earlier and not self.shut() and self.n_free() > 0 and death(patient) is None
        name = patient["names"][-1]
        if self.attempt(expected, enrol_subject, SITE, subject=name, weight_kg=60.0):
            self.changed()
            patient.update(cohort=self.cohorts[-1], level=self.cohorts[-1]["level"])

    @precondition(lambda self: any(standing(p) == "assigned" for p in self.patients))
    @rule(
        data=st.data(),
        part=st.sampled_from([1, 1, 1, LEAST, GREATEST, Fraction(1, 2), 2]),
        deviation=st.sampled_from([None] * 6 + ["thawed too early"]),
    )
    def dose(self, data: st.DataObject, part: Fraction, deviation: str | None) -> None:
        waiting = [p for p in self.patients if standing(p) == "assigned"]
        patient = data.draw(st.sampled_from(waiting))
        current = patient["cohort"] is self.cohorts[-1]
        obstacle = not current or self.shut() or self.too_early() or self.not_sent()
        if death(patient) is not None:
            deviation = None  # nobody infuses the dead
        expected = obstacle is (deviation is not None) and death(patient) is None
        if current and deviation is None and death(patient) is None:
            answer = next_patient(
                self.bench.state, day(self.today), subject=self.find_name(data, patient)
            )
            assert answer.yes is expected
        infused = float(part) * PLANNED[patient["level"]]
        n = self.attempt(
            expected,
            dose_subject,
            SITE,
            subject=self.find_name(data, patient),
            infused=infused,
            deviation=deviation,
        )
        if n:
            self.changed()
            patient["dosed"] = self.today
            patient["infused"].append({"entry": n, "n": n, "share": Fraction(part)})

    def too_early(self) -> bool:
        own = [p for p in self.members() if p["dosed"] is not None]
        beside = [  # at the same level, by an earlier decision, and still in the window
            p
            for p in self.patients
            if letter(p) == "?"
            and p["cohort"] is not self.cohorts[-1]
            and p["level"] == self.cohorts[-1]["level"]
            and p["dosed"] + WINDOW > self.today
        ]
        return self.today < max(first_day(own), first_day(own + beside))

    def not_sent(self) -> bool:
        """Whether the level is new, and nobody was sent the decision that opened it."""
        cohort = self.cohorts[-1]
        new = all(
            p["dosed"] is None or p["level"] != cohort["level"] or p["cohort"] is cohort
            for p in self.patients
        )
        return new and cohort["decision"]["sent"] is None

    @precondition(lambda self: self.patients)
    @rule(data=st.data(), part=st.sampled_from([Fraction(1, 2), Fraction(3, 10)]))
    def infuse_more(self, data: st.DataObject, part: Fraction) -> None:
        patient = data.draw(st.sampled_from(self.patients))
        expected = standing(patient) == "pending" and not self.halted() and death(patient) is None
        n = self.attempt(
            expected,
            continue_infusion,
            SITE,
            subject=self.find_name(data, patient),
            infused=float(part) * PLANNED[patient["level"]],
        )
        if n:
            self.changed()
            patient["infused"].append({"entry": n, "n": n, "share": part})

    @precondition(lambda self: any(p["infused"] for p in self.patients))
    @rule(data=st.data(), what=st.lists(st.sampled_from(["amount", "rule", "say"]), min_size=2))
    def a_dose_is_looked_into(self, data: st.DataObject, what: list[str]) -> None:
        for step in what:
            dosed = [p for p in self.patients if p["infused"]]
            if step == "rule":
                self.rule_on_evaluability(data)
            elif step == "say":
                self.record(data.draw(st.sampled_from(dosed)), data.draw(st.sampled_from("NT")))
            else:
                self.correct_an_amount(data)

    def correct_an_amount(self, data: st.DataObject) -> None:
        part = data.draw(st.sampled_from([Fraction(1), Fraction(4, 10)]))
        patient = data.draw(st.sampled_from([p for p in self.patients if p["infused"]]))
        infusion = data.draw(st.sampled_from(patient["infused"]))
        changes = {"infused": float(part) * PLANNED[patient["level"]]}
        n = self.attempt(
            part != infusion["share"],
            correct_entry,
            SITE,
            entry=infusion["entry"],
            changes=changes,
            reason="mistyped",
        )
        if n:
            self.changed()
            infusion.update(n=n, share=part)

    @precondition(lambda self: self.patients)
    @rule(data=st.data(), said=st.sampled_from("NNNTX"))
    def outcome(self, data: st.DataObject, said: str) -> None:
        self.record(data.draw(st.sampled_from(self.patients)), said)

    def record(self, patient: Patient, said: str) -> None:
        dosed = patient["dosed"]
        expected = (dosed is not None or said == "X") and (said == "T" or not patient["outcomes"])
        if said == "N" and expected:
            expected = self.today >= dosed + WINDOW and not any(
                awaits_ruling(patient, event, self.today)
                or (event["rulings"] and event["rulings"][-1]["dlt"])
                for event in patient["events"]
            )
        n = self.attempt(
            expected,
            record_outcome,
            SITE,
            subject=patient["names"][0],
            outcome=Outcome(said),
            toxicities=[crs(day(dosed or 0))] if said == "T" else [],
            reason="lost" if said == "X" else None,
        )
        if n:
            self.changed()
            patient["outcomes"].append((n, said, self.today, None))

    @precondition(lambda self: any(p["outcomes"] for p in self.patients))
    @rule(data=st.data())
    def withdraw_an_outcome(self, data: st.DataObject) -> None:
        patient = data.draw(st.sampled_from([p for p in self.patients if p["outcomes"]]))
        fact = data.draw(st.sampled_from(patient["outcomes"]))
        only = [said for _, said, _, _ in patient["outcomes"]].count("T") == 1
        ruled = any(e["rulings"] and e["rulings"][-1]["dlt"] for e in patient["events"])
        expected = not (fact[1] == "T" and only and ruled)
        kw = {"entry": fact[0], "changes": None, "reason": "of another patient"}
        if self.attempt(expected, correct_entry, SITE, **kw):
            self.changed()
            patient["outcomes"].remove(fact)

    def rule_on_evaluability(self, data: st.DataObject) -> None:
        counts = data.draw(st.booleans())
        by = data.draw(st.sampled_from([ADJUDICATOR, CHAIR, SITE]))
        dosed = [p for p in self.patients if p["dosed"] is not None]
        apart = [p for p in dosed if standing(p) == "evaluability to be ruled"]
        patient = data.draw(st.sampled_from(apart or dosed))
        ruled = ruling_of(patient)
        lost = standing(patient) == "not evaluable" and ruled is None
        nothing_to_rule = ruled is None and counts and (lost or within_limits(patient))
        new = ruled != ("in" if counts else "out") or (not counts and standing(patient) == "DLT")
        expected = by != SITE and new and not nothing_to_rule
        n = self.attempt(
            expected,
            rule_evaluability,
            by,
            subject=self.find_name(data, patient),
            evaluable=counts,
            reason="by the source data",
        )
        if n:
            self.changed()
            patient["rulings"].append((n, "in" if counts else "out"))
            patient["ruled_on"] = self.today

    @precondition(lambda self: self.patients)
    @rule(data=st.data(), what=st.integers(0, 2), other=st.booleans())
    def a_site_is_busy(self, data: st.DataObject, what: int, other: bool) -> None:
        (self.rename, self.transfer, self.fail_screening)[what](data, other)

    def rename(self, data: st.DataObject, known: bool) -> None:
        patient = data.draw(st.sampled_from(self.patients))
        self.n_names += 1
        renamed = f"R{self.n_names}"
        if known:
            renamed = self.find_name(data, data.draw(st.sampled_from(self.patients)))
        owner = next((p for p in self.patients if renamed in p["names"]), None)
        expected = owner in (None, patient) and renamed != patient["names"][-1]
        names = {"subject": self.find_name(data, patient), "renamed": renamed}
        if self.attempt(expected, rename_subject, SITE, **names, reason="mistyped"):
            patient["names"] = [n for n in patient["names"] if n != renamed] + [renamed]

    def transfer(self, data: st.DataObject, other: bool) -> None:
        patient = data.draw(st.sampled_from(self.patients))
        site = SITES[patient["site"] == SITES[0]] if other else data.draw(st.sampled_from(PLACES))
        expected = site in SITES and site != patient["site"]
        kw = {"subject": self.find_name(data, patient), "to": site, "reason": "moved house"}
        if self.attempt(expected, transfer_subject, SITE, **kw):
            patient["site"] = site

    def fail_screening(self, data: st.DataObject, enrolled: bool) -> None:
        self.n_names += 1
        name = f"F{self.n_names}"
        if enrolled and self.patients:
            name = self.find_name(data, data.draw(st.sampled_from(self.patients)))
        expected = all(name not in p["names"] for p in self.patients)
        kw = {"subject": name, "reason": "platelets 31", "site": SITES[0]}
        if self.attempt(expected, record_screening_failure, SITE, **kw):
            self.n_failed += 1

    # ---- adverse events

    @precondition(lambda self: self.patients)
    @rule(
        data=st.data(),
        what=st.lists(st.sampled_from(STEPS), min_size=2),
    )
    def illnesses_run_their_course(self, data: st.DataObject, what: list[str]) -> None:
        for step in what:
            if step == "day":
                self.today += 1
            elif step == "ill":
                self.fall_ill(data)
            elif any(p["events"] for p in self.patients):
                steps = {
                    "change": self.follow_up,
                    "correct": self.correct_a_report,
                    "rule": self.adjudicate,
                }
                steps[step](data)

    def fall_ill(self, data: st.DataObject) -> None:
        grade = data.draw(st.sampled_from([1, 2, 3, 3, 4, 4, 5]))
        category = data.draw(st.sampled_from(["crs", BLOOD]))
        relation = data.draw(st.sampled_from([None, Relation.UNRELATED, Relation.PROBABLE]))
        ago = data.draw(st.sampled_from([0, 0, 1, 5, 20]))
        patient = data.draw(st.sampled_from(self.patients))
        started = self.today - ago
        over = [e["died"] for e in patient["events"] if e["died"] is not None]
        expected = started >= patient["enrolled"]
        expected &= not over or (grade < 5 and started <= over[0])
        n = self.attempt(
            expected,
            record_adverse_event,
            SITE,
            subject=self.find_name(data, patient),
            term=f"{category} {self.n}",
            category=category,
            started=day(started),
            aware=day(self.today),
            grade=grade,
            relation=relation,
        )
        if n:
            report = {"n": n, "on": self.today, "started": started, "grade": grade}
            report |= {"category": category, "relation": relation, "ended": None}
            event = {
                "entry": n,
                "reports": [report],
                "rulings": [],
                "corrected": 0,
                "died": self.today if grade == 5 else None,
            }
            patient["events"].append(event)
            self.heard_of(patient, event)

    def heard_of(self, patient: Patient, event: Illness) -> None:
        """A decision has to know of an event that is severe, or may be a DLT."""
        worst = max(report["grade"] for report in reports(event))
        if worst >= 3 or definition(patient, event, self.today) != NOT:
            self.changed()

    def draw_event(self, data: st.DataObject) -> tuple[Patient, Illness]:
        ill = [(p, e) for p in self.patients for e in p["events"]]
        ill.sort(key=lambda pair: pair[1]["entry"])
        return data.draw(st.sampled_from([*ill[-1:] * len(ill), *ill]))

    def follow_up(self, data: st.DataObject) -> None:
        what = data.draw(st.sampled_from(["grade", "grade", "relation", "ended"]))
        grade = data.draw(st.integers(1, 5))
        relation = data.draw(st.sampled_from([None, Relation.UNRELATED, Relation.POSSIBLE]))
        patient, event = self.draw_event(data)
        now = reports(event)[-1]
        if now["ended"] is not None or event["died"] is not None:
            what = "relation"
        value = {"grade": grade, "relation": relation, "ended": self.today}[what]
        expected = value != now[what] and not (
            what == "grade" and grade == 5 and death(patient) is not None
        )
        event["reports"].append({"n": self.n + 1, "on": self.today, what: value})
        then = self.pauses()
        event["reports"].pop()
        expected = expected and self.pauses() <= then  # only a decision lifts a pause
        said = {"grade": grade, "relation": relation, "ended": f"{day(self.today)}"}[what]
        kw = {"entry": event["entry"], "changes": {what: said}, "aware": day(self.today)}
        n = self.attempt(expected, follow_up, SITE, **kw)
        if n:
            event["reports"].append({"n": n, "on": self.today, what: value})
            if what == "grade" and grade == 5:
                event["died"] = self.today
            self.heard_of(patient, event)

    def correct_a_report(self, data: st.DataObject) -> None:
        """Correct the first grade of an event, or withdraw one of its reports."""
        grade, withdraw = data.draw(st.integers(1, 4)), data.draw(st.booleans())
        patient, event = self.draw_event(data)
        report = event["reports"][0]
        if withdraw:
            report = data.draw(st.sampled_from(event["reports"]))
            expected, changes = not event["rulings"], None
        else:
            if report["grade"] == 5:
                return
            expected, changes = grade != report["grade"], {"grade": grade}
        before, kept = self.pauses(), deepcopy((patient["events"], self.taken_back))
        n = self.n + 1
        if withdraw and report.get("grade") == 5:
            self.taken_back.append(n)
        if not withdraw:
            report["grade"], event["corrected"] = grade, n
        elif report is event["reports"][0]:
            patient["events"].remove(event)
        else:
            event["reports"].remove(report)
            if report.get("grade") == 5:
                event["died"] = None
        expected = expected and before <= self.pauses()  # only a decision lifts a pause
        kw = {"entry": report["n"], "changes": changes, "reason": "misread"}
        if self.attempt(expected, correct_entry, SITE, **kw):
            self.changed()
        else:
            patient["events"], self.taken_back = kept

    def adjudicate(self, data: st.DataObject) -> None:
        dlt = data.draw(st.booleans())
        reason = data.draw(st.sampled_from(["another cause", "another cause", None]))
        by = data.draw(st.sampled_from([ADJUDICATOR, ADJUDICATOR, CHAIR, SITE]))
        self.rule_on(*self.draw_event(data), dlt=dlt, by=by, reason=reason)

    def rule_on(
        self, patient: Patient, event: Illness, *, dlt: bool, by: str, reason: str | None
    ) -> None:
        suggested = definition(patient, event, self.today)
        ruled = event["rulings"][-1] if event["rulings"] else None
        says_so = answered(patient, event, self.today) and ruled["dlt"] is dlt
        plain = ruled is None and suggested == (MEETS if dlt else NOT)
        expected = (
            by != SITE and patient["dosed"] is not None and not says_so and bool(reason or plain)
        )
        n = self.attempt(expected, adjudicate, by, entry=event["entry"], dlt=dlt, reason=reason)
        if not n:
            return
        self.changed()
        event["rulings"].append({"n": n, "dlt": dlt, "suggested": suggested})
        dlts = [fact for fact in patient["outcomes"] if fact[1] == "T"]
        if dlt and not dlts:
            patient["outcomes"].append((n + 1, "T", self.today, event))
        elif not any(e["rulings"] and e["rulings"][-1]["dlt"] for e in patient["events"]):
            for fact in dlts:  # what rulings had recorded is taken back with the last of them
                if fact[3] is not None:
                    patient["outcomes"].remove(fact)

    # ---- what comes next, so that trials get further than chance would take them

    @initialize(data=st.data(), n=st.integers(0, 40), letters=st.text("NNNNT", min_size=3))
    def the_trial_has_begun(self, data: st.DataObject, n: int, letters: str) -> None:
        for _ in range(n):
            self.go_on(data, letters)

    @rule(data=st.data(), n=st.integers(1, 9), letters=st.text("NNNNTX", min_size=3))
    def the_trial_goes_on(self, data: st.DataObject, n: int, letters: str) -> None:
        for _ in range(n):
            self.go_on(data, letters)

    def go_on(self, data: st.DataObject, letters: str) -> None:
        last = self.decisions[-1] if self.decisions else None
        if self.unruled():
            patient, event = next(
                (p, e) for p in self.patients for e in p["events"] if e in self.unruled()
            )
            self.rule_on(patient, event, dlt=len(letters) % 2 == 0, by=CHAIR, reason="by the data")
        elif last is not None and self.data <= last["n"] and self.is_open(last):
            against = data.draw(st.sampled_from([(), (), (THIRD, FOURTH), (CHAIR,)]))
            for person in (*against, MEMBER, CHAIR):
                if person not in last["votes"]:
                    vote = Vote.AGAINST if person in against else Vote.FOR
                    self.a_member_votes(person, vote, "not yet")
            self.approve(CHAIR)
            if last["approved"]:
                self.circulate()
        elif self.halted():
            self.put_to_the_vote(STATISTICIAN, "looked into", "resume", 0, 1)
        elif self.open() is not None and not self.shut() and (self.waiting() or self.n_free()):
            if not self.waiting():
                self.enrol(SITES[0])
            dosed = [p["dosed"] for p in self.members() if p["dosed"] is not None]
            self.today = max([self.today, *(d + ALONE for d in dosed)])
            self.dose(data, 1, None)
        elif any(standing(p) == "pending" for p in self.patients):
            for patient, said in zip(self.patients, letters * 9, strict=False):
                if standing(patient) == "pending":
                    self.today = max(self.today, patient["dosed"] + WINDOW)
                    self.record(patient, said)
        else:
            self.put_to_the_vote(STATISTICIAN, None, None, 0, 1)

    # ------------------------------------------------------------ what always holds

    @invariant()
    def the_same_is_seen_and_said(self) -> None:
        state = self.bench.state
        assert {p["names"][-1]: standing(p) for p in self.patients} == {
            s.id: str(s.standing) for s in state.subjects.values()
        }
        assert list(state.tallies()) == self.tallies()
        assert rule_says(state) == self.advice()
        assert state.oddities == []
        assert len(state.not_enrolled) == self.n_failed
        assert state.n_enrolled == sum(standing(p) != "withdrawn" for p in self.patients)

    @invariant()
    def enrolment_is_paused_by_the_same(self) -> None:
        found = standing_pauses(self.bench.state, day(self.today))
        assert len(found) == len(self.pauses())
        assert (self.bench.state.held is not None) is self.held

    @invariant()
    def votes_are_counted_alike(self) -> None:
        for made, model in zip(self.bench.state.decisions, self.decisions, strict=True):
            assert (made.seq, made.approved is not None) == (model["n"], model["approved"])
            assert tally_votes(self.bench.state, made).standing == self.vote(model)


Trial.TestCase.settings = settings(max_examples=20, stateful_step_count=30, deadline=None)
TestTrial = Trial.TestCase


class WideTrial(Trial):
    """The same, many times and longer."""


WideTrial.TestCase.settings = settings(max_examples=250, stateful_step_count=80, deadline=None)
TestWideTrial = pytest.mark.slow(WideTrial.TestCase)
