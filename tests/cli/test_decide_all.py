"""`escalation decide --all`, as a person types it."""

import json
import re
import subprocess
import sys
from collections import Counter
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from escalation.cli import main
from escalation.designs import DESIGNS, VARIANTS

HISTORIES = ("", "1NNN", "1NNN 1TN", "1T", "1TTT", "1N?", "1NNN 1NNN 1TNN")
LONGER = (
    *HISTORIES,
    "1NNN 2NNT",
    "1NNN 2NNT 2TNN",
    "1NNN 2NT?",
    "1NNN 2TTT 1NNN",
    "1TTT 2NNN",
    "1NNN 2NNN 3NNN 3NNN 3NNN 3NNN",
)
BOIN = ("--design", "boin", "--set", "target=0.3", "--set", "max_patients=30")
CASES = [
    *(((), outcomes) for outcomes in (*LONGER, "1N 3NXNT -1T")),
    *(((*words,), outcomes) for words in (("--variant", "declare"), BOIN) for outcomes in LONGER),
    *((("--levels", "3"), outcomes) for outcomes in LONGER),
    *((("--levels", "1"), outcomes) for outcomes in HISTORIES),
]


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["decide", *words])


def asked(*words: str) -> dict[str, Any]:
    result = run(*words, "--all", "--json")
    assert result.exit_code == 0, result.stderr
    document: dict[str, Any] = json.loads(result.stdout)
    return document


@pytest.mark.slow
@pytest.mark.parametrize(("protocol", "outcomes"), CASES)
def test_each_answer_against_the_design_asked_alone(
    protocol: tuple[str, ...], outcomes: str
) -> None:
    found = asked(outcomes, *protocol)["designs"]
    assert [one["own"] for one in found] == [True, *[False] * (len(found) - 1)]
    for one in found:
        settings = dict(one["design"])
        options = [f"{key}={json.dumps(value)}" for key, value in settings.items() if key != "name"]
        words = [word for option in options for word in ("--set", option)]
        ladder = protocol if "--levels" in protocol else ()
        alone = run(outcomes, *ladder, "--design", settings["name"], *words,
                    "--allow-departures", "--json")  # fmt: skip
        document = json.loads(alone.stdout)
        for key in ("action", "level", "n_to_enrol", "mtd", "settled", "possible", "clause"):
            assert one[key] == document[key], one["name"]
        assert one["departures"] == document["departures"]
        where = ("action", "level", "mtd", "inconclusive")
        assert one["agrees"] == all(one[key] == found[0][key] for key in where)


@pytest.mark.parametrize("protocol", [(), ("--levels", "1"), ("--variant", "declare"), BOIN])
def test_every_registered_design_is_asked_or_left_out_with_the_reason(
    protocol: tuple[str, ...],
) -> None:
    document = asked("1NNN", *protocol)
    names = [one["name"] for one in document["designs"]]
    left_out = {one["name"]: one["why"] for one in document["left_out"]}
    variants = {f"3+3 {variant}" for variant in VARIANTS}
    assert sorted([*names, *left_out]) == sorted({*variants, *DESIGNS} - {"3+3"})
    assert variants <= set(names)
    assert left_out["a+b"] == "a+b needs the options a, b, c, d, e"


def test_the_protocols_own_design_is_asked_as_it_is() -> None:
    options = ("a=2", "b=4", "c=1", "d=1", "e=2")
    words = [word for option in options for word in ("--set", option)]
    own = asked("1NN", "--design", "a+b", *words)["designs"][0]
    assert (own["name"], own["own"], own["action"]) == ("a+b", True, "escalate")


def test_text_groups_the_designs_by_answer_and_marks_who_does_something_else() -> None:
    result = run("1NNN 2NNT 2TNN", "--all", "--levels", "3")
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert lines[:3] == [
        "De-escalate to level 1: enrol 3 patients.",
        "> 3+3 confirm confirm-below",
        "3+3 expand-below confirm-below",
    ]
    assert "boin deescalate departs: cohort 3" in lines[3 : lines.index("")]
    assert lines.index("Stop: the MTD is level 1.") + 1 == lines.index(
        "* 3+3 declare declare-below"
    )
    said = " ".join(lines)
    assert said.endswith(asked("1NNN 2NNT 2TNN", "--levels", "3")["summary"])
    assert "; 2 stop with level 1 as the MTD" in said
    assert "Left out: a+b needs the options a, b, c, d, e." in said


def test_who_is_left_out_is_named() -> None:
    words = ("1NNN 2NNT", "--max-patients", "3")
    said = run(*words, "--all").stdout.splitlines()
    left_out = asked(*words)["left_out"]
    assert {"boin", "rolling-six"} < {one["name"] for one in left_out}
    for one in left_out:
        assert any(line.startswith(f"Left out: {one['name']}") for line in said), one


def test_the_summary_counts_what_the_list_holds() -> None:
    document = asked("")
    n = len(document["designs"])
    assert document["summary"] == f"All {n} designs start at level 1."
    document = asked("1NNN 2N?T", "--levels", "3")
    actions = Counter(one["action"] for one in document["designs"])
    assert set(actions) == {"wait", "deescalate", "stay"}  # the rolling six does not wait
    said = {
        "wait": ("waits", "wait"),
        "deescalate": ("de-escalates to level 1", "de-escalate to level 1"),
        "stay": ("stays at level 2", "stay at level 2"),
    }
    (most, count), *others = actions.most_common()
    first = f"{count} of {n} designs {said[most][count > 1]}"
    rest = [f"{count} {said[action][count > 1]}" for action, count in others]
    assert document["summary"] == "; ".join([first, *rest]) + "."
    assert "stop with the MTD not determined" in asked("1NNN", "--set", "max_patients=5")["summary"]


