"""What a page of the calculations costs, printed."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

pytestmark = pytest.mark.benchmark

NCT = "protocol=nct07123519"
CURVE = "&p_dlt=0.05,0.1,0.2,0.3"
PAIR = "&design_1=3%2B3&design_2=boin"

QUESTIONS: list[tuple[str, Callable[[int], str], int]] = [
    ("/decide", lambda k: f"/decide?{NCT}&outcomes=1NNN+2{'N' * (k + 1)}&allow_departures=y", 20),
    ("/simulate, one scenario", lambda k: f"/simulate?{NCT}{CURVE}{k + 1}", 20),
    ("/simulate, six and a target", lambda k: f"/simulate?{NCT}&target=0.2{k + 1}", 20),
    ("/simulate, BOIN, one", lambda k: f"/simulate?{NCT}&design=boin{CURVE}{k + 1}", 20),
    ("/compare, one", lambda k: f"/compare?{NCT}{CURVE}{k + 1}{PAIR}", 10),
    ("a figure", lambda k: f"/simulate/figure-1.svg?{NCT}&target=0.3{k + 1}", 3),
]


@pytest.mark.parametrize(("what", "address", "n"), QUESTIONS, ids=lambda one: str(one)[:24])
def test_cpu_of_a_page(client: FlaskClient, what: str, address: Callable[[int], str], n: int):
    client.get(address(n))
    new, again = [], []
    for k in range(n):
        for times in (new, again):
            began = time.process_time()
            assert client.get(address(k)).status_code == 200
            times.append(1000 * (time.process_time() - began))
    print(f"{what}: new {statistics.median(new):.1f} ms, again {statistics.median(again):.1f} ms")
