"""Accelerated titration, as a person types it."""

import csv
import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import escalation
from escalation.cli import main
from escalation.designs import AcceleratedTitration, LevelStatus
from escalation.outcomes import Tally
from escalation.protocol import Protocol
from escalation.reports.rule.decision_table import decision_table
from escalation.reports.rule.situations import answer_words, neighbours, reachable_states

from .shell import Shell

PLAIN = ("--levels", "4", "--design", "accelerated")
P = ("--p-dlt", "0.05,0.1,0.2,0.4")
Q = ("--p-moderate", "0.1,0.2,0.3,0.4")


def run(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


@pytest.mark.parametrize(
    ("outcomes", "said"),
    [
        ("", "Start at level 1: enrol 1 patient."),
        ("1N 2M", "Escalate to level 3: enrol 1 patient."),
        ("1N 2M 3M", "Stay at level 3: enrol 2 patients."),
        ("1M 2N 3M 3NN", "Escalate to level 4: enrol 3 patients."),
        ("1N 2N 3T 3NT", "De-escalate to level 2: enrol 2 patients."),
        ("1N 2M 3?", "Wait for the pending patients."),
    ],
)
def test_decide(outcomes: str, said: str) -> None:
    result = run("decide", outcomes, *PLAIN)
    assert result.exit_code == 0, result.stderr
    assert result.stdout.splitlines()[0] == said


def test_decide_shows_the_moderate_toxicities_where_they_count() -> None:
    document = json.loads(run("decide", "1N 2M 3M", *PLAIN, "--json").stdout)
    assert [level["n_moderate"] for level in document["levels"]] == [0, 1, 1, 0]
    other = json.loads(run("decide", "1NMN", "--levels", "4", "--json").stdout)
    assert "n_moderate" not in other["levels"][0]
    assert other["level"] == 2


def test_simulate_needs_the_assumption_and_prints_it(tmp_path: Path) -> None:
    without = run("simulate", *PLAIN, *P)
    assert without.exit_code == 1
    assert len(without.stderr.splitlines()) == 1
    assert "--p-moderate" in without.stderr
    kept = tmp_path / "trials.csv"
    words = ("simulate", *PLAIN, *P, *Q, "--trials", "500")
    said = run(*words, "--keep", str(kept))
    assert said.exit_code == 0, said.stderr
    assert "P(moderate toxicity) without a DLT, by level: 0.1, 0.2, 0.3, 0.4." in said.stdout
    rows = list(csv.DictReader(io.StringIO(kept.read_text())))
    assert {row["p_moderate"] for row in rows} == {"0.1,0.2,0.3,0.4"}
    assert [row["n_patients"] for row in rows if row["cohort"] == "1"] == ["1"] * 500
    document = json.loads(run(*words, "--json").stdout)
    assert document["p_moderate"] == [0.1, 0.2, 0.3, 0.4]
    assert document["design"]["name"] == "accelerated"


def test_paths_need_it_for_probabilities_only() -> None:
    tree = run("paths", *PLAIN, "--from", "1M", "--depth", "1")
    assert [line for line in tree.stdout.splitlines() if line.startswith(("|-", "`-"))] == [
        "|- 2: 0/1  Escalate to level 3: enrol 1 patient.",
        "|- 2: 0/1M  Stay at level 2: enrol 2 patients.",
        "`- 2: 1/1  Stay at level 2: enrol 2 patients.",
    ]
    refused = run("paths", *PLAIN, *P)
    assert refused.exit_code == 1
    assert "--p-moderate" in refused.stderr
    three = ("--levels", "3", *PLAIN[2:], "--p-dlt", "0.05,0.1,0.2", "--p-moderate", "0.1,0.2,0.3")
    listed = json.loads(run("paths", *three, "--list", "--json").stdout)
    assert sum(path["probability"] for path in listed["paths"]) == pytest.approx(1)
    assert listed["p_moderate"] == [0.1, 0.2, 0.3]
    assert {"level": 1, "n_patients": 1, "n_dlts": 0, "n_moderate": 1} in [
        path["cohorts"][0] for path in listed["paths"]
    ]
    other = json.loads(run("paths", "--levels", "2", "--list", "--json").stdout)
    assert "n_moderate" not in other["paths"][0]["cohorts"][0]


def test_the_tree_is_drawn(tmp_path: Path) -> None:
    picture = tmp_path / "tree.svg"
    said = run("paths", *PLAIN, *P, *Q, "--from", "1M 2?", "--plot", str(picture))
    assert said.exit_code == 0, said.stderr
    drawn = picture.read_text()
    assert "moderate" in drawn
    assert "P(moderate toxicity) without a DLT, by level" in drawn


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--levels", "4", *Q), "3+3 counts no moderate toxicities"),
        ((*PLAIN, "--p-moderate", "0.1,0.2"), "has 2 values; the ladder has 4 levels"),
        ((*PLAIN, "--p-moderate", "0.1,nan,0,0"), "value 2, 'nan', is not a number"),
        ((*PLAIN, "--p-moderate", "0,1,2,0"), "value 3, '2', is not a probability"),
        ((*PLAIN, "--set", "moderate_events=0"), "moderate_events must be a whole number"),
        ((*PLAIN, "--set", "moderate_events=many"), "moderate_events must be a whole number"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(words: tuple[str, ...], said: str) -> None:
    for command in ("simulate", "paths"):
        result = run(command, *words)
        assert result.exit_code == 1
        assert len(result.stderr.splitlines()) == 1
        assert said in result.stderr


@pytest.mark.parametrize(
    ("command", "more"),
    [
        ("sensitivity", P),
        ("worst-case", ("--above", "0.4", "--starts", "2")),
        ("random-scenarios", ("--target", "0.25", "--curves", "20")),
        ("mtd-data", P),
    ],
)
def test_every_command_with_probabilities_takes_the_assumption(
    command: str, more: tuple[str, ...]
) -> None:
    words = (command, "--levels", "4", "--design", "accelerated", *more)
    without = run(*words)
    assert without.exit_code == 1
    assert "--p-moderate" in without.stderr
    said = run(*words, *Q)
    assert said.exit_code == 0, said.stderr
    assert "P(moderate toxicity) without a DLT, by level: 0.1, 0.2, 0.3, 0.4." in said.stdout
    assert max(map(len, said.stdout.splitlines())) <= 80
    assert json.loads(run(*words, *Q, "--json").stdout)["p_moderate"] == [0.1, 0.2, 0.3, 0.4]
    refused = run(command, "--levels", "4", *more, *Q)
    assert "3+3 counts no moderate toxicities" in refused.stderr


def test_the_gradient_under_moderate_toxicities_against_central_differences() -> None:
    def sample_size(p: tuple[float, ...]) -> float:
        listed = ",".join(map(repr, p))
        words = ("simulate", *PLAIN, "--p-dlt", listed, *Q, "--method", "exact", "--json")
        return json.loads(run(*words).stdout)["results"][0]["exact"]["sample_size"]["mean"]

    found = json.loads(run("sensitivity", *PLAIN, *P, *Q, "--json").stdout)["results"][0]
    p, step = (0.05, 0.1, 0.2, 0.4), 1e-4
    for place, slope in enumerate(found["gradients"]["sample_size"]):
        up, down = ((*p[:place], p[place] + by, *p[place + 1 :]) for by in (step, -step))
        assert slope == pytest.approx((sample_size(up) - sample_size(down)) / (2 * step), abs=1e-5)


def test_curves_and_figures_keep_the_assumption(tmp_path: Path) -> None:
    table, picture = tmp_path / "curves.csv", tmp_path / "pcs.svg"
    words = ("random-scenarios", *PLAIN, *Q, "--target", "0.25", "--curves", "20")
    said = run(*words, "--keep", str(table), "--plot", str(picture))
    assert said.exit_code == 0, said.stderr
    rows = list(csv.DictReader(io.StringIO(table.read_text())))
    assert {row["p_moderate"] for row in rows} == {"0.1,0.2,0.3,0.4"}
    assert "P(moderate toxicity) without a DLT" in picture.read_text()
    picture = tmp_path / "tornado.svg"
    assert run("sensitivity", *PLAIN, *P, *Q, "--plot", str(picture)).exit_code == 0
    assert "P(moderate toxicity) without a DLT" in picture.read_text()


@pytest.mark.parametrize("command", ["text", "diagram"])
def test_what_dlts_alone_cannot_tell_is_refused_in_one_line(command: str) -> None:
    said = run("protocol", command, "--design", "accelerated")
    assert said.exit_code == 1
    assert len(said.stderr.splitlines()) == 1
    assert "titration counts moderate toxicities" in said.stderr


# ---------------------------------------------------------------- the table


@pytest.mark.parametrize("variant", ["confirm", "declare"])
@pytest.mark.parametrize("events", [1, 2])
def test_the_table_against_every_state_a_trial_reaches(variant: str, events: int) -> None:
    design = AcceleratedTitration(n_levels=4, start=1, variant=variant, moderate_events=events)
    rows = {
        (row.phase, row.n_evaluable, row.n_dlts, row.above, row.below): row
        for row in decision_table(design)
    }
    met = set()
    for state in reachable_states(design).values():
        if state.decision.clause.id == "start":
            continue
        tallies, here = state.tallies, state.here
        moderate = sum(tally.n_moderate for tally in tallies)
        over = moderate >= events or any(t.n_dlts for t in tallies)
        above, below = neighbours(design, tallies, state.level)
        phase = "after titration" if over else "during titration"
        key = (phase, here.n_evaluable, here.n_dlts, above, below)
        if not over and here.n_evaluable > 1:
            continue  # at the highest level, and now a 3+3: below, as with an event
        if phase == "during titration" and below is LevelStatus.NOT_GIVEN:
            key = (*key[:4], None)  # the table has the lowest level for a level to start at
        assert rows[key].answer == answer_words(state.decision, state.level), key
        met.add(key)
    assert len(met) > 20


def test_the_table_says_in_which_phase_and_how_titration_ends() -> None:
    text = run("table", *PLAIN, "--set", "moderate_events=3").stdout
    assert text.count("by what stands above it") == 2
    assert "during titration" in text
    assert "Titration ends with the first DLT, with 3 moderate toxicities" in text
    rows = list(csv.DictReader(io.StringIO(run("table", *PLAIN, "--csv").stdout)))
    assert {row["phase"] for row in rows} == {"during titration", "after titration"}
    assert not [row for row in rows if "1 moderate toxicit" in row["clause"]]
    plain = next(csv.reader(io.StringIO(run("table", "--csv").stdout)))
    assert "phase" not in plain


def test_a_protocol_file_names_the_design(tmp_path: Path) -> None:
    protocol = Protocol.plain(3).with_design("accelerated", moderate_events=3, variant="declare")
    assert Protocol.from_document(protocol.document).design == protocol.design
    assert protocol.design.decide([Tally()] * 3, 0).n_to_enrol == 1


# ---------------------------------------------------------------- the tracker


def test_a_trial_is_tracked(tmp_path: Path) -> None:
    shipped = Path(escalation.__file__).with_name("protocols") / "nct07123519.toml"
    text = shipped.read_text(encoding="utf-8")
    design = text[text.index("[design]") : text.index("[", text.index("[design]") + 1)]
    file = tmp_path / "protocol.toml"
    file.write_text(text.replace(design, '[design]\nname = "accelerated"\n\n'), encoding="utf-8")
    shell = Shell(str(tmp_path / "trial.db"))
    shell.ok(
        f"office: register --trial TJ --protocol {file} --on 2026-01-05",
        "office: delegate site site --on 2026-01-05",
        "office: delegate chair chair --on 2026-01-05",
    )
    for subject, level, dosed, closes in (
        ("S1", 1, "2026-01-05", "2026-02-02"),
        ("S2", 2, "2026-02-02", "2026-03-02"),
    ):
        shell.ok(f"chair: decide --follow --on {dosed}", f"chair: sign approved --on {dosed}")
        shell.ok(f"site: enrol {subject} --weight 60 --level {level} --on {dosed}")
        shell.ok(f"site: dose {subject} --infused {level * 1.8e8} --on {dosed}")
        told = shell.ok(f"status --on {dosed}")
        assert ("0 have a DLT, 1 a moderate toxicity: stay at level 2" in told) == (level == 2)
        assert "cannot be said before" in shell.fails(
            f"site: outcome {subject} --moderate --on {dosed}"
        )
        said = shell.ok(f"site: outcome {subject} --moderate --on {closes}")
        assert f"{subject} had a moderate toxicity and no DLT" in said
    assert "The rule now says: Stay at level 2, 6E6 cells/kg: enrol 2 patients." in said
    seen = shell.json("status --on 2026-03-02")
    assert [patient["standing"] for patient in seen["patients"]] == ["moderate, no DLT"] * 2
    assert shell.ok("site: correct 8 --set outcome=no-dlt --reason misread --on 2026-03-02")
    assert "Escalate to level 3" in shell.ok("status --on 2026-03-02")
