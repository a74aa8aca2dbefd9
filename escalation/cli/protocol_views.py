"""`escalation protocol text` and `diagram`: the rule in plain English, and as a state diagram."""

from __future__ import annotations

from pathlib import Path

import click

from escalation.cli.options import (
    PICTURES,
    CarefulCommand,
    check_writable,
    line,
    origin,
    protocol_argument,
)
from escalation.designs import describe_design
from escalation.protocol import Protocol
from escalation.version import __version__

__all__ = ["diagram", "text"]

MERMAID = ".mmd"


@click.command(cls=CarefulCommand)
@protocol_argument
@click.option("--markdown", is_flag=True, help="Print Markdown, for an appendix.")
def text(protocol: Protocol, markdown: bool) -> None:
    """Print the dose escalation rule in plain English, as a protocol states it.

    Without a name: nct07123519; - reads a protocol from standard input.

    Example: escalation protocol text nct07123519 --markdown
    """
    from escalation.reports.rule.text import rule_text  # noqa: PLC0415

    said = rule_text(
        protocol.design, protocol.level_names, expansion=protocol.expansion, markdown=markdown
    )
    click.echo(said)
    if markdown:
        click.echo(f"*{origin(protocol)}*")
    else:
        line(origin(protocol), indent="  ")


@click.command(cls=CarefulCommand)
@protocol_argument
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write a file, by its suffix: .mmd (Mermaid), .svg, .png or .pdf.",
)
def diagram(protocol: Protocol, output: Path | None) -> None:
    """Print the design as a state diagram in Mermaid, or draw it.

    Without a name: nct07123519; - reads a protocol from standard input.

    Example: escalation protocol diagram --variant declare --output rule.svg
    """
    from escalation.reports.rule.diagram import mermaid  # noqa: PLC0415

    if output is not None:
        check_writable(output, (MERMAID, *PICTURES))
    if output is not None and output.suffix.lower() in PICTURES:
        from escalation.figures.files import Provenance, save_figure  # noqa: PLC0415
        from escalation.figures.state_machine import plot_diagram  # noqa: PLC0415

        provenance = Provenance(
            design=describe_design(protocol.design),
            protocol=protocol.name,
            digest=protocol.digest,
        )
        save_figure(plot_diagram(protocol.design, protocol.level_names), output, provenance)
        click.echo(f"wrote {output}", err=True)
        return
    whence = f"{origin(protocol)} escalation {__version__}."
    lines = f"{mermaid(protocol.design, protocol.level_names)}%% {whence}"
    if output is None:
        click.echo(lines)
    else:
        output.write_text(f"{lines}\n", encoding="utf-8")
        click.echo(f"wrote {output}", err=True)
