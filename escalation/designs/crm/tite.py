"""TITE-CRM: the CRM for outcomes that come late, with pending patients weighed by follow-up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import field
from math import isfinite
from typing import TYPE_CHECKING, ClassVar, get_args

from escalation.dataclass import dataclass
from escalation.designs.base import WAIT_FOR_MTD, Clause, Decision
from escalation.designs.crm.design import Crm
from escalation.designs.crm.grid import grid_size, make_grid, posterior
from escalation.designs.crm.likelihood import maximise_likelihood
from escalation.designs.crm.weights import Scheme, weigh
from escalation.outcomes import FollowUp, Tally

if TYPE_CHECKING:
    from escalation.designs.crm.follow_up_digest import TiteCrmDigest

__all__ = ["TiteCrm"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TiteCrm(Crm):
    """TITE-CRM, the time-to-event CRM: a CRM that weighs pending patients by their follow-up.

    It decides as the CRM does, without waiting for outcomes. In its likelihood a patient still
    inside the DLT window and without a DLT counts as one without a DLT in part: by the share of the
    window that has been followed, or by the share of the DLTs so far that had come by then. A DLT
    counts in full. Patients count for cohorts and for the maximum as soon as they are enrolled. The
    trial ends on complete data only: where it would stop while outcomes are pending, it waits for
    them, except where the lowest level is too toxic though all of them were to have no DLT.

    Where nothing is said of follow-up it waits until the answer is settled, as the CRM does.

    In a graph of states there is no time: its operating characteristics are those of a trial in
    which each cohort is complete before the next, which are the CRM's. What the design is for, a
    shorter trial, they do not show.

    Its other options are those of ``CrmOptions``.

    Attributes
    ----------
    weights : {"linear", "adaptive"}
        How a pending patient is weighed. Adaptive weights need the days on which the DLTs came; a
        DLT whose day is not known leaves them as they are.

    References
    ----------
    Cheung YK, Chappell R (2000). Sequential designs for phase I clinical trials with late-onset
    toxicities. Biometrics 56:1177-1182.

    Examples
    --------
    >>> design = TiteCrm(n_levels=5, target=0.25, max_patients=24, cohort_size=1)
    >>> seen = [Tally(n_evaluable=2), Tally(n_pending=1), Tally(), Tally(), Tally()]
    >>> followed = [FollowUp(level=1, days=14, window_days=28)]
    >>> decision = design.decide(seen, 1, seen[1], followed)
    >>> decision.action.value, decision.level
    ('escalate', 2)
    """

    name: ClassVar[str] = "tite-crm"
    asks_follow_up: ClassVar[bool] = True
    while_pending: ClassVar[Clause] = Clause(
        "follow-up",
        "Outcomes are not awaited: in the model's likelihood a pending patient counts in part as "
        "one without a DLT, by how long the patient has been followed in the DLT window.",
    )

    weights: Scheme = field(
        default="linear",
        metadata={
            "description": "Weigh a pending patient by the share of the window followed, or by "
            "that of the DLTs so far which had come by then."
        },
    )

    def __post_init__(self) -> None:
        super(TiteCrm, self).__post_init__()
        more = [WAIT_FOR_MTD, _wait_for_stop(self)]
        own = {**self._clauses, **{clause.id: clause for clause in more}}
        object.__setattr__(self, "_clauses", own)

    def _type_faults(self) -> Iterator[str]:
        yield from super(TiteCrm, self)._type_faults()
        if self.weights not in get_args(Scheme):
            yield f'weights must be "linear" or "adaptive", not {self.weights!r}'

    def levels_while_pending(self, tallies: Sequence[Tally], level: int) -> range:
        """Return the levels that may have been given next before outcomes were known."""
        without_dlts = [Tally(n_evaluable=tally.n_patients) for tally in tallies]
        highest = self._decide(without_dlts, level).level
        only_dlts = [(tally.n_dlts, 0) for tally in tallies]
        lowest = self._nearest(self.fit_followed(only_dlts, [])[0])
        return range(min(lowest, level), max(level, highest or 0) + 1)

    def estimates(
        self, tallies: Sequence[Tally], follow_up: Sequence[FollowUp] = ()
    ) -> tuple[float, ...] | None:
        """Return the estimate of P(DLT) at each level, pending patients weighed by follow-up.

        None where the likelihood has no maximum.
        """
        counts = [(tally.n_dlts, tally.n_evaluable - tally.n_dlts) for tally in tallies]
        beta = self.fit_followed(counts, weigh(follow_up, self.weights))[0]
        return self.curve.p_dlt(beta) if isfinite(beta) else None

    def p_dlt_while_pending(
        self, tallies: Sequence[Tally], follow_up: Sequence[FollowUp]
    ) -> tuple[float, ...] | None:
        """Return the model's estimates."""
        return self.estimates(tallies, follow_up)

    def _decide_followed(
        self, tallies: Sequence[Tally], level: int, last: Tally, follow_up: Sequence[FollowUp]
    ) -> Decision:
        enrolled = [Tally(n_evaluable=t.n_patients, n_dlts=t.n_dlts) for t in tallies]
        counts = [(tally.n_dlts, tally.n_evaluable - tally.n_dlts) for tally in tallies]
        beta, p_too_toxic = self.fit_followed(counts, weigh(follow_up, self.weights))
        decision = self._decide_fitted(enrolled, level, self.remember(last), (beta, p_too_toxic))
        if not decision.has_ended:
            return decision
        clause = WAIT_FOR_MTD
        if self.is_above_cutoff(p_too_toxic):
            if self.is_above_cutoff(self._fit(enrolled)[1]):  # though nobody more has a DLT
                return decision
            clause = self._clauses["wait-lowest"]
        return self._wait(clause, tallies, level, last)

    def fit_followed(
        self, counts: Sequence[tuple[int, int]], pending: Sequence[tuple[int, float]]
    ) -> tuple[float, float]:
        """Return the estimate of beta, and P(P(DLT) at the lowest level > target).

        Parameters
        ----------
        counts : sequence of (int, int)
            Patients with a DLT and those without, at each level.
        pending : sequence of (int, float)
            Level and weight of each pending patient.
        """
        n_dlts, n_without = zip(*counts, strict=True)
        beta = p_too_toxic = 0.0
        if self._needs_posterior:
            n = sum(n_dlts) + sum(n_without) + len(pending)
            grid = make_grid(self.curve, self._split, grid_size(n))
            beta, p_too_toxic = posterior(grid, n_dlts, n_without, pending)
        if self.method == "mle":
            patients = {(level, weight, False): 0 for level, weight in pending}
            for one in pending:
                patients[*one, False] += 1
            for level, (x, y) in enumerate(counts):
                patients[level, 1.0, True] = x
                patients[level, 1.0, False] = patients.get((level, 1.0, False), 0) + y
            beta = maximise_likelihood(self.curve, {key: n for key, n in patients.items() if n})
        return beta, p_too_toxic

    @property
    def follow_up_digest(self) -> TiteCrmDigest:
        """What decisions with follow-up look at, of many states at once."""
        from escalation.designs.crm.follow_up_digest import TiteCrmDigest  # noqa: PLC0415  # numpy

        return TiteCrmDigest(
            self, self._steps, self._split, scheme=self.weights, fit_one=self.fit_followed
        )


def _wait_for_stop(design: Crm) -> Clause:
    return Clause(
        "wait-lowest",
        f"Where the posterior probability that P(DLT) at the lowest level exceeds "
        f"{design.target:g}, with pending patients weighed by follow-up, is above "
        f"{design.cutoff_stop:g}, nobody is enrolled; the trial stops when it would be above "
        "though no pending patient had a DLT.",
    )
