"""The labels of dose levels as options take them: ``1``, ``-1``, ``+1``, ``1a``, ``DL-1``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from escalation.cli.completion import protocol_of, starting
from escalation.errors import InputError
from escalation.labels import Label, read_label

__all__ = ["LABEL"]


if TYPE_CHECKING:
    _ParamType = click.ParamType[Label]
else:  # older ones of click take no type
    _ParamType = click.ParamType


class _LabelType(_ParamType):
    name = "label"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Label:
        """Read a label; whether the ladder has such a level is for who knows the ladder to say."""
        try:
            return read_label(value)
        except InputError as error:
            self.fail(str(error), param, ctx)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem[str]]:
        """Offer the levels of the ladder that the line names; a trial's is in its ledger."""
        if "protocol_name" not in ctx.params:
            return []
        n_levels = ctx.params.get("levels")
        if isinstance(n_levels, int):
            return starting(incomplete, map(str, range(1, min(n_levels, 20) + 1)))
        protocol = protocol_of(ctx)
        return [] if protocol is None else starting(incomplete, map(str, protocol.labels))


LABEL = _LabelType()
