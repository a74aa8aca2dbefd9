"""Names as long as real ones get: of a trial, its doses, its scenarios and its patients."""

from __future__ import annotations

from dataclasses import replace

from escalation.protocol import DoseLevel, Protocol, load_protocol

__all__ = ["DESIGN", "LONG", "ORDINARY", "SCENARIO_NAMES", "TITLE", "WORDS"]

TITLE = (
    "A Phase 1, Open-Label, Dose-Escalation Study of Autologous CD19/BCMA-Directed CAR+ T Cells in "
    "Adults with Refractory Systemic Lupus Erythematosus, Systemic Sclerosis or Idiopathic "
    "Inflammatory Myopathy"
)
NAME = "CART-CD19-BCMA-dual-escalation-in-refractory-lupus-2026-v3.1"
DESIGN = (
    "crm: target 0.25, cohort_size 3, max_patients 30, skeleton 0.02; 0.05; 0.11; 0.18; 0.25; "
    "0.33; 0.42; 0.5, model logistic, intercept 3.0, prior_sd 1.34, no_skip true, coherent true. "
    f"Protocol {NAME}, digest 0123456789ab"
)
SCENARIO_NAMES = [f"scenario {k:02}: plateau above the third dose level" for k in range(1, 13)]


def _long_protocol() -> Protocol:
    """Return a protocol whose names are all long, on a ladder that begins at level -1."""
    doses = {-1: 0.25, 1: 0.5, 2: 1.0, 3: 1.5, 4: 2.25, 5: 3.375, 6: 5.0625, 7: 7.59375}
    plain = Protocol.plain(len(doses))
    levels = tuple(DoseLevel(label=label, dose=dose) for label, dose in doses.items())
    unit = "x10^6 CAR+ T cells/kg"
    return replace(plain, name=NAME, title=TITLE, levels=levels, unit=unit, start=0)


def _words() -> Protocol:
    """Return it with labels of twenty letters and regimens of a hundred, the doses equal."""
    regimen = (
        "fractions of 4 Gy, twice weekly, after dexamethasone 8 mg and hydration with 2 litres of "
        "saline"
    )
    levels = tuple(
        DoseLevel(
            label=f"dose-level-{k:02}_revise",
            dose=60.0,
            regimen=f"{k:02} {regimen}"[:100],
        )
        for k in range(1, 9)
    )
    return replace(_long_protocol(), levels=levels, unit="Gy")


ORDINARY = load_protocol("nct07123519")
LONG = _long_protocol()
WORDS = _words()
