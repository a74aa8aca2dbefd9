"""The path of an escalation so far: cohort after cohort on the ladder, and where the rule goes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from matplotlib.axes import Axes

from escalation.designs.base import Action
from escalation.errors import InputError
from escalation.figures.layout import PAGE_WIDTH, new_axes, plain, wrap
from escalation.figures.style import ACCENT, INK, LIGHT, MIDDLE, styled
from escalation.reports.trial.figure_words import say_seen
from escalation.trial import TrialState
from escalation.trial.events import Purpose
from escalation.trial.rule import rule_says

__all__ = ["plot_path"]

_LEVEL = 0.36  # inches of a level
_FEW, _MOST = 12, 30  # cohorts whose counts are written large, and at all


@styled
def plot_path(state: TrialState, on: date | None = None, *, ax: Axes | None = None) -> Axes:
    """Plot the escalation's cohorts in order, with DLTs of evaluable, and what the rule says next.

    A cohort that was opened further than the rule went has an edge of another colour.

    Parameters
    ----------
    state : TrialState
    on : date, optional
        The day, as of ``rule_says``.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        If no cohort of the escalation has been opened.
    """
    protocol = state.protocol
    cohorts = [c for c in state.cohorts if c.purpose is Purpose.ESCALATION]
    if not cohorts or protocol is None:
        raise InputError("no cohort of the escalation has been opened: there is no path to draw")
    labels = [*protocol.labels]
    labels += dict.fromkeys(c.level for c in cohorts if c.level not in labels)
    ax = new_axes(ax, (PAGE_WIDTH, 0.9 + _LEVEL * len(labels)))
    across = list(range(1, len(cohorts) + 1))
    up = [labels.index(cohort.level) for cohort in cohorts]
    ax.plot(across, up, "-", color=MIDDLE, linewidth=1.2, zorder=1)
    points = 7.0 if len(cohorts) <= _FEW else 5.0
    for x, y, cohort in zip(across, up, cohorts, strict=True):
        made = state.find_decision(cohort.decision)
        further = made is not None and made.event.departure
        edge = ACCENT if further else INK
        if len(cohorts) > _MOST:
            ax.plot([x], [y], "o", color=edge, markersize=3)
            continue
        ax.text(x, y, say_seen(state, cohort), fontsize=points, ha="center", va="center",
                zorder=3, bbox={"boxstyle": "round,pad=0.35", "facecolor": "white",
                                "edgecolor": edge, "linewidth": 0.9})  # fmt: skip
    _draw_next(ax, state, on, len(cohorts), up[-1])
    for place in range(len(labels)):
        ax.axhline(place, color=LIGHT, linewidth=0.6, zorder=0)
    names = [
        wrap(protocol.describe_level(k, briefly=True).replace(", ", "\n", 1), 1.3, 7)
        if k < len(protocol.labels)
        else f"level {label}"
        for k, label in enumerate(labels)
    ]
    ax.set_yticks(range(len(labels)), list(map(plain, names)))
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(-0.55, len(labels) - 0.45)
    ax.set_xlim(0.4, len(cohorts) + 1.9)
    few = len(cohorts) <= _MOST
    ticks: Sequence[int] = range(len(cohorts)) if few else range(0, len(cohorts), 10)
    ax.set_xticks([k + 1 for k in ticks], [str(cohorts[k].number) for k in ticks])
    ax.set_xlabel("Cohort")
    return ax


def _draw_next(ax: Axes, state: TrialState, on: date | None, x: int, y: int) -> None:
    """Draw where the rule would go from here; while it waits, a question mark."""
    decision = rule_says(state, on)
    ahead, said = y, "?"
    if decision.action is Action.STOP:
        said = "stop"
        if decision.mtd is not None:
            ahead, said = decision.mtd, "MTD"
    elif decision.level is not None and decision.action is not Action.WAIT:
        ahead, said = decision.level, f"{decision.n_to_enrol} more"
    ax.annotate(said, (x + 0.25, y), (x + 1.2, ahead), fontsize=7, ha="center", va="center",
                color=INK, arrowprops={"arrowstyle": "<-", "linestyle": (0, (2, 1.5)),
                                       "color": INK, "linewidth": 0.8})  # fmt: skip
