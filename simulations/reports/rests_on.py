"""What each row of figures rests on: a file found years later says what it is."""

from __future__ import annotations

from escalation.designs import describe_design
from escalation.designs.base import Design
from escalation.outcomes import format_outcomes
from escalation.version import __version__
from simulations.engines.simulated import MonteCarlo
from simulations.questions.question import Question

__all__ = ["RESTS_ON", "rests_on"]

RESTS_ON = {
    "trials": "simulated trials of the scenario; empty where exact",
    "seed": "of the random numbers; empty where exact",
    "draws": "how the trials were drawn: count, trial or latent; empty where exact",
    "options": "the design with every option",
    "from": "outcomes so far, in notation; empty from the start of the trial",
    "p_moderate": "assumed P(moderate toxicity) without a DLT, by level; empty where none counts",
    "protocol": "name of the protocol",
    "digest": "of the protocol, SHA-256",
    "escalation": "version of the program",
}


def rests_on(question: Question, design: Design | str, run: MonteCarlo | None) -> list[object]:
    """Return the cells of ``RESTS_ON``; ``run`` is None where a figure is exact.

    A string in place of the design says what figures are of that no design has.
    """
    drawn = ["", "", ""] if run is None else [run.trials, run.seed, run.draws]
    q = question.p_moderate
    return [
        *drawn,
        design if isinstance(design, str) else describe_design(design),
        format_outcomes(question.cohorts),
        "" if q is None else ",".join(map(repr, q)),
        question.protocol.name,
        question.protocol.digest,
        __version__,
    ]
