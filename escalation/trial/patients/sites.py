"""The sites of a trial: open one, hand a subject over to another, and the day that it is there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from zoneinfo import available_timezones

from escalation.errors import printable
from escalation.trial.calendar import day_in
from escalation.trial.commands import Events, Recorder, Refusal
from escalation.trial.events import SiteOpened, SubjectAtSite
from escalation.trial.patients.recording import check_at_site, only_site
from escalation.trial.people.names import name_key
from escalation.trial.state import TrialState

__all__ = ["on_day_there", "open_site", "transfer_subject"]


def open_site(state: TrialState, recorder: Recorder, *, site: str, time_zone: str) -> Events:
    """Let a site take part; a day there is a day of its time zone.

    Parameters
    ----------
    state, recorder
    site : str
    time_zone : str
        IANA name, such as ``Asia/Shanghai``.

    Raises
    ------
    RefusedError
    """
    refusal = Refusal(f"the site {printable(site)} cannot be opened")
    refusal.check(state, recorder, "open a site")
    refusal.check_person(site)
    same = [known for known in state.site_zones if name_key(known) == name_key(site)]
    refusal.unless(not same, f"The site {', '.join(same)} is open.")
    zones = available_timezones()
    if time_zone not in zones:
        refusal.add(f"{printable(time_zone)} is not a time zone; {_nearest(time_zone, zones)}.")
    refusal.raise_if_any()
    return (SiteOpened(on=recorder.on, site=site, time_zone=time_zone),)


def _nearest(zone: str, zones: set[str]) -> str:
    """Name the zone that was meant, of some hundreds."""
    import difflib  # noqa: PLC0415  # for a refusal only

    words = {known.casefold(): known for known in sorted(zones)}
    words |= {known.rpartition("/")[2].casefold(): known for known in sorted(zones)}
    near = difflib.get_close_matches(zone.casefold(), words, n=1)
    return f"did you mean {words[near[0]]}?" if near else "write it as Asia/Shanghai"


def transfer_subject(
    state: TrialState, recorder: Recorder, *, subject: str, to: str, reason: str
) -> Events:
    """Hand a subject over to another site, from the day of ``recorder.on``.

    Raises
    ------
    RefusedError
    """
    refusal = Refusal(f"{subject} cannot be transferred to {printable(to)}")
    check_at_site(refusal, state, recorder, to)
    refusal.check_line("reason", reason)
    known = refusal.find_subject(state, subject)
    if known is not None and known.sites:
        since, at = known.sites[-1]
        refusal.unless(at != to, f"{known.id} is at {at} since {since}.")
        refusal.unless(recorder.on >= since, f"{known.id} came to {at} on {since}.")
    if known is not None:
        enrolled = known.enrolments[0].event.on
        refusal.unless(recorder.on >= enrolled, f"{known.id} was enrolled on {enrolled}.")
    refusal.raise_if_any()
    current = state.current_id(subject)
    return (SubjectAtSite(on=recorder.on, subject=current, site=to, reason=reason),)


def on_day_there(
    command: Callable[[TrialState, Recorder], Events],
    *,
    subject: str | None = None,
    site: str | None = None,
) -> Callable[[TrialState, Recorder], Events]:
    """Return a command that is of today at a site: the one named, or the subject's.

    Where neither is named, or no time zone is known, it stays of the recorder's day.
    """
    if subject is None and site is None:
        return command

    def there(state: TrialState, recorder: Recorder) -> Events:
        zone = state.site_zones.get(site or only_site(state) or "")
        if subject is not None and site is None:
            zone = state.zone_of(subject, recorder.on) or zone
        on = day_in(zone, recorder.at)
        return command(state, recorder if on is None else replace(recorder, on=on))

    return there
