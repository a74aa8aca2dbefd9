"""Loading plans: the shipped ones by name, your own from a file."""

from __future__ import annotations

import os
import tomllib
from typing import TYPE_CHECKING

from escalation.errors import InputError, did_you_mean, reason
from escalation.plan.plan import Plan, PlanError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["load_plan", "shipped_plans"]

_SHIPPED = os.path.join(os.path.dirname(os.path.dirname(__file__)), "plans")


def shipped_plans() -> tuple[str, ...]:
    """Return the names of the plans that come with the program.

    Examples
    --------
    >>> "nct07123519" in shipped_plans()
    True
    """
    files = (name.partition(".") for name in os.listdir(_SHIPPED))
    return tuple(sorted(stem for stem, _, ending in files if ending == "toml"))


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
    if not isinstance(name_or_path, str | os.PathLike):
        raise InputError(f"a plan is loaded by its name or file, not {name_or_path!r}")
    name_or_path = str(name_or_path)
    if name_or_path in shipped_plans():
        with open(os.path.join(_SHIPPED, f"{name_or_path}.toml"), "rb") as file:
            return Plan.from_document(tomllib.load(file))
    # pydantic guards the border, and only those who come across it pay for its import
    from pathlib import Path  # noqa: PLC0415

    from escalation.plan.file import MAX_BYTES, parse_plan  # noqa: PLC0415

    try:
        with Path(name_or_path).open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        hint = did_you_mean(name_or_path, shipped_plans())
        fault = f"no such file, and no shipped plan of this name; {hint}"
        raise PlanError(name_or_path, [fault]) from None
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        raise PlanError(name_or_path, [f"cannot be read: {reason(error)}"]) from error
    return parse_plan(data, name_or_path)
