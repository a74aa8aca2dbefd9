"""CPU of every screen, warm, printed: ``pytest -m benchmark -s tests/web/test_cpu.py``."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from flask import Flask

from escalation.trial.demo.script import ADJUDICATOR, CHAIR, MEMBER, OFFICE, SITE
from tests.web.people import HEADER
from tests.web.routes import every_address

pytestmark = pytest.mark.benchmark

PEOPLE = (SITE, CHAIR, MEMBER, ADJUDICATOR, OFFICE)


@pytest.fixture(scope="session")
def demo_file(with_plan: Path) -> Path:
    return with_plan


def test_cpu_of_each_screen(app: Flask):
    """Print the CPU of each screen in ms: first, then the mean of 20; the slowest first."""
    rows = []
    client = app.test_client()
    for _, address in every_address(app):
        for person in PEOPLE:
            headers = {HEADER: person}
            begun = time.process_time()
            answer = client.get(address, headers=headers, buffered=True)
            first = time.process_time() - begun
            if answer.status_code == 200:
                n = 20 if first < 1 else 3
                begun = time.process_time()
                for _ in range(n):
                    client.get(address, headers=headers, buffered=True)
                rows.append(((time.process_time() - begun) / n, first, len(answer.data), address))
                break
    assert rows
    print(f"\n{'warm, ms':>9}{'first, ms':>11}{'bytes':>9}  screen")
    for warm, first, size, address in sorted(rows, reverse=True):
        print(f"{1000 * warm:>9.1f}{1000 * first:>11.1f}{size:>9}  {address}")
