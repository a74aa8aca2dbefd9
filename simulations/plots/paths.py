"""The tree of what can happen as a picture: cohorts from left to right, ends marked by MTD."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from matplotlib.axes import Axes

from escalation.designs.base import Decision
from escalation.errors import InputError
from escalation.figures.style import (
    DARK,
    INK,
    LIGHT,
    PAGE_WIDTH,
    caption,
    first_lines,
    new_axes,
    plain,
    styled,
)
from simulations.plots.provenance import describe_scenario
from simulations.questions.paths import PathNode

__all__ = ["plot_paths"]

_TIMES = "\N{MULTIPLICATION SIGN}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Branch:
    """A node of the tree as drawn, siblings with the same future taken together."""

    n_patients: int
    fewest: int
    most: int
    probability: float | None
    decision: Decision
    children: tuple[_Branch, ...]
    graded: tuple[str, ...] = ()  # what the one patient had, where moderate toxicities count

    @property
    def future(self) -> object:
        here = (self.decision.level, self.decision.n_to_enrol, self.decision.mtd)
        further = tuple(
            (child.fewest, child.most, child.graded, child.future) for child in self.children
        )
        return (*here, self.decision.inconclusive, further)

    @property
    def n_ends(self) -> int:
        return sum(child.n_ends for child in self.children) or 1

    @property
    def n_cohorts(self) -> int:
        return max((1 + child.n_cohorts for child in self.children), default=0)


_SLOT = 0.2  # inches an end
_MOST_ENDS = 42  # on a page
_MOST_COHORTS = 5


@styled
def plot_paths(
    roots: Sequence[PathNode],
    *,
    level_names: Sequence[str],
    design: str,
    scenario: str = "",
    depth: int | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Plot the tree of what can happen, cohorts from left to right.

    A box is the next cohort, on the line to it stand the DLTs that lead there and the
    probability of coming so far. Numbers of DLTs with the same steps after them, as far as drawn,
    share a line. Where moderate toxicities count, what the one patient had stands there.

    Parameters
    ----------
    roots : sequence of PathNode
        As ``simulations.questions.paths.path_tree`` returns them.
    level_names : sequence of str, length L
    design, scenario : str
        For the caption.
    depth : int, optional
        Cohorts to draw; by default as many as fit a page.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
    """
    trees = _prune(roots, depth)
    n_ends = sum(tree.n_ends for tree in trees)
    n_cohorts = max(tree.n_cohorts for tree in trees)
    ax = new_axes(ax, (max(PAGE_WIDTH, 1.3 * (n_cohorts + 1)), 0.8 + _SLOT * n_ends))
    top = float(n_ends)
    names = [plain(name) for name in first_lines(level_names)]
    for root, tree in zip(roots, trees, strict=True):
        _draw_branch(ax, tree, 0, top, names)
        if len(trees) > 1 and tree.probability is not None:
            y = top - (tree.n_ends - 1) / 2
            words = f"{_pending(root, names)}\n{_percent(tree.probability)}"
            ax.text(0, y + 0.5, words, fontsize=6, ha="center", va="bottom")
        top -= tree.n_ends
    for cohort in range(n_cohorts):
        ax.text(cohort + 0.6, n_ends + 1, f"cohort {cohort + 1}", fontsize=7, color=DARK,
                ha="center")  # fmt: skip
    ax.set_xlim(-0.2, n_cohorts + 0.35)
    ax.set_ylim(0.3, n_ends + 1.6)
    ax.set_axis_off()
    key = "boxes: patients next, at which level; lines: DLTs of patients in that cohort"
    if trees[0].probability is not None:
        key += " and probability so far"
    if any(map(any, (root.pending_moderate for root in roots))):
        key += "; M: moderate toxicity"
    caption(ax, design, describe_scenario(scenario) if scenario else "",
            "exact" if scenario else "", key)  # fmt: skip
    return ax


def _prune(roots: Sequence[PathNode], depth: int | None) -> list[_Branch]:
    """Cut the tree to ``depth`` cohorts, or to as many as fit a page."""
    if not roots:
        raise InputError("a tree needs at least one root")
    if depth is not None:
        if depth < 1:
            raise InputError(f"depth must be a whole number from 1, not {depth}")
        return [_branch(root, depth) for root in roots]
    fitting = [_branch(root, 1) for root in roots]
    for further in range(2, _MOST_COHORTS + 1):
        trees = [_branch(root, further) for root in roots]
        if sum(tree.n_ends for tree in trees) > _MOST_ENDS:
            break
        fitting = trees
    return fitting


