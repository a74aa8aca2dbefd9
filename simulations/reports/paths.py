"""What can happen next as a page, a document and rows: a tree of cohorts, or complete paths."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Any, NamedTuple

from escalation.labels import Label
from escalation.protocol import Protocol, describe_decision
from escalation.reports.level_table import answer
from escalation.reports.view import Block, Paragraph, Verbatim, View
from simulations.questions.paths import Path, PathNode
from simulations.questions.question import Question, describe_p_moderate

__all__ = ["view_list", "view_tree"]

AT_ONCE = 1000  # lines in one block: there may be millions, and the first are wanted at once

LIST_COLUMNS = {
    "path": "number of the path, fewest DLTs first",
    "pending": "how the patients pending at the start turn out, in notation",
    "cohorts": "the cohorts, in notation",
    "probability": "of the path, 0 to 1; empty without a scenario",
    "mtd": "label of the level declared the MTD; empty where there is none",
    "inconclusive": "whether the MTD is not determined",
    "decision": "the decision that ends the trial",
}
TREE_COLUMNS = {
    "depth": "cohorts from the start",
    "pending": "how the patients pending at the start turn out, in notation",
    "cohorts": "the way there, in notation",
    "level": "label of the level of the last of them",
    "n_patients": "its patients",
    "n_dlts": "those of them with a DLT",
    "n_moderate": "those with a moderate toxicity, where it counts",
    "probability": "of coming there, 0 to 1; empty without a scenario",
    "action": "escalate, stay, deescalate or stop",
    "next_level": "label of the level of the next patients; empty where there are none",
    "n_to_enrol": "patients to enrol there",
    "mtd": "label of the level declared the MTD; empty where there is none",
    "decision": "the decision in a sentence",
}

Paths = Callable[[], Iterator[Path]]
Cohorts = Sequence[tuple[int, int, int]]


def view_list(question: Question, paths: Paths) -> View:
    """Return the view of every complete path; ``paths`` yields them afresh at each call."""
    return View(
        page=partial(_list_page, question.protocol, paths),
        document=partial(_list_document, question, paths),
        rows=partial(_list_rows, question.protocol, paths),
        columns=LIST_COLUMNS,
    )


def _list_page(protocol: Protocol, paths: Paths) -> Iterator[Block]:
    lines = (_path_line(path, protocol) for path in paths())
    while some := list(islice(lines, AT_ONCE)):
        yield Verbatim("\n".join(some))


def _path_line(path: Path, protocol: Protocol) -> str:
    pending = _pending_text(path.pending, path.pending_moderate, protocol)
    course = " ".join(_short(path.cohorts, path.n_moderate, protocol))
    shown = "" if path.probability is None else f"{path.probability:.6f}  "
    return f"{shown}{pending}{course}  {describe_decision(path.decision, protocol, briefly=True)}"


def _list_document(question: Question, paths: Paths) -> dict[str, Any]:
    protocol = question.protocol
    listed = [
        {
            "pending": _cohorts(path.pending, path.pending_moderate, protocol),
            "cohorts": _cohorts(path.cohorts, path.n_moderate, protocol),
            "probability": path.probability,
            "mtd": _label(path.decision.mtd, protocol),
            "inconclusive": path.decision.inconclusive,
        }
        for path in paths()
    ]
    return {**question.heading(), "n_paths": len(listed), "paths": listed}


def _list_rows(protocol: Protocol, paths: Paths) -> Iterator[Sequence[object]]:
    yield tuple(LIST_COLUMNS)
    for number, path in enumerate(paths(), start=1):
        yield (
            number,
            " ".join(_short(path.pending, path.pending_moderate, protocol)),
            " ".join(_short(path.cohorts, path.n_moderate, protocol)),
            path.probability,
            _label(path.decision.mtd, protocol),
            path.decision.inconclusive,
            describe_decision(path.decision, protocol),
        )


def view_tree(question: Question, roots: Sequence[PathNode], n_paths: int | None) -> View:
    """Return the view of the next cohorts; ``n_paths`` is how many complete paths there are.

    None where they are not counted.
    """
    return View(
        page=partial(_tree_page, question, roots, n_paths),
        document=lambda: {
            **question.heading(),
            "n_paths": n_paths,
            "tree": [_node(root, question.protocol) for root in roots],
        },
        rows=partial(_tree_rows, question.protocol, roots),
        columns=TREE_COLUMNS,
    )


def _tree_page(
    question: Question, roots: Sequence[PathNode], n_paths: int | None
) -> Iterator[Block]:
    yield question.origin()
    if question.scenario is not None:
        yield Paragraph(
            f"Scenario {question.scenario.name}; each line with the probability of coming there."
        )
    if question.p_moderate is not None:
        yield Paragraph(f"{describe_p_moderate(question.p_moderate)}.", "  ")
    lines = [line for root in roots for line in _tree_lines(root, question.protocol)]
    yield Verbatim(
        "\n".join(line.text for line in lines), [(line.lead, line.hang) for line in lines]
    )
    if question.protocol.regimens:
        yield Paragraph(question.protocol.regimens, "  ")
    if n_paths is None:
        yield Paragraph("There are more complete paths than are counted here.")
    else:
        yield Paragraph(f"{n_paths} complete paths; --list prints them.")


def _node(node: PathNode, protocol: Protocol) -> dict[str, Any]:
    moderate = {"n_moderate": node.n_moderate} if protocol.design.asks_moderate else {}
    return {
        "level": _label(node.level, protocol),
        "n_patients": node.n_patients,
        "n_dlts": node.n_dlts,
        **moderate,
        "probability": node.probability,
        "decision": answer(protocol, node.decision),
        "pending": _cohorts(node.pending, node.pending_moderate, protocol),
        "children": [_node(child, protocol) for child in node.children],
    }


def _tree_rows(protocol: Protocol, roots: Sequence[PathNode]) -> Iterator[Sequence[object]]:
    """Yield a row a node, below the names of the columns; ``cohorts`` is the way there."""
    yield tuple(TREE_COLUMNS)
    for root in roots:
        pending = " ".join(_short(root.pending, root.pending_moderate, protocol))
        yield from _node_rows(root, protocol, pending, ())


def _node_rows(
    node: PathNode, protocol: Protocol, pending: str, course: tuple[str, ...]
) -> Iterator[Sequence[object]]:
    if node.level is not None:
        cohort = [(node.level, node.n_patients, node.n_dlts)]
        course = (*course, *_short(cohort, [node.n_moderate], protocol))
    said = node.decision
    yield (
        *(len(course), pending, " ".join(course), _label(node.level, protocol)),
        *(node.n_patients, node.n_dlts, node.n_moderate, node.probability),
        *(said.action, _label(said.level, protocol), said.n_to_enrol, _label(said.mtd, protocol)),
        describe_decision(said, protocol),
    )
    for child in node.children:
        yield from _node_rows(child, protocol, pending, course)


def _label(level: int | None, protocol: Protocol) -> Label | None:
    return None if level is None else protocol.labels[level]


def _cohorts(
    cohorts: Cohorts, n_moderate: Sequence[int], protocol: Protocol
) -> list[dict[str, Label]]:
    listed = [
        {"level": protocol.labels[level], "n_patients": n, "n_dlts": x} for level, n, x in cohorts
    ]
    if protocol.design.asks_moderate:
        for cohort, n in zip(listed, n_moderate, strict=True):
            cohort["n_moderate"] = n
    return listed


def _short(cohorts: Cohorts, n_moderate: Sequence[int], protocol: Protocol) -> Iterator[str]:
    """Write cohorts as ``1:0/3``; with a letter M for each moderate toxicity that counts."""
    for (level, n, x), m in zip(cohorts, n_moderate, strict=True):
        yield f"{protocol.labels[level]}:{x}/{n}{'M' * m}"


def _pending_text(cohorts: Cohorts, n_moderate: Sequence[int], protocol: Protocol) -> str:
    return f"pending {' '.join(_short(cohorts, n_moderate, protocol))}  " if cohorts else ""


class _Line(NamedTuple):
    """A line of a tree; the rails that it begins with, and those before the rest of it."""

    text: str
    lead: str
    hang: str


def _tree_lines(
    node: PathNode, protocol: Protocol, branch: str = "", rail: str = ""
) -> Iterator[_Line]:
    """Draw a tree in ASCII, a line a node."""
    seen = _node_text(node, protocol)
    said = describe_decision(node.decision, protocol, briefly=True)
    below = "|" if node.children else " "
    yield _Line(f"{branch}{seen}{said}", f"{branch}{seen}", f"{rail}{below}    ")
    for place, child in enumerate(node.children, start=1):
        last = place == len(node.children)
        here, there = ("`- ", "   ") if last else ("|- ", "|  ")
        yield from _tree_lines(child, protocol, f"{rail}{here}", f"{rail}{there}")


def _node_text(node: PathNode, protocol: Protocol) -> str:
    shown = "" if node.probability is None else f"{node.probability:.4f} "
    if node.level is None:
        return _pending_text(node.pending, node.pending_moderate, protocol) + shown
    seen = f"{node.n_dlts}/{node.n_patients}{'M' * node.n_moderate}"
    return f"{protocol.labels[node.level]}: {seen} {shown} "
