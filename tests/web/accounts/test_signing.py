"""A signature on the page takes password and an unused code; the same form twice is one entry."""

from __future__ import annotations

from collections.abc import Callable

from escalation.ledger import Ledger
from escalation.trial.demo.script import AUDITOR
from tests.web.accounts.conftest import Person
from tests.web.conftest import TRIAL
from tests.web.forms import fields_of, words_of

REVIEW = f"/t/{TRIAL}/record/review?entry=61"
Member = Callable[[str], Person]


def test_a_review_is_signed_once(member: Member, ledger: Ledger):
    auditor = member(AUDITOR)
    page = auditor.browser.get(REVIEW)
    foreseen = auditor.browser.post(REVIEW, data=fields_of(page, look="y"))
    assert "Code of your authenticator" in words_of(foreseen)
    before = len(ledger.entries(TRIAL))
    proof = {"password": auditor.password, "code": auditor.next_code(), "record": "y"}
    wrong = auditor.browser.post(REVIEW, data=fields_of(foreseen, **proof | {"code": "000000"}))
    assert wrong.status_code == 422
    assert "is not right" in words_of(wrong)
    assert len(ledger.entries(TRIAL)) == before

    sent = fields_of(wrong, **proof)
    done, again = auditor.browser.post(REVIEW, data=sent), auditor.browser.post(REVIEW, data=sent)
    assert done.status_code == again.status_code == 303
    assert done.location == again.location
    (entry,) = ledger.entries(TRIAL)[before:]
    assert entry.recorded_by == AUDITOR

    replayed = auditor.browser.post(REVIEW, data=fields_of(auditor.browser.get(REVIEW), look="y"))
    refused = auditor.browser.post(REVIEW, data=fields_of(replayed, **proof))
    assert refused.status_code == 422
    assert len(ledger.entries(TRIAL)) == before + 1
