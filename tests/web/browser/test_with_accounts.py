"""People of a trial with real accounts: invited, signed in, recording and signing by page alone."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from escalation.ledger import Ledger
from escalation.tracker import Tracker
from escalation.trial import cast_vote, decide
from escalation.trial.demo.script import CHAIR, MEMBER, OFFICE, SITE, STATISTICIAN
from escalation.trial.events import Choice, Vote
from escalation.web.accounts.book import open_book
from escalation.web.accounts.gate import AccountsGate
from escalation.web.app import create_app
from escalation.web.settings import LOCAL_HOSTS, Settings
from tests.web.accounts.clock import Clock
from tests.web.accounts.conftest import CHEAP, PASSWORD, totp
from tests.web.browser.conftest import PHONE
from tests.web.browser.hands import Hands
from tests.web.browser.test_two_people import record
from tests.web.conftest import NOW, TRIAL
from tests.web.serving import serving

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser


class Member(Hands):
    """Somebody with a phone, on which an authenticator is."""

    secret = ""
    clock: Clock

    def code(self) -> str:
        """Wait for a code that has not been used, and read it."""
        self.clock.move(seconds=30)
        return totp(self.secret, self.clock().timestamp())

    @property
    def login(self) -> str:
        return f"{self.name.lower().replace(' ', '.')}@hospital.example"

    def join(self, link: str) -> None:
        self.page.goto(link)
        self.look()
        assert f"invites you as {self.name}" in self.words
        self.secret = self.page.locator("figcaption code").inner_text()
        self.fill({"Login": self.login, "Password": PASSWORD, "Password again": PASSWORD})
        self.fill({"Code": self.code()})
        self.press("Make the account")
        self.follow("I have kept them: to the trials")
        assert self.heading.startswith(f"Trial {TRIAL}")

    def sign_in(self) -> None:
        self.fill({"Login": self.login, "Password": PASSWORD, "Code": self.code()})
        self.press("Sign in")

    def prove(self) -> None:
        self.fill({"Password": PASSWORD, "Code of your authenticator": self.code()})


@pytest.fixture
def people(
    chromium: Browser, ledger: Ledger, tmp_path: Path
) -> Iterator[Callable[[str, str | None], Member]]:
    """Return a function that brings somebody in by a link; who runs the server makes the first."""
    clock, contexts = Clock(NOW), []
    book = open_book(str(tmp_path / "trials.accounts.db"), clock, CHEAP)
    settings = Settings(db=ledger.name, secret=book.key, hosts=LOCAL_HOSTS, accounts="x")
    app = create_app(settings, ledger, AccountsGate(book), clock=clock)
    with serving(app) as address:

        def brought(name: str, link: str | None = None) -> Member:
            context = chromium.new_context(viewport=PHONE, java_script_enabled=False)
            contexts.append(context)
            member = Member(context.new_page(), name, proofs={})
            member.clock = clock
            member.join(link or f"{address}/join/{book.invite(name, trial=None, by='server')}/")
            return member

        yield brought
        for context in contexts:
            context.close()
    book.close()


def test_who_is_invited_signs_in_records_and_approves(
    people: Callable[..., Member], ledger: Ledger
):
    office = people(OFFICE)
    links = {}
    for name in (SITE, CHAIR):
        office.follow("Accounts")
        office.press(f"Invite {name}")
        links[name] = office.page.locator("code", has_text="/join/").inner_text()

    site = people(SITE, links[SITE])
    site.follow("Record", "Record an outcome", "TJ-008")
    site.fill({"Not evaluable: the patient is to be replaced": True, "Reason": "moved away"})
    site.press("See what follows")
    site.record()

    chair = people(CHAIR, links[CHAIR])
    chair.press("Sign out")
    chair.sign_in()
    choice = Choice(action="enrol", level=1, n_to_enrol=2)
    for name, command in (
        (STATISTICIAN, partial(decide, attendees=(), choice=choice, rationale="slowly")),
        (MEMBER, partial(cast_vote, vote=Vote.FOR)),
    ):
        record(ledger, name, command, chair.clock())
    chair.follow("Meeting")
    chair.press("For")
    chair.record()  # a vote is no signature
    chair.follow("To the meeting")
    chair.press("Sign as approved")
    assert "Decision 63 of 2026-05-28: enrol 2 patients at level 1" in chair.words
    chair.fill({"Password": PASSWORD, "Code of your authenticator": "000000"})
    chair.press("Record it")
    assert len(ledger.entries(TRIAL)) == 65
    assert "not right" in chair.page.get_by_role("alert").inner_text()
    chair.prove()
    chair.record()

    state = Tracker(ledger, TRIAL).state()
    assert state.decisions[-1].approved is not None
    assert [entry.recorded_by for entry in ledger.entries(TRIAL)[61:]] == [
        SITE, STATISTICIAN, MEMBER, CHAIR, CHAIR,
    ]  # fmt: skip
