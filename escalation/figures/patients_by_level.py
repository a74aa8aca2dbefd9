"""Who was treated at which level and when, and how it ended: O, X and ? on the ladder."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from escalation.errors import InputError
from escalation.figures.layout import PAGE_WIDTH, new_axes, place_above, plain, wrap
from escalation.figures.style import ACCENT, INK, LIGHT, MIDDLE, styled
from escalation.labels import Label
from escalation.trial import TrialState
from escalation.trial.events import Purpose
from escalation.trial.patients.subjects import Standing, Subject

__all__ = ["plot_patients_by_level"]

# Marker, colour of its edge, colour of its face; the letters are the ones that papers draw.
_MARKS = {
    Standing.NO_DLT: ("o", INK, "white"),
    Standing.MODERATE: ("o", INK, MIDDLE),
    Standing.DLT: ("x", ACCENT, ACCENT),
    Standing.PENDING: ("$?$", INK, INK),
    Standing.UNRULED: ("$?$", MIDDLE, MIDDLE),
    Standing.NOT_EVALUABLE: ("_", INK, INK),
}
_SAID = {
    Standing.NO_DLT: "O no DLT",
    Standing.MODERATE: "moderate, no DLT",
    Standing.DLT: "X DLT",
    Standing.PENDING: "? pending",
    Standing.UNRULED: "? to be ruled",
    Standing.NOT_EVALUABLE: "not evaluable",
}
_SIZE = 6.0  # points of a mark
_LEVEL = 0.34  # inches of a level
_FEWEST = 12  # patients for whom there is room
_NAMES = 1.5  # inches beside the axes, about
_DAY = 0.75  # inches of a day that is written below


@styled
def plot_patients_by_level(state: TrialState, *, ax: Axes | None = None) -> Axes:
    """Plot every patient dosed: the order across, the level up, and the outcome as a mark.

    Parameters
    ----------
    state : TrialState
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        If nobody has been dosed.
    """
    by_day = [(s.dosed_at, s) for s in state.subjects.values() if s.dosed_at is not None]
    dosed = [subject for _, subject in sorted(by_day, key=lambda pair: pair[0])]
    if not dosed or state.protocol is None:
        raise InputError("nobody has been dosed: there are no patients to draw")
    labels = _labels(state, dosed)
    ax = new_axes(ax, (PAGE_WIDTH, 1.2 + _LEVEL * len(labels)))
    size = min(_SIZE, 0.8 * 72 * (PAGE_WIDTH - _NAMES) / len(dosed))
    for place, subject in enumerate(dosed, start=1):
        mark, edge, face = _MARKS[subject.standing]
        level = labels.index(subject.level)
        ax.plot([place], [level], marker=mark, linestyle="none", markersize=size, zorder=3,
                markeredgecolor=edge, markerfacecolor=face, markeredgewidth=1.1)  # fmt: skip
        if subject.purpose is not Purpose.ESCALATION:
            ax.plot([place], [level], "s", markersize=size + 4, markeredgecolor=MIDDLE,
                    markerfacecolor="none", markeredgewidth=0.7)  # fmt: skip
    for level in range(len(labels)):
        ax.axhline(level, color=LIGHT, linewidth=0.6, zorder=0)
    ax.set_xlim(0.3, max(len(dosed), _FEWEST) + 0.7)
    ax.set_ylim(-0.55, len(labels) - 0.45)
    ax.set_yticks(range(len(labels)), [plain(_name(state, label)) for label in labels])
    ax.tick_params(axis="y", length=0)
    inches = (PAGE_WIDTH - _NAMES) / max(len(dosed), _FEWEST)  # of a patient
    named = range(0, len(dosed), ceil(_DAY / inches))
    ax.set_xticks([k + 1 for k in named], [str(dosed[k].dosed_on) for k in named])
    ax.set_xlabel("Patients in order of infusion, and the day of some")
    _add_legend(ax, dosed)
    return ax


def _labels(state: TrialState, dosed: Sequence[Subject]) -> list[Label]:
    """Return the ladder's labels; those that an amendment took off it, if used, on top."""
    known = list(state.protocol.labels) if state.protocol is not None else []
    return [*known, *dict.fromkeys(s.level for s in dosed if s.level not in known)]


def _name(state: TrialState, label: Label) -> str:
    protocol = state.protocol
    if protocol is None or label not in protocol.labels:
        return f"level {label}"
    said = protocol.describe_level(protocol.labels.index(label), briefly=True)
    return wrap(said.replace(", ", "\n", 1), 1.3, 7)


def _add_legend(ax: Axes, dosed: Sequence[Subject]) -> None:
    seen = {subject.standing for subject in dosed}
    shown = [one for one in _MARKS if one in seen]
    handles = [
        Line2D([], [], marker=_MARKS[one][0], linestyle="none", markeredgecolor=_MARKS[one][1],
               markerfacecolor=_MARKS[one][2], markersize=5)
        for one in shown
    ]  # fmt: skip
    words = [_SAID[one] for one in shown]
    if any(subject.purpose is not Purpose.ESCALATION for subject in dosed):
        handles.append(Line2D([], [], marker="s", linestyle="none", markeredgecolor=MIDDLE,
                              markerfacecolor="none", markersize=7))  # fmt: skip
        words.append("backfill or expansion")
    place_above(ax, handles, words, len(words))
