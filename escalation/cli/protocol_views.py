"""`escalation protocol text` and `diagram`: the rule in plain English, and as a state diagram."""

from __future__ import annotations

from pathlib import Path

import click

from escalation.cli.options import PICTURES, CarefulCommand, protocol_argument
from escalation.cli.show import say_written, shows
from escalation.designs import describe_design
from escalation.files import check_writable, write_text
from escalation.protocol import Protocol
from escalation.reports.origin import describe_origin
from escalation.reports.rule.diagram import mermaid
from escalation.reports.rule.text import view_rule
from escalation.reports.view import View
from escalation.version import __version__

__all__ = ["diagram", "text"]

MERMAID = ".mmd"


@click.command(cls=CarefulCommand)
@protocol_argument
@shows
def text(protocol: Protocol) -> View:
    """Print the dose escalation rule in plain English, as a protocol states it.

    Without a name: nct07123519; - reads a protocol from standard input.

    Example: escalation protocol text nct07123519 --format md
    """
    return view_rule(protocol)


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
    if output is not None:
        check_writable(output, (MERMAID, *PICTURES))
    if output is not None and output.suffix.lower() in PICTURES:
        from escalation.figures.files import Provenance, save_figure  # noqa: PLC0415
        from escalation.figures.state_machine import plot_diagram_pages  # noqa: PLC0415

        provenance = Provenance(
            design=describe_design(protocol.design),
            protocol=protocol.name,
            digest=protocol.digest,
            trial=protocol.title or "",
        )
        pages = plot_diagram_pages(
            protocol.design,
            protocol.diagram_names,
            trial=protocol.title or "",
            protocol=f"Protocol {protocol.name}, digest {protocol.digest[:12]}",
        )
        say_written(*save_figure(pages, output, provenance))
        return
    rests_on = f"{describe_origin(protocol)} escalation {__version__}."
    lines = f"{mermaid(protocol.design, protocol.diagram_names)}%% {rests_on}\n"
    if output is None:
        click.echo(lines, nl=False)
    else:
        write_text(output, [lines])
        say_written(output)
