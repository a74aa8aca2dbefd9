"""Options that several commands share, and how a command gets its protocol and its outcomes."""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from escalation.designs import VARIANTS
from escalation.errors import DesignError, InputError
from escalation.outcomes import Cohort, parse_outcomes
from escalation.protocol import Protocol, load_protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["DEFAULT_PROTOCOL", "echo_json", "protocol_options", "read_outcomes"]

DEFAULT_PROTOCOL = "nct07123519"


def protocol_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that name a protocol and a design; pass the result as ``protocol``."""

    @click.option("--protocol", "protocol_name", metavar="NAME|FILE", help="Shipped name or file.")
    @click.option("--variant", type=click.Choice(list(VARIANTS)), help="A usual 3+3.")
    @click.option("--levels", type=int, metavar="N", help="A plain ladder of N levels, no doses.")
    @click.option("--start", type=int, metavar="LABEL", help="Start at this level instead.")
    @click.option("--design", "design_name", metavar="NAME", help="Another design.")
    @click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="Its options.")
    @functools.wraps(command)
    def wrapper(
        *args: Any,
        protocol_name: str | None,
        variant: str | None,
        levels: int | None,
        start: int | None,
        design_name: str | None,
        settings: tuple[str, ...],
        **kwargs: Any,
    ) -> Any:
        if levels is None and protocol_name is None:
            levels = _levels_from_p_dlt(kwargs.get("p_dlt"))
        if levels is not None and protocol_name is not None:
            raise click.UsageError("give --protocol or --levels, not both")
        if levels is not None:
            protocol = Protocol.plain(levels)
        else:
            protocol = load_protocol(protocol_name or DEFAULT_PROTOCOL)
        if start is not None:
            protocol = protocol.with_start(start)
        if variant is not None:
            settings = (*settings, f"variant={variant}")
        if design_name is not None or settings:
            protocol = protocol.with_design(design_name, **_parse_settings(settings))
        return command(*args, protocol=protocol, **kwargs)

    return wrapper


def _levels_from_p_dlt(p_dlt: object) -> int | None:
    return len(p_dlt) if isinstance(p_dlt, tuple) and p_dlt else None


def _parse_settings(settings: tuple[str, ...]) -> Mapping[str, Any]:
    """Read ``KEY=VALUE``: a number or true/false where it reads as one, text elsewhere."""
    options: dict[str, Any] = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not (equals and key and value):
            raise click.UsageError(f"--set takes KEY=VALUE, not {setting!r}")
        if key in options:
            raise DesignError(f"option {key!r} is given twice")
        try:
            options[key] = json.loads(value)
        except ValueError:
            options[key] = value
    return options


def read_outcomes(text: str) -> tuple[Cohort, ...]:
    """Parse outcome notation from an argument, or from standard input where it is ``-``."""
    if text != "-":
        return parse_outcomes(text)
    try:
        text = sys.stdin.read()
    except UnicodeDecodeError as error:
        raise InputError("standard input is not text; write outcomes such as 1NNN 2NT?") from error
    if not text.strip():
        raise InputError(
            'standard input is empty; write outcomes such as 1NNN 2NT?, or give "" before the '
            "first patient"
        )
    return parse_outcomes(text)


def echo_json(document: Mapping[str, Any]) -> None:
    """Print one JSON document, keys sorted, doubles in full."""
    click.echo(json.dumps(document, indent=2, sort_keys=True, allow_nan=False))
