"""The patients whom endpoints are about: who was dosed, by level, by disease, and all of them."""

from __future__ import annotations

from collections.abc import Sequence

from escalation.dataclass import dataclass
from escalation.labels import Label
from escalation.trial.state import TrialState

__all__ = ["Group", "Treated", "groups_of", "treated_in"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Treated:
    """A patient who was dosed.

    Attributes
    ----------
    subject : str
    level : int or str
        Label of the level.
    disease : str or None
        As the plan names it, from screening.
    """

    subject: str
    level: Label
    disease: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Patients who are summarised together.

    Attributes
    ----------
    kind : str
        ``level``, ``disease`` or ``all``.
    label : int, str or None
        Of the level, or the disease; None for all, and for patients whose disease is not recorded.
    name : str
        As people read it.
    subjects : tuple of str
        In the order of enrolment.
    """

    kind: str
    label: Label | None
    name: str
    subjects: tuple[str, ...]


def treated_in(state: TrialState) -> list[Treated]:
    """Return everybody who was dosed, in the order of enrolment."""
    treated = []
    for subject in state.subjects.values():
        if subject.dosing is not None:
            screening = state.chart(subject.id).screening
            disease = None if screening is None else screening.event.disease
            treated.append(Treated(subject=subject.id, level=subject.level, disease=disease))
    return treated


def groups_of(
    state: TrialState, treated: Sequence[Treated], *, diseases: bool = False
) -> list[Group]:
    """Return the levels where somebody was treated, lowest first, diseases if asked for, and all.

    Diseases are in the plan's order; there are none where no patient's is recorded.
    """
    levels = () if state.protocol is None else state.protocol.labels
    groups = [
        _group("level", label, f"level {label}", [one for one in treated if one.level == label])
        for label in dict.fromkeys([*levels, *(one.level for one in treated)])
    ]
    if diseases and any(one.disease is not None for one in treated):
        labels = {} if state.plan is None else {one.name: one.label for one in state.plan.diseases}
        for name in dict.fromkeys([*labels, *(one.disease for one in treated), None]):
            said = "disease not recorded" if name is None else labels.get(name, name)
            having = [one for one in treated if one.disease == name]
            groups.append(_group("disease", name, said, having))
    return [*(one for one in groups if one.subjects), _group("all", None, "all patients", treated)]


def _group(kind: str, label: Label | None, name: str, members: Sequence[Treated]) -> Group:
    subjects = tuple(one.subject for one in members)
    return Group(kind=kind, label=label, name=name, subjects=subjects)
