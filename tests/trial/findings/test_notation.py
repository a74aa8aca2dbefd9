"""Results as they are typed: numbers with units and limits of normal, answers, and what is none."""

from __future__ import annotations

from datetime import date

import pytest

from escalation.errors import InputError
from escalation.trial.events import Finding
from escalation.trial.findings.notation import read_finding, read_findings

MARCH = date(2026, 3, 1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hb=85 g/L", Finding(test="hb", value=85, unit="g/L")),
        ("hb = 8.5 g/dL", Finding(test="hb", value=8.5, unit="g/dL")),
        ("age=45", Finding(test="age", value=45)),
        ("fvc=-12 %", Finding(test="fvc", value=-12, unit="%")),
        ("fvc=12%", Finding(test="fvc", value=12, unit="%")),
        ("plt=45 x10^9/L", Finding(test="plt", value=45, unit="x10^9/L")),
        ("plt=45×10^9/L", Finding(test="plt", value=45, unit="×10^9/L")),
        ("scr=150 µmol/L", Finding(test="scr", value=150, unit="µmol/L")),
        ("upcr=1.2 mg/24 h (..2)", Finding(test="upcr", value=1.2, unit="mg/24 h", upper=2)),
        (
            "ALT=130 U/L (7..40) @2026-03-01",
            Finding(test="ALT", value=130, unit="U/L", lower=7, upper=40, on=MARCH),
        ),
        ("ALT=9 U/L (7-40)", Finding(test="ALT", value=9, unit="U/L", lower=7, upper=40)),
        ("k=9 U/L (7 \u2013 40)", Finding(test="k", value=9, unit="U/L", lower=7, upper=40)),
        (
            "ALT=130 U/L(7 .. 40)@2026-03-01 by central lab",
            Finding(
                test="ALT", value=130, unit="U/L", lower=7, upper=40, on=MARCH, by="central lab"
            ),
        ),
        (
            "cart=<50 copies/ug @2026-03-01",
            Finding(test="cart", value=50, unit="copies/ug", below=True, on=MARCH),
        ),
        ("I2.5=yes", Finding(test="I2.5", answer="yes")),
        ("E14=no @2026-03-01 by Dr Li", Finding(test="E14", answer="no", on=MARCH, by="Dr Li")),
        ("response=PR", Finding(test="response", answer="PR")),
        ("class=IV + V", Finding(test="class", answer="IV + V")),
        ("hcg=not done: no sample", Finding(test="hcg", not_done="no sample")),
    ],
)
def test_a_result_is_read_as_it_is_written(text: str, said: Finding) -> None:
    assert read_finding(text) == said


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is not a result; write it as TEST=VALUE UNIT"),
        ("hb 85 g/L", "is not a result"),
        ("hb=", "is not a result"),
        ("=85 g/L", "is not a result"),
        ("hb=8,5 g/dL", "8,5 is not a number"),
        ("hb=1.2.3 g/L", "1.2.3 is not a number"),
        ("hb=not done", "say why, as in hb=not done: no sample"),
        ("hb=85 g/L @1 March", "cannot be read"),
        ("hb=85 g/L @2026-02-30", "2026-02-30 is not a day"),
        ("I1=yes @2026-3-1", "2026-3-1 is not a day"),
        ("hb=85 g/L (60..", "cannot be read"),
        ("hb=85 g/L (..)", "cannot be read"),
        ("hb=85 g/L (low..high)", "cannot be read"),
        ("I1=@2026-03-01", "cannot be read"),
    ],
)
def test_what_is_no_result_is_named_with_what_would_be_right(text: str, why: str) -> None:
    with pytest.raises(InputError, match=r".") as refused:
        read_finding(text)
    assert why in str(refused.value)
    assert not text or repr(text)[1:-1] in str(refused.value)


def test_every_result_that_cannot_be_read_is_said_at_once() -> None:
    assert [found.test for found in read_findings(["a=1 g", "b=yes"])] == ["a", "b"]
    with pytest.raises(InputError) as caught:
        read_findings(["hb", "b=yes", "a=1,5"])
    first, *others = str(caught.value).split("\n  ")
    assert first == "2 results cannot be read"
    assert [said.partition(" is not")[0] for said in others] == ["'hb'", "'a=1,5': 1,5"]
    with pytest.raises(InputError, match="is not a result"):
        read_findings(["hb"])
