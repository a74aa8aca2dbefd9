"""Where a ledger is, as people write it."""

from __future__ import annotations

import subprocess
import sys
import traceback

import pytest

from escalation.errors import LedgerError
from escalation.ledger import open_ledger
from escalation.ledger.targets import find_backend


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ("trial.db", "trial.db"),
        ("/srv/trials/trial.db", "/srv/trials/trial.db"),
        ("sqlite:///trial.db", "trial.db"),
        ("sqlite:////srv/trials/trial.db", "/srv/trials/trial.db"),
        ("SQLite:///trial.db", "trial.db"),
        ("größe.db", r"gr\xf6\xdfe.db"),
        ("postgresql://ada:s3cret@host/db", "postgresql://ada:***@host/db"),
        ("postgres://ada@host:5433/db", "postgresql://ada@host:5433/db"),
        ("postgresql+psycopg:///db?host=/run", "postgresql:///db?host=%2Frun"),
        ("postgresql://a%40b:x%2Fy@host/db", "postgresql://a%40b:***@host/db"),
    ],
)
def test_a_target_is_named_so_that_it_may_be_shown(target: str, name: str):
    assert find_backend(target, 1.0).name == name


@pytest.mark.parametrize(
    ("target", "problem"),
    [
        ("", '"" names no file; a ledger is a path, sqlite:///path or postgresql://'),
        (":memory:", '":memory:" names no file'),
        ("sqlite://", '"" names no file'),
        ("sqlite:///:memory:", '":memory:" names no file'),
        ("a\0b.db", "the name of a ledger holds a NUL; a ledger is a path"),
        ("postgresql://host\0.example/db", "the name of a ledger holds a NUL"),
        ("sqlite:///a.db?mode=ro", "sqlite:// takes a path and nothing else"),
        ("sqlite://ada@/a.db", "sqlite:// takes a path and nothing else"),
        ("sqlite://server/a.db", "sqlite:// takes a path and nothing else"),
        ("mysql://host/db", "mysql:// is not a place for a ledger; a ledger is"),
        ("postgresql+psycopg2://host/db", r"postgresql\+psycopg2:// is not a place for a ledger"),
        ("https://example.org/a.db", "https:// is not a place for a ledger"),
    ],
)
def test_what_is_no_place_for_a_ledger_is_refused(target: str, problem: str):
    with pytest.raises(LedgerError, match=problem):
        find_backend(target, 1.0)


@pytest.mark.parametrize(
    "target",
    [
        "postgresql://ada:s3cret@x@host/db",
        "postgresql://ada:s3cret/x@host/db",
        "postgresql://ada:s3cret@host:port/db",
        "postgresql://ada:x:s3cret@host:1:2/db",
    ],
)
def test_a_url_that_cannot_be_read_is_not_shown(target):
    with pytest.raises(LedgerError) as caught:
        open_ledger(target, timeout=0.1)
    assert "s3cret" not in f"{caught.value!r} {''.join(traceback.format_exception(caught.value))}"


def test_without_psycopg_the_extra_is_named():
    code = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from escalation.ledger import open_ledger\n"
        "try: open_ledger('postgresql://localhost/x')\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    wanted = "LedgerError PostgreSQL needs psycopg: pip install 'escalation[postgres]'\n"
    assert run.stdout == wanted
