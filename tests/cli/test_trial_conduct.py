"""A trial conducted from a shell: what is said of each entry, and the JSON that programs read."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from .shell import Shell

At = Callable[[str], Shell]


def test_a_trial_from_its_registration_to_its_mtd(tmp_path: Path) -> None:
    """3+3 confirm: no DLT at level 1, two of three at level 2, none in three more at level 1."""
    shell = Shell(str(tmp_path / "new.db"))
    assert shell.ok("office: register --trial TJ --on 2026-01-05") == (
        "Entry 1 recorded: trial registered on 2026-01-05 under protocol nct07123519, digest "
        "d16fd4b83ef9, quorum 2. The rule now says: Start at level 1, 3E6 cells/kg: enrol 3 "
        "patients."
    )
    shell.ok(
        'office: delegate "Lin Mei" site --on 2026-01-05',
        'office: delegate "Zhao Lan" chair --on 2026-01-05',
        'office: delegate "K. Sato" member --on 2026-01-05',
        'office: delegate "E. Brandt" statistician --on 2026-01-05',
    )
    assert shell.ok('E. Brandt: decide --follow --attended "E. Brandt" --on 2026-01-06') == (
        "Entry 6 recorded: decision of 2026-01-06 on entries up to 5: enrol 3 patients at level 1, "
        "3E6 cells/kg, as the rule says. Present: E. Brandt."
    )
    assert shell.ok("Zhao Lan: vote --for --on 2026-01-06") == (
        "Entry 7 recorded: voted for decision 6 on 2026-01-06. The decision is not carried yet: 1 "
        "for and 0 against; still to vote: K. Sato."
    )
    assert shell.ok("K. Sato: vote 6 --for --on 2026-01-06").endswith(
        "The decision is carried by 2 against 0."
    )
    shell.ok("E. Brandt: sign proposed --on 2026-01-06")
    said = shell.ok("Zhao Lan: sign approved --on 2026-01-06")
    assert "decision 6 signed as approved on 2026-01-06: cohort 1 opens" in said

    def cohort(subjects: str, start: str, days: str, amount: str, dlts: str = "") -> str:
        said, meeting = "", f"{start[:-1]}{int(start[-1]) + 1}-28"
        for subject, day in zip(subjects.split(), days.split(), strict=True):
            shell.ok(
                f"Lin Mei: enrol {subject} --weight 50 --on {start}-{day}",
                f"Lin Mei: dose {subject} --infused {amount} --on {start}-{day}",
            )
            if subject in dlts:
                toxicity = f"--term CRS --grade 3 --onset {start}-{day}"
                said = shell.ok(f"Lin Mei: outcome {subject} --dlt {toxicity} --on {start}-{day}")
        for subject in subjects.split():
            if subject not in dlts:
                said = shell.ok(f"Lin Mei: outcome {subject} --no-dlt --on {meeting}")
        return said

    def meet(choice: str, day: str) -> str:
        shell.ok(
            f"E. Brandt: decide {choice} --on {day}",
            f"Zhao Lan: vote --for --on {day}",
            f"K. Sato: vote --for --on {day}",
        )
        return shell.ok(f"Zhao Lan: sign approved --on {day}")

    said = cohort("S1 S2 S3", "2026-01", "06 20 23", "1.5e8")
    assert said.endswith("The rule now says: Escalate to level 2, 6E6 cells/kg: enrol 3 patients.")
    meet("--follow", "2026-02-28")
    said = cohort("S4 S5", "2026-03", "01 15", "3e8", dlts="S4 S5")
    assert "The rule now says: De-escalate to level 1, 3E6 cells/kg: enrol 3 patients." in said
    meet("--follow", "2026-04-28")
    said = cohort("S6 S7 S8", "2026-05", "01 15 18", "1.5e8")
    assert said.endswith("The rule now says: Stop: the MTD is level 1, 3E6 cells/kg.")
    said = meet("--mtd 1", "2026-06-28")
    assert "stop, the MTD is level 1, 3E6 cells/kg." in said
    assert "anchor 46:" in said
    shell.ok('Zhao Lan: close --reason "MTD declared" --on 2026-06-29')

    status = shell.ok("status --on 2026-06-29")
    assert "History: 1NNN 2TT 1NNN" in status
    # all of it was typed today: that is shown of each approval, and nothing else
    shown = status.partition("Departures:")[2].partition("Seen from now")[0]
    assert shown.count("- ") == shown.count("The approval of decision") == 4
    assert "Warnings: none." in status
    assert "CLOSED by entry" in status
    assert "the MTD is level 1, 3E6 cells/kg" in status
    assert "Nothing is wrong." in shell.ok("verify")
    assert shell.ok("next --on 2026-07-01").startswith("No")


SAID = [
    (
        "dosed",
        "site: correct 9 --set infused=1.75e8 --reason misread --on 2026-01-06",
        "Entry 10 recorded: entry 9 (dosing of S1) corrected on 2026-01-06: infused 1.8E8 -> "
        "1.75E8. Reason: misread.",
    ),
    (
        "dosed",
        "site: correct 9 --withdraw --reason 'another patient' --on 2026-01-06",
        "Entry 10 recorded: entry 9 (dosing of S1) withdrawn on 2026-01-06. Reason: another "
        "patient.",
    ),
    (
        "dosed",
        "site: correct 9 --set infused=3.6e8 --reason misread --on 2026-01-06",
        "Warning: S1, assigned to level 1, got 3.6E8 cells: nearer to what level 2 is.",
    ),
    (
        "dosed",
        "site: hold --reason 'a death' --on 2026-01-06",
        "Entry 10 recorded: enrolment held on 2026-01-06: a death.",
    ),
    (
        "held",
        "chair: resume --reason unrelated --on 2026-01-07",
        "Entry 11 recorded: enrolment resumed on 2026-01-07: unrelated.",
    ),
    (
        "open",
        "office: delegate site site --revoke --reason left --on 2026-01-06",
        "Entry 8 recorded: role site taken from site on 2026-01-06: left.",
    ),
    (
        "dosed",
        "chair: close --reason sponsor --on 2026-01-06",
        "Entry 10 recorded: trial closed on 2026-01-06: sponsor.",
    ),
    (
        "full",
        "site: enrol S4 --weight 60 --deviation 'arrived early' --on 2026-01-24",
        "Departure: S4 was enrolled against a gate.",
    ),
    (
        "dosed",
        "site: outcome S1 --not-evaluable --reason moved --term fever --grade 2 "
        "--onset 2026-01-06 --on 2026-01-07",
        "S1 is not evaluable",
    ),
    (
        "complete",
        "chair: decide --level 1 --enrol 3 --rationale careful --on 2026-02-21",
        "Entry 17 recorded: decision of 2026-02-21 on entries up to 16: enrol 3 patients at level "
        "1, 3E6 cells/kg, other than the rule",
    ),
    (
        "second",
        "site: outcome S1 --dlt --term CRS --grade 3 --onset 2026-01-20 --on 2026-02-21",
        "Seen from now: Had entry 21 been known, cohort 2 (level 2) would not have opened",
    ),
    (
        "open",
        "chair: sign reviewed 1 --on 2026-01-06",
        "Entry 8 recorded: entry 1 signed as reviewed on 2026-01-06.",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("stage", "line", "said"), SAID, ids=[line for _, line, _ in SAID])
def test_what_was_recorded_is_said_with_what_it_brings(
    at: At, stage: str, line: str, said: str
) -> None:
    assert said in at(stage).ok(line)


def test_a_decision_further_than_the_rule_is_a_departure_once_approved(at: At) -> None:
    shell = at("full")
    line = "chair: decide --level 2 --enrol 3 --rationale expiring --on 2026-01-25"
    assert "Departure" not in shell.ok(line)
    said = shell.ok("chair: sign approved --on 2026-01-25")
    assert "Departure: Decision 14 went further than the rule: enrol 3 patients at level 2" in said
    assert "Decision 14 went further than the rule" in shell.ok("status")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            "chair: decide",
            "The rule says: Escalate to level 2, 6E6 cells/kg: enrol 3 patients. To decide so: "
            "--follow. To choose otherwise, with a --rationale: --level LABEL --enrol N, "
            "--backfill LABEL --enrol N, --expand N, --end-backfill LABEL, --end-expansion, "
            "--mtd LABEL, --stop, --defer or --resume",
        ),
        ("chair: decide --follow --stop", "choose one: --follow, --level LABEL --enrol N,"),
        ("chair: decide --level 2", "--enrol N goes with --level LABEL or --backfill"),
        ("chair: decide --enrol 2", "--enrol N goes with --level LABEL or --backfill"),
        ("chair: decide --follow --attended =for", '--attended takes "NAME", or "NAME=VOTE" with'),
        ("chair: decide --follow --attended chair=yes", '"NAME=VOTE" with for, against, abst'),
        ("chair: vote", "say how you vote: --for, --against or --abstain"),
        ("chair: vote --for --abstain", "say how you vote: --for, --against or --abstain"),
        ("chair: sign agreed", "'agreed' is not one of 'proposed', 'approved', 'reviewed'"),
        ("office: delegate x nurse", "'nurse' is not one of 'site', 'member', 'chair'"),
        ("office: delegate site site --revoke", "--revoke and --reason TEXT go together"),
        ("office: delegate x site --reason x", "--revoke and --reason TEXT go together"),
        ("site: outcome S1 --dlt --no-dlt", "say what the outcome is: --dlt, --no-dlt, --moderate"),
        (
            "site: outcome S1",
            "say what the outcome is: --dlt, --no-dlt, --moderate or --not-evaluable",
        ),
        ("site: outcome S1 --dlt --term CRS", "--term is given once and --grade not at all"),
        (
            "site: outcome S1 --dlt --term A --term B --grade 1 --grade 2 --onset 2026-01-06 "
            "--onset 2026-01-06 --relation possible",
            "--term is given twice and --relation once",
        ),
        (
            "site: outcome S1 --dlt --term A --grade 1 --onset 2026-01-06 --relation maybe",
            "--relation is one of unrelated, unlikely, possible, probable, definite, not 'maybe'",
        ),
        ("site: outcome S1 --dlt --term A --grade 1 --onset 6.1.26", "'6.1.26' is not a day"),
        ("site: correct 9 --reason x", "give --set FIELD=VALUE, or --withdraw"),
        ("site: correct 9 --set a=1 --withdraw --reason x", "give --set FIELD=VALUE, or"),
        ("site: correct 9 --set infused --reason x", "--set takes FIELD=VALUE, not 'infused'"),
        ("site: correct 9 --set a=1 --set a=2 --reason x", "--set gives a twice"),
        ("site: correct 14 --set outcome=fine --reason x", "outcome is one of dlt, no-dlt,"),
        ("site: correct nine --withdraw --reason x", "'nine' is not a whole number"),
        ("site: dose S1 --infused much", "'much' is not a valid float"),
        ("site: dose S1 --infused 1 --on 2026-02-30", "'2026-02-30' is not a day; write it as"),
        ("site: dose S1 --infused 1 --on 20260203", "'20260203' is not a day; write it as 2026-"),
        ("site: dose S1 --infused 1 --seen -1", "-1 is not in the range x>=0"),
        ("site: hold", "Missing option '--reason'"),
        ("dose S1 --infused 1", "say who records this: --as NAME, or ESCALATION_AS"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_a_usage_error(at: At, words: str, said: str) -> None:
    assert said in at("complete").fails(words, 2)


def test_two_toxicities_go_in_step_and_a_dash_stands_for_none(at: At) -> None:
    shell = at("dosed")
    shell.ok(
        "site: outcome S1 --dlt --on 2026-01-10 --term CRS --grade 3 --onset 2026-01-06 "
        "--relation probable --narrative - --term fever --grade 1 --onset 2026-01-07 "
        "--relation - --narrative 'two days'"
    )
    (patient,) = shell.json("status")["patients"]
    assert patient["toxicities"] == [
        {
            "term": "CRS",
            "grade": 3,
            "onset": "2026-01-06",
            "relation": "probable",
            "narrative": None,
        },
        {
            "term": "fever",
            "grade": 1,
            "onset": "2026-01-07",
            "relation": None,
            "narrative": "two days",
        },
    ]


def test_a_correction_takes_words_for_an_outcome_and_nothing_for_none(at: At) -> None:
    shell = at("complete")
    shell.ok("site: correct 14 --set outcome=not-evaluable --set reason=moved --reason misread")
    shell.ok("site: correct 9 --set lot=0123 --reason forgotten")
    patients = shell.json("status")["patients"]
    assert [patient["standing"] for patient in patients] == ["not evaluable", "no DLT", "no DLT"]
    assert patients[0]["lot"] == "0123"
    shell.ok("site: correct 9 --set lot= --reason misread")
    assert shell.json("status")["patients"][0]["lot"] is None


def test_a_grade_is_corrected_by_its_name(at: At) -> None:
    shell = at("dosed")
    shell.ok("site: outcome S1 --dlt --term CRS --grade 4 --onset 2026-01-06 --on 2026-01-07")
    said = shell.ok("site: correct 10 --set grade=3 --set relation=probable --reason misread")
    assert "-> CRS (grade 3, onset 2026-01-06, relation probable). Reason: misread." in said
    assert "CRS grade 3, onset 2026-01-06" in shell.ok("status")
    said = shell.fails("site: correct 10 --set grade=9 --reason misread")
    assert "A grade is a number from 1 to 5, not 9." in said
    said = shell.fails("site: correct 9 --set grade=3 --reason misread")
    assert "grade cannot be corrected in this entry" in said


def test_of_several_toxicities_all_are_given(at: At) -> None:
    shell = at("dosed")
    one = "--term CRS --grade 4 --onset 2026-01-06"
    shell.ok(f"site: outcome S1 --dlt {one} {one} --on 2026-01-07")
    said = shell.fails("site: correct 10 --set grade=3 --reason misread")
    assert "It has 2 toxicities: give all of them, as toxicities=JSON." in said
    new = '[{"term": "CRS", "grade": 3, "onset": "2026-01-06"}]'
    shell.ok(f"site: correct 10 --set 'toxicities={new}' --reason 'entered twice'")
    assert len(shell.json("status")["patients"][0]["toxicities"]) == 1


ENTRY = {"seq", "recorded_at", "recorded_by", "kind", "version", "data", "hash"}


def test_recording_prints_json_with_stable_keys(at: At) -> None:
    document = at("second").json(
        "site: outcome S1 --dlt --term CRS --grade 3 --onset 2026-01-20 --on 2026-02-21"
    )
    assert list(document) == [
        "schema", "software", "trial", "protocol", "solo", "head", "entries", "remarks", "rule",
    ]  # fmt: skip
    assert document["schema"] == 1
    assert document["trial"] == "TJ"
    assert set(document["protocol"]) == {"name", "digest"}
    (entry,) = document["entries"]
    assert set(entry) == ENTRY
    assert entry["kind"] == "outcome-recorded"
    assert entry["recorded_by"] == "site"
    assert entry["data"]["outcome"] == "T"
    assert document["head"] == {"seq": entry["seq"], "hash": entry["hash"]}
    assert {remark["kind"] for remark in document["remarks"]} == {"look_back"}
    assert [remark["entry"] for remark in document["remarks"]] == sorted(
        remark["entry"] for remark in document["remarks"]
    )
    assert set(document["remarks"][0]) == {"kind", "entry", "text"}
    assert {"action", "level", "dose", "n_to_enrol", "mtd", "clause", "settled"} <= set(
        document["rule"]
    )


def test_the_name_of_who_records_may_stand_in_the_environment(at: At) -> None:
    shell = at("open")
    result = shell.type("enrol S1 --weight 60", ESCALATION_AS="site")
    assert result.exit_code == 0, result.output


def test_a_text_with_any_letters_is_kept_and_shown_as_far_as_the_terminal_can(at: At) -> None:
    shell = at("open")
    name = "王静"
    shell.ok(f"office: delegate {name} site")
    said = shell.ok(f"{name}: hold --reason 'Verdacht auf Sepsis - geprüft'")
    assert "Verdacht auf Sepsis - geprüft" in said
    entry = json.loads(shell.type("log --json").stdout)["entries"][-1]
    assert (entry["recorded_by"], entry["data"]["reason"]) == (
        name,
        "Verdacht auf Sepsis - geprüft",
    )


def test_what_a_terminal_would_obey_is_escaped(at: At) -> None:
    shell = at("open")
    result = shell.type("site: enrol 'S1\x1b[31m' --weight 60")
    assert result.exit_code == 1
    assert "\x1b" not in result.output
    assert "S1\\x1b[31m cannot be enrolled" in result.stderr
    assert "\x1b" not in shell.type("log --subject 'S1\x1b[31m'").output
    assert "\x1b" not in shell.type("next --subject 'S1\x1b[31m'").output


def test_patients_beyond_the_planned_number_are_warned_of(at: At) -> None:
    shell = at("complete")
    shell.ok(
        "chair: decide --level 1 --enrol 30 --rationale more --on 2026-02-20",
        "chair: sign approved --on 2026-02-20",
        *(f"site: enrol S{k} --weight 60 --on 2026-02-20" for k in range(4, 19)),
    )
    said = shell.ok("site: enrol S19 --weight 60 --on 2026-02-20")
    assert "Warning: 19 patients are enrolled; 18 were planned." in said


def test_a_command_of_a_trial_loads_no_numbers_pictures_or_servers(at: At) -> None:
    shell = at("dosed")
    code = (
        "import sys; from escalation.cli import main\n"
        f"main(['trial', 'status', '--db', {shell.db!r}], standalone_mode=False)\n"
        "heavy = {'numpy', 'scipy', 'matplotlib', 'pandas', 'flask', 'psycopg'}\n"
        "sys.exit(', '.join(heavy & set(sys.modules)) or None)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
