"""The tree of what can happen as a picture: cohorts from left to right, ends marked by MTD."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from matplotlib.axes import Axes

from escalation.designs.base import Decision
from escalation.errors import InputError
from escalation.figures.layout import (
    PAGE_WIDTH,
    SHEET_WIDTH,
    caption,
    first_lines,
    keep_inside,
    new_axes,
    plain,
    text_width,
    wrap,
)
from escalation.figures.style import (
    DARK,
    INK,
    LIGHT,
    styled,
)
from simulations.plots.provenance import describe_scenario
from simulations.questions.paths import PathNode

__all__ = ["plot_path_pages", "plot_paths"]


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
    continued: int = 0  # the number under which a later page goes on

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
_AROUND = 1.1  # caption and cohorts
_MOST_SLOTS = 42  # on a page
_MOST_PAGES = 100
_BOX, _WORDS = 6.5, 6.0  # points, in boxes and on lines
_BESIDE = 0.45  # inches right of the last boxes, for what says that it goes on
_FORK, _GAP = 0.1, 0.05  # inches from a box to the fork, and beside the words on a line


@styled
def plot_paths(
    roots: Sequence[PathNode],
    *,
    level_names: Sequence[str],
    design: str,
    scenario: str = "",
    trial: str = "",
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
    design, scenario, trial : str
        For the caption; ``trial`` is the trial's title.
    depth : int, optional
        Cohorts to draw; by default as many as fit a page, and the picture says that it goes on.
        ``plot_path_pages`` draws all that there are.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        Without roots, or for a depth below 1.
    """
    _check(roots, depth)
    names = _names(level_names)
    if depth is None:
        depth = 1
        while depth < _MOST_COHORTS:
            further = _blocks(roots, depth + 1, names)
            if sum(block.n_slots for block in further) > _MOST_SLOTS:
                break
            depth += 1
    said = _Said(design=design, scenario=scenario, trial=trial)
    return _plot(_blocks(roots, depth, names), names, said, ax=ax)


_MOST_COHORTS = 5


@styled
def plot_path_pages(
    roots: Sequence[PathNode],
    *,
    level_names: Sequence[str],
    design: str,
    scenario: str = "",
    trial: str = "",
) -> list[Axes]:
    """Plot the whole tree given, on as many pages as it takes; parameters as for ``plot_paths``.

    Where a page ends, a number says at which tree of a later page it goes on.

    Raises
    ------
    InputError
        Without roots, or if the tree would fill more than 100 pages.
    """
    _check(roots, None)
    names = _names(level_names)
    waiting = _blocks(roots, max(map(_depth, roots), default=0), names)
    sizes = _sizes([block.tree for block in waiting], names)
    most_cohorts = max(1, int((SHEET_WIDTH - 0.2 - _BESIDE - 2 * sizes.half) / sizes.pitch))
    pages: list[list[_Block]] = []
    n_continued = 0
    while waiting:
        block = waiting.pop(0)
        if not block.fits(most_cohorts):
            block, further = _cut(block, most_cohorts, n_continued, names)
            n_continued += len(further)
            waiting += further
        page = [block]
        while (
            waiting
            and waiting[0].first == block.first
            and waiting[0].fits(most_cohorts)
            and sum(one.n_slots for one in (*page, waiting[0])) <= _MOST_SLOTS
        ):
            page.append(waiting.pop(0))
        pages.append(page)
        if len(pages) > _MOST_PAGES:
            raise InputError(
                f"the tree would fill more than {_MOST_PAGES} pages; look fewer cohorts ahead"
            )
    said = _Said(design=design, scenario=scenario, trial=trial)
    words = [f"page {number} of {len(pages)}" for number in range(1, len(pages) + 1)]
    return [
        _plot(page, names, said, page=word if len(pages) > 1 else "", sizes=sizes)
        for page, word in zip(pages, words, strict=True)
    ]


def _check(roots: Sequence[PathNode], depth: int | None) -> None:
    if not roots:
        raise InputError("a tree needs at least one root")
    if depth is not None and depth < 1:
        raise InputError(f"depth must be a whole number from 1, not {depth}")


def _names(level_names: Sequence[str]) -> list[str]:
    return [plain(name) for name in first_lines(level_names)]


