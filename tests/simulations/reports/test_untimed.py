"""Answers without time say so of a design that does not wait."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from escalation.cli import main

LADDER = "--levels 3 --p-dlt 0.05,0.1,0.25 --target 0.25"
SAID = "Without time: each cohort is complete before the next"


@pytest.mark.parametrize(
    ("line", "says_so"),
    [
        (f"simulate {LADDER} --design tite-boin --trials 10", True),
        (f"simulate {LADDER} --design rolling-six --trials 10", True),
        (f"simulate {LADDER} --design boin --trials 10", False),
        (
            f"simulate {LADDER} --design tite-boin --timeline --every 9 --window 28 --trials 3",
            False,
        ),
        (f"compare tite-boin boin {LADDER} --trials 10", True),
    ],
)
def test_a_design_that_does_not_wait_is_said_to_be_judged_without_time(line: str, says_so: bool):
    result = CliRunner().invoke(main, line.split())
    assert result.exit_code == 0, result.output
    assert " ".join(result.output.split()).count(SAID) == says_so
