"""What is asked about a protocol: after which outcomes, under which assumptions."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from escalation.designs import Design, design_settings
from escalation.errors import InputError
from escalation.outcomes import Cohort, format_outcomes
from escalation.protocol import Advice, Protocol, advise
from escalation.reports.backfill_text import say_when_counted
from escalation.reports.origin import describe_origin, identity_document
from escalation.reports.view import Block, Paragraph
from escalation.text import count
from simulations.engines.exact_engine import ExactEngine
from simulations.engines.large import refuse_too_large
from simulations.graph.build import MOST_ASKED, TransitionGraph, build_graph
from simulations.graph.forecast import Foreseen
from simulations.scenarios.scenario import Scenario, scenarios_for, scenarios_of

__all__ = [
    "BESIDE_ESCALATION",
    "Question",
    "check_p_moderate",
    "describe_p_moderate",
    "left_out",
    "levels_document",
    "say_left_out",
    "say_untimed",
]


BESIDE_ESCALATION = ("backfill", "expansion")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A protocol, what has been seen, and what is assumed.

    Attributes
    ----------
    protocol : Protocol
    cohorts : tuple of Cohort
        Outcomes so far.
    allow_departures : bool
        Whether a history against the rule is continued too.
    asked : tuple of Scenario
        The scenarios asked for; empty where none was named.
    p_moderate : tuple of float or None
        P(moderate toxicity | no DLT) by level, lowest first.
    max_states : int or None
        Of a graph that the answer may take; None for what ``build_graph`` takes.
    tell : callable or None
        Told once what a large graph is going to take, before it is taken.
    progress : callable or None
        Told what share of it has been found since.
    """

    protocol: Protocol
    cohorts: tuple[Cohort, ...] = ()
    allow_departures: bool = False
    asked: tuple[Scenario, ...] = ()
    p_moderate: tuple[float, ...] | None = None
    max_states: int | None = None
    tell: Callable[[Foreseen], object] | None = field(default=None, compare=False, repr=False)
    progress: Callable[[float], object] | None = field(default=None, compare=False, repr=False)

    @property
    def scenarios(self) -> tuple[Scenario, ...]:
        """The scenarios asked for, else the protocol's own, else those of a plain ladder."""
        return self.asked or scenarios_of(self.protocol) or scenarios_for(len(self.protocol.levels))

    @property
    def scenario(self) -> Scenario | None:
        """The one scenario asked for, None where none is.

        Raises
        ------
        InputError
            Where there are several.
        """
        return self.only_scenario() if self.asked else None

    def only_scenario(self) -> Scenario:
        """Return the scenario of an answer that takes one alone.

        Raises
        ------
        InputError
            Where there are several.
        """
        only, *others = self.scenarios
        if others:
            names = ", ".join(scenario.name for scenario in self.scenarios)
            raise InputError(
                f"this takes one scenario, and there are several: {names}. Name one by --scenario "
                "FILE:NAME, or give its numbers by --p-dlt"
            )
        return only

    def graph(self, build: Callable[..., TransitionGraph] | None = None) -> TransitionGraph:
        """Build the graph of the trial, or of the rest of it after the outcomes so far.

        The patients of an expansion are not in it: the escalation had ended before them.

        Raises
        ------
        EscalationError
            As ``so_far``; where the design can reach too many states.
        """
        advice = self.so_far()
        most: dict[str, Any] = {} if self.max_states is None else {"max_states": self.max_states}
        held = MOST_ASKED if self.max_states is None else self.max_states
        if build is None and not self.cohorts:
            refuse_too_large(self.protocol.design, held)
        whole = partial(build_graph, tell=self.tell, progress=self.progress, **most)
        return (build or whole)(
            self.protocol.design,
            advice.escalation,
            advice.level,
            last=advice.last,
            p_moderate=self.p_moderate,
        )

    def so_far(self) -> Advice:
        """Return what has been seen in the escalation, and where it stands.

        Raises
        ------
        EscalationError
            For a history that the protocol would not have produced, unless that is allowed; for
            P(moderate) that does not fit; after backfill that counts at decisions.
        """
        protocol = self.protocol
        check_p_moderate(self.p_moderate, [protocol.design])
        advice = advise(protocol, self.cohorts, allow_departures=self.allow_departures)
        if advice.backfill_cohorts and protocol.backfill.counted != "never":
            raise InputError(
                f"backfill, such as cohort {advice.backfill_cohorts[0]}, counts at "
                f"{protocol.backfill.counted}, and what follows it is not known here: ask from the "
                "start of the trial"
            )
        return advice

    def heading(self, *, beside: Collection[str] = ()) -> dict[str, Any]:
        """Return what every JSON document of an answer starts with.

        ``beside`` names what the answer has beside the escalation.
        """
        missing = left_out(self.protocol, beside)
        assumed = {} if self.p_moderate is None else {"p_moderate": list(self.p_moderate)}
        return {
            **identity_document(self.protocol),
            "design": design_settings(self.protocol.design),
            **levels_document(self.protocol),
            **({"without": list(missing)} if missing else {}),
            **assumed,
        }

    def outcomes_document(self, engine: TransitionGraph | ExactEngine) -> dict[str, Any]:
        """Return what a JSON document says of the outcomes so far; nothing without any."""
        if not self.cohorts:
            return {}
        return {
            "from": {
                "outcomes": format_outcomes(self.cohorts),
                "n_evaluable": engine.n_so_far.tolist(),
                "n_dlts": engine.n_dlts_so_far.tolist(),
                "n_pending": engine.n_pending.tolist(),
            }
        }

    def origin(self, *, beside: Collection[str] = (), timed: bool = False) -> Paragraph:
        """Say what an answer rests on: the design, the protocol; and what of it is left out.

        ``timed`` for an answer from trials in time.
        """
        missing = say_left_out(self.protocol, beside)
        untimed = "" if timed else say_untimed(self.protocol.design)
        said = (describe_origin(self.protocol), missing, untimed)
        return Paragraph(" ".join(filter(None, said)), "  ")

    def assumptions(self) -> Iterator[Block]:
        """Say regimens, the assumed P(moderate toxicity), and after which outcomes it goes on."""
        if self.protocol.regimens:
            yield Paragraph(self.protocol.regimens, "  ")
        if self.p_moderate is not None:
            yield Paragraph(f"{describe_p_moderate(self.p_moderate)}.", "  ")
        if self.cohorts:
            yield Paragraph(
                f"Continuing from {format_outcomes(self.cohorts)}: patients and DLTs are those "
                "whose outcome is still to come, pending patients among them.",
                "  ",
            )

    def note(self) -> str:
        """Say for a figure's metadata what else it rests on; nothing where nothing is given."""
        after = f"after {format_outcomes(self.cohorts)}" if self.cohorts else ""
        return "; ".join(filter(None, (after, describe_p_moderate(self.p_moderate))))

    def whose_patients(self) -> str:
        """Return ``note`` for a picture of patients, which are those of the escalation alone."""
        names = " or ".join(left_out(self.protocol))
        whose = names and f"patients and DLTs without those of {names}"
        return "; ".join(filter(None, (self.note(), whose)))

    def plotted_design(self) -> str:
        """Return what a caption says of the design, after which outcomes, and P(moderate)."""
        said = (describe_origin(self.protocol), self.note(), say_left_out(self.protocol))
        return "; ".join(text.rstrip(".") for text in said if text)


