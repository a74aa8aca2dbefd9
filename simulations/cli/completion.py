"""What a shell offers for scenarios, and for the designs that are compared."""

from __future__ import annotations

import re
from pathlib import Path

from click import Context, Parameter
from click.shell_completion import CompletionItem

from escalation.cli.completion import (
    designs_starting,
    or_file,
    protocol_of,
    settings_starting,
    starting,
)
from escalation.designs import DESIGNS, VARIANTS, Design, ThreePlusThree
from escalation.errors import EscalationError
from escalation.protocol import load_protocol, shipped_protocols
from simulations.cli.source import read_scenarios
from simulations.scenarios.scenario import shipped_scenarios

__all__ = ["complete_contenders", "complete_scenarios", "complete_shared_settings"]


def complete_scenarios(
    ctx: Context, param: Parameter, incomplete: str
) -> list[CompletionItem[str]]:
    """Offer the shipped sets, and files; behind a colon the scenarios that are in one."""
    source, colon, name = incomplete.rpartition(":")
    if colon and (source in shipped_scenarios() or Path(source).is_file()):
        return starting(name, _scenarios_in(source, ctx), f"{source}:")
    return or_file(incomplete, starting(incomplete, shipped_scenarios()))


def _scenarios_in(source: str, ctx: Context) -> list[str]:
    """Name the scenarios of a source, whose formulas may need the doses of the protocol."""
    protocol = protocol_of(ctx)
    doses = (
        [] if protocol is None else [one.dose for one in protocol.levels if one.dose is not None]
    )
    for given in (None, doses or None):
        try:
            return [scenario.name for scenario in read_scenarios(source, doses=given)]
        except EscalationError:
            continue
    return []


def complete_contenders(
    ctx: Context, param: Parameter, incomplete: str
) -> list[CompletionItem[str]]:
    """Offer designs, variants, shipped protocols and files; behind a colon the options."""
    name, colon, settings = incomplete.partition(":")
    if colon and (design := _design_of(name)) is not None:
        given, comma, setting = settings.rpartition(",")
        return list(settings_starting(setting, [design], f"{name}:{given}{comma}"))
    names = starting(incomplete, [*VARIANTS, *shipped_protocols()])
    return or_file(incomplete, [*designs_starting(incomplete), *names])


def complete_shared_settings(
    ctx: Context, param: Parameter, incomplete: str
) -> list[CompletionItem[str]]:
    """Offer the options of the designs that are compared, as KEY=, then the values of a choice."""
    designs = map(_design_of, ctx.params.get("designs") or ())
    return list(settings_starting(incomplete, [one for one in designs if one is not None]))


def _design_of(word: str) -> type[Design] | None:
    """Return the design that a word names; None where it names none."""
    name = re.split("[:=]", word)[0]
    if name in VARIANTS:
        return ThreePlusThree
    if name in DESIGNS:
        return DESIGNS[name]
    try:
        return type(load_protocol(name).design)
    except EscalationError:
        return None
