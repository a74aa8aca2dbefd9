"""What the next cohorts can bring from where a trial stands: a tree, with probabilities."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from functools import partial

from escalation.designs.pending import count_resolutions
from escalation.designs.walk import walk_design
from escalation.labels import Label
from escalation.outcomes import last_tally
from escalation.protocol import Protocol, describe_decision
from escalation.reports.trial.follow_up import say_follow_up
from escalation.reports.view import Block, Item, Items, Paragraph
from escalation.text import count
from escalation.trial import TrialState
from escalation.trial.rule import counted_tallies, rule_says
from simulations.graph.build import build_graph
from simulations.questions.paths import PathNode, path_tree
from simulations.questions.question import check_p_moderate, describe_p_moderate
from simulations.scenarios.scenario import Scenario

__all__ = ["N_COHORTS", "next_cohorts", "why_not_from_here"]

N_COHORTS = 2
MAX_ROOTS = 24  # ways in which pending patients can turn out; more fill a page


def next_cohorts(
    state: TrialState,
    scenario: Scenario | None = None,
    *,
    p_moderate: Sequence[float] | None = None,
    n_cohorts: int = N_COHORTS,
    on: date | None = None,
) -> Iterator[Block]:
    """Yield the tree of the next cohorts as nested lists, or why there is none.

    Its cost does not depend on how large the whole trial can become.

    Parameters
    ----------
    state : TrialState
    scenario : Scenario, optional
        P(DLT) by level, to give each branch its probability.
    p_moderate : sequence of float, length L, optional
        P(moderate toxicity | no DLT) by level, for a design that counts them.
    n_cohorts : int
        Cohorts to look ahead.
    on : date, optional
        Until when pending patients have been followed, for a design that asks for it.

    Raises
    ------
    InputError
        If the numbers do not fit the ladder.
    """
    why_not = why_not_from_here(state)
    if why_not is not None or state.protocol is None:
        yield Paragraph(f"What the next cohorts can bring: {why_not}.")
        return
    protocol, last, tallies = state.protocol, state.last_written(), counted_tallies(state)
    design = protocol.design
    check_p_moderate(p_moderate, [design])
    if count_resolutions(tallies, moderate=design.asks_moderate) > MAX_ROOTS:
        yield Paragraph(
            "What the next cohorts can bring: so many patients are pending that the tree would "
            "fill pages; ask again when fewer are."
        )
        return
    graph = build_graph(
        design,
        tallies,
        protocol.labels.index(last[-1].label) if last else None,
        last=last_tally(last),
        p_moderate=p_moderate,
        walk_by=partial(walk_design, n_cohorts=n_cohorts),
    )
    if protocol.design.asks_follow_up:
        said = describe_decision(rule_says(state, on), protocol)
        yield Paragraph(f"The rule now, by follow-up: {said}")
        yield from map(Paragraph, () if on is None else say_follow_up(state, protocol, on))
        yield Paragraph("Below, each decision is on cohorts that are complete.")
    roots = path_tree(graph, None if scenario is None else scenario.p_dlt, depth=n_cohorts)
    yield from _tree(roots, protocol)
    if scenario is not None:
        curve = ", ".join(f"{p:g}" for p in scenario.p_dlt)
        named = "" if scenario.name == curve.replace(" ", "") else f"{scenario.name}: "
        yield Paragraph(f"Exact, with P(DLT) by level {named}{curve}.")
    if p_moderate is not None:
        yield Paragraph(f"{describe_p_moderate(p_moderate)}.")
    yield Paragraph("The rule is followed from here; the committee may choose otherwise.")


def why_not_from_here(state: TrialState) -> str | None:
    """Say why nothing is foreseen from where a trial stands; None where something is."""
    protocol = state.protocol
    if protocol is None:
        return "the trial has no protocol that can be read"
    if state.closed is not None or state.stopped is not None or rule_says(state).has_ended:
        return "the escalation has ended"
    if protocol.backfill.max_per_level is not None and protocol.backfill.counted != "never":
        return "backfill counts at decisions, which the exact figures do not go on from"
    return None


def _tree(roots: Sequence[PathNode], protocol: Protocol) -> Iterator[Block]:
    if len(roots) == 1 and not roots[0].pending:
        (root,) = roots
        yield Paragraph(f"The rule now: {describe_decision(root.decision, protocol)}")
        yield Items(_items(root.children, protocol))
        return
    yield Paragraph("By how the pending patients turn out, and then by cohort:")
    yield Items(
        [Item(_root(root, protocol), items=_items(root.children, protocol)) for root in roots]
    )


def _items(nodes: Sequence[PathNode], protocol: Protocol) -> tuple[Item, ...]:
    return tuple(
        Item(_cohort(node, protocol), items=_items(node.children, protocol)) for node in nodes
    )


def _cohort(node: PathNode, protocol: Protocol) -> str:
    label = protocol.labels[node.level or 0]  # below a root there always is a level
    return _said(_seen(node.n_dlts, node.n_patients, node.n_moderate, label), node, protocol)


def _root(root: PathNode, protocol: Protocol) -> str:
    moderate = root.pending_moderate or (0,) * len(root.pending)
    seen = " and ".join(
        _seen(n_dlts, n, n_moderate, protocol.labels[level], "pending ")
        for (level, n, n_dlts), n_moderate in zip(root.pending, moderate, strict=True)
    )
    return _said(seen, root, protocol)


def _seen(n_dlts: int, n: int, n_moderate: int, label: Label, who: str = "") -> str:
    """Say a cohort: ``1 DLT in 3 at level 2``."""
    also = f" and {n_moderate} with a moderate toxicity" if n_moderate else ""
    return f"{count(n_dlts, 'DLT')} in {n} {who}at level {label}{also}"


def _said(seen: str, node: PathNode, protocol: Protocol) -> str:
    chance = "" if node.probability is None else f" ({_percent(node.probability)})"
    return f"{seen}{chance}: {describe_decision(node.decision, protocol, briefly=True)}"


def _percent(p: float) -> str:
    """Write a probability; what rounds to none or to all is said to be near it."""
    if 0 < p < 0.0005:
        return "below 0.1 %"
    if 0.9995 <= p < 1:
        return "above 99.9 %"
    return f"{100 * p:.1f} %"
