"""Sites: one takes part; a patient is handed over to another."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from escalation.tracker import Command
from escalation.trial import TrialState, open_site, transfer_subject
from escalation.web.acts.base import Act, Answers
from escalation.web.acts.fields import TODAY, chosen, day, line, offer
from escalation.web.acts.office import OFFICE
from escalation.web.acts.patients import OfSubject

__all__ = ["OpenSite", "Transfer"]


class OpenSite(Act):
    """A site takes part."""

    name = "open-site"
    title = "Open a site"
    lead = "A day at the site is a day of its time zone."
    group = OFFICE
    task = "open a site"

    site = line("Site", "Its name, as the record is to call it.", required=True)
    time_zone = line("Time zone", "Such as Asia/Shanghai or Europe/Berlin.", required=True)
    on = day("Day", TODAY)

    def command(self, state: TrialState) -> Command:
        """Ask for the site to be opened."""
        return partial(open_site, site=self.site.data or "", time_zone=self.time_zone.data or "")


class Transfer(OfSubject):
    """Hand a subject over to another site."""

    name = "transfer"
    title = "Transfer a patient to another site"
    lead = "From that day on a day of the patient is one of that site."
    answers: ClassVar[Answers] = {
        "No site": "to",
        "is at": "to",
        "cannot be transferred": "to",
        "The reason": "reason",
        "is still to come": "on",
    }

    to = chosen("To the site")
    reason = line("Reason", "Such as: moved house.", required=True)
    on = day("Day of the transfer", "Today at the new site, if left empty.")

    def fill(self, state: TrialState) -> None:
        """Offer the sites."""
        offer(self.to, [("", "choose"), *((site, site) for site in state.site_zones)])

    def validate(self, extra_validators: object = None) -> bool:
        """Tell whether a site was chosen."""
        is_right: bool = super().validate(extra_validators)
        if self.to.data is None:
            self.to.errors = ["To the site: choose one"]
            return False
        return is_right

    def command(self, state: TrialState) -> Command:
        """Ask for it."""
        return partial(
            transfer_subject,
            subject=self.subject.data or "",
            to=self.to.data or "",
            reason=self.reason.data or "",
        )

    def whom(self) -> tuple[str | None, str | None]:
        """Return the subject and the new site."""
        return self.subject.data, self.to.data
