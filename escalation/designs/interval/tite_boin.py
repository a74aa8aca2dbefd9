"""TITE-BOIN: BOIN for outcomes that come late, with pending patients counted by follow-up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from math import inf
from typing import TYPE_CHECKING, Any, ClassVar, Literal, get_args

from escalation.dataclass import dataclass
from escalation.designs.base import WAIT_FOR_MTD, Clause, Decision, LevelStatus
from escalation.designs.interval.boin import Boin
from escalation.designs.interval.follow_up import FollowUpBoundaries
from escalation.designs.interval.isotonic import pool_adjacent
from escalation.designs.interval.posterior import as_written
from escalation.designs.interval.titration import where_titration_ended
from escalation.outcomes import FollowUp, Tally

if TYPE_CHECKING:
    from escalation.designs.interval.follow_up_digest import TiteBoinDigest

__all__ = ["Likelihood", "TiteBoin"]

Likelihood = Literal["yuan2018", "linyuan2020"]


_BY_STATUS = {
    LevelStatus.CLEARED: FollowUpBoundaries(escalate_from=-inf, deescalate_to=-inf),
    LevelStatus.ABOVE_TARGET: FollowUpBoundaries(escalate_from=inf, deescalate_to=inf),
    LevelStatus.TOO_TOXIC: FollowUpBoundaries(
        escalate_from=inf, deescalate_to=inf, eliminated=True
    ),
}
_STAY = FollowUpBoundaries(escalate_from=inf, deescalate_to=-inf)


def _say_likelihood(design: Any, likelihood: Likelihood) -> str:
    counted = (
        "the DLT rate at a level is (DLTs + q / (1 - q) x (pending - STFT)) / patients, with "
        f"q = (DLTs + {design.target / 2:g}) / (complete + 1); de-escalate by it only where the "
        f"DLTs so far are {design.target:g} of the patients or more (Yuan et al. 2018)"
        if likelihood == "yuan2018"
        else "the DLT rate at a level is DLTs / (complete + STFT) (Lin & Yuan 2020)"
    )
    return f"With patients pending, {counted}; STFT is their total follow-up in DLT windows."


def _say_suspension(design: Any, share: float) -> str:
    but = (
        ", except where the level is left downwards however they turn out"
        if design.likelihood == "yuan2018"
        else ""
    )
    return (
        f"Where more than {100 * share:.4g} % of the patients at the current level are pending, "
        f"enrolment is suspended{but}. So it is at the lowest level while patients there are "
        "pending and the DLT rate says to de-escalate."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TiteBoin(Boin):
    """TITE-BOIN, the time-to-event BOIN: a BOIN that counts pending patients by their follow-up.

    It decides as BOIN does, without waiting for outcomes: the DLT rate at the current level, in
    which a pending patient counts in part, is compared with the same boundaries. Where more than
    half of the patients there are pending, enrolment is suspended; so it is at the lowest level
    while patients there are pending and the rate says to de-escalate. A level is eliminated where
    it would be though no pending patient had a DLT. Patients count for cohorts and for the maximum
    as soon as they are enrolled; the trial ends on complete data only, except for a lowest level
    that is eliminated.

    Where nothing is said of follow-up, and in the titration, it waits until the answer is settled,
    as BOIN does.

    In a graph of states there is no time: its operating characteristics are those of a trial in
    which each cohort is complete before the next, which are BOIN's. What the design is for, a
    shorter trial, they do not show.

    Attributes
    ----------
    n_levels, start, target, cohort_size, max_patients, p_saf, p_tox, bound_mtd
    cutoff_eli, extrasafe, offset, n_earlystop, titration
        As in ``Boin``.
    likelihood : {"yuan2018", "linyuan2020"}
        How a pending patient counts. "yuan2018" puts the expected outcome in place of the one that
        is missing; as in the tables of that paper, it de-escalates only where the DLTs so far are
        the target's share of the patients or more, and a de-escalation that holds however the
        pending patients turn out is not suspended. "linyuan2020" counts the follow-up as a part of
        a patient; as in the R package TITEgBOIN, suspension comes before everything but
        elimination.
    max_pending : float
        Above which share of pending patients at the current level enrolment is suspended.

    References
    ----------
    Yuan Y, Lin R, Li D, Nie L, Warren KE (2018). Time-to-event Bayesian optimal interval design to
    accelerate phase I trials. Clin Cancer Res 24(20):4921-4930.
    Lin R, Yuan Y (2020). Time-to-event model-assisted designs for dose-finding trials with delayed
    toxicity. Biostatistics 21(4):807-824.

    Examples
    --------
    >>> design = TiteBoin(n_levels=3, target=0.2, max_patients=30)
    >>> found = design.follow_up_boundaries(9, 1, 4)
    >>> round(found.escalate_from, 2), found.deescalate_to
    (2.15, -inf)
    """

    name: ClassVar[str] = "tite-boin"
    asks_follow_up: ClassVar[bool] = True
    while_pending: ClassVar[Clause] = Clause(
        "follow-up",
        "Outcomes are not awaited: in the DLT rate at the current level a pending patient counts "
        "in part, by how long the patient has been followed in the DLT window.",
    )

    likelihood: Likelihood = field(
        default="yuan2018",
        metadata={
            "description": "How a pending patient counts: by Yuan et al. 2018 or Lin & Yuan 2020.",
            "sentence": _say_likelihood,
        },
    )
    max_pending: float = field(
        default=0.5,
        metadata={
            "description": "Suspend enrolment where a larger share of the patients at the current "
            "level is pending.",
            "gt": 0,
            "le": 1,
            "sentence": _say_suspension,
        },
    )

    def __post_init__(self) -> None:
        super(TiteBoin, self).__post_init__()
        suspended = Clause("suspended", _say_suspension(self, self.max_pending))
        more = {clause.id: clause for clause in (suspended, WAIT_FOR_MTD)}
        object.__setattr__(self, "_clauses", {**self._clauses, **more})

    @property
    def _rates(self) -> tuple[str, ...]:
        return (*super(TiteBoin, self)._rates, "max_pending")

    def _faults(self) -> Sequence[str]:
        faults = list(super(TiteBoin, self)._faults())
        if self.likelihood not in get_args(Likelihood):
            faults.append(
                f'likelihood must be "yuan2018" or "linyuan2020", not {self.likelihood!r}'
            )
        if not 0 < self.max_pending <= 1:
            faults.append(f"max_pending must be above 0 and at most 1, not {self.max_pending}")
        return faults

    def reasons(self) -> tuple[str, str, str]:
        """Say in words when to escalate, to stay and to de-escalate."""
        below, within, above = super(TiteBoin, self).reasons()
        counted = "the observed DLT rate at a level, pending patients counted by follow-up,"
        return tuple(  # type: ignore[return-value]  # three of three
            reason.replace("the observed DLT rate at a level", counted)
            for reason in (below, within, above)
        )

    def crossings(self, n: int, x: int, n_pending: int) -> tuple[float, float]:
        """Return the least STFT at which the DLT rate is not above lambda_e, and that of lambda_d.

        STFT is the total follow-up of the pending patients in DLT windows, from 0 to ``n_pending``;
        the rate falls as it rises. Neither is cut off at these ends.

        Parameters
        ----------
        n, x, n_pending : int
            Patients at the level, those of them with a DLT, and those pending.
        """
        limits = self.lambda_e, self.lambda_d
        if self.likelihood == "linyuan2020":
            low, high = (x / limit - (n - n_pending) for limit in limits)
            return low, high
        q = (x + self.target / 2) / (n - n_pending + 1)
        low, high = (n_pending - (n * limit - x) * (1 - q) / q for limit in limits)
        return low, high

    def follow_up_boundaries(self, n: int, x: int, n_pending: int) -> FollowUpBoundaries:
        """Return what is done at the current level by the follow-up of its pending patients.

        Parameters
        ----------
        n, x, n_pending : int
            Patients at the level, pending ones among them, those with a DLT, and those pending.
        """
        as_complete = self.status(Tally(n_evaluable=n, n_dlts=x))
        if not n_pending or n < self.cohort_size or as_complete is LevelStatus.TOO_TOXIC:
            return _BY_STATUS.get(as_complete, _STAY)
        yuan = self.likelihood == "yuan2018"
        if yuan and as_complete is LevelStatus.ABOVE_TARGET:  # however they turn out
            return _BY_STATUS[as_complete]
        if n_pending > as_written(self.max_pending) * n:
            return FollowUpBoundaries(escalate_from=inf, deescalate_to=-inf, suspended=True)
        escalate_from, deescalate_to = self.crossings(n, x, n_pending)
        target = as_written(self.target)
        if yuan and x * target.denominator < n * target.numerator:
            deescalate_to = -inf
        return FollowUpBoundaries(escalate_from=escalate_from, deescalate_to=deescalate_to)

    def _decide_followed(
        self, tallies: Sequence[Tally], level: int, last: Tally, follow_up: Sequence[FollowUp]
    ) -> Decision:
        enrolled = [Tally(n_evaluable=t.n_patients, n_dlts=t.n_dlts) for t in tallies]
        here = level
        if self.titration:
            if self._titrate(enrolled, level, self.n_levels):
                return self._decide_pending(tallies, level, last)
            here = where_titration_ended(enrolled, level, self.cohort_size)
        n, x, n_pending = enrolled[here].n_evaluable, enrolled[here].n_dlts, tallies[here].n_pending
        boundaries = self.follow_up_boundaries(n, x, n_pending)
        statuses = self._judge_all(enrolled)
        if n_pending:
            shares = [one.share for one in follow_up if one.level == here and not one.has_dlt]
            statuses[here] = boundaries.status(sum(sorted(shares)))
        decision = self._decide_judged(enrolled, level, statuses)
        if decision.clause.id in ("lowest-eliminated", "lowest-unsafe", "eliminated"):
            return decision  # as it would be though nobody more had a DLT
        if decision.has_ended:
            return self._wait(WAIT_FOR_MTD, tallies, level, last)
        if boundaries.suspended or (n_pending and decision.clause.id == "stay-lowest"):
            return self._wait(self._clauses["suspended"], tallies, level, last)
        return decision

    def p_dlt_while_pending(
        self, tallies: Sequence[Tally], follow_up: Sequence[FollowUp]
    ) -> tuple[float, ...] | None:
        """Return the isotonic estimates, pending patients counting for the share followed."""
        seen = [
            (
                tally.n_evaluable
                + sum(sorted(o.share for o in follow_up if o.level == level and not o.has_dlt)),
                tally.n_dlts,
            )
            for level, tally in enumerate(tallies)
        ]
        found = [0.0] * self.n_levels
        for estimate, lowest, highest in pool_adjacent(seen):
            found[lowest : highest + 1] = [estimate] * (highest + 1 - lowest)
        return tuple(found)

    def levels_while_pending(self, tallies: Sequence[Tally], level: int) -> range:
        """Return the levels that may have been given next before outcomes were known."""
        without_dlts = [Tally(n_evaluable=tally.n_patients) for tally in tallies]
        highest = self._decide(without_dlts, level).level
        lowest = level - bool(level and tallies[level].n_dlts)
        return range(lowest, max(level, highest or 0) + 1)

    @property
    def follow_up_digest(self) -> TiteBoinDigest | None:
        """What decisions with follow-up look at, of many states at once; None with titration."""
        if self.titration:
            return None
        from escalation.designs.interval.follow_up_digest import TiteBoinDigest  # noqa: PLC0415

        return TiteBoinDigest(self, self.follow_up_boundaries)
