"""The sentences of a protocol with an A+B design, written from its options."""

from __future__ import annotations

from typing import TYPE_CHECKING

from escalation.designs.base import Clause

if TYPE_CHECKING:
    from escalation.designs.a_plus_b.base import APlusB

__all__ = ["write_clauses"]


def write_clauses(design: APlusB) -> dict[str, Clause]:
    """Write the protocol's sentences for one set of options."""
    a, c, d, e = (_word(n) for n in (design.a, design.c, design.d, design.e))
    full = _word(design.a + design.b)
    toxic_first = design.d + 1
    toxic_full = design.e + 1 + (design.borderline == "mtd")
    if toxic_first == toxic_full:
        too_toxic = f"With {_word(toxic_first)} or more DLTs a level is too toxic"
    elif toxic_first > design.a:
        too_toxic = f"With {_word(toxic_full)} or more DLTs among {full} a level is too toxic"
    else:
        too_toxic = (
            f"With {_word(toxic_first)} or more DLTs among the first {a}, or "
            f"{_word(toxic_full)} or more among {full}, a level is too toxic"
        )
    too_toxic += " and neither it nor any higher level is given again. "
    few_dlts = f"no DLT among {a}" if design.c == 1 else f"fewer than {c} DLTs among {a}"
    doubt = (
        c if design.c >= design.d else f"{c} or {d}" if design.c + 1 == design.d else f"{c} to {d}"
    )
    texts = {
        "start": f"Treat {a} patients at the starting level.",
        "fill": f"A level is first judged on {a} evaluable patients: treat until {a} are "
        "evaluable.",
        "expand": f"With {doubt} DLT{'s' * (design.d > 1)} among {a} patients, treat more at the "
        f"same level until {full} are evaluable, and judge it on them.",
        "escalate-first": f"With {few_dlts}, escalate to the next level.",
        "escalate-expanded": f"With at most {e} DLT{'s' * (design.e != 1)} among {full}, escalate "
        "to the next level.",
        "confirm-top": f"The highest level is declared the MTD only on {full} patients: with "
        f"{few_dlts} there, treat more until {full} are evaluable.",
        "declare-top": f"With {few_dlts} at the highest level, stop: it is declared the MTD; a "
        "higher dose might be tolerated too.",
        "mtd-top": f"With at most {e} DLT{'s' * (design.e != 1)} among {full} at the highest "
        "level, stop: it is declared the MTD; a higher dose might be tolerated too.",
        "confirm-below": too_toxic + "The level below it has been cleared by fewer than "
        f"{full} patients: treat more there until {full} are evaluable.",
        "declare-below": too_toxic + "The level below it has been cleared: stop, that is the MTD.",
        "mtd-below": too_toxic + "The level below it has at most "
        f"{e} DLT{'s' * (design.e != 1)} among {full}: stop, that is the MTD.",
        "untested-below": too_toxic
        + f"The level below it has never been given: treat {a} patients there.",
        "untested-below-stop": too_toxic
        + "No level below it has been given, and none is opened now: stop, no MTD is declared.",
        "lowest-too-toxic": too_toxic + "It is the lowest level: stop, no level is tolerated and "
        "no MTD is declared.",
        "borderline-mtd": f"With exactly {_word(design.e + 1)} DLTs among {full} or more, stop: "
        "this level is the MTD.",
        "unfinished-below": "A lower level that was given has not been judged: complete it before "
        "any higher level is given again.",
        "max-patients": "When the next patients would exceed the maximum sample size of "
        f"{design.max_patients}, stop: the MTD is not determined.",
    }
    return {clause_id: Clause(clause_id, text) for clause_id, text in texts.items()}


def _word(n: int) -> str:
    words = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
    return words[n] if n < len(words) else str(n)
