"""No P(DLT) is compared bare with a target, a limit or another one, read from the source.

``escalation.nearness`` says what is above, the same, or nearer. A check of a range against 0 and
1, as ``0 < target < 1``, needs no tolerance.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from functools import cache

import pytest

from .test_imports import is_in, sources

ORDER = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq)

# What a P(DLT) is called, and what one is compared with. In `escalation` a target is often a level
# and a limit a number of patients, so that a name by itself counts only as a parameter of type
# float.
NAMES = {
    *("p", "q", "p_dlt", "p_select", "estimate", "lowest_above", "highest_below"),
    *("target", "limit", "above", "at_most", "cutoff", "cutoff_eli", "cutoff_stop", "separation"),
    *("low", "high", "lower", "upper"),
    *(".target", ".cutoff_eli", ".cutoff_stop"),
}
ALWAYS = {"p_dlt", "estimate", "at_most", ".target", ".cutoff_eli", ".cutoff_stop"}

RANGE = "a check of what was typed: the error shows both numbers"
ITERATION = "steps of a numerical search, which end at a tolerance of their own"
DIGITS = "how many digits are shown"
WHOLE = "whole numbers"
ALLOWED = {
    "p > limit * (1 + TOLERANCE)": "is_above",
    "p <= other * (1 + TOLERANCE)": "is_same",
    "other <= p * (1 + TOLERANCE)": "is_same",
    "0.005 <= p < 0.995": DIGITS,
    "p < 0.0005": DIGITS,
    "p >= 0.9995": DIGITS,
    "0 < p < 0.0005": DIGITS,
    "0.9995 <= p < 1": DIGITS,
    "1 < target < 100": "whether a percentage was meant, for a hint",
    "(above is None) == (target is None)": "whether each was given",
    "0.0005 <= p < 0.9995": DIGITS,
    "p < 0.5": DIGITS,
    "0 < p_saf < self.target < p_tox < 1": RANGE,
    "0 < self.target - low < self.target + high < 1": RANGE,
    "0.5 < self.cutoff_eli < 1": RANGE,
    "0.5 <= self.cutoff_stop <= 1": RANGE,
    "0 <= low <= high <= 1": RANGE,
    "low <= value <= high": RANGE,
    "self.target < self.curve.ceiling": RANGE,
    "sum((exp(self.log_terms(dose, middle)[0]) for dose in doses)) > 2 * p": ITERATION,
    "p > (a + 1) / (a + b + 2)": "which of two equal series converges faster",
    "beta <= self.curve.beta_between(lower, upper, self.target) + TIE": (
        "compared as beta, with the tolerance of its quadrature"
    ),
    "p_too_toxic > self.cutoff_stop - TIE": (
        "compared with the tolerance of its quadrature, on the safe side"
    ),
    "region.high > region.low": "which levels can move at all, by however little",
    "u < p": "a random number",
    "u >= p": "a random number",
    "(target, size, first.mtd[one]) != "
    "(second.level[other], second.n_to_enrol[other], second.mtd[other])": WHOLE,
}


def test_a_p_dlt_is_compared_through_nearness_only() -> None:
    bare = [f"{place}: {text}" for place, text in everywhere() if text not in ALLOWED]
    assert bare == [], "use escalation.nearness"


def test_every_comparison_allowed_is_still_there() -> None:
    assert set(ALLOWED) - {text for _, text in everywhere()} == set()


@pytest.mark.parametrize(
    ("code", "is_bare"),
    [
        ("def f(p_dlt, target): return p_dlt > target", True),
        ("def f(p, above): return (p > above).any()", True),
        ("def f(x, result): return x == result.target", True),
        ("def f(x, p_dlt): return x <= p_dlt[0]", True),
        ("def f(x, p_dlt): return abs(x - p_dlt) < 0.05", True),
        ("def f(low, high): return low + high >= 2 * x", True),
        ("def f(target): return 0 < target < 1", False),
        ("def f(p_dlt, n): return len(p_dlt) == n", False),
        ("def f(p_dlt, levels): return levels[target] == 3", False),
        ("def f(p_dlt, target): return is_above(p_dlt, target)", False),
    ],
)
def test_the_search_sees_what_people_write(code: str, is_bare: bool) -> None:
    assert bool(list(comparisons("simulations.new", ast.parse(code)))) == is_bare


def test_in_escalation_a_target_is_a_p_dlt_where_it_is_a_float() -> None:
    level = ast.parse("def f(target: int, level: int) -> bool: return target > level")
    p_dlt = ast.parse("def f(target: float, rate: float) -> bool: return rate > target")
    assert list(comparisons("escalation.designs.new", level)) == []
    assert len(list(comparisons("escalation.designs.new", p_dlt))) == 1


@cache
def everywhere() -> list[tuple[str, str]]:
    return [
        (f"{module}:{line}", text)
        for module, _, tree in sources()
        for line, text in comparisons(module, tree)
    ]


def comparisons(module: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield line and text of each comparison in which a P(DLT), or its limit, is a term."""
    floats: dict[int, set[str]] = defaultdict(set)
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            parameters = float_parameters(function)
            for node in ast.walk(function) if parameters else ():
                floats[id(node)] |= parameters
    for node in ast.walk(tree):
        if not isinstance(node, ast.Compare) or not any(isinstance(op, ORDER) for op in node.ops):
            continue
        sides = [node.left, *node.comparators]
        moving = [side for side in sides if not is_zero_or_one(side)]
        if len(moving) == 1:  # with 0 or 1
            continue
        terms = {term for side in moving for term in terms_of(side)}
        if is_in(module, "escalation"):
            terms &= ALWAYS | floats[id(node)]
        if terms & NAMES:
            yield node.lineno, ast.unparse(node)


def float_parameters(function: ast.FunctionDef) -> set[str]:
    arguments = function.args
    return {
        one.arg
        for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
        if one.annotation is not None and "float" in ast.unparse(one.annotation)
    }


def is_zero_or_one(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value in (0, 1)


def terms_of(node: ast.AST) -> Iterator[str]:
    """Yield the names whose values are compared; an attribute's also with its dot."""
    match node:
        case ast.Name(id=name):
            yield name
        case ast.Attribute(attr=name):
            yield from (name, f".{name}")
        case ast.Subscript(value=value):  # an index is not compared
            yield from terms_of(value)
        case ast.Call(func=ast.Name(id="len" | "level_of")):
            return
        case ast.Call(func=function, args=arguments):
            if isinstance(function, ast.Attribute):
                yield from terms_of(function.value)
            for argument in arguments:
                yield from terms_of(argument)
        case _:
            for child in ast.iter_child_nodes(node):
                yield from terms_of(child)
