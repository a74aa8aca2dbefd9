"""Entries changed, deleted, put in, swapped or cut off behind the ledger's back: all are found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import combinations, cycle

import numpy as np
import pytest

from escalation.errors import EscalationError, IntegrityError
from escalation.ledger import Anchor, Finding, Ledger, create_ledger, open_ledger, verify
from escalation.ledger.entries import COLUMNS

from .tampering import PostgresTable, Row, SQLiteTable, Table, flip_bit, rechain, renumber
from .workload import NAME, batch, moment

pytestmark = pytest.mark.reliability

TRIAL = "NCT07123519"
SEED = 20_260_305
N_ENTRIES = {"SQLite": 8, "PostgreSQL": 4}
HEADER = 100  # bytes at the beginning of an SQLite file


def fill(ledger: Ledger, n_entries: int, *, bulk: int = 0) -> None:
    """Record entries, every other one with a request id, with letters beyond ASCII in a name."""
    with ledger.writing(TRIAL, new=True) as writer:
        for number in range(1, n_entries + 1):
            writer.append(
                batch(number, size=1, bulk=bulk if number % 5 == 0 else 0),
                after=number - 1,
                recorded_at=moment(number),
                recorded_by=NAME if number % 3 else "Zo\u00eb \u738b",
                request_id=f"request {number}" if number % 2 else None,
            )


def found(ledger: Ledger, *anchors: Anchor) -> list[Finding]:
    """Return what is wrong; a clock that went back is no fault."""
    return [finding for finding in verify(ledger, TRIAL, anchors) if not finding.remark]


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def database(request: pytest.FixtureRequest, memory) -> Iterator[tuple[str, Ledger, Table]]:
    """Return the name of a database, a small ledger on it, and a way behind its back."""
    if request.param == "SQLite":
        path = memory / "tampered.db"
        with create_ledger(str(path)) as ledger:
            fill(ledger, N_ENTRIES[request.param])
            yield request.param, ledger, SQLiteTable(path)
        path.unlink()
        return
    url = request.getfixturevalue("postgres_url")
    with create_ledger(url) as ledger:
        fill(ledger, N_ENTRIES[request.param])
        with PostgresTable(url) as table:
            yield request.param, ledger, table


# ---------------------------------------------------------------- single bits


def test_every_bit_flipped_in_any_column_is_found_and_placed(database, report):
    name, ledger, table = database
    n_tries, n_bits = (2_000, 64) if name == "SQLite" else (60, 32)
    rng = np.random.default_rng(SEED)
    rows = ledger.raw_rows(TRIAL)
    tried: Counter[str] = Counter()
    missed, refused = [], 0
    for column in cycle(COLUMNS):
        if tried.total() == n_tries:
            break
        row = rows[rng.integers(len(rows))]
        if row[column] is None:
            continue
        value = flip_bit(row[column], rng.integers, n_bits=n_bits)
        if not table.update(row["seq"], column, value):
            refused += 1
            continue
        tried[column] += 1
        places = {(finding.kind, finding.seq) for finding in verify_all(ledger)}
        # of another number, or another trial, it is missing from its own place
        is_elsewhere = column in ("seq", "trial")
        if not places or not (is_elsewhere or {row["seq"]} & {seq for _, seq in places}):
            missed.append((row["seq"], column, value, places))
        table.put_back()
    report(
        f"one bit flipped in any column of any entry ({name})",
        asked="2,000 tries, each found" if name == "SQLite" else "each found",
        measured=f"{n_tries - len(missed):,} of {n_tries:,} found by verify, at their entry"
        f" ({refused} more the database itself refused)",
    )
    assert missed == []
    assert set(tried) == set(COLUMNS)
    assert found(ledger) == []


def verify_all(ledger: Ledger) -> list[Finding]:
    """Return what is wrong in all trials: the one that an entry was moved to too."""
    return [finding for finding in verify(ledger) if not finding.remark]


@pytest.mark.parametrize(
    "where", ["anywhere", pytest.param("in its header", marks=pytest.mark.slow)]
)
def test_every_bit_flipped_in_the_file_is_found_or_changes_no_entry(where, memory, report):
    path = memory / "flipped.db"
    with create_ledger(str(path)) as ledger:
        fill(ledger, 20, bulk=5_000)
        right = contents(ledger)
        original = path.read_bytes()
        bits = range(8 * HEADER)
        if where == "anywhere":
            bits = np.random.default_rng(SEED).integers(8 * len(original), size=2_000).tolist()
        verdicts = Counter()
        for bit in bits:
            content = bytearray(original)
            content[bit // 8] ^= 1 << bit % 8
            path.write_bytes(content)
            verdicts[look(ledger, right)] += 1
    path.unlink()
    report(
        f"one bit flipped in the SQLite file, {where}",
        asked=f"{verdicts.total():,} tries, found or harmless",
        measured=f"{verdicts[FOUND]:,} found by verify, {verdicts[REFUSED]} refused on opening, "
        f"{verdicts[UNCHANGED]} with every entry as it was; {verdicts[CHANGED]} unnoticed",
    )
    assert verdicts.total() == len(bits)
    assert verdicts[CHANGED] == 0
    assert verdicts[FOUND] > len(bits) // 10


FOUND, REFUSED, UNCHANGED, CHANGED = "found", "refused", "unchanged", "changed"


def contents(ledger: Ledger) -> tuple[object, ...]:
    """Return all that a ledger holds, read in both of its ways."""
    return ledger.snapshot(), ledger.raw_rows()


def look(ledger: Ledger, right: tuple[object, ...]) -> str:
    """Say what became of a file. Errors that are not the ledger's own are raised.

    The ledger opens its file anew for each transaction; what it keeps are compiled statements.
    """
    try:
        if verify(ledger):
            return FOUND
    except EscalationError:
        return REFUSED
    return UNCHANGED if contents(ledger) == right else CHANGED


def test_a_schema_that_is_no_text_is_told_in_plain_words(tmp_path):
    """SQLite's message quotes the damaged schema, which Python's sqlite3 cannot decode."""
    path = tmp_path / "ledger.db"
    with create_ledger(str(path)):
        content = path.read_bytes()
    path.write_bytes(content.replace(b"CREATE TABLE trials", b"CREATE\xcfTABLE trials"))
    with pytest.raises(IntegrityError, match="not as it was made"):
        open_ledger(str(path))


# ---------------------------------------------------------------- whole entries


def forged(row: Row) -> Row:
    """Return an entry like another that says something else."""
    return rechain([{**row, "data": row["data"].replace('"of":1', '"of":2')}])[0]


def deleted(rows: list[Row]) -> Iterator[tuple[str, list[Row]]]:
    for at in range(len(rows)):
        left = rows[:at] + rows[at + 1 :]
        yield f"entry {at + 1}, its number left free", left
        yield f"entry {at + 1}, later ones renumbered", renumber(left)
        yield f"entry {at + 1}, the chain made anew", rechain(left)


def inserted(rows: list[Row]) -> Iterator[tuple[str, list[Row]]]:
    for at in range(len(rows) + 1):
        longer = [*rows[:at], forged(rows[at - 1]), *rows[at:]]
        yield f"before entry {at + 1}, later ones renumbered", renumber(longer)
        if at < len(rows):  # after the last, an entry that continues the chain is any append
            yield f"before entry {at + 1}, the chain made anew", rechain(longer)


def swapped(rows: list[Row]) -> Iterator[tuple[str, list[Row]]]:
    for one, other in combinations(range(len(rows)), 2):
        mixed = list(rows)
        mixed[one], mixed[other] = mixed[other], mixed[one]
        seals = ("seq", "prev_hash", "hash")
        within = [
            {**row, **{name: place[name] for name in seals}}
            for row, place in zip(mixed, rows, strict=True)
        ]
        yield f"entries {one + 1} and {other + 1}", renumber(mixed)
        yield f"what entries {one + 1} and {other + 1} say", within
        yield f"entries {one + 1} and {other + 1}, the chain made anew", rechain(mixed)


def truncated(rows: list[Row]) -> Iterator[tuple[str, list[Row]]]:
    for length in range(len(rows)):
        yield f"after entry {length}", rows[:length]


@pytest.mark.parametrize("tamper", [deleted, inserted, swapped, truncated])
def test_every_entry_that_was(database, tamper, report):
    name, ledger, table = database
    rows = ledger.raw_rows(TRIAL)
    anchor = ledger.entries(TRIAL)[-1].anchor
    n_tried, by_itself, missed = 0, 0, []
    for what, changed in tamper(rows):
        table.replace(changed)
        n_tried += 1
        if not is_whole(changed):
            is_found = bool(found(ledger))
            by_itself += is_found
        else:  # the chain tells nothing, the anchor does
            is_found = not found(ledger) and bool(found(ledger, anchor))
        if not is_found:
            missed.append(what)
    table.put_back()
    report(
        f"every entry {tamper.__name__} ({name})",
        asked="each found (truncation by anchor)",
        measured=f"{n_tried - len(missed)} of {n_tried} found: {by_itself} by the chain itself, "
        f"{n_tried - by_itself - len(missed)} by the anchor alone",
    )
    assert missed == []
    assert found(ledger, anchor) == []


def is_whole(rows: list[Row]) -> bool:
    """Say whether rows are a chain without a fault, so that only an anchor can tell.

    That a trial has no entry at all is found without one.
    """
    return bool(rows) and rechain(rows) == rows
