"""What was found where a ledger was checked, and how each trial ends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from types import MappingProxyType
from typing import Any

from escalation.errors import IntegrityError
from escalation.ledger import Anchor, Finding
from escalation.reports.trial.signatures import signature_blocks, signatures_document
from escalation.reports.view import Block, Paragraph, Verbatim, View
from escalation.trial.keys.files import SignatureFiles
from escalation.version import __version__

__all__ = ["head_blocks", "say_finding", "say_verdict", "view_verification"]

NO_SIGNATURES: Mapping[str, Sequence[SignatureFiles]] = MappingProxyType({})


def view_verification(
    heads: Mapping[str, Anchor | None],
    findings: Sequence[Finding],
    *,
    has_anchor: bool,
    signatures: Mapping[str, Sequence[SignatureFiles]] = NO_SIGNATURES,
    folder: str | None = None,
    held: Sequence[str] = (),
) -> View:
    """Return the view; the program ends with 5 where anything is wrong.

    Parameters
    ----------
    heads : mapping of str to Anchor or None
        How each trial ends; None where that cannot be told.
    findings : sequence of Finding
    has_anchor : bool
        Whether the ledger was held against an anchor.
    signatures : mapping of str to sequence of SignatureFiles
        Signatures by key of each trial, and the lines that check them.
    folder : str or None
        Where the files that those lines read were written.
    held : sequence of str
        What to say of files of anchors.
    """
    wrong = [finding for finding in findings if not finding.remark]
    return View(
        page=lambda: chain(
            _finding_blocks(heads, findings),
            signature_blocks(signatures, folder),
            map(Paragraph, held),
            [Paragraph(say_verdict(findings, has_anchor=has_anchor))],
        ),
        document=lambda: _document(heads, findings, signatures, sound=not wrong),
        rows=partial(_rows, findings),
        exit_code=IntegrityError.exit_code if wrong else 0,
    )


def _finding_blocks(
    heads: Mapping[str, Anchor | None], findings: Sequence[Finding]
) -> Iterator[Block]:
    for finding in findings:
        yield Paragraph(say_finding(finding), "  ")
    for trial, head in heads.items():
        if head is not None:
            yield from head_blocks(trial, head)


def head_blocks(trial: str, head: Anchor) -> Iterator[Block]:
    """Say how many entries a trial has, and its anchor."""
    yield Paragraph(f"{trial}: {head.seq} entr{'y' if head.seq == 1 else 'ies'}.")
    yield Verbatim(f"  anchor {head}")


def say_finding(finding: Finding) -> str:
    """Say what was found, and whether it is wrong or may be so."""
    return f"{'Remark' if finding.remark else 'Wrong'}: {finding}"


def say_verdict(
    findings: Sequence[Finding],
    *,
    has_anchor: bool,
    otherwise: str = "give a printed one with --anchor",
) -> str:
    """Say in a sentence whether anything is wrong.

    Without an anchor to hold the ledger against, ``otherwise`` says how one is given.
    """
    n_wrong = sum(not finding.remark for finding in findings)
    n_unchecked = sum(finding.kind == "unchecked" for finding in findings)
    if n_wrong:
        things = f"{n_wrong} thing{'s are' if n_wrong > 1 else ' is'}"
        return f"{things} wrong: the ledger is not as it was written."
    right = "Nothing is wrong"
    if n_unchecked:
        some = f"{n_unchecked} signature{'s' * (n_unchecked > 1)} by key or timestamp"
        right = f"{some} could not be checked; in all else nothing is wrong"
    if has_anchor:
        return f"{right}, and every anchor fits."
    return f"{right}. Only an anchor can show that no entries were cut off at the end: {otherwise}."


def _document(
    heads: Mapping[str, Anchor | None],
    findings: Sequence[Finding],
    signatures: Mapping[str, Sequence[SignatureFiles]],
    *,
    sound: bool,
) -> dict[str, Any]:
    return {
        "schema": 1,
        "software": {"escalation": __version__},
        "sound": sound,
        "trials": [
            {
                "trial": trial,
                "head": None if head is None else {"seq": head.seq, "hash": head.hash},
                "signatures": signatures_document(signatures.get(trial, ())),
            }
            for trial, head in heads.items()
        ],
        "findings": [
            {
                "trial": finding.trial,
                "seq": finding.seq,
                "kind": finding.kind,
                "remark": finding.remark,
                "problem": finding.problem,
            }
            for finding in findings
        ],
    }


def _rows(findings: Sequence[Finding]) -> Iterator[Sequence[object]]:
    yield "trial", "seq", "kind", "remark", "problem"
    for found in findings:
        yield found.trial, found.seq, found.kind, found.remark, found.problem
