"""How a text of sections is laid out: for a terminal, and in Markdown."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_lowercase

from escalation.text import WIDTH

__all__ = ["Item", "Section", "write_sections"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A numbered or bulleted sentence, the data below it, and its own items."""

    text: str
    data: tuple[str, ...] = ()
    items: tuple[Item, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A titled part: paragraphs, then items."""

    title: str
    paragraphs: tuple[str, ...] = ()
    items: tuple[Item, ...] = ()
    numbered: bool = False


def write_sections(sections: Sequence[Section], *, markdown: bool) -> str:
    """Write the sections, the first one's title above the others'."""
    write = _markdown if markdown else _plain
    return "\n\n".join(write(section, level) for level, section in enumerate(sections)) + "\n"


def _plain(section: Section, level: int) -> str:
    underline = "-" if level else "="
    blocks = [f"{section.title}\n{underline * len(section.title)}"]
    blocks += [_fill(text) for text in section.paragraphs]
    if section.items:
        blocks.append("\n".join(_plain_items(section.items, numbered=section.numbered)))
    return "\n\n".join(blocks)


def _plain_items(items: Sequence[Item], *, numbered: bool) -> list[str]:
    lines = []
    for number, item in enumerate(items, start=1):
        lines.append(_fill(item.text, f"{number:>2}. " if numbered else "  - "))
        lines += [_fill(text, "    ", hang=2) for text in item.data]
        for letter, part in zip(ascii_lowercase, item.items, strict=False):
            lines.append(_fill(part.text, f"    ({letter}) "))
            lines += [_fill(text, "        ", hang=2) for text in part.data]
    return lines


def _fill(text: str, lead: str = "", *, hang: int = 0) -> str:
    indent = " " * (len(lead) + hang)
    return textwrap.fill(
        text, WIDTH, initial_indent=lead, subsequent_indent=indent, break_on_hyphens=False
    )


def _markdown(section: Section, level: int) -> str:
    blocks = [f"{'###' if level else '##'} {section.title}", *section.paragraphs]
    if section.items:
        mark = "1." if section.numbered else "-"
        blocks.append("\n".join(_markdown_items(section.items, mark, "")))
    return "\n\n".join(blocks)


def _markdown_items(items: Sequence[Item], mark: str, indent: str) -> list[str]:
    lines = []
    inner = indent + " " * (len(mark) + 1)
    for item in items:
        lines.append(f"{indent}{mark} {item.text}")
        lines += [f"{inner}- *{text}*" for text in item.data]
        lines += _markdown_items(item.items, "-", inner)
    return lines
