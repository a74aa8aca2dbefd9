"""A committee at the shell: what several people type, and what one person cannot."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from .shell import Shell

ON = "--on 2026-01-05"


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """Give a trial under the default committee, with chair, member, statistician and site."""
    shell = Shell(str(tmp_path / "trial.db"))
    shell.ok(f"office: register --trial TJ {ON}")
    for role in ("chair", "member", "statistician", "site"):
        shell.ok(f"office: delegate {role} {role} {ON}")
    return shell


def test_case_15_one_person_cannot_do_it_all(tmp_path: Path) -> None:
    """Oracle: recorder and approver differ, and roles that exclude each other are refused."""
    shell = Shell(str(tmp_path / "trial.db"))
    shell.ok(f"Ada: register --trial TJ {ON}", f"Ada: delegate Ada chair {ON}")
    said = shell.fails(f"Ada: delegate Ada site {ON}")
    assert '"Ada" is chair, which excludes site (the protocol\'s committee.exclusive).' in said
    said = shell.fails(f"Ada: decide --follow {ON}")
    assert "The quorum is 2 and 1 may vote: delegate a chair and members." in said
    shell.ok(f"Ada: delegate Bo member {ON}", f"Ada: decide --follow {ON}")  # 4
    said = shell.fails(f"Ada: sign approved {ON}")
    assert "Decision 4 is not carried yet: 0 for and 0 against" in said
    shell.ok(f"Ada: vote --for {ON}", f"Bo: vote --for {ON}")
    said = shell.fails(f"Ada: sign approved {ON}")
    assert "Ada recorded decision 4: someone else has to approve it" in said
    shell.fails(f"Ada: enrol S1 --weight 60 {ON}")
    assert shell.json("status")["cohorts"] == []


def test_case_15_where_the_protocol_has_it_recorded_it_is_a_departure(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text(
        'schema = 1\nname = "own"\nstart = 1\n\n[design]\nname = "3+3"\n\n'
        '[committee]\nexclusive_roles = "record"\n\n'
        "[[levels]]\nlabel = 1\n\n[[levels]]\nlabel = 2\n",
        encoding="utf-8",
    )
    shell = Shell(str(tmp_path / "trial.db"))
    shell.ok(f"Ada: register --trial TJ --protocol {file} {ON}", f"Ada: delegate Ada chair {ON}")
    said = shell.ok(f"Ada: delegate Ada site {ON}")
    assert "Departure: Ada was site and chair from entry 3 on" in said
    shell.ok(f"Ada: delegate Ada site --revoke --reason noticed {ON}")
    assert "- Ada was site and chair from entry 3 on" in shell.ok("status")
    assert "Ada: site and chair, from entry 3 on." in shell.ok("roles")


def test_case_15_alone_by_choice_is_said_on_every_page(tmp_path: Path) -> None:
    shell = Shell(str(tmp_path / "trial.db"))
    shell.ok(
        f"Ada: register --trial TJ --solo {ON}",
        f"Ada: delegate Ada chair {ON}",
        f"Ada: delegate Ada site {ON}",
        f"Ada: decide --follow {ON}",
        f"Ada: sign approved {ON}",
        f"Ada: enrol S1 --weight 60 {ON}",
        f"Ada: dose S1 --infused 1.8e8 {ON}",
    )
    for line in ("status", "next", "log", "roles"):
        assert "One person decides alone, as the protocol says." in shell.ok(line)
        assert shell.json(line)["solo"] is True
    assert "solo: one person decides" in shell.ok("log")


def test_a_dissent_is_kept_with_its_reason_and_a_rejection_shown_for_ever(shell: Shell) -> None:
    shell.ok(f"statistician: decide --follow {ON}", f"chair: vote --for {ON}")  # 6, 7
    assert "still to vote: member" in shell.ok("status")
    said = shell.fails(f"member: vote --against {ON}")
    assert "A vote against needs its reason." in said
    said = shell.ok(f"member: vote --against --reason 'two sites are not open' {ON}")
    assert said == (
        'Entry 8 recorded: voted against decision 6 on 2026-01-05: "two sites are not open". The '
        "decision is rejected by 1 against 1."
    )
    assert "REJECTED BY 1 AGAINST 1" in shell.ok("status")
    assert "[rejected by 1 against 1]" in shell.ok("log")
    assert "is rejected by 1 against 1" in shell.fails(f"chair: sign approved {ON}")
    (decision,) = shell.json("status")["decisions"]
    assert decision["standing"] == "rejected"
    assert decision["votes"][1] == {
        "entry": 8,
        "person": "member",
        "vote": "against",
        "reason": "two sites are not open",
    }
    shell.ok(f"statistician: decide --follow {ON}")
    assert "[rejected by 1 against 1]" in shell.ok("log")


def test_who_holds_what_since_when_also_as_of_a_day(shell: Shell) -> None:
    shell.ok("office: delegate 'K. Sato' member --on 2026-02-01")
    said = shell.ok("roles")
    assert "Registered by office, who may delegate roles." in said
    assert "K. Sato member 2026-02-01 auditor" in said
    assert "A decision takes 2 votes, the chair's among them. More than 1/2 of the votes" in said
    document = shell.json("roles --as-of 3")
    assert document["roles"] == [
        {
            "person": "chair",
            "role": "chair",
            "since": "2026-01-05",
            "excludes": ["site", "auditor"],
        },
        {"person": "member", "role": "member", "since": "2026-01-05", "excludes": ["auditor"]},
    ]
    rows = shell.type("roles --csv").stdout.splitlines()
    assert rows[0] == "person,role,since,excludes"
    assert len(rows) == 6


def test_a_decision_is_sent_and_data_are_frozen(shell: Shell) -> None:
    said = shell.ok(f"site: freeze --checked-by statistician --statement 'source checked' {ON}")
    assert said == (
        "Entry 6 recorded: data frozen on 2026-01-05 up to entry 5, checked by statistician: "
        '"source checked".'
    )
    shell.ok(f"statistician: decide --follow {ON}")
    shell.ok(f"chair: vote --for {ON}", f"member: vote --for {ON}")
    assert "only an approved decision is sent" in shell.fails(f"chair: circulate --to site {ON}")
    shell.ok(f"chair: sign approved {ON}")
    said = shell.ok(f"statistician: circulate --to site --to 'Site 02' {ON}")
    assert said == "Entry 11 recorded: decision 7 sent on 2026-01-05 to site, Site 02."
    assert "sent to site, Site 02 on 2026-01-05" in shell.ok("status")
    assert "on entries up to 6 (data frozen up to entry 5):" in shell.ok("log")
    (decision,) = shell.json("status")["decisions"]
    assert decision["circulated"] == [{"entry": 11, "on": "2026-01-05", "to": ["site", "Site 02"]}]
    assert decision["frozen"] == 5


def test_a_trial_that_0_2_0_began_is_decided_as_it_was(tmp_path: Path) -> None:
    """Oracle: the ledger that version wrote, and the line that its help gave."""
    file = Path(__file__).parents[1] / "data" / "ledgers" / "0.2.0.db"
    shell = Shell(str(shutil.copy(file, tmp_path / "old.db")))
    on = "--on 2026-05-28"
    both = '--attended "Zhao Lan=for" --attended "K. Sato=for"'
    said = shell.fails(f'Zhao Lan: decide --defer --attended "Zhao Lan=for" {on}')
    assert "The quorum is 2; 1 with a vote attended." in said
    said = shell.ok(f'Zhao Lan: decide --defer {both} --attended "E. Brandt" {on}')
    assert said.endswith("For: Zhao Lan, K. Sato; present: E. Brandt.")
    said = shell.fails(f"K. Sato: vote --for {on}")
    assert "Decision 45 was recorded with its votes." in said
    assert "cohort" not in shell.ok(f"Zhao Lan: sign approved {on}")
    assert shell.json("status")["solo"] is False
    assert shell.json("status")["decisions"][-1]["standing"] == "carried"


def test_a_name_that_only_looks_like_a_known_one_is_told(shell: Shell) -> None:
    said = shell.fails(f"office: delegate ch\N{CYRILLIC SMALL LETTER A}ir site {ON}")
    assert 'It looks like "chair", who is in the record' in said
    said = shell.fails(f"statistican: decide --follow {ON}")
    assert "Did you mean statistician? Known: chair, member, statistician, site." in said
    assert "Entry 6 recorded" in shell.ok(f"STATISTICIAN: decide --follow {ON}")
