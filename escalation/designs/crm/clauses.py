"""The sentences of a protocol with a CRM, written from its options."""

from __future__ import annotations

from escalation.designs.base import Clause
from escalation.designs.crm.options import CrmOptions

__all__ = ["write_crm_clauses"]


def write_crm_clauses(design: CrmOptions) -> dict[str, Clause]:
    """Write the protocol's sentences for one set of options."""
    size = design.cohort_size
    patients = f"{size} patient{'s' * (size > 1)}"
    there = f"{size} {'is' if size == 1 else 'are'} evaluable"
    nearest = (
        "the level whose P(DLT), estimated by the model from all patients, is nearest to "
        f"{design.target:g}"
    )
    up = "escalate to it" if design.skipping else "escalate to the next level; none is skipped"
    mle = design.method == "mle"
    without = (
        "; without a DLT it is the highest of them, and with DLTs so many that the likelihood has "
        "no maximum there is none"
    )
    selected = (
        "the MTD is, of the levels given, the one whose P(DLT), estimated by the model from all "
        f"patients, is nearest to {design.target:g}, the lower of two equally near{without * mle}."
    )
    prior = f" (prior standard deviation of the model {design.prior_sd:.4g})"
    first = design._first_stage or size
    at_first = f"{min(first, size)} patient{'s' * (min(first, size) > 1)}"
    texts = {
        "start": f"Treat {at_first} at the starting level.",
        "fill": f"No higher level is opened before {there} at the current one: treat until "
        f"{there}.",
        "not-given": f"Nobody is evaluable at the current level: treat {patients} there.",
        "first-stage": f"Until the first DLT, treat until {first} {'is' if first == 1 else 'are'} "
        f"evaluable at a level, {at_first} at a time, then escalate to the next level; at the "
        f"highest level, go on there in cohorts of {size}.",
        "dlts-only": "With DLTs so many that the likelihood has no maximum, as where every patient "
        "has had one, treat the next cohort at the lowest level.",
        "escalate": f"Where {nearest} is above the current one, {up}.",
        "stay": f"Where {nearest} is the current one, treat the next cohort there.",
        "stay-coherent": f"Where {nearest} is above the current one, escalate; but never right "
        f"after a cohort with a DLT rate of {design.target:g} or more: treat the next cohort at "
        "the same level.",
        "deescalate": f"Where {nearest} is below the current one, de-escalate to it.",
        "lowest-too-toxic": f"Where the posterior probability{prior * mle} that P(DLT) at the "
        f"lowest level exceeds {design.target:g} is above {design.cutoff_stop:g}, stop: by the "
        "model no level is tolerated, and no MTD is declared.",
        "max-patients": f"After {design.max_patients} patients stop: {selected}",
        "enough-here": f"With {design.n_earlystop} evaluable patients or more at the current "
        f"level, where the next cohort would be treated too, stop: {selected}",
    }
    return {clause_id: Clause(clause_id, text) for clause_id, text in texts.items()}
