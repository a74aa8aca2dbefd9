"""What the writers of these tests record: entries of every form that 0.2.0 did not have, and one
that it had, each as large as in a trial, made from a number.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from escalation.ledger import Draft

__all__ = ["FORMS", "MARKS", "NAME", "START", "batch", "form", "moment"]

NAME = "Dr A. Example"
START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
MARKS = ("batch", "part", "of", "writer", "bulk")  # in every draft, beside what its kind says

FORMS = (
    *(("outcome-recorded", 1), ("vote-cast", 1), ("ae-recorded", 1), ("signed", 2)),
    *(("ae-followed-up", 1), ("ae-adjudicated", 1), ("evaluability-ruled", 1)),
    *(("timestamp-kept", 1), ("infusion-continued", 1), ("data-frozen", 1), ("key-registered", 1)),
    *(("decision-circulated", 1), ("screening-failed", 1), ("subject-renamed", 1)),
    *(("site-opened", 1), ("subject-at-site", 1), ("key-revoked", 1), ("trial-registered", 2)),
    *(("subject-enrolled", 2), ("outcome-recorded", 2), ("history-imported", 2)),
    *(("decision-made", 2), ("protocol-amended", 2)),
    *(("plan-adopted", 1), ("subject-screened", 1), ("findings-recorded", 1)),
    *(("screening-failed", 2), ("eligibility-waived", 1)),
    *(("visit-recorded", 1), ("subject-left", 1), ("file-imported", 1)),
)


def moment(number: int) -> datetime:
    """Return when batch ``number`` is recorded: a minute and a bit after the one before."""
    return START + timedelta(seconds=61.000013 * number)


def batch(number: int, *, size: int, bulk: int = 0, writer: str = "") -> list[Draft]:
    """Return the drafts of one append.

    Parameters
    ----------
    number : int
        Of the append; it is in every draft, so that half an append would be seen.
    size : int
        How many drafts.
    bulk : int
        Characters of further text, to make an entry larger than a page of the database.
    writer : str
        Who appends, where there are several.
    """
    drafts = []
    for part in range(1, size + 1):
        kind, version = form(number + part - 1)
        marks = dict(zip(MARKS, (number, part, size, writer, _prose(number, bulk)), strict=True))
        drafts.append(Draft(kind=kind, version=version, data=_said(kind, version, number) | marks))
    return drafts


def form(number: int) -> tuple[str, int]:
    """Return kind and version of the first draft of a batch: the forms one after the other."""
    return FORMS[(number - 1) % len(FORMS)]


def _said(kind: str, version: int, number: int) -> dict[str, Any]:
    """Return what an event of a kind says, all its fields."""
    on = f"{date(2026, 3, 2) + timedelta(days=number % 300)}"
    subject, entry, seal = f"S{number:03d}", abs(number), _hexadecimal(number, 64)
    key = f"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{_hexadecimal(number, 43)}"
    said: dict[tuple[str, int], dict[str, Any]] = {
        ("outcome-recorded", 1): {
            "subject": subject,
            "outcome": "T" if number % 5 == 0 else "N",
            "toxicities": [{"term": "CRS", "grade": number % 4 + 1, "onset": on}],
            "reason": None,
        },
        ("vote-cast", 1): {
            "decision": entry,
            "decision_hash": seal,
            "vote": "against",
            "reason": "the second DLT is not yet understood, and the third patient is on day 9",
        },
        ("ae-recorded", 1): {
            "subject": subject,
            "term": "Cytokine release syndrome",
            "code": "10052015",
            "dictionary": "MedDRA 28.0",
            "category": "crs",
            "started": on,
            "ended": None,
            "grade": number % 4 + 1,
            "scale": "ASTCT",
            "scale_version": "2019",
            "graded_by": "CRS 3: fever, and hypotension that needs a vasopressor",
            "observations": {"temperature": 39.1, "pressors": "one", "oxygen": "low flow"},
            "baseline_grade": 0,
            "serious": ["life-threatening", "hospitalisation"],
            "relation": "probable",
            "action": "infusion interrupted",
            "outcome": "recovering",
            "treatment": "tocilizumab 8 mg/kg twice, dexamethasone 10 mg",
            "narrative": "Fever from the evening of day 3; a vasopressor on day 4, for two days.",
            "aware": on,
        },
        ("signed", 2): {
            "entry": entry,
            "entry_hash": seal,
            "meaning": "approved",
            "public_key": key,
            "signature": _armoured("SSH SIGNATURE", number, 244),
        },
        ("ae-followed-up", 1): {
            "entry": entry,
            "changes": {"ended": on, "outcome": "recovered", "grade": 1},
            "aware": on,
        },
        ("ae-adjudicated", 1): {
            "entry": entry,
            "dlt": number % 5 == 0,
            "suggested": "meets the definition",
            "rule": "CRS",
            "reason": "a line infection on the same day explains the hypotension",
        },
        ("evaluability-ruled", 1): {
            "subject": subject,
            "evaluable": number % 2 == 0,
            "reason": "half the dose, and 28 days of follow-up without an event",
        },
        ("timestamp-kept", 1): {
            "entry": entry,
            "entry_hash": seal,
            "token": _hexadecimal(number, 6_000),
        },
        ("infusion-continued", 1): {
            "subject": subject,
            "infused": 4.5e7 + number,
            "lot": "LOT-17",
            "deviation": None,
            "breaches": [],
        },
        ("data-frozen", 1): {
            "cutoff": entry,
            "checked_by": ["Dr B. Example", "C. Example"],
            "statement": "All source data up to this entry were verified at the site.",
        },
        ("key-registered", 1): {"person": NAME, "public_key": key},
        ("decision-circulated", 1): {"decision": entry, "to": ["Tianjin", "Dr B. Example"]},
        ("screening-failed", 1): {"subject": subject, "site": "Tianjin", "reason": "platelets 31"},
        ("subject-renamed", 1): {
            "subject": subject,
            "renamed": f"S{number + 1:03d}",
            "reason": "mistyped",
        },
        ("site-opened", 1): {"site": f"Tianjin {number}", "time_zone": "Asia/Shanghai"},
        ("subject-at-site", 1): {"subject": subject, "site": "Tianjin", "reason": None},
        ("key-revoked", 1): {"person": NAME, "public_key": key, "reason": "the laptop was lost"},
        ("trial-registered", 2): {
            "protocol": {"name": f"P{number}", "definition": _prose(number, 5_000)},
            "digest": seal,
            "software": "escalation 0.3.0",
        },
    }
    said |= _since_2(number, subject, seal)
    said |= _said_by_plan(subject, on, seal, number)
    return {"on": on} | said[kind, version]


def _since_2(number: int, subject: str, seal: str) -> dict[tuple[str, int], dict[str, Any]]:
    """Return what only the second version of a kind can say."""
    return {
        ("subject-enrolled", 2): {
            "subject": subject,
            "cohort": number % 9 + 1,
            "level": "1a",
            "weight_kg": 61.5,
            "replaces": None,
            "deviation": None,
            "breaches": [],
            "height_cm": 170.0,
            "undated": False,
        },
        ("screening-failed", 2): {
            "subject": subject,
            "site": "Tianjin",
            "reason": "platelets 31",
            "criteria": ["I2.1"],
        },
        ("outcome-recorded", 2): {
            "subject": subject,
            "outcome": "T" if number % 5 == 0 else "N",
            "toxicities": [],
            "reason": None,
            "undated": True,
        },
        ("history-imported", 2): {
            "source": f"patients-{number}.csv",
            "sha256": seal,
            "cohorts": [{"level": "1a", "n_opened": 3, "purpose": "backfill"}],
            "left_out": ["remarks", "physician"],
            "read_with": "--date-format %d.%m.%Y --decimal ,",
        },
        ("decision-made", 2): {
            "cutoff": number,
            "recommended": {
                "action": "stay",
                "level": 2,
                "n_to_enrol": 3,
                "mtd": None,
                "inconclusive": False,
                "clause_id": "expand",
                "clause": "With one DLT among three, treat three more at the same level.",
            },
            "chosen": {
                "action": "enrol",
                "level": 1,
                "n_to_enrol": 3,
                "mtd": None,
                "purpose": "backfill",
            },
            "departure": False,
            "rationale": None,
            "attendees": [{"person": NAME, "vote": "present"}],
            "overdue": [],
        },
        ("protocol-amended", 2): {
            "protocol": {"name": f"P{number}", "definition": _prose(number, 5_000)},
            "digest": seal,
            "reason": "150 mg added between 100 mg and 200 mg",
            "reopens": ["1.5"],
        },
    }


def _said_by_plan(
    subject: str, on: str, seal: str, number: int
) -> dict[tuple[str, int], dict[str, Any]]:
    """Return what events beside the escalation say."""
    finding = {
        "test": "haemoglobin",
        "value": 8.0 + number % 50 / 10,
        "unit": "g/dL",
        "answer": None,
        "below": False,
        "lower": 12.0,
        "upper": 16.0,
        "on": on,
        "day": None,
        "not_done": None,
        "by": "the central laboratory",
        "note": None,
    }
    source = f"labs-{number}.csv"
    return {
        ("plan-adopted", 1): {
            "plan": {"name": f"plan-{number}", "notes": [_prose(number, 3_000)]},
            "digest": seal,
            "reason": None,
        },
        ("subject-screened", 1): {
            "subject": subject,
            "disease": "SLE",
            "sex": "female",
            "born": "1975-03",
            "consented": on,
            "site": "Tianjin",
        },
        ("findings-recorded", 1): {
            "subject": subject,
            "findings": [finding],
            "visit": "W2",
            "reason": None,
            "source": f"{source}, SHA-256 {seal}",
        },
        ("eligibility-waived", 1): {
            "subject": subject,
            "criteria": ["I2.3"],
            "reason": "the rise is by the disease itself, as the plan permits",
        },
        ("visit-recorded", 1): {
            "subject": subject,
            "visit": "W3",
            "missed": "snowed in",
            "note": None,
            "source": None,
        },
        ("subject-left", 1): {
            "subject": subject,
            "why": "lost to follow-up",
            "reason": "moved, three letters came back",
        },
        ("file-imported", 1): {
            "what": "results",
            "source": source,
            "sha256": seal,
            "n_rows": number,
            "left_out": ["Comment"],
            "read_with": "--decimal ,",
        },
    }


def _prose(number: int, length: int) -> str:
    """Return text that no compression and no luck makes equal to another entry's."""
    words = (f"{number * 7919 + at * 104729:x}" for at in range(length // 4 + 1))
    return " ".join(words)[:length]


def _hexadecimal(number: int, length: int) -> str:
    return _prose(number, 2 * length + 8).replace(" ", "").replace("-", "")[:length]


def _armoured(what: str, number: int, length: int) -> str:
    content = _hexadecimal(number, length)
    lines = [content[at : at + 70] for at in range(0, length, 70)]
    return "\n".join([f"-----BEGIN {what}-----", *lines, f"-----END {what}-----", ""])
