"""The rule as a protocol prints it: options, sentences, pending patients, untidy cohorts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from string import ascii_lowercase
from typing import Any

from escalation.dataclass import dataclass
from escalation.designs import Design, LevelStatus, describe_options, design_settings
from escalation.designs.base import WAIT, WAIT_FOR_MTD
from escalation.designs.interval.base import IntervalDesign, has_boundaries
from escalation.protocol import Protocol
from escalation.protocol.dosing import describe_dosing
from escalation.reports.backfill_text import backfill_rule
from escalation.reports.expansion_text import expansion_rule
from escalation.reports.formats import write_view
from escalation.reports.origin import describe_origin, identity_document
from escalation.reports.rule.boundary_text import boundary_sentences, boundary_words
from escalation.reports.rule.decision_table import decision_table
from escalation.reports.rule.sentences import RuleSentence, rule_sentences, settled_early
from escalation.reports.rule.situations import require_stages, tallies_words
from escalation.reports.view import GAP, Block, Heading, Item, Items, Paragraph, View
from escalation.text import join_words

__all__ = ["Section", "rule_blocks", "rule_sections", "rule_text", "sections_beside", "view_rule"]


def rule_text(design: Design, level_names: Sequence[str], *, markdown: bool = False) -> str:
    """Write the rule section of a protocol, as ``view_rule`` lays it out.

    Examples
    --------
    >>> from escalation.designs import ThreePlusThree
    >>> text = rule_text(ThreePlusThree(n_levels=2), ["level 1", "level 2"])
    >>> print(text.splitlines()[0])
    Dose escalation rule
    """
    sections = rule_sections(design, level_names)
    view = View(page=lambda: rule_blocks(sections), document=dict, rows=tuple)
    return "".join(write_view(view, "md" if markdown else "text"))


def view_rule(protocol: Protocol) -> View:
    """Return the view of a protocol's rule, as a protocol states it; its rows are the sentences.

    Raises
    ------
    DesignError
        For a design that judges a level neither by stages nor by boundaries.
    """
    sections = (
        *rule_sections(protocol.design, protocol.level_names),
        *sections_beside(protocol),
    )
    return View(
        page=lambda: [*rule_blocks(sections), GAP, Paragraph(describe_origin(protocol), "  ")],
        document=lambda: {
            **identity_document(protocol),
            "design": design_settings(protocol.design),
            "sections": [_document(section) for section in sections],
        },
        rows=lambda: _rows(sections),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A titled part: paragraphs, then items."""

    title: str
    paragraphs: tuple[str, ...] = ()
    items: tuple[Item, ...] = ()
    numbered: bool = False


def rule_sections(design: Design, level_names: Sequence[str]) -> tuple[Section, ...]:
    """Return the rule section of a protocol.

    Every sentence is one that ``design.decide`` gives in a trial that keeps to the design, and
    stands with the data on which it does.

    Parameters
    ----------
    design : Design
    level_names : sequence of str
        One a level, lowest first, such as ``"level 1, 3E6 cells/kg"``.

    Raises
    ------
    DesignError
        For a design that judges a level neither by stages nor by boundaries.
    """
    if has_boundaries(design):
        return _interval_sections(design, level_names)
    require_stages(design, "rule text")
    return _staged_sections(design, level_names)


def sections_beside(protocol: Protocol) -> Iterator[Section]:
    """Yield what a protocol says of backfill, of the expansion and of doses, where it does."""
    backfill, expansion = backfill_rule(protocol), expansion_rule(protocol.expansion)
    doses = describe_dosing(protocol)
    if backfill is not None:
        yield Section(title="Backfill", paragraphs=(backfill,))
    if expansion is not None:
        yield Section(title="Expansion", paragraphs=(f"{EXPANSION} {expansion}",))
    if doses is not None:
        yield Section(title="Doses", paragraphs=(f"Doses in {protocol.unit} are {doses}.",))


def rule_blocks(sections: Sequence[Section]) -> Iterator[Block]:
    """Yield sections as a page has them, the first one's title above."""
    for place, section in enumerate(sections):
        if place:
            yield GAP
        level, underline = (3, "-") if place else (2, "=")
        yield Heading(section.title, level, underline)
        for text in section.paragraphs:
            yield GAP
            yield Paragraph(text)
        if section.items:
            yield GAP
            yield Items(section.items, section.numbered, "  - ")


def _document(section: Section) -> dict[str, Any]:
    return {
        "title": section.title,
        "paragraphs": list(section.paragraphs),
        "items": [_item_document(item) for item in section.items],
        "numbered": section.numbered,
    }


def _item_document(item: Item) -> dict[str, Any]:
    return {
        "text": item.text,
        "data": list(item.data),
        "items": [_item_document(part) for part in item.items],
    }


def _rows(sections: Sequence[Section]) -> Iterator[Sequence[object]]:
    yield "section", "number", "text", "data"
    for section in sections:
        for text in section.paragraphs:
            yield section.title, "", text, ""
        for number, item in enumerate(section.items, start=1):
            yield section.title, number, item.text, " ".join(item.data)
            for letter, part in zip(ascii_lowercase, item.items, strict=False):
                yield section.title, f"{number}{letter}", part.text, " ".join(part.data)


