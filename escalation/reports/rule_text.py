"""The rule as a protocol prints it: options, sentences, pending patients, untidy cohorts."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from string import ascii_lowercase
from typing import Any

from escalation.designs import Design, LevelStatus, design_options
from escalation.designs.base import WAIT
from escalation.outcomes import Tally
from escalation.reports.decision_table import decision_table
from escalation.reports.rule_sentences import RuleSentence, rule_sentences, settled_early
from escalation.reports.situations import require_stages, tallies_words

__all__ = ["rule_text"]

WIDTH = 79


@dataclass(frozen=True, slots=True, kw_only=True)
class _Item:
    """A numbered or bulleted sentence, the data below it, and its own items."""

    text: str
    data: tuple[str, ...] = ()
    items: tuple[_Item, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Section:
    title: str
    paragraphs: tuple[str, ...] = ()
    items: tuple[_Item, ...] = ()
    numbered: bool = False


def rule_text(design: Design, level_names: Sequence[str], *, markdown: bool = False) -> str:
    """Write the rule section of a protocol.

    Every sentence is one that ``design.decide`` gives in a trial that keeps to the design, and
    stands with the data on which it does.

    Parameters
    ----------
    design : Design
    level_names : sequence of str
        One a level, lowest first, such as ``"level 1, 3E6 cells/kg"``.
    markdown : bool
        For an appendix, instead of for a terminal.

    Raises
    ------
    DesignError
        For a design that does not judge a level by stages.

    Examples
    --------
    >>> from escalation.designs import ThreePlusThree
    >>> text = rule_text(ThreePlusThree(n_levels=2), ["level 1", "level 2"])
    >>> print(text.splitlines()[0])
    Dose escalation rule
    """
    require_stages(design, "rule text")
    sections = (
        _Section(
            title="Dose escalation rule",
            paragraphs=(_design_words(design), *_ladder_words(design, level_names)),
        ),
        _Section(title="Options", items=tuple(_Item(text=text) for text in _option_words(design))),
        _Section(
            title="Rules",
            paragraphs=(
                "x/n stands for x patients with a DLT among the n evaluable patients at a level, "
                "that of the last cohort where no other is named.",
            ),
            items=_sentences(rule_sentences(design)),
            numbered=True,
        ),
        _Section(title="Pending patients", paragraphs=_pending_words(design)),
        _Section(
            title="Cohorts of another size",
            paragraphs=(
                "A level can have fewer evaluable patients than foreseen, or more. While the "
                "level above has not been given:",
            ),
            items=tuple(_Item(text=text) for text in _untidy_words(design)),
        ),
    )
    write = _markdown if markdown else _plain
    return "\n\n".join(write(section, level) for level, section in enumerate(sections)) + "\n"


def _design_words(design: Design) -> str:
    variant = getattr(design, "variant", None)
    named = f"{design.name}, variant {variant}" if variant else design.name
    sizes = [str(size) for size in design.stages]
    looks = " and ".join([", ".join(sizes[:-1]), sizes[-1]]) if len(sizes) > 1 else sizes[0]
    return f"Design: {named}. A level is judged after {looks} evaluable patients."


def _ladder_words(design: Design, level_names: Sequence[str]) -> tuple[str, ...]:
    return (
        f"Dose levels, lowest first: {'; '.join(level_names)}.",
        f"The trial starts at {level_names[design.start]}.",
    )


def _option_words(design: Design) -> tuple[str, ...]:
    """Say each option of the design in words; by name and value where there are none."""
    said, named = [], []
    for option in design_options(design):
        value = getattr(design, option)
        if option == "variant" or (option == "untested_below" and design.start == 0):
            continue
        if option in _OPTION_WORDS:
            said.append(_OPTION_WORDS[option](design, value))
        else:
            named.append(f"{option} = {value}")
    return (*(["; ".join(named) + "."] if named else []), *said)


def _below(design: Design, value: Any) -> str:
    first, last = design.stages[0], design.stages[-1]
    if value == "expand":
        return f"The level below a too toxic one is declared the MTD only on {last} patients."
    return (
        f"The level below a too toxic one is declared the MTD as soon as {first} patients have "
        "cleared it."
    )


def _top(design: Design, value: Any) -> str:
    first, last = design.stages[0], design.stages[-1]
    if value == "expand":
        return f"The highest level is declared the MTD only on {last} patients."
    return f"The highest level is declared the MTD as soon as {first} patients have cleared it."


def _untested_below(design: Design, value: Any) -> str:
    level = "A level that was never given and lies below a too toxic one"
    return (
        f"{level} is given to {design.stages[0]} patients."
        if value == "treat"
        else (f"{level} is not opened.")
    )


def _borderline(design: Design, value: Any) -> str:
    n = design.stages[-1]
    first = next(
        x
        for x in range(n + 1)
        if design.status(Tally(n_evaluable=n, n_dlts=x)) is not LevelStatus.CONFIRMED
    )
    meaning = "the level is the MTD" if value == "mtd" else "the level is too toxic"
    return f"{first} DLTs among {n} patients mean that {meaning}."


def _max_patients(_: Design, value: Any) -> str:
    if value is None:
        return "There is no maximum sample size."
    return f"At most {value} evaluable patients are treated in the trial."


_OPTION_WORDS: dict[str, Callable[[Design, Any], str]] = {
    "below": _below,
    "top": _top,
    "untested_below": _untested_below,
    "two_of_six": _borderline,
    "borderline": _borderline,
    "max_patients": _max_patients,
}


def _sentences(sentences: Sequence[RuleSentence]) -> tuple[_Item, ...]:
    """Make items; clauses that open with the same sentence share it as one."""
    by_lead: dict[str, list[RuleSentence]] = {}
    for sentence in sentences:
        by_lead.setdefault(_lead(sentence), []).append(sentence)
    items = []
    for sentence in sentences:
        lead = _lead(sentence)
        group = by_lead[lead]
        if len(group) == 1:
            items.append(_Item(text=sentence.clause.text, data=_data(sentence)))
        elif sentence is group[-1]:  # the group comes where its last clause would
            shared = tuple(
                _Item(text=one.clause.text.removeprefix(f"{lead}. "), data=_data(one))
                for one in group
            )
            items.append(_Item(text=f"{lead}.", items=shared))
    return tuple(items)


def _lead(sentence: RuleSentence) -> str:
    return sentence.clause.text.partition(". ")[0]


def _data(sentence: RuleSentence) -> tuple[str, ...]:
    return tuple(f"{str(case)[0].upper()}{str(case)[1:]}." for case in sentence.cases)


def _pending_words(design: Design) -> tuple[str, ...]:
    goes_on = "" if design.while_pending is None else f"{design.while_pending.text} Then: "
    rule = (
        "A patient inside the DLT window without a DLT is pending. A decision is made before the "
        "windows close when every way in which the pending patients can turn out leads to the "
        "same one; to escalate or to stop must hold as well if they turn out not evaluable. "
        f"{goes_on}{WAIT.text} A patient who turns out not evaluable is replaced."
    )
    settled: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for n, x, n_pending in settled_early(design):
        settled.setdefault((n, n_pending), []).append((n, x))
    if not settled:
        return (rule,)
    early = "; ".join(
        f"{tallies_words(counts)} with {n_pending} pending"
        for (_, n_pending), counts in settled.items()
    )
    return rule, f"So a level can be judged early at {early}."


def _untidy_words(design: Design) -> tuple[str, ...]:
    """Say what is done at each size that no look foresees, one line a size."""
    largest = design.stages[-1] + design.stages[0]
    sizes = [n for n in range(1, largest + 1) if n not in design.stages]
    answers: dict[int, dict[str, list[tuple[int, int]]]] = {}
    for row in decision_table(design, sizes):
        if row.above is not LevelStatus.NOT_GIVEN:
            continue
        toxic = row.status is LevelStatus.TOO_TOXIC
        said = answers.setdefault(row.n_evaluable, {})
        counts = said.setdefault("too toxic" if toxic else row.answer, [])
        counts.append((row.n_evaluable, row.n_dlts))
    return tuple(
        "; ".join(f"{tallies_words(counts)}: {answer}" for answer, counts in said.items()) + "."
        for said in answers.values()
    )


def _plain(section: _Section, level: int) -> str:
    underline = "-" if level else "="
    blocks = [f"{section.title}\n{underline * len(section.title)}"]
    blocks += [_fill(text) for text in section.paragraphs]
    if section.items:
        blocks.append("\n".join(_plain_items(section.items, numbered=section.numbered)))
    return "\n\n".join(blocks)


def _plain_items(items: Sequence[_Item], *, numbered: bool) -> list[str]:
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


def _markdown(section: _Section, level: int) -> str:
    blocks = [f"{'###' if level else '##'} {section.title}", *section.paragraphs]
    if section.items:
        mark = "1." if section.numbered else "-"
        blocks.append("\n".join(_markdown_items(section.items, mark, "")))
    return "\n\n".join(blocks)


def _markdown_items(items: Sequence[_Item], mark: str, indent: str) -> list[str]:
    lines = []
    inner = indent + " " * (len(mark) + 1)
    for item in items:
        lines.append(f"{indent}{mark} {item.text}")
        lines += [f"{inner}- *{text}*" for text in item.data]
        lines += _markdown_items(item.items, "-", inner)
    return lines
