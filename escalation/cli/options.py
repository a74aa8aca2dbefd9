"""Options that several commands share, and how a command gets its protocol and its outcomes."""

from __future__ import annotations

import functools
import json
import re
import sys
import textwrap
from collections.abc import Callable, Collection
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any

import click

from escalation.cli.asking import say_beside
from escalation.cli.completion import complete_designs, complete_protocols, complete_settings
from escalation.cli.label import LABEL
from escalation.cli.streams import shown_on
from escalation.cli.whole import WholeNumber
from escalation.designs import DESIGNS, VARIANTS
from escalation.errors import DesignError, InputError, printable
from escalation.labels import Label
from escalation.outcomes import MAX_LETTERS, Cohort, parse_outcomes
from escalation.protocol import DEFAULT_PROTOCOL, Protocol, load_protocol
from escalation.protocol.defaults import fill_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from escalation.plan import Plan

__all__ = [
    "DEFAULT_PROTOCOL",
    "PICTURES",
    "CarefulCommand",
    "OutcomesCommand",
    "echo_json",
    "line",
    "parse_settings",
    "protocol_argument",
    "protocol_options",
    "read_ladder",
    "read_outcomes",
    "read_plan",
    "read_protocol",
    "read_stdin",
    "typed_again",
]

PICTURES = (".png", ".svg", ".pdf")
WORDS = "escalation.cli.words"  # in a context's meta: what was typed after the command's name


def protocol_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that name a protocol and a design; pass the result as ``protocol``."""
    named = click.option(
        "--protocol",
        "protocol_name",
        metavar="NAME|FILE",
        shell_complete=complete_protocols,
        help=f"A shipped protocol or a file.  [default: {DEFAULT_PROTOCOL}]",
    )
    return named(add_design_options(command))


def protocol_argument(command: Callable[..., Any]) -> Callable[..., Any]:
    """Do as ``protocol_options``, with the protocol as an argument."""
    named = click.argument(
        "protocol_name", metavar="[NAME|FILE]", required=False, shell_complete=complete_protocols
    )
    return named(add_design_options(command))


def add_design_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that change a protocol's design or give a plain ladder instead."""

    @click.option(
        "--variant", type=click.Choice(list(VARIANTS)), help="One of the usual 3+3 designs."
    )
    @click.option(
        "--levels",
        type=WholeNumber(),
        metavar="N",
        help="A plain ladder of N levels instead of a protocol.",
    )
    @click.option("--start", type=LABEL, metavar="LABEL", help="Start at this level.")
    @click.option(
        "--design",
        "design_name",
        metavar="NAME",
        shell_complete=complete_designs,
        help=f"Another design: {', '.join(DESIGNS)}.",
    )
    @click.option(
        "--set",
        "settings",
        multiple=True,
        metavar="KEY=VALUE",
        shell_complete=complete_settings,
        help="An option of the design, such as two_of_six=mtd; may be repeated.",
    )
    @functools.wraps(command)
    def wrapper(
        *args: Any,
        protocol_name: str | None,
        variant: str | None,
        levels: int | None,
        start: Label | None,
        design_name: str | None,
        settings: tuple[str, ...],
        **kwargs: Any,
    ) -> Any:
        protocol = read_ladder(protocol_name, levels, start, kwargs.get("p_dlt"))
        if variant is not None:
            settings = (*settings, f"variant={variant}")
        if design_name is not None or settings:
            options = dict(parse_settings(settings))
            if design_name is not None:
                sought = kwargs.get("target")
                filled = fill_in(protocol, design_name, options, measured_by=sought)
                options |= _say_defaults(filled, design_name)
            protocol = protocol.with_design(design_name, **options)
        return command(*args, protocol=protocol, **kwargs)

    return wrapper


def _say_defaults(filled: Mapping[str, tuple[Any, str]], design_name: str) -> dict[str, Any]:
    """Return the values that were filled in, having said beside the answer which they are."""
    if filled:
        said = ", ".join(f"{name} {value:g} ({why})" for name, (value, why) in filled.items())
        say_beside(f"{design_name} with {said}", "; --set gives others")
    return {name: value for name, (value, _) in filled.items()}


def read_ladder(
    protocol_name: str | None, levels: int | None, start: Label | None, p_dlt: object
) -> Protocol:
    """Return the protocol named, or a plain ladder of so many levels or values of P(DLT)."""
    if levels is None and protocol_name is None:
        levels = _levels_from_p_dlt(p_dlt)
    if levels is not None and protocol_name is not None:
        raise click.UsageError("give a protocol or --levels, not both")
    if levels is not None:
        protocol = Protocol.plain(levels)
    else:
        protocol = read_protocol(DEFAULT_PROTOCOL if protocol_name is None else protocol_name)
    return protocol if start is None else protocol.with_start(start)


