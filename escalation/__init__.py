"""Deciding and recording: dose-escalation rules, protocols, and the trial that follows them.

``escalation.decide("1NNN 2NNT")`` says what to do next and why; ``escalation.load_protocol`` reads
a protocol. Every name below, and every module as ``escalation.designs``, is loaded when it is
first used.
"""

from escalation.lazy import lazy_exports
from escalation.version import __version__

TYPE_CHECKING = False  # see escalation.lazy
if TYPE_CHECKING:
    from escalation import reports as reports
    from escalation import trial as trial
    from escalation.binomial import binomial_limits, clopper_pearson, upper_limit, wilson
    from escalation.designs import (
        DESIGNS,
        AcceleratedTitration,
        APlusB,
        Boin,
        Crm,
        G3Plus3,
        I3Plus3,
        Keyboard,
        MTpi,
        MTpi2,
        RollingSix,
        ThreePlusThree,
        TiteBoin,
        TiteCrm,
        Tpi,
        describe_design,
        design_options,
        make_design,
    )
    from escalation.errors import EscalationError
    from escalation.figures.picture import Picture
    from escalation.ledger import create_ledger, open_ledger
    from escalation.library import Decisions, DoseDecision, decide, decisions
    from escalation.outcomes import format_outcomes, parse_outcomes
    from escalation.plan import Plan, load_plan, shipped_plans
    from escalation.protocol import Protocol, load_protocol, shipped_protocols
    from escalation.protocol.consensus import ask_all
    from escalation.tracker import Tracker
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "escalation.binomial": "binomial_limits clopper_pearson upper_limit wilson",
            "escalation.designs": (
                "APlusB AcceleratedTitration Boin Crm DESIGNS G3Plus3 I3Plus3 Keyboard MTpi MTpi2 "
                "RollingSix ThreePlusThree TiteBoin TiteCrm Tpi describe_design design_options "
                "make_design"
            ),
            "escalation.errors": "EscalationError",
            "escalation.figures.picture": "Picture",
            "escalation.ledger": "create_ledger open_ledger",
            "escalation.library": "Decisions DoseDecision decide decisions",
            "escalation.outcomes": "format_outcomes parse_outcomes",
            "escalation.plan": "Plan load_plan shipped_plans",
            "escalation.protocol": "Protocol load_protocol shipped_protocols",
            "escalation.protocol.consensus": "ask_all",
            "escalation.tracker": "Tracker",
        },
    )

__all__ = [
    "DESIGNS",
    "APlusB",
    "AcceleratedTitration",
    "Boin",
    "Crm",
    "Decisions",
    "DoseDecision",
    "EscalationError",
    "G3Plus3",
    "I3Plus3",
    "Keyboard",
    "MTpi",
    "MTpi2",
    "Picture",
    "Plan",
    "Protocol",
    "RollingSix",
    "ThreePlusThree",
    "TiteBoin",
    "TiteCrm",
    "Tpi",
    "Tracker",
    "__version__",
    "ask_all",
    "binomial_limits",
    "clopper_pearson",
    "create_ledger",
    "decide",
    "decisions",
    "describe_design",
    "design_options",
    "format_outcomes",
    "load_plan",
    "load_protocol",
    "make_design",
    "open_ledger",
    "parse_outcomes",
    "shipped_plans",
    "shipped_protocols",
    "upper_limit",
    "wilson",
]
