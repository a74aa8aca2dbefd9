"""The file of a study: what it says, and everything that is wrong with it at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from escalation.designs import Boin, ThreePlusThree
from escalation.protocol import load_protocol
from simulations.cli.sweep import files
from simulations.scenarios.scenario import load_scenarios
from simulations.sweeps.file import StudyFileError, load_study, parse_study

from .studies import SMALL, small_study

MANY = ", ".join(f"k{i} = {list(range(100))}" for i in range(4))
NAMED = 'protocol = "nct07123519"\n[[designs]]\ndesign = "3+3"\n'
TIMED = """
[[timing]]
name = "clock"
arrivals = { kind = "poisson", mean_gap_days = 10 }
vary = { "arrivals.mean_gap_days" = [5, 10], accrual = ["lose", "wait"] }
"""


def faults_of(text: str, folder: Path = Path()) -> list[str]:
    with pytest.raises(StudyFileError) as error:
        parse_study(text.encode(), "study.toml", folder)
    return list(error.value.faults)


def test_cells_are_all_with_all_a_design_after_the_other():
    text = NAMED + 'vary = { variant = ["confirm", "declare"] }' + TIMED
    study = small_study(text)
    n_scenarios = len(study.scenarios)
    names = [(cell.design, cell.scenario.name, cell.timing_name) for cell in study.cells]
    assert [cell.number for cell in study.cells] == list(range(1, 2 * n_scenarios * 4 + 1))
    assert names[:5] == [
        ("3+3 variant=confirm", "low", "clock mean_gap_days=5 accrual=lose"),
        ("3+3 variant=confirm", "low", "clock mean_gap_days=5 accrual=wait"),
        ("3+3 variant=confirm", "low", "clock mean_gap_days=10 accrual=lose"),
        ("3+3 variant=confirm", "low", "clock mean_gap_days=10 accrual=wait"),
        ("3+3 variant=confirm", "flat", "clock mean_gap_days=5 accrual=lose"),
    ]
    assert study.cells[1].timing.arrivals.mean_gap_days == 5
    last = study.cells[-1].protocol.design
    assert last == ThreePlusThree(n_levels=4, start=1, variant="declare")


def test_designs_are_filled_in_as_on_the_command_line():
    """As `escalation simulate --design boin`: the patients that the protocol plans."""
    study = small_study('protocol = "nct07123519"\n[[designs]]\ndesign = "boin"')
    planned = load_protocol("nct07123519").planned_patients
    assert study.ladder.design == Boin(n_levels=4, start=1, target=0.25, max_patients=planned)
    assert study.scenarios  # the protocol's own


def test_scenarios_come_from_a_set_or_a_file_beside_the_study(tmp_path):
    (tmp_path / "curves.toml").write_text('[[scenarios]]\nname = "a"\np_dlt = [0.1, 0.2, 0.3]')
    (tmp_path / "study.toml").write_text(
        'levels = 3\n[[designs]]\ndesign = "3+3"\n[[scenarios]]\nfrom = "curves.toml"\n'
        '[[scenarios]]\nfrom = "levels-3"\nonly = ["steep"]'
    )
    study = load_study(tmp_path / "study.toml")
    (steep,) = (one for one in load_scenarios("levels-3") if one.name == "steep")
    assert [one.name for one in study.scenarios] == ["a", "steep"]
    assert study.scenarios[1] == steep


def test_a_clock_comes_from_a_file_beside_the_study_and_is_varied(tmp_path):
    (tmp_path / "slow.toml").write_text(
        'accrual = "wait"\n[arrivals]\nkind = "regular"\ngap_days = 30'
    )
    text = NAMED + '[[timing]]\nfrom = "slow.toml"\nvary = { decision_delay_days = [0, 7] }'
    study = parse_study(text.encode(), "study.toml", tmp_path)
    assert [
        (name, timing.accrual, timing.decision_delay_days) for name, timing in study.timings
    ] == [
        ("slow decision_delay_days=0", "wait", 0),
        ("slow decision_delay_days=7", "wait", 7),
    ]


def test_the_template_is_a_study():
    template = Path(files.__file__).with_name("study_template.toml").read_bytes()
    with_clock = template.replace(b"\n# [[timing]]", b"\n[[timing]]").replace(
        b"\n# name", b"\nname"
    )
    for key in (b"accrual", b"arrivals", b"vary"):
        with_clock = with_clock.replace(b"\n# " + key, b"\n" + key)
    assert len(parse_study(template, "study.toml", Path()).cells) == 18
    assert len(parse_study(with_clock, "study.toml", Path()).cells) == 18 * 6


def test_every_fault_is_listed_at_once():
    text = """
    schema = 2
    levels = 3
    trials = 0
    seed = -1
    target = 1.5
    method = "exactly"
    colour = "blue"
    finished_by = [100]

    [[designs]]
    design = "bion"

    [[designs]]
    design = "3+3"
    variant = "declrae"

    [[designs]]
    protocol = "nct07123519"

    [[scenarios]]
    name = "short"
    p_dlt = [0.1, 0.2]

    [[scenarios]]
    name = "above"
    p_dlt = [0.1, 0.2, 1.3]

    [[scenarios]]
    from = "levels-3"
    only = ["steepest"]
    """
    found = faults_of(text)
    places = [fault.partition(":")[0] for fault in found]
    assert places == [
        "the file",
        "schema",
        "target",
        "method",
        "trials",
        "seed",
        "designs[0].design",
        "designs[1]",
        "designs[2].protocol",
        'scenarios[0] "short".p_dlt',
        'scenarios[1] "above".p_dlt[2]',
        "scenarios[2].only",
        "finished_by",
    ]
    assert "did you mean boin?" in found[6]
    assert "its levels are -1, 1, 2, 3, those of the study 1, 2, 3" in found[8]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "protocol: missing; name the ladder"),
        ("levels = 3", "designs: [[designs]] tables are needed"),
        ('levels = 3\nprotocol = "x"', "give a protocol or levels, not both"),
        ("levels = true", "levels: a whole number is needed, not True"),
        ('designs = "boin"', "designs: [[designs]] tables are needed, not 'boin'"),
        ("designs = [1]\nlevels = 3", "designs[0]: a [[designs]] table is needed, not 1"),
        ('levels = 3\n[[designs]]\nname = "x"', "design or protocol is missing"),
        ('levels = 3\n[[designs]]\ndesign = "3+3"\nvary = 3', "vary: a list of values by key"),
        ('levels = 3\n[[designs]]\ndesign = "3+3"\nvary = { variant = [] }', "vary: a list of"),
        ('levels = 3\n[[designs]]\ndesign = "3+3"\nn_levels = 4', "n_levels"),
        ('protocol = "gone.toml"\n[[designs]]\ndesign = "3+3"', "protocol: gone.toml: no such"),
        ('levels = 3\np_moderate = [0.1, 0.1, 0.1]\n[[designs]]\ndesign = "3+3"', "p_moderate: "),
        ("trials = nan", "trials: a whole number from 1"),
        (SMALL + TIMED.replace("10 }", "-10 }").replace("[5, 10]", "[-5]"), "is not above 0"),
        (NAMED + TIMED.replace('"arrivals.mean_gap_days"', '"arrivals.kind.x"'), "is not a table"),
        (
            f'levels = 3\n[[designs]]\ndesign = "3+3"\nvary = {{ {MANY} }}',
            "vary: 100,000,000 ways; 1,000,000 cells are possible",
        ),
        (SMALL + TIMED, "the protocol names no DLT window"),
        (NAMED + TIMED + "not_manufactured = [0.1]", "needs one probability a level, 4 in all"),
        (
            NAMED
            + TIMED.replace("\nvary", '\ntime_to_dlt = { kind = "given", days = [99] }\nvary'),
            "lies outside the DLT window of 28 days",
        ),
        ("trials = 20_000_000\n" + NAMED + TIMED, "trials: with a clock at most 10,000,000"),
        ('levels = 3\n[[designs]]\ndesign = "accelerated"', "counts moderate toxicities"),
        (SMALL + '[[timing]]\nfrom = "gone.toml"', "timing[0]: gone.toml: no such file"),
        (SMALL + '[[designs]]\ndesign = "3+3"\nname = "3+3 variant=confirm"', "another one is"),
        ("levels = 3\n[[designs]]\ndesign = 3", "designs[0].design: 3 is not a design"),
        ('trials = "x"\n' + NAMED + TIMED, "trials: a whole number from 1 to 10,000,000,000"),
        (f'name = "{"n" * 201}"', "name: one line of at most 200 letters"),
        ("a = [", "not TOML"),
        ("finished_by = [0]", "finished_by: days above 0 are needed"),
    ],
)
def test_a_fault_is_named(text, said):
    assert any(said in fault for fault in faults_of(text)), faults_of(text)


def test_many_variants_have_one_fault_once():
    varied = "vary = { max_patients = [4, 6], cutoff_eli = [0.9, 0.95] }"
    (fault,) = faults_of(f'levels = 3\ntarget = 0.25\n[[designs]]\ndesign = "boin"\n{varied}')
    assert fault.endswith("max_patients must be a multiple of cohort_size 3, not 4")


def test_trials_are_a_whole_number_however_it_is_written():
    assert (
        small_study("trials = 1e3\n" + SMALL).digest
        == small_study("trials = 1000\n" + SMALL).digest
    )


def test_a_file_that_is_not_text_is_refused(tmp_path):
    with pytest.raises(StudyFileError, match="byte 1 is not UTF-8"):
        parse_study(b"\xff", "study.toml", Path())
    with pytest.raises(StudyFileError, match="no such file"):
        load_study(tmp_path / "study.toml")
    with pytest.raises(StudyFileError, match="cannot be read: Is a directory"):
        load_study(tmp_path)


def test_the_digest_is_of_what_is_asked_not_of_how_it_is_written():
    spaced = "# a note\n" + SMALL.replace("0.10", "0.1").replace(" = ", "   =   ")
    assert small_study(spaced).digest == small_study().digest
    assert parse_study(SMALL.encode(), "copy.toml", Path()).digest == small_study().digest
    assert small_study('name = "another"\n' + SMALL).digest == small_study().digest
    other = small_study(SMALL.replace("0.60", "0.61"))
    assert other.digest != small_study().digest
    same = [a.key == b.key for a, b in zip(small_study().cells, other.cells, strict=True)]
    assert same == [True, False, True] * 2  # the key is of the cell alone


def test_a_name_takes_no_part_in_a_key():
    renamed = small_study(SMALL.replace('"steep"', '"precipice"'))
    assert [cell.key for cell in renamed.cells] == [cell.key for cell in small_study().cells]
