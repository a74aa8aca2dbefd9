"""A trial as large as they get behind the page: 12 levels, 60 patients, names of 40 letters."""

from __future__ import annotations

from dataclasses import replace

from escalation.web.desk import Standing
from tests.extremes import TITLE
from tests.trial.bench import SITE
from tests.trial.small_trials import ladder, typed

__all__ = ["LARGE", "large_trial"]

LARGE = "ABCDEFGHIJ-1234567890-ABCDEFGHIJ-1234567"  # its id, of 40 letters
LABELS = [f"dose-level-number-{n:02}" for n in range(1, 13)]


def large_trial() -> Standing:
    """Return it as it stands, without a ledger."""
    levels = [(label, 0.25 * 1.5**n) for n, label in enumerate(LABELS)]
    protocol = replace(
        ladder(*levels, start=LABELS[0]),
        name="CART-CD19-BCMA-dual-escalation-in-lupus-40",
        title=TITLE,
        unit="mg/kg",
    )
    course = [*LABELS, *LABELS[-8:]]
    bench = typed(" ".join(f"{label}NNN" for label in course), protocol)
    assert len(bench.state.subjects) == 60
    assert SITE in {entry.by for entry in bench.entries}
    return Standing(trial=LARGE, entries=bench.entries, state=bench.state)