def left_out(protocol: Protocol, beside: Collection[str] = ()) -> tuple[str, ...]:
    """Return what a protocol has beside the escalation, and an answer lacks.

    ``beside`` names what of it the answer has.
    """
    sizes = (protocol.backfill.max_per_level, protocol.expansion.n_patients)
    has = (name for name, size in zip(BESIDE_ESCALATION, sizes, strict=True) if size is not None)
    return tuple(name for name in has if name not in beside)


def say_left_out(protocol: Protocol, beside: Collection[str] = ()) -> str:
    """Say the same in words; nothing where nothing is left out."""
    missing = left_out(protocol, beside)
    if not missing:
        return ""
    said = {"backfill": f"backfill, which {say_when_counted(protocol)}", "expansion": "expansion"}
    sentence = f"Left out: {'; and '.join(said[name] for name in missing)}."
    if "backfill" in missing and protocol.backfill.counted != "never":
        sentence += " With it the figures are others; escalation simulate has them."
    return sentence


def say_untimed(design: Design) -> str:
    """Say that an answer knows no time, of a design that does not wait; nothing of others.

    Examples
    --------
    >>> from escalation.designs import make_design
    >>> say_untimed(make_design("tite-boin", n_levels=4, target=0.25, max_patients=30))[:47]
    'Without time: each cohort is complete before th'
    """
    if design.while_pending is None:
        return ""
    return (
        "Without time: each cohort is complete before the next, so that nobody is ever pending; "
        f"what {design.name} is for, escalation simulate --timeline shows."
    )


def levels_document(protocol: Protocol) -> dict[str, Any]:
    """Return the ladder as JSON documents name it."""
    return {
        "levels": [protocol.level_document(level) for level in range(len(protocol.levels))],
        "unit": protocol.unit,
    }


def describe_p_moderate(p_moderate: Sequence[float] | None) -> str:
    """Say the assumed P(moderate toxicity), or nothing where none is given."""
    if p_moderate is None:
        return ""
    listed = ", ".join(f"{q:g}" for q in p_moderate)
    return f"P(moderate toxicity) without a DLT, by level: {listed}"


def check_p_moderate(p_moderate: Sequence[float] | None, designs: Sequence[Design]) -> None:
    """Refuse P(moderate toxicity) that fits neither the ladder nor any of its designs.

    Raises
    ------
    InputError
    """
    if p_moderate is None:
        return
    if not any(design.asks_moderate for design in designs):
        names = " and ".join(dict.fromkeys(design.name for design in designs))
        verb = "counts" if " and " not in names else "count"
        raise InputError(f"--p-moderate does not fit: {names} {verb} no moderate toxicities")
    n_levels = designs[0].n_levels
    if len(p_moderate) != n_levels:
        raise InputError(
            f"--p-moderate has {count(len(p_moderate), 'value')}; the ladder has "
            f"{count(n_levels, 'level')}: "
            "one each, lowest first"
        )