def _depth(node: PathNode) -> int:
    return max((1 + _depth(child) for child in node.children), default=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """What the caption says of the tree."""

    design: str
    scenario: str
    trial: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Block:
    """A tree on a page, with a heading where there are several."""

    tree: _Branch
    heading: str = ""
    first: int = 0  # cohorts before its root
    course: tuple[str, ...] = ()  # what was seen in them

    @property
    def n_slots(self) -> float:
        """Its height, in ends."""
        lines = self.heading.count("\n") + 1 if self.heading else 0
        return self.tree.n_ends + (0.4 + 0.6 * lines if lines else 0)

    def fits(self, most_cohorts: int) -> bool:
        return self.n_slots <= _MOST_SLOTS and self.tree.n_cohorts <= most_cohorts


def _blocks(roots: Sequence[PathNode], depth: int, names: Sequence[str]) -> list[_Block]:
    """Return a block for each root, to a depth; one that is alone needs no heading."""
    blocks = []
    for root in roots:
        tree = _branch(root, depth)
        heading = ""
        if len(roots) > 1 and tree.probability is not None:
            heading = f"{_pending(root, names)}\n{_percent(tree.probability)}"
        elif len(roots) > 1:
            heading = _pending(root, names)
        blocks.append(_Block(tree=tree, heading=heading))
    return blocks


def _cut(
    block: _Block, most_cohorts: int, n_before: int, names: Sequence[str]
) -> tuple[_Block, list[_Block]]:
    """Cut a block to as many cohorts as fit, at least one; return also the blocks to go on at."""
    depth = 1
    while depth < most_cohorts:
        heading = block.n_slots - block.tree.n_ends
        if _ends_to(block.tree, depth + 1) + heading > _MOST_SLOTS:
            break
        depth += 1
    blocks: list[_Block] = []

    def prune(tree: _Branch, left: int, course: tuple[str, ...]) -> _Branch:
        if not tree.children or tree.decision.level is None:
            return tree
        if not left:
            number = n_before + len(blocks) + 1
            heading = f"{number}: after {', '.join(course)}"
            heading = wrap(heading, PAGE_WIDTH - 0.4, _WORDS, bold=True)
            blocks.append(
                _Block(tree=tree, heading=heading, first=block.first + depth, course=course)
            )
            return replace(tree, children=(), continued=number)
        at = names[tree.decision.level]
        return replace(
            tree,
            children=tuple(
                prune(child, left - 1, (*course, f"{_seen(child)} at {at}"))
                for child in tree.children
            ),
        )

    return replace(block, tree=prune(block.tree, depth, block.course)), blocks


def _ends_to(tree: _Branch, depth: int) -> int:
    if not depth:
        return 1
    return sum(_ends_to(child, depth - 1) for child in tree.children) or 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sizes:
    """Half the widest box, and from one cohort to the next, in inches."""

    half: float
    pitch: float


def _sizes(trees: Sequence[_Branch], names: Sequence[str]) -> _Sizes:
    half = words = 0.0
    waiting = list(trees)
    while waiting:
        tree = waiting.pop()
        half = max(half, text_width(_what_next(tree.decision, names)[0], _BOX) / 2)
        words = max(words, text_width("  ".join(_on_line(tree)), _WORDS))
        waiting += tree.children
    half += 0.25 * _BOX / 72
    return _Sizes(half=half, pitch=2 * half + _FORK + words + 2 * _GAP)


def _plot(
    blocks: Sequence[_Block],
    names: Sequence[str],
    said: _Said,
    *,
    page: str = "",
    ax: Axes | None = None,
    sizes: _Sizes | None = None,
) -> Axes:
    """Draw blocks one below the other."""
    sizes = sizes or _sizes([block.tree for block in blocks], names)
    n_slots = sum(block.n_slots for block in blocks)
    n_cohorts = max(block.tree.n_cohorts for block in blocks)
    cut = any(_goes_on(block.tree) for block in blocks)
    room = PAGE_WIDTH - 0.2 - _BESIDE - 2 * sizes.half
    pitch = max(sizes.pitch, min(1.6 * sizes.pitch, room / max(1, n_cohorts)))
    sizes = replace(sizes, pitch=pitch)
    width = n_cohorts * sizes.pitch + 2 * sizes.half + _BESIDE
    sheet = max(PAGE_WIDTH, width + 0.15)
    ax = new_axes(ax, (sheet, _AROUND + _SLOT * n_slots))
    top = n_slots
    for block in blocks:
        if block.heading:
            ax.text(-sizes.half, top + 0.35, block.heading, fontsize=_WORDS, va="top",
                    linespacing=1.1, weight="bold")  # fmt: skip
            top -= block.n_slots - block.tree.n_ends
        _draw_branch(ax, block.tree, (0, top), names, sizes)
        top -= block.tree.n_ends
    for cohort in range(n_cohorts):
        x = cohort * sizes.pitch + sizes.half + _FORK + _GAP
        ax.text(x, n_slots + 1, f"cohort {blocks[0].first + cohort + 1}", fontsize=7,
                color=DARK)  # fmt: skip
    ax.set_xlim(-sizes.half - 0.04, max(width, sheet - 0.2) - sizes.half)
    ax.set_ylim(0.3, n_slots + 1.6)
    ax.set_axis_off()
    keep_inside(ax)
    key = "boxes: patients next, at which level; lines: DLTs of patients in that cohort"
    if blocks[0].tree.probability is not None:
        key += " and probability so far"
    if any(re.search(r"\dM+ at", block.heading) for block in blocks):
        key += "; M: moderate toxicity"
    if any(_continues(block.tree) for block in blocks):
        key += "; \N{RIGHTWARDS ARROW} with a number: goes on there, on a later page"
    if cut:
        key += "; …: the trial goes on"
    design, scenario, trial = said.design, said.scenario, said.trial
    caption(ax, design, describe_scenario(scenario) if scenario else "",
            "exact" if scenario else "", key, page, trial=trial)  # fmt: skip
    return ax


def _walk(tree: _Branch) -> Iterator[_Branch]:
    yield tree
    for child in tree.children:
        yield from _walk(child)


def _goes_on(tree: _Branch) -> bool:
    """Whether the trial goes on beyond what the tree has."""
    return any(
        one.decision.level is not None and not one.children and not one.continued
        for one in _walk(tree)
    )


def _continues(tree: _Branch) -> bool:
    return any(one.continued for one in _walk(tree))


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


def _draw_branch(
    ax: Axes, tree: _Branch, corner: tuple[int, float], names: Sequence[str], sizes: _Sizes
) -> float:
    """Draw a branch by its cohort and the height of its uppermost end; return its own height."""
    cohort, top = corner
    heights = []
    for child in tree.children:
        heights.append(_draw_branch(ax, child, (cohort + 1, top), names, sizes))
        top -= child.n_ends
    y = (heights[0] + heights[-1]) / 2 if heights else top
    x = cohort * sizes.pitch
    fork = x + sizes.half + _FORK
    for child, height in zip(tree.children, heights, strict=True):
        ax.plot((x, fork, fork, x + sizes.pitch), (y, y, height, height), color=DARK, zorder=1,
                linewidth=_line_width(child.probability), solid_joinstyle="miter")  # fmt: skip
        above = _line_width(child.probability) / 2 / 72 / _SLOT
        ax.text(fork + _GAP, height + 0.05 + above, "  ".join(_on_line(child)), fontsize=_WORDS,
                va="bottom")  # fmt: skip
    words, style = _what_next(tree.decision, names)
    box = {"boxstyle": "round,pad=0.25", "edgecolor": INK, "linewidth": 0.6, **style}
    ink = "white" if style["facecolor"] == DARK else INK
    ax.text(x, y, words, fontsize=_BOX, ha="center", va="center", zorder=3, color=ink, bbox=box)
    if tree.decision.level is not None and not tree.children:
        goes_on = f"\N{RIGHTWARDS ARROW} {tree.continued}" if tree.continued else "…"
        beside = x + text_width(words, _BOX) / 2 + 0.25 * _BOX / 72 + 0.04
        ax.text(beside, y, goes_on, fontsize=7, va="center", weight="bold")
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
    yield _seen(branch)
    if branch.probability is not None:
        yield _percent(branch.probability)


def _seen(branch: _Branch) -> str:
    """Say what was seen in the cohort that leads to a branch."""
    if branch.graded:
        return "/".join(branch.graded)
    some = branch.fewest < branch.most
    return f"{branch.fewest}{f'-{branch.most}' if some else ''} of {branch.n_patients}"


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
