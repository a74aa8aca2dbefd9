"""What a shell offers for a word that is half typed.

Nothing here loads numpy; a file is read where an option depends on what it says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from click import Context, Parameter
from click.shell_completion import CompletionItem

from escalation.designs import DESIGNS, Design, ThreePlusThree
from escalation.errors import EscalationError
from escalation.protocol import DEFAULT_PROTOCOL, Protocol, load_protocol, shipped_protocols

__all__ = [
    "complete_designs",
    "complete_plans",
    "complete_protocols",
    "complete_settings",
    "designs_starting",
    "or_file",
    "protocol_of",
    "settings_starting",
    "starting",
]


def complete_designs(ctx: Context, param: Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Offer the designs by name."""
    return list(designs_starting(incomplete))


def complete_protocols(
    ctx: Context, param: Parameter, incomplete: str
) -> list[CompletionItem[str]]:
    """Offer the shipped protocols, and files."""
    return or_file(incomplete, starting(incomplete, shipped_protocols()))


def complete_plans(ctx: Context, param: Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Offer the shipped plans, and files."""
    from escalation.plan import shipped_plans  # noqa: PLC0415  # for a shell only

    return or_file(incomplete, starting(incomplete, shipped_plans()))


def complete_settings(ctx: Context, param: Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Offer the options of the design asked about as KEY=, then the values of a choice."""
    name = ctx.params.get("design_name")
    if name is None:
        protocol = protocol_of(ctx)
        name = ThreePlusThree.name if protocol is None else protocol.design.name
    return list(settings_starting(incomplete, [DESIGNS[name]] if name in DESIGNS else []))


def designs_starting(incomplete: str) -> Iterator[CompletionItem[str]]:
    """Yield the designs whose names begin so."""
    from escalation.designs.declared import summarise_design  # noqa: PLC0415  # for a shell only

    for name, design in DESIGNS.items():
        if name.startswith(incomplete):
            yield CompletionItem(name, help=summarise_design(design))


def settings_starting(
    incomplete: str, designs: Iterable[type[Design]], before: str = ""
) -> Iterator[CompletionItem[str]]:
    """Yield the options of designs as KEY=, and the values of the one typed, behind ``before``."""
    from escalation.designs.declared import declared_options  # noqa: PLC0415  # for a shell only

    options = {option.name: option for design in designs for option in declared_options(design)}
    key, equals, value = incomplete.partition("=")
    if equals and key in options:
        yield from starting(value, options[key].choices, f"{before}{key}=")
    elif not equals:
        for option in options.values():
            if option.name.startswith(key):
                yield CompletionItem(f"{before}{option.name}=", help=option.meaning)


def starting(incomplete: str, names: Iterable[str], before: str = "") -> list[CompletionItem[str]]:
    """Return the names that begin so, each behind ``before``."""
    return [CompletionItem(f"{before}{name}") for name in names if name.startswith(incomplete)]


def or_file(incomplete: str, items: Iterable[CompletionItem[str]]) -> list[CompletionItem[str]]:
    """Add files. They come first: bash then shows them only where there is nothing else."""
    return [CompletionItem(incomplete, type="file"), *items]


def protocol_of(ctx: Context) -> Protocol | None:
    """Return the protocol that the command line names; None for a plain ladder or a fault."""
    if ctx.params.get("levels") is not None:
        return None
    try:
        return load_protocol(ctx.params.get("protocol_name") or DEFAULT_PROTOCOL)
    except EscalationError:
        return None