class CarefulCommand(click.Command):
    """A command that refuses an option given twice, and what is given as "", instead of guessing.

    Where "" has a meaning, as for outcomes, the argument takes any number of words.
    """

    @property
    def names_with_value(self) -> set[str]:
        """The names of the options that take a value."""
        return {
            name
            for option in self.params
            if isinstance(option, click.Option) and not option.is_flag
            for name in option.opts
        }

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """Read the words; where a shell asks how they may go on, the last may lack its value."""
        if extra.get("resilient_parsing") and args and args[-1] in self.names_with_value:
            args = args[:-1]  # else click would not read the words before it either
        return super().make_context(info_name, args, parent, **extra)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Count each option that takes one value."""
        if ctx.resilient_parsing:  # a shell asks how the line may go on
            return super().parse_args(ctx, args)
        ctx.meta[WORDS] = tuple(args)
        words = args[: args.index("--")] if "--" in args else args
        for option in self.params:
            if not isinstance(option, click.Option) or option.is_flag or option.multiple:
                continue
            name = option.opts[-1]
            given = [word for word in words if word == name or word.startswith(f"{name}=")]
            if len(given) > 1:
                raise click.UsageError(f"{name} is given {len(given)} times; give it once", ctx)
            if f"{name}=" in given or (name, "") in pairwise(words):
                raise click.UsageError(f"{name} is empty", ctx)
        typed = tuple(args)  # click empties the list
        try:
            left = super().parse_args(ctx, args)
        except ValueError as error:  # click has asked the system about a path
            word = next((word for word in typed if "\0" in word), None)
            if word is None:
                raise
            raise InputError(f"{printable(word)} names no file: it holds a NUL") from error
        for argument in self.params:
            if isinstance(argument, click.Argument) and ctx.params.get(argument.name or "") == "":
                raise click.UsageError(f"{argument.make_metavar(ctx)} is empty", ctx)
        return left


def typed_again(ctx: click.Context, without: Collection[str]) -> list[str]:
    """Return the words of a command line that asks the same.

    Parameters
    ----------
    ctx : click.Context
        Of a ``CarefulCommand``.
    without : collection of str
        Parameters to leave out, such as the name of a file to be written.
    """
    parser = ctx.command.make_parser(ctx)
    given, _, _ = parser.parse_args(list(ctx.meta.get(WORDS, ())))
    options: list[str] = []
    arguments: list[str] = []
    for param in ctx.command.params:
        value = given.get(param.name or "")
        if param.name in without or value is None:
            continue
        if isinstance(param, click.Argument):
            arguments += value if isinstance(value, list | tuple) else []
        elif getattr(param, "is_flag", False):
            options += [param.opts[-1]] * bool(value)
        else:
            for one in value if isinstance(value, list | tuple) else [value]:
                options += [param.opts[-1], str(one)]
    return [ctx.info_name or "", *arguments, *options]


class OutcomesCommand(CarefulCommand):
    """A command that takes outcomes of a level below the start, ``-1NNN``, for no option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the words that are not options behind ``--``, in their order."""
        with_value = self.names_with_value
        options: list[str] = []
        words: list[str] = []
        rest = iter(args)
        for word in rest:
            if word == "--":
                words += rest
            elif word in with_value:
                options += [word, *islice(rest, 1)]
            elif re.match(r"-[^0-9]", word):
                options.append(word)
            else:
                words.append(word)
        return super().parse_args(ctx, [*options, *(["--", *words] if words else [])])


def _levels_from_p_dlt(p_dlt: object) -> int | None:
    return len(p_dlt) if isinstance(p_dlt, tuple) and p_dlt else None


def parse_settings(settings: tuple[str, ...], where: str = "--set") -> Mapping[str, Any]:
    """Read ``KEY=VALUE``: a number, numbers or true/false where it reads so, else text.

    ``where`` is what took them, for messages.
    """
    options: dict[str, Any] = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not (equals and key and value):
            raise click.UsageError(f"{where} takes KEY=VALUE, not {setting!r}")
        if key in options:
            raise DesignError(f"option {key!r} is given twice")
        options[key] = _parse_value(value)
    return options


def _parse_value(value: str) -> Any:
    whole = re.sub(r"(?<![\w.])(-?)\.(?=\d)", r"\g<1>0.", value)  # .3 as --p-dlt reads it
    for written in (whole, f"[{whole}]" if "," in whole else whole):  # 0.05,0.10 is a list
        try:
            return json.loads(written)
        except (ValueError, RecursionError):
            continue
    return value


def read_protocol(name_or_path: str) -> Protocol:
    """Load a protocol by name or path, or from standard input where it is ``-``."""
    if name_or_path != "-":
        return load_protocol(name_or_path)
    from escalation.protocol.file import MAX_BYTES, parse_protocol  # noqa: PLC0415  # pydantic

    return parse_protocol(read_stdin(MAX_BYTES + 1), "standard input")


def read_plan(name_or_path: str) -> Plan:
    """Load a plan by name or path, or from standard input where it is ``-``."""
    from escalation.plan import load_plan  # noqa: PLC0415  # a decision does without

    if name_or_path != "-":
        return load_plan(name_or_path)
    from escalation.plan.file import MAX_BYTES, parse_plan  # noqa: PLC0415  # pydantic

    return parse_plan(read_stdin(MAX_BYTES + 1), "standard input")


def read_stdin(n_bytes: int) -> bytes:
    """Read at most so much from standard input."""
    if sys.stdin is None:
        raise InputError("standard input is closed")
    return sys.stdin.buffer.read(n_bytes)


def read_outcomes(text: str) -> tuple[Cohort, ...]:
    """Parse outcome notation from an argument, or from standard input where it is ``-``."""
    if text != "-":
        return parse_outcomes(text)
    try:
        text = read_stdin(MAX_LETTERS + 1).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError("standard input is not text; write outcomes such as 1NNN 2NT?") from error
    if not text.strip():
        raise InputError(
            'standard input is empty; write outcomes such as 1NNN 2NT?, or give "" before the '
            "first patient"
        )
    return parse_outcomes(text)


def line(text: str, indent: str = "") -> None:
    """Print one paragraph, wrapped for a terminal of 80 columns."""
    filled = textwrap.fill(text, 79, subsequent_indent=indent, break_on_hyphens=False)
    click.echo(shown_on(filled, sys.stdout))


def echo_json(document: Mapping[str, Any]) -> None:
    """Print one JSON document, doubles in full."""
    click.echo(json.dumps(document, indent=2, allow_nan=False))