EXPANSION = (
    "When the trial has stopped with an MTD, further patients at that level are an expansion: the "
    "rule no longer counts them."
)


def _staged_sections(design: Design, level_names: Sequence[str]) -> tuple[Section, ...]:
    return (
        Section(
            title="Dose escalation rule",
            paragraphs=(_design_words(design), *_ladder_words(design, level_names)),
        ),
        Section(title="Options", items=tuple(Item(text=text) for text in describe_options(design))),
        Section(
            title="Rules",
            paragraphs=(
                "x/n stands for x patients with a DLT among the n evaluable patients at a level, "
                "that of the last cohort where no other is named.",
            ),
            items=_sentences(rule_sentences(design)),
            numbered=True,
        ),
        Section(title="Pending patients", paragraphs=_pending_words(design)),
        Section(
            title="Cohorts of another size",
            paragraphs=(
                "A level can have fewer evaluable patients than foreseen, or more. While the "
                "level above has not been given:",
            ),
            items=tuple(Item(text=text) for text in _untidy_words(design)),
        ),
    )


def _interval_sections(design: IntervalDesign, level_names: Sequence[str]) -> tuple[Section, ...]:
    """Write a rule by boundaries: the sentences, and below them what each number of DLTs means."""
    looks = design.stages
    between = [n for n in range(1, looks[-1]) if n not in looks]
    other_sizes = Section(
        title="Cohorts of another size",
        paragraphs=("A level can have other numbers of evaluable patients:",),
        items=tuple(Item(text=text) for text in boundary_words(design, between)),
    )
    named = (
        f"Design: {design.name}. A level is judged by the patients with a DLT among all evaluable "
        "there, whatever their number."
    )
    return (
        Section(
            title="Dose escalation rule",
            paragraphs=(named, *_ladder_words(design, level_names)),
        ),
        Section(title="Options", items=tuple(Item(text=text) for text in describe_options(design))),
        Section(
            title="Rules",
            items=tuple(Item(text=clause.text) for clause in boundary_sentences(design)),
            numbered=True,
        ),
        Section(
            title="Boundaries",
            paragraphs=(
                "x/n stands for x patients with a DLT among the n evaluable patients at the "
                "current level. A level that is eliminated is left at once and for good.",
            ),
            items=tuple(Item(text=text) for text in boundary_words(design, looks)),
        ),
        Section(title="Pending patients", paragraphs=(_pending_rule(design),)),
        *([other_sizes] if between else []),
    )


def _design_words(design: Design) -> str:
    variant = design.full_name.removeprefix(design.name).strip()
    named = f"{design.name}, variant {variant}" if variant else design.name
    sizes = [str(size) for size in design.stages]
    looks = join_words(sizes)
    return f"Design: {named}. A level is judged after {looks} evaluable patients."


def _ladder_words(design: Design, level_names: Sequence[str]) -> tuple[str, ...]:
    return (
        f"Dose levels, lowest first: {'; '.join(level_names)}.",
        f"The trial starts at {level_names[design.start]}.",
    )


def _sentences(sentences: Sequence[RuleSentence]) -> tuple[Item, ...]:
    """Make items; clauses that open with the same sentence share it as one."""
    by_lead: dict[str, list[RuleSentence]] = {}
    for sentence in sentences:
        by_lead.setdefault(_lead(sentence), []).append(sentence)
    items = []
    for sentence in sentences:
        lead = _lead(sentence)
        group = by_lead[lead]
        if len(group) == 1:
            items.append(Item(text=sentence.clause.text, data=_data(sentence)))
        elif sentence is group[-1]:  # the group comes where its last clause would
            shared = tuple(
                Item(text=one.clause.text.removeprefix(f"{lead}. "), data=_data(one))
                for one in group
            )
            items.append(Item(text=f"{lead}.", items=shared))
    return tuple(items)


def _lead(sentence: RuleSentence) -> str:
    return sentence.clause.text.partition(". ")[0]


def _data(sentence: RuleSentence) -> tuple[str, ...]:
    return tuple(f"{str(case)[0].upper()}{str(case)[1:]}." for case in sentence.cases)


def _pending_rule(design: Design) -> str:
    pending = "A patient inside the DLT window without a DLT is pending."
    replaced = "A patient who turns out not evaluable is replaced."
    goes_on = "" if design.while_pending is None else f"{design.while_pending.text} "
    if design.asks_follow_up:
        return f"{pending} {goes_on}{WAIT_FOR_MTD.text} {replaced}"
    return (
        f"{pending} A decision is made before the windows close when every way in which the "
        "pending patients can turn out leads to the same one; to escalate or to stop must hold as "
        f"well if they turn out not evaluable. {goes_on}{'Then: ' * bool(goes_on)}{WAIT.text} "
        f"{replaced}"
    )


def _pending_words(design: Design) -> tuple[str, ...]:
    rule = _pending_rule(design)
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
