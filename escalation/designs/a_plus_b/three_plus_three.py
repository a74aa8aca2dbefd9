"""The 3+3, with every point on which its published versions differ as a named option."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import field
from typing import Any, ClassVar, Literal, get_args

from escalation.dataclass import dataclass
from escalation.designs.a_plus_b.base import APlusB, Borderline, Confirmation
from escalation.designs.a_plus_b.clauses import BELOW, TOP, TWO_OF_SIX
from escalation.designs.options import SAID_ELSEWHERE
from escalation.errors import DesignError, did_you_mean

__all__ = ["VARIANTS", "ThreePlusThree", "Variant"]

Variant = Literal["confirm", "declare", "expand-below", "declare-confirm-top"]

VARIANTS: dict[Variant, tuple[Confirmation, Confirmation]] = {
    "confirm": ("expand", "expand"),
    "declare": ("declare", "declare"),
    "expand-below": ("expand", "declare"),
    "declare-confirm-top": ("declare", "expand"),
}

VARIANT: Mapping[str, Any] = {
    "description": "The usual name of below and top together; give it or them.",
    **SAID_ELSEWHERE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreePlusThree(APlusB):
    """The 3+3: three patients a level, three more after one DLT; A+B with 3, 3, 1, 1, 1.

    Attributes
    ----------
    n_levels, start : int
        Number of levels, and the 0-based level of the first cohort.
    variant : {"confirm", "declare", "expand-below", "declare-confirm-top"}
        The usual name of the pair (``below``, ``top``); "confirm" unless these say otherwise.
    below, top, untested_below, beyond, cohort_size, max_patients
        As in ``APlusB``.
    third : int or None
        Patients of a third stage: 3 makes it a 3+3+3, where 2/6 are given three more, 2/9 passes
        and 3/9 is too toxic.
    two_of_six : {"fail", "mtd"}
        What exactly 2 DLTs among 6 mean: too toxic (classical), or this level is the MTD
        (as in NCT04697940).

    References
    ----------
    Korn EL et al. (1994). A comparison of two phase I trial designs. Stat Med 13(18):1799-1806.

    Examples
    --------
    >>> from escalation.outcomes import Tally
    >>> design = ThreePlusThree(n_levels=3)
    >>> seen = [Tally(n_evaluable=3), Tally(n_evaluable=3, n_dlts=1), Tally()]
    >>> decision = design.decide(seen, 1)
    >>> decision.action.value, decision.level, decision.n_to_enrol
    ('stay', 1, 3)
    """

    name: ClassVar[str] = "3+3"
    variants: ClassVar[tuple[str, ...]] = tuple(VARIANTS)

    a: int = field(default=3, init=False, repr=False)
    b: int = field(default=3, init=False, repr=False)
    c: int = field(default=1, init=False, repr=False)
    d: int = field(default=1, init=False, repr=False)
    e: int = field(default=1, init=False, repr=False)
    f: int | None = field(default=None, init=False, repr=False)
    borderline: Borderline = field(default="fail", init=False, repr=False)
    variant: Variant | None = field(default=None, metadata=VARIANT)
    # None only until __post_init__
    below: Confirmation | None = field(default=None, metadata=BELOW)  # type: ignore[assignment]
    top: Confirmation | None = field(default=None, metadata=TOP)  # type: ignore[assignment]
    two_of_six: Borderline = field(default="fail", metadata=TWO_OF_SIX)

    def __post_init__(self) -> None:
        if self.variant is not None and self.variant not in get_args(Variant):
            raise DesignError(
                f"{self.name}: variant {self.variant!r} is unknown; "
                f"{did_you_mean(str(self.variant), get_args(Variant))}"
            )
        below, top = (
            given if given is not None else named
            for given, named in zip(
                (self.below, self.top), VARIANTS[self.variant or "confirm"], strict=True
            )
        )
        if self.variant is not None and (below, top) != VARIANTS[self.variant]:
            raise DesignError(
                f"{self.name}: variant {self.variant!r} means "
                f"below={VARIANTS[self.variant][0]!r} and top={VARIANTS[self.variant][1]!r}; "
                "give the variant or the pair, not both"
            )
        if self.two_of_six not in get_args(Borderline):
            raise DesignError(
                f"{self.name}: two_of_six must be 'fail' or 'mtd', not {self.two_of_six!r}"
            )
        object.__setattr__(self, "below", below)
        object.__setattr__(self, "top", top)
        object.__setattr__(self, "borderline", self.two_of_six)
        named = next((name for name, pair in VARIANTS.items() if pair == (below, top)), None)
        object.__setattr__(self, "variant", named)
        super(ThreePlusThree, self).__post_init__()

    def spelled_out(self) -> Mapping[str, Any]:
        """Return as ``APlusB``, under the names of a 3+3."""
        said = dict(super(ThreePlusThree, self).spelled_out())
        said.pop("f", None)
        return {"two_of_six" if name == "borderline" else name: said[name] for name in said}

    @property
    def full_name(self) -> str:
        """The name with that of the variant, where ``below`` and ``top`` have one together."""
        return f"{self.name} {self.variant}" if self.variant else self.name

    def superseded_by(self, options: Collection[str]) -> frozenset[str]:
        """Give way: a variant names a pair, so it replaces ``below`` and ``top``, and they it."""
        pair = frozenset({"below", "top"})
        if "variant" in options:
            return pair
        return frozenset({"variant"}) if pair & set(options) else frozenset()
