"""The boundary of an expansion, against fractions and orders of patients counted out."""

from __future__ import annotations

import itertools
from fractions import Fraction

import pytest

from escalation.errors import InputError
from escalation.outcomes import Tally
from escalation.protocol import ExpansionMonitoring, Protocol, advise
from escalation.protocol.expansion import BoundaryStatus, judge_expansion

THIRDS = ("2/6", "3/9", "4/12")


def judge(monitoring: ExpansionMonitoring, n: int, x: int, pending: int = 0) -> BoundaryStatus:
    return judge_expansion(monitoring, Tally(n_evaluable=n, n_dlts=x, n_pending=pending))


@pytest.mark.parametrize("rate", ["1/3", "1/5", "33/100", "1/1", "2/6", "3/7"])
def test_a_rate_is_compared_as_fractions_are_up_to_30_patients(rate: str) -> None:
    monitoring = ExpansionMonitoring(stop_at_rate=rate)
    assert judge(monitoring, 0, 0) is BoundaryStatus.NOT_REACHED
    for n in range(1, 31):
        for x in range(n + 1):
            reached = Fraction(x, n) >= Fraction(rate)
            found = judge(monitoring, n, x)
            assert found is (BoundaryStatus.REACHED if reached else BoundaryStatus.NOT_REACHED)


def in_this_order(boundaries: list[tuple[int, int]], dlts: tuple[bool, ...]) -> bool:
    return any(sum(dlts[:among]) >= least for least, among in boundaries)


@pytest.mark.parametrize("stop_at", [THIRDS, ("1/2",), ("2/6", "6/9"), ("1/4", "2/9")])
def test_boundaries_against_every_order_of_the_patients(stop_at: tuple[str, ...]) -> None:
    monitoring = ExpansionMonitoring(stop_at=stop_at)
    boundaries = [(int(text[0]), int(text[2:])) for text in stop_at]
    for n in range(13):
        for x in range(n + 1):
            orders = itertools.combinations(range(n), x)
            certain = all(
                in_this_order(boundaries, tuple(k in dlts for k in range(n))) for dlts in orders
            )
            assert (judge(monitoring, n, x) is BoundaryStatus.REACHED) == certain


def test_boundaries_against_the_latest_order_up_to_30_patients() -> None:
    monitoring = ExpansionMonitoring(stop_at=THIRDS)
    for n in range(31):
        for x in range(n + 1):
            latest = (False,) * (n - x) + (True,) * x
            if in_this_order([(2, 6), (3, 9), (4, 12)], latest):
                expected = BoundaryStatus.REACHED
            else:
                expected = BoundaryStatus.BEYOND if n > 12 else BoundaryStatus.NOT_REACHED
            assert judge(monitoring, n, x) is expected


@pytest.mark.parametrize(
    "monitoring",
    [
        ExpansionMonitoring(stop_at_rate="1/3"),
        ExpansionMonitoring(stop_at_rate="2/5"),
        ExpansionMonitoring(stop_at=THIRDS),
    ],
)
def test_pending_patients_against_every_way_they_can_turn_out(
    monitoring: ExpansionMonitoring,
) -> None:
    """Each has a DLT, or none, or is not evaluable."""
    for n, pending in itertools.product(range(11), range(1, 5)):
        for x in range(n + 1):
            ways = {
                judge(monitoring, n + m, x + dlts) is BoundaryStatus.REACHED
                for m in range(pending + 1)
                for dlts in range(m + 1)
            }
            found = judge(monitoring, n, x, pending)
            if len(ways) > 1:
                assert found is BoundaryStatus.PENDING
            else:
                assert (found is BoundaryStatus.REACHED) is ways.pop()


def test_no_boundary_is_never_reached() -> None:
    assert judge(ExpansionMonitoring(), 6, 6) is BoundaryStatus.NOT_GIVEN
    assert judge(ExpansionMonitoring(stop_at=()), 6, 6, 3) is BoundaryStatus.NOT_GIVEN


def test_a_rate_given_replaces_the_protocols_boundaries_and_changes_the_digest() -> None:
    plain = Protocol.plain(3)
    changed = plain.with_stop_at_rate("1/3")
    assert changed.expansion == ExpansionMonitoring(stop_at_rate="1/3")
    assert changed.digest != plain.digest
    assert changed.with_design("boin", target=0.3, max_patients=12).expansion == changed.expansion
    assert Protocol.from_document(changed.document) == changed


@pytest.mark.parametrize("rate", ["", "x", "0/3", "4/3", "1/0", "1.5", "1/3\n", "-1/3", "1/3/3"])
def test_what_is_not_a_rate_is_refused_by_name(rate: str) -> None:
    with pytest.raises(InputError, match="the rate at which the expansion stops"):
        Protocol.plain(3).with_stop_at_rate(rate)


def test_the_maximum_sample_size_is_that_of_the_escalation() -> None:
    protocol = Protocol.plain(3, max_patients=12)
    advice = advise(protocol, "1NNN 2TTN 1NNN 1NNNNNNNNTT")
    assert (advice.decision.mtd, advice.departures) == (0, ())
    boin = Protocol.plain(3).with_design("boin", target=0.3, max_patients=12)
    assert advise(boin, "1NNN 2NNN 3NNN 3NNN 3TNN").decision.mtd == 2
    with pytest.raises(InputError, match="15 patients are more than the maximum sample size of 12"):
        advise(boin, "1NNN 2NNN 3NNN 3NNN 1NNN", allow_departures=True)
