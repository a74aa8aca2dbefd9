"""The published protocols of the documentation: each file says what its source says.

The facts were read in the registry record or the paper that the file names, and typed here a second
time. The decisions are sentences of the published rule, tables in papers, and results that were
published.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from escalation.outcomes import Tally
from escalation.protocol import Protocol, advise, load_protocol
from escalation.protocol.units import read_unit

DOCS = Path(__file__).parents[2] / "docs"
FOLDER = DOCS / "protocols"
PAGE = (DOCS / "published.md").read_text(encoding="utf-8")
FILES = sorted(FOLDER.glob("*.toml"))

# what to do: (verb, level, patients), or (the MTD,) where the trial ends
Answer = tuple[Any, ...]


@dataclass(frozen=True, kw_only=True)
class Published:
    """What the source of a file says."""

    unit: str | None
    levels: dict[int | str, float | None]
    start: int | str = 1
    design: str = "3+3"
    options: dict[str, Any] = field(default_factory=dict)
    planned: int | None = None
    window: int | None = None
    apart: tuple[int, int] = (0, 0)
    regimens: tuple[str, ...] = ()
    expansion: int | None = None
    backfill: bool = False
    answers: dict[str, Answer]


THREE = {"": ("stay", 1, 3), "1NNN": ("escalate", 2, 3), "1NNT": ("stay", 1, 3)}

PUBLISHED = {
    "nct07052565": Published(
        unit="cells/kg",
        levels={1: 1e5, 2: 3e5, 3: 6e5},
        planned=18,
        answers=THREE,
    ),
    "nct04697940": Published(
        unit="cells/kg",
        levels={1: 0.5e6, 2: 2e6, 3: 5e6},
        options={"two_of_six": "mtd", "below": "declare"},
        planned=18,
        expansion=15,
        window=28,
        apart=(28, 0),
        # the record's list: 0/3; 1/3; 1/3 + 0/3; 1/3 + 1/3; 1/3 + 2/3 or 3/3; 2/3 or 3/3
        answers={
            "1NNN": ("escalate", 2, 3),
            "1NNN 2NNT": ("stay", 2, 3),
            "1NNN 2NNT 2NNN": ("escalate", 3, 3),
            "1NNN 2NNT 2NNT": (2,),
            "1NNN 2NNT 2NTT": (1,),
            "1NNN 2NNT 2TTT": (1,),
            "1NNN 2NTT": (1,),
            "1NNN 2TTT": (1,),
        },
    ),
    "nct05654077": Published(
        unit="cells/kg",
        levels={1: 3e6, 2: 9e6, 3: 1.5e7},
        planned=24,
        window=28,
        answers=THREE,
    ),
    "nct05507593": Published(
        unit="cells",
        levels={"A": 1e7, "B": 1e8, "C": 1e9},
        start="A",
        planned=18,
        answers={"ANNN": ("escalate", "B", 3), "ANNN BNNT": ("stay", "B", 3)},
    ),
    "nct05562024": Published(
        unit=None,
        levels={1: None, 2: None, 3: None},
        options={"below": "expand", "two_of_six": "mtd"},
        planned=18,
        window=28,
        apart=(14, 14),
        answers={
            "1NNN 2NNT": ("stay", 2, 3),
            "1NNN 2NNT 2NNN": ("escalate", 3, 3),
            "1NNN 2NNT 2NNT": (2,),
            "1NNN 2NNT 2NTT": ("deescalate", 1, 3),
        },
    ),
    "nct05499715": Published(
        unit="cells",
        levels={1: 5e9, 2: 1e10, 3: 2e10},
        options={"below": "expand", "two_of_six": "fail"},
        window=21,
        apart=(7, 0),
        answers={
            "1NNN 2NNT": ("stay", 2, 3),
            "1NNN 2NNT 2NNN": ("escalate", 3, 3),
            "1NNN 2NNT 2NNT": ("deescalate", 1, 3),
            "1NNN 2NNT 2NNT 1NNT": (1,),
            "1NNN 2NNT 2NNN 3NTT": (2,),
        },
    ),
    "nct07488546": Published(
        unit="cells/kg",
        levels={1: 1e6, 2: 2e6, 3: 4e6},
        window=29,
        apart=(14, 0),
        answers=THREE,
    ),
    "nct03373097": Published(
        unit="cells/kg",
        levels={1: 3e6, 2: 6e6, 3: 1e7},
        planned=42,
        # no DLT was seen, and the highest dose was recommended
        answers={**THREE, "1NNN 2NNN 3NNN 3NNN": (3,)},
    ),
    "nct01659203": Published(
        unit="GyRBE",
        levels={-1: 57.4, 1: 60.2, 2: 61.6, 3: 63.0},
        regimens=tuple(f"28 fractions of {dose} GyRBE" for dose in ("2.05", "2.15", "2.2", "2.25")),
        options={"below": "declare"},
        planned=18,
        answers={
            **THREE,
            "1NNN 2NNT 2NNN": ("escalate", 3, 3),
            "1NNN 2NNT 2NNT": (1,),
            "1NNN 2NTT": (1,),
            "1NTT": ("deescalate", -1, 3),  # the paper: -1 is the MTD, untested
        },
    ),
    "nct00255814": Published(
        unit="Gy",
        levels={"I": 35.0, "II": 40.0, "III": 45.0, "IV": 50.0},
        regimens=tuple(f"10 fractions of {dose} Gy" for dose in ("3.5", "4", "4.5", "5")),
        start="II",
        design="a+b",
        planned=18,
        window=90,
        answers={
            "": ("stay", "II", 6),
            "IINNNNNN": ("escalate", "III", 6),
            "IINNNNNT": ("escalate", "III", 6),
            "IINNNNNN IIINNNNTT": ("II",),
            "IINNNNNN IIINNNNNN IVNNNNNN": ("IV",),  # as it ended: no DLT, 50 Gy
        },
    ),
    "nct01770418": Published(
        unit="GyRBE/fraction",
        levels={1: 2.5, 2: 3.0, 3: 3.53, 4: 4.0},
        regimens=tuple(
            f"{n} fractions, {total} GyRBE in all"
            for n, total in ((24, 60), (20, 60), (17, 60.01), (15, 60))
        ),
        design="a+b",
        options={"a": 5, "b": 2},
        window=90,
        # "no ... event ... among 5 patients enrolled on the arm or if 1 ... among 7"
        answers={
            "1NNNNN": ("escalate", 2, 5),
            "1NNNNT": ("stay", 1, 2),
            "1NNNNT 1NN": ("escalate", 2, 5),
            "1NNNNN 2NNNNT 2NT": (1,),
            "1NNNNN 2NNNTT": (1,),
        },
    ),
    "nct02353026": Published(
        unit="mg/kg",
        levels={1: 8.0, 2: 12.0, 3: 18.0, 4: 25.0, 5: 34.0, 6: 45.0},
        design="accelerated",
        options={"moderate_events": 1, "after_titration": "below"},
        window=21,
        answers={
            "": ("stay", 1, 1),
            "1N": ("escalate", 2, 1),
            "1N 2M": ("stay", 2, 2),  # grade 2: on that dose level
            "1N 2N 3T": ("deescalate", 2, 2),  # grade 3 or 4: one dose level below
            "1N 2M 2NN": ("escalate", 3, 3),
        },
    ),
    "nct00894894": Published(
        unit="mg/day",
        levels={1: 100.0, 2: 200.0, 3: 330.0, 4: 500.0, 5: 700.0},
        design="accelerated",
        options={"moderate_events": 2, "after_titration": "same"},
        expansion=10,
        window=28,
        answers={
            "": ("stay", 1, 1),
            "1N 2M": ("escalate", 3, 1),
            "1N 2M 3M": ("stay", 3, 2),  # at two levels: two patients more at the last
            "1N 2T": ("stay", 2, 2),
        },
    ),
    "nct02323880": Published(
        unit="mg/m2/dose",
        levels={1: 35.0, 2: 45.0},
        expansion=10,
        design="rolling-six",
        window=28,
        # the table of Skolnik et al. 2008: enrolled, DLTs, pending
        answers={
            "1NN?": ("stay", 1, 1),
            "1NNN": ("escalate", 2, 3),
            "1NNT": ("stay", 1, 3),
            "1NNNNNN 2TT": (1,),
        },
    ),
    "nct00939770": Published(
        unit="mg/m2/dose",
        levels={1: 100.0, 2: 130.0, 3: 165.0, 4: 215.0, 5: 280.0, 6: 365.0},
        design="rolling-six",
        backfill=True,
        window=28,
        answers={
            "1N??": ("stay", 1, 1),
            "1NNN": ("escalate", 2, 3),
            "1NNN 2N?? 1NN": ("stay", 2, 1),  # parts A2 and A3 do not stop A1
        },
    ),
    "isrctn98163167": Published(
        unit=None,
        levels=dict.fromkeys(range(1, 8)),
        start=3,
        design="crm",
        options={"target": 0.2, "max_patients": 21, "n_earlystop": 12},
        planned=27,
        answers={
            "": ("stay", 3, 3),
            "3NNN": ("escalate", 4, 3),  # no level is skipped
        },
    ),
    "nct01604889": Published(
        unit="mg/day",
        levels={1: 50.0, 2: 75.0, "3a": 100.0, "3b": 100.0, 4: 200.0, 5: 600.0},
        regimens=(
            "25 mg twice a day",
            "50 mg in the morning, 25 mg in the evening",
            "50 mg twice a day, two weeks of three",
            "50 mg twice a day",
            "100 mg twice a day",
            "300 mg twice a day",
        ),
        answers={
            **THREE,
            "1NNN 2NNN 3aNNN": ("escalate", "3b", 3),  # the same dose, another regimen
            "1NNN 2NNN 3aNNN 3bNTT": ("deescalate", "3a", 3),
        },
    ),
    "nct03256331": Published(
        unit="g/day",
        levels={1: 0.5, 2: 1.0, 3: 2.0, 4: 4.0},
        options={"below": "expand"},
        planned=48,
        window=28,
        answers={
            **THREE,
            "1NNN 2NNN 3NTT": ("deescalate", 2, 3),
            "1NNN 2NNN 3NTT 2NNT": (2,),  # where 1.5 g/day would be tried
        },
    ),
    "nct05359692": Published(
        unit="mg",
        levels={1: 300.0, 2: 600.0},
        design="boin",
        regimens=("every two weeks",) * 2,
        options={"target": 0.3, "max_patients": 12},
        planned=12,
        expansion=38,
        # the table of the BOIN template for 0.3: of 3 escalate at 0, of 6 at 1; leave 2 at 2 of 3
        answers={
            "1NNN": ("escalate", 2, 3),
            "1NNT": ("stay", 1, 3),
            "1NNT 1NNN": ("escalate", 2, 3),
            "1NNN 2NTT": ("deescalate", 1, 3),
        },
    ),
    "capecitabine": Published(
        unit="mg/m2/dose",
        levels={1: 500.0, 2: 650.0, 3: 825.0},
        options={"below": "declare", "top": "declare", "two_of_six": "fail"},
        # table 2 of the paper, row by row
        answers={
            "1NNN": ("escalate", 2, 3),
            "1NNT": ("stay", 1, 3),
            "1NNT 1NNN": ("escalate", 2, 3),
            "1NNT 1NNT": (None,),
            "1NNN 2NNN": ("escalate", 3, 3),
            "1NNN 2NNT": ("stay", 2, 3),
            "1NNN 2NNT 2NNN": ("escalate", 3, 3),
            "1NNN 2NNT 2NNT": (1,),
            "1NNN 2NNN 3NNN": (3,),
            "1NNN 2NNN 3NNT": ("stay", 3, 3),
            "1NNN 2NNN 3NNT 3NNN": (3,),
            "1NNN 2NNN 3NNT 3NNT": (2,),
        },
    ),
}


def per_what(unit: str) -> str:
    return "kg" if "/kg" in unit else "m2" if "/m2" in unit else "patient"


def answer(protocol: Protocol, outcomes: str) -> Answer:
    decision = advise(protocol, outcomes).decision
    if decision.level is None:
        return (None if decision.mtd is None else protocol.labels[decision.mtd],)
    return decision.action.value, protocol.labels[decision.level], decision.n_to_enrol


def test_every_file_has_its_facts_here() -> None:
    assert [path.stem for path in FILES] == sorted(PUBLISHED)


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_protocol_says_what_its_source_says(name: str) -> None:
    source = PUBLISHED[name]
    protocol = load_protocol(FOLDER / f"{name}.toml")
    assert protocol.name == name
    assert protocol.unit == source.unit
    assert source.unit is None or read_unit(source.unit).per == per_what(source.unit)
    assert {level.label: level.dose for level in protocol.levels} == source.levels
    assert protocol.labels == tuple(source.levels)
    assert protocol.labels[protocol.design.start] == source.start
    assert protocol.design.name == source.design
    assert {key: getattr(protocol.design, key) for key in source.options} == source.options
    enrolment = protocol.enrolment
    assert protocol.planned_patients == source.planned
    assert (enrolment.first_alone_days, enrolment.next_apart_days) == source.apart
    assert protocol.dlt.window_days == source.window
    regimens = tuple(level.regimen for level in protocol.levels if level.regimen is not None)
    assert regimens == source.regimens
    assert protocol.expansion.n_patients == source.expansion
    assert (protocol.backfill.max_per_level is not None) == source.backfill


@pytest.mark.parametrize(
    ("name", "outcomes", "published"),
    [(name, *row) for name, source in PUBLISHED.items() for row in source.answers.items()],
)
def test_a_published_protocol_decides_as_its_rule_says(
    name: str, outcomes: str, published: Answer
) -> None:
    assert answer(load_protocol(FOLDER / f"{name}.toml"), outcomes) == published


def test_artesunate_ends_at_the_mtd_that_was_published() -> None:
    """DLTs at 12 (1 of 6), 18 (1 of 6) and 25 mg/kg (2 of 2), 18 evaluable: the MTD is 18 mg/kg."""
    protocol = load_protocol(FOLDER / "nct02353026.toml")
    seen = [(4, 0), (6, 1), (6, 1), (2, 2), (0, 0), (0, 0)]
    tallies = [Tally(n_evaluable=n, n_dlts=x) for n, x in seen]
    decision = protocol.design.decide(tallies, 3)
    assert decision.mtd is not None
    assert protocol.levels[decision.mtd].dose == 18


def test_the_dose_between_two_levels_is_tried_where_its_record_says() -> None:
    """1.5 g/day "only when dose de-escalates from Dose level 3 to Dose level 2, and 1 DLT in 6"."""
    protocol = load_protocol(FOLDER / "nct03256331.toml")
    document = protocol.document
    document["levels"] = [
        *document["levels"][:2],
        {"label": "2a", "dose": 1.5},
        *document["levels"][2:],
    ]
    document["sources"] = {}
    amended = Protocol.from_document(document)
    advice = advise(amended, "1NNN 2NNN 3NTT 2NNT", allow_departures=True)
    assert advice.decision.level == amended.labels.index("2a")
    assert advice.decision.n_to_enrol == 3


@pytest.mark.parametrize("n_dlts", range(4))
def test_viola_takes_the_level_that_its_model_summed_on_a_grid_says(n_dlts: int) -> None:
    """One cohort at level 3: the mean of the parameter, by sums over a fine grid of the prior."""
    skeleton = np.array([0.03, 0.07, 0.12, 0.20, 0.30, 0.40, 0.52])
    beta = np.linspace(-8, 8, 400_001)
    p_dlt = skeleton[2] ** np.exp(beta)
    weight = np.exp(-(beta**2) / (2 * 0.75)) * p_dlt**n_dlts * (1 - p_dlt) ** (3 - n_dlts)
    estimated = skeleton ** np.exp(np.sum(beta * weight) / np.sum(weight))
    nearest = int(np.argmin(abs(estimated - 0.2)))
    expected = min(nearest, 3 if n_dlts == 0 else 2)  # by one level, and never after a toxic cohort
    protocol = load_protocol(FOLDER / "isrctn98163167.toml")
    outcomes = f"3{'T' * n_dlts}{'N' * (3 - n_dlts)}"
    decision = advise(protocol, outcomes).decision
    assert decision.level == expected
    assert decision.n_to_enrol == 3


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_level_design_and_setting_of_the_trial_has_a_source(path: Path) -> None:
    protocol = load_protocol(path)
    sources = dict(protocol.sources)
    for setting in (
        *(f"levels.{label}" for label in protocol.labels),
        *(f"levels.{level.label}.regimen" for level in protocol.levels if level.regimen),
        *(f"trial.{key}" for key, told in protocol.document["trial"].items() if told),
        *(key for key in ("unit", "title") if protocol.document.get(key)),
        "start",
        "design.name",
    ):
        assert setting in sources
    if protocol.dlt.window_days is not None:
        assert "dlt.window_days" in sources


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_file_is_on_the_page_by_its_registry_number(path: Path) -> None:
    number = load_protocol(path).trial.registry_id or "10.1016/j.ctro.2022.04.003"
    rows = [line for line in PAGE.splitlines() if f"(protocols/{path.name})" in line]
    assert len(rows) == 1
    assert number in rows[0]
    assert re.search(rf"^\| {re.escape(number)} \|", PAGE, flags=re.MULTILINE)  # how it was read


def test_the_page_names_twenty_published_protocols_by_registry_number() -> None:
    numbers = {load_protocol(path).trial.registry_id for path in FILES}
    shipped = load_protocol("nct07123519").trial.registry_id
    known = {number for number in (*numbers, shipped) if number is not None}
    assert len(known) == 20
    assert all(number in PAGE for number in known)
