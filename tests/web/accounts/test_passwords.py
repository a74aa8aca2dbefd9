"""Which passwords are taken, by NIST SP 800-63B-4 and OWASP ASVS 5.0.0, V6.2."""

from __future__ import annotations

import unicodedata

import pytest

from escalation.web.accounts.passwords import Passwords, _common, password_fault
from tests.web.accounts.conftest import CHEAP

NAMES = ["wu.jing", "Wu Jing"]


@pytest.mark.parametrize(
    "password",
    [
        "a ferry, two herons and rain",
        "correct horse battery staple",  # spaces; small letters alone
        "tTg7!pQ2#vLx9@z",  # 15
        "正しい馬のバッテリーのホッチキスです",
        "🐴🔋📎🐎🔌🖇🦄💡📌🦓🕯📍🐖🔦✂",
        "x" + "9 herons and 4 geese flew " * 9,
        "' OR 1=1; -- <script>",
    ],
)
def test_any_characters_are_taken_and_none_are_demanded(password: str):
    assert password_fault(password, NAMES) is None


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("14 characters.", "it has 14 characters; at least 15"),
        ("4 geese and " * 22, "at most 256"),
        ("1qaz2wsx3edc4rfv", "known from breaches"),  # as it stands in the list
        ("POLNIYPIZDEC0211", "known from breaches"),  # in capitals
        ("passwordpassword", "known from breaches"),
        ("password123456789!", "known from breaches"),
        ("qwertyuiopasdfghjkl", "known from breaches"),
        ("aaaaaaaaaaaaaaaaa", "again and again"),
        ("abc1abc1abc1abc1", "again and again"),
        ("121112211121122", "fewer than 5"),
        ("wu.jing wu.jing!", "little more than your name"),
        ("JING-wu-jing-2026", "little more than your name"),
    ],
)
def test_what_is_easy_to_guess_is_not_taken(password: str, said: str):
    assert said in password_fault(password, NAMES)


def test_every_long_password_of_the_list_is_refused():
    long = [password for password in _common() if len(password) >= 15]
    assert len(long) == 31
    assert all(password_fault(password, []) for password in long)


def test_a_password_is_the_same_however_its_letters_are_composed():
    composed = "über die Fähre, zwei Reiher"
    kept = CHEAP.hash(composed)
    assert CHEAP.holds(kept, unicodedata.normalize("NFD", composed))
    assert not CHEAP.holds(kept, composed.upper())
    assert not CHEAP.holds(kept, composed + " ")
    assert not CHEAP.holds("not a hash", composed)


def test_passwords_are_kept_by_argon2id_at_the_cost_of_rfc_9106():
    """RFC 9106, section 4, second choice: t=3, m=64 MiB, p=4."""
    assert Passwords().of_nobody.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert Passwords().is_old(CHEAP.of_nobody)