def test_a_history_of_another_design_is_decided_on_and_marked() -> None:
    """No design escalates after 3/3; a 3+3 has left a level with 2/6, TPI has not."""
    document = asked("1TTT 2NNN")
    assert all(one["departures"] for one in document["designs"])
    departing = re.findall(r"departs: cohort [12]", run("1TTT 2NNN", "--all").stdout)
    assert len(departing) == len(document["designs"])  # a titration does not open with three
    assert "Departure: cohort 2 (2NNN) is at level 2" in run("1TTT 2NNN", "--all").stdout
    departing = {one["name"]: bool(one["departures"]) for one in asked("1NNT 1TNN 1NNN")["designs"]}
    assert (departing["3+3 confirm"], departing["tpi"]) == (True, False)
    assert "departs:" not in run("", "--all").stdout


@pytest.mark.parametrize(
    ("words", "target", "patients", "made"),
    [
        ((), (0.25, "default"), (18, "planned"), 18),
        (("--levels", "3"), (0.25, "default"), (None, None), None),
        (("--target", "0.3", "--max-patients", "20"), (0.3, "given"), (20, "given"), 18),
        (("--set", "max_patients=22"), (0.25, "default"), (22, "design"), 21),
        (BOIN, (0.3, "design"), (30, "design"), 30),
        ((*BOIN, "--set", "cohort_size=2"), (0.3, "design"), (30, "design"), 30),
    ],
)
def test_what_the_designs_need_comes_from_the_question_or_the_protocol(
    words: tuple[str, ...], target: Any, patients: Any, made: int | None
) -> None:
    document = asked("1NNN", *words)
    assert tuple(document["target"].values()) == target
    assert tuple(document["max_patients"].values()) == patients
    other = next(one["design"] for one in document["designs"] if one["name"] == "keyboard")
    assert (other["target"], other["max_patients"]) == (target[0], made)
    assert other["cohort_size"] == (2 if "cohort_size=2" in words else 3)
    shown = " ".join(run("1NNN", "--all", *words).stdout.split())
    assert f"a target P(DLT) of {target[0]:g}" in shown
    assert ("(18 in whole cohorts)" in shown) == (20 in patients)


def test_patients_planned_are_no_maximum_of_a_3_plus_3() -> None:
    designs = {one["name"]: one["design"] for one in asked("1NNN")["designs"]}
    assert designs["3+3 declare"]["max_patients"] is None
    designs = {one["name"]: one["design"] for one in asked("1NNN", *BOIN)["designs"]}
    assert designs["3+3 declare"]["max_patients"] == 30


def test_a_design_that_cannot_hold_the_patients_is_left_out() -> None:
    document = asked("1NNN 2NNN", "--max-patients", "3")
    names = {one["name"] for one in document["designs"]}
    assert {f"3+3 {variant}" for variant in VARIANTS} <= names
    assert "boin" not in names
    left_out = {one["name"]: one["why"] for one in document["left_out"]}
    assert left_out["boin"] == "6 patients are more than the maximum sample size of 3"


@pytest.mark.parametrize("words", [(), ("--levels", "3"), BOIN])
@pytest.mark.parametrize("outcomes", ["", "1NNN 2NXNT", "1TTT 2NNN 3TTT"])
def test_text_is_readable_on_80_columns(outcomes: str, words: tuple[str, ...]) -> None:
    shown = run(outcomes, "--all", *words).stdout
    assert shown.isascii()
    assert max(map(len, shown.splitlines())) <= 80


@pytest.mark.parametrize(
    ("words", "exit_code", "message"),
    [
        (["--all", "--target", "nan"], 1, "must lie between 0 and 1, not nan"),
        (["--all", "--target", "30"], 1, "must lie between 0 and 1, not 30.0"),
        (["--all", "--target", "0"], 1, "must lie between 0 and 1, not 0.0"),
        (["--all", "--target", "x"], 2, "--target"),
        (["--all", "--max-patients", "0"], 1, "starts at 1, not 0"),
        (["--all", "--max-patients", "2.5"], 2, "--max-patients"),
        (["--all", "--target", "0.2", "--target", "0.3"], 2, "--target is given 2 times"),
        (["--target", "0.25"], 2, "--target and --max-patients are for --all"),
        (["--max-patients", "18"], 2, "--target and --max-patients are for --all"),
        (["--all", "7NNN"], 1, "level 7 is not on the ladder"),
        (["--all", "--set", "max_patients=2"], 1, "more than the maximum sample size of 2"),
    ],
)
def test_bad_input_is_one_clear_line(words: list[str], exit_code: int, message: str) -> None:
    result = run("1NNN", *words)
    assert result.exit_code == exit_code, result.output
    assert result.stdout == ""
    assert message in result.stderr


@given(st.text(alphabet="123NTX? -", max_size=30))
def test_random_histories_get_an_answer_or_a_reason(text: str) -> None:
    result = run("--all", "--", text)
    assert result.exit_code in (0, 1), result.exception
    assert bool(result.stdout) == (result.exit_code == 0)


def test_all_loads_no_heavy_module_but_for_a_design_that_needs_one() -> None:
    code = (
        "import sys; from escalation.cli import main\n"
        "main(['decide', '1NNN 2NNT', '--all'], standalone_mode=False)\n"
        "heavy = {'numpy', 'scipy', 'matplotlib', 'pydantic', 'sqlalchemy', 'flask'}\n"
        "sys.exit(', '.join(heavy & set(sys.modules)) or None)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
