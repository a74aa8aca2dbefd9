"""The table of OWASP ASVS: complete, counted right, and nothing in it that is not there.

Oracle: how many requirements of levels 1 and 2 each section of the standard's version 5.0.0 has,
counted in its published CSV. In each section they come before those of level 3.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "asvs.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| ([0-9]+)\.([0-9]+)\.([0-9]+) \| (.+?) \| (.+?) \| (.+) \|$", TEXT, re.M)
OF_EACH_SECTION = {
    1: (2, 9, 11, 3, 2), 2: (3, 3, 4, 1), 3: (0, 2, 4, 6, 5, 0, 2), 4: (3, 1, 2, 4),
    5: (1, 3, 2, 3), 6: (3, 12, 4, 4, 5, 3, 0, 4), 7: (3, 4, 2, 5, 2, 2), 8: (2, 3, 1, 1),
    9: (3, 4), 10: (2, 2, 4, 11, 5, 2, 3), 11: (2, 3, 3, 4, 1, 1), 12: (3, 2, 4), 13: (1, 5, 2, 5),
    14: (2, 4, 3), 15: (3, 3, 7), 16: (1, 5, 4, 3, 3), 17: (1, 4, 2),
}  # fmt: skip
STANDINGS = {"met", "open", "the operator's", "not applicable"}


def test_every_requirement_of_levels_1_and_2_stands_there_once_in_order():
    asked = [
        (chapter, section, number)
        for chapter, counts in OF_EACH_SECTION.items()
        for section, n in enumerate(counts, start=1)
        for number in range(1, n + 1)
    ]
    assert len(asked) == 253
    assert [tuple(map(int, row[:3])) for row in ROWS] == asked


def test_the_counts_are_those_of_the_rows():
    said = re.findall(r"^\| ([a-z' ]+) \| ([0-9]+) \|$", TEXT, re.M)
    counted = Counter(row[4] for row in ROWS)
    assert {name: int(n) for name, n in said} == counted
    assert set(counted) == STANDINGS


@cache
def _tests_of(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_file_and_every_test_that_it_names_is_there():
    named = re.findall(r"`([\w.-]+(?:/[\w.-]*)+(?:\.py|\.md|)|SECURITY\.md)(?:::(\w+))?`", TEXT)
    assert len(named) > 150
    missing = []
    for path, test in named:
        file = ROOT / path
        if not file.exists() or (test and test not in _tests_of(file)):
            missing.append(f"{path}::{test}")
    assert missing == []


def test_what_is_met_says_by_what_and_what_is_not_says_why():
    for *number, _, standing, why in ROWS:
        assert len(why) > 4, number
        if standing in ("open", "the operator's"):
            assert len(why) > 8, number
