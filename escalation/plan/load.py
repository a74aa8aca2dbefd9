"""Loading plans: the shipped ones by name, your own from a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from escalation.plan.plan import Plan, PlanError
from escalation.protocol.shelf import Shelf

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["load_plan", "shipped_plans"]

_SHELF = Shelf(folder="plans", noun="plan", error=PlanError)


def shipped_plans() -> tuple[str, ...]:
    """Return the names of the plans that come with the program.

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> "nct07123519" in shipped_plans()
    True
    """
    return _SHELF.names()


def load_plan(name_or_path: str | Path) -> Plan:
    """Load a shipped plan by name, or a plan file by path.

    Parameters
    ----------
    name_or_path : str or Path
        A file called like a shipped plan is reached as ``./name``.

    Returns
    -------
    Plan

    Raises
    ------
    PlanError
        With every fault of the file.
    InputError
        Where neither a name nor a file is given.

    Examples
    --------
    >>> [visit.name for visit in load_plan("nct07123519").visits][:4]
    ['D0', 'D4', 'D7', 'D10']
    """
    document = _SHELF.document(name_or_path)
    if document is not None:
        return Plan.from_document(document)
    # pydantic guards the border, and only those who come across it pay for its import
    from escalation.plan.file import MAX_BYTES, parse_plan  # noqa: PLC0415

    return parse_plan(_SHELF.read(str(name_or_path), MAX_BYTES + 1), str(name_or_path))
