"""The sentences of a protocol with an interval design, written from its options."""

from __future__ import annotations

from escalation.designs.base import Clause
from escalation.designs.interval.options import IntervalOptions

__all__ = ["write_interval_clauses"]


def write_interval_clauses(
    design: IntervalOptions, reasons: tuple[str, str, str], selection: str
) -> dict[str, Clause]:
    """Write the protocol's sentences for one set of options.

    Parameters
    ----------
    design : IntervalOptions
    reasons : tuple of str
        When to escalate, to stay and to de-escalate.
    selection : str
        Which level is selected as the MTD.

    Returns
    -------
    dict
        By the ids of the clauses.
    """
    size = design.cohort_size
    patients = f"{size} patient{'s' * (size > 1)}"
    below, within, above = reasons
    risk = f"the posterior probability that P(DLT) exceeds {design.target:g}"
    fewest = design.min_eliminate
    enough = f" on {fewest} patients or more" * (size < fewest)
    eliminated = (
        f"Where {risk} is above {design.cutoff_eli:g}{enough}, the level and all above it are "
        "eliminated and never given again. "
    )
    taken_over = f" No such rule is published for {design.name}; it is BOIN's."
    selected = f"the MTD is {selection}."
    titrated = "Titration ends with the first DLT, or at the highest level. "
    texts = {
        "start": f"Treat {'1 patient' if design.titration else patients} at the starting level.",
        "titrate": "Titration: treat one patient a level; without a DLT, escalate to the next "
        "level and treat one patient there.",
        "fill": f"{titrated * design.titration}A level is first judged on a cohort of {size}: "
        f"treat until {size} are evaluable.",
        "not-given": f"Nobody is evaluable at the current level: treat {patients} there.",
        "escalate": f"Where {below}, escalate to the next level.",
        "stay": f"Where {within}, treat the next cohort at the same level.",
        "deescalate": f"Where {above}, de-escalate to the level below.",
        "stay-highest": f"Where {below}, escalate; at the highest level, treat the next cohort "
        "there.",
        "stay-below-eliminated": f"Where {below}, escalate; but the next level has been "
        "eliminated: treat the next cohort at the same level.",
        "stay-lowest": f"Where {above}, de-escalate; at the lowest level, which is not "
        "eliminated, treat the next cohort there.",
        "eliminated": eliminated + "Treat the next cohort at the highest level below them.",
        "lowest-eliminated": eliminated + "It is the lowest level: stop, no level is tolerated "
        "and no MTD is declared.",
        "lowest-unsafe": f"Where {risk} is above {design.cutoff_at_lowest:g}{enough} at the lowest "
        "level, where the limit is stricter than elsewhere, stop: no MTD is declared."
        f"{taken_over * (not design.extrasafe_is_published)}",
        "max-patients": f"After {design.max_patients} patients stop: {selected}",
        "enough-here": f"With {design.n_earlystop} evaluable patients or more at the current "
        f"level, where the next cohort would be treated too, stop: {selected}",
    }
    return {clause_id: Clause(clause_id, text) for clause_id, text in texts.items()}
