"""What has to be seen wherever a trial is shown, each in a sentence."""

from __future__ import annotations

from escalation.dataclass import dataclass

__all__ = ["Remark"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """Something that has to be seen wherever the trial is shown.

    Attributes
    ----------
    entry : int or None
        The entry it is about.
    text : str
    """

    entry: int | None
    text: str