def _branch(node: PathNode, depth: int) -> _Branch:
    """Return a node as drawn, with ``depth`` cohorts to come."""
    children: list[_Branch] = []
    for child in node.children if depth else ():
        branch = _branch(child, depth - 1)
        if node.decision.counts_moderate:
            had = "moderate" if child.n_moderate else "DLT" if child.n_dlts else "none"
            branch = replace(branch, graded=(had,))
        if children and children[-1].future == branch.future:
            branch = _join(children.pop(), branch)
        children.append(branch)
    return _Branch(
        n_patients=node.n_patients,
        fewest=node.n_dlts,
        most=node.n_dlts,
        probability=node.probability,
        decision=node.decision,
        children=tuple(children),
    )


def _join(one: _Branch, other: _Branch) -> _Branch:
    """Take two branches with the same future together."""
    return _Branch(
        n_patients=one.n_patients,
        fewest=one.fewest,
        most=other.most,
        probability=_sum(one.probability, other.probability),
        decision=one.decision,
        children=tuple(map(_join, one.children, other.children)),
        graded=tuple(dict.fromkeys((*one.graded, *other.graded))),
    )


def _sum(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one + other


def _draw_branch(ax: Axes, tree: _Branch, x: float, top: float, names: Sequence[str]) -> float:
    """Draw a branch whose uppermost end is at ``top``; return its own height."""
    heights = []
    for child in tree.children:
        heights.append(_draw_branch(ax, child, x + 1, top, names))
        top -= child.n_ends
    y = (heights[0] + heights[-1]) / 2 if heights else top
    for child, height in zip(tree.children, heights, strict=True):
        ax.plot((x, x + 0.3, x + 0.3, x + 1), (y, y, height, height), color=DARK, zorder=1,
                linewidth=_line_width(child.probability), solid_joinstyle="miter")  # fmt: skip
        ax.text(x + 0.34, height + 0.08, "  ".join(_on_line(child)), fontsize=6, va="bottom")
    words, style = _what_next(tree.decision, names)
    box = {"boxstyle": "round,pad=0.25", "edgecolor": INK, "linewidth": 0.6, **style}
    ink = "white" if style["facecolor"] == DARK else INK
    ax.text(x, y, words, fontsize=6.5, ha="center", va="center", zorder=3, color=ink, bbox=box)
    if tree.decision.level is not None and not tree.children:
        ax.annotate("…", (x, y), (17, 0), textcoords="offset points", va="center")
    return y


def _pending(root: PathNode, names: Sequence[str]) -> str:
    """Say how the patients pending at the start turned out."""
    turned_out = ", ".join(
        f"{x}/{n}{'M' * m} at {names[level]}"
        for (level, n, x), m in zip(root.pending, root.pending_moderate, strict=True)
    )
    return f"pending {turned_out}" if turned_out else ""


def _line_width(probability: float | None) -> float:
    return 0.8 if probability is None else 0.4 + 3 * probability


def _on_line(branch: _Branch) -> Iterator[str]:
    some = branch.fewest < branch.most
    if branch.graded:
        yield "/".join(branch.graded)
    else:
        yield f"{branch.fewest}{f'-{branch.most}' if some else ''} of {branch.n_patients}"
    if branch.probability is not None:
        yield _percent(branch.probability)


def _percent(probability: float) -> str:
    return f"{100 * probability:.1f} %" if probability == 0 or probability >= 5e-4 else "<0.1 %"


def _what_next(decision: Decision, names: Sequence[str]) -> tuple[str, dict[str, str]]:
    """Return what stands in a box, and how the box looks."""
    if decision.level is not None:
        return f"{decision.n_to_enrol} at {names[decision.level]}", {"facecolor": "white"}
    if decision.mtd is not None:
        return f"MTD {names[decision.mtd]}", {"facecolor": LIGHT}
    if decision.inconclusive:
        return "not determined", {"facecolor": "white", "linestyle": "dashed"}
    if not decision.settled:
        return "wait", {"facecolor": "white", "linestyle": "dotted"}
    return "no MTD", {"facecolor": DARK}
