"""The safety committee: decide, vote, and sign."""

from __future__ import annotations

from datetime import date
from functools import partial
from pathlib import Path

import click

from escalation.cli.label import LABEL
from escalation.cli.options import CarefulCommand
from escalation.cli.trial.keys import signing
from escalation.cli.trial.recording import Recording, recording_options
from escalation.cli.whole import WholeNumber
from escalation.labels import Label
from escalation.protocol import describe_decision
from escalation.trial import TrialState, cast_vote, circulate_decision, freeze_data, rule_says
from escalation.trial import decide as decide_command
from escalation.trial import sign as sign_command
from escalation.trial.events import Attendance, Choice, Meaning, Purpose, Vote

__all__ = ["circulate", "decide", "freeze", "sign", "vote"]


@click.command(cls=CarefulCommand)
@click.option("--follow", is_flag=True, help="As the rule says.")
@click.option("--level", type=LABEL, metavar="LABEL", help="Treat at this level,")
@click.option("--enrol", type=WholeNumber(), metavar="N", help="so many patients.")
@click.option(
    "--backfill", type=LABEL, metavar="LABEL", help="With --enrol N: backfill this level."
)
@click.option(
    "--expand", type=WholeNumber(), metavar="N", help="Treat so many more at the declared MTD."
)
@click.option("--end-backfill", type=LABEL, metavar="LABEL", help="End the backfill of this level.")
@click.option("--end-expansion", is_flag=True, help="End the expansion.")
@click.option("--mtd", type=LABEL, metavar="LABEL", help="Stop: this level is the MTD.")
@click.option("--stop", is_flag=True, help="Stop without an MTD.")
@click.option("--defer", is_flag=True, help="Decide another day.")
@click.option("--resume", is_flag=True, help="Resume enrolment after a pause; needs --rationale.")
@click.option("--rationale", metavar="TEXT", help="Why; needed to choose against the rule.")
@click.option(
    "--attended",
    multiple=True,
    metavar="NAME",
    help='Who was there. In a trial begun with 0.2.0: "NAME=VOTE".',
)
@recording_options
def decide(
    *,
    recording: Recording,
    follow: bool,
    level: Label | None,
    enrol: int | None,
    backfill: Label | None,
    expand: int | None,
    end_backfill: Label | None,
    end_expansion: bool,
    mtd: Label | None,
    stop: bool,
    defer: bool,
    resume: bool,
    rationale: str | None,
    attended: tuple[str, ...],
) -> None:
    """Record what the safety committee decided.

    It rests on everything recorded so far. --follow does as the rule says; without a choice, what
    it says is printed and nothing is recorded.

    The decision is put to the vote: each member votes with `escalation trial vote`. Once it is
    carried by the protocol's [committee], the chair signs it as approved; before that it opens
    nothing. After a death, or where a pause rule of the protocol is met, enrolment is paused until
    a decision to --resume is approved.

    Backfill and expansion are beside the escalation and have decisions of their own: --backfill
    treats more at a level below the current one, --expand at the declared MTD. What the protocol's
    [backfill] and [expansion] do not foresee needs a rationale, and is shown from then on.

    In a trial that 0.2.0 began, whoever records the decision says the votes: for, against,
    abstained or present, as --attended "Zhao Lan=for". A chair or member who names nobody decides
    alone.

    Example: escalation trial decide --follow --attended "N. Okafor" --as "E. Brandt"
    """
    given = (level, backfill, expand, end_backfill, mtd)
    n_choices = sum(value is not None for value in given)
    n_choices += sum([follow, end_expansion, stop, defer, resume])
    if n_choices > 1:
        raise click.UsageError(f"choose one: --follow, {_CHOICES}")
    if (level is None and backfill is None) != (enrol is None):
        raise click.UsageError(
            "--enrol N goes with --level LABEL or --backfill LABEL, and they with it"
        )
    attendees = [_read_attendance(text) for text in attended]
    if n_choices == 0:
        with recording.place.opened() as tracker:
            raise click.UsageError(_say_choices(tracker.state(), recording.recorder.on))
    choice: Choice | None = None
    if level is not None and enrol is not None:
        choice = Choice(action="enrol", level=level, n_to_enrol=enrol)
    elif backfill is not None and enrol is not None:
        purpose = Purpose.BACKFILL
        choice = Choice(action="enrol", level=backfill, n_to_enrol=enrol, purpose=purpose)
    elif expand is not None:
        choice = Choice(action="enrol", n_to_enrol=expand, purpose=Purpose.EXPANSION)
    elif end_backfill is not None:
        choice = Choice(action="stop", level=end_backfill, purpose=Purpose.BACKFILL)
    elif end_expansion:
        choice = Choice(action="stop", purpose=Purpose.EXPANSION)
    elif stop or mtd is not None:
        choice = Choice(action="stop", mtd=mtd)
    elif defer:
        choice = Choice(action="defer")
    elif resume:
        choice = Choice(action="resume")
    recording.record(
        partial(decide_command, choice=choice, rationale=rationale, attendees=attendees)
    )


_CHOICES = (
    "--level LABEL --enrol N, --backfill LABEL --enrol N, --expand N, --end-backfill "
    "LABEL, --end-expansion, "
    "--mtd LABEL, --stop, --defer or --resume"
)


def _read_attendance(text: str) -> Attendance:
    name, equals, vote = text.rpartition("=")
    if not equals:
        name, vote = text, Vote.PRESENT
    if not name.strip() or vote.strip() not in list(Vote):
        raise click.UsageError(
            f'--attended takes "NAME", or "NAME=VOTE" with {", ".join(Vote)}; not {text!a}'
        )
    return Attendance(person=name.strip(), vote=Vote(vote.strip()))


def _say_choices(state: TrialState, on: date) -> str:
    decision = rule_says(state, on)
    said = "" if state.protocol is None else describe_decision(decision, state.protocol)
    follow = "To decide so: --follow" if decision.settled else "To decide so: --defer"
    return (
        f"say what was decided. The rule says:\n  {said}\n{follow}. To choose otherwise, with a "
        f"--rationale:\n  {_CHOICES}"
    )


@click.command(cls=CarefulCommand)
@click.argument("decision", type=WholeNumber(), required=False)
@click.option("--for", "votes_for", is_flag=True, help="Vote for it.")
@click.option("--against", is_flag=True, help="Vote against it, with a --reason.")
@click.option("--abstain", is_flag=True, help="Abstain.")
@click.option("--reason", metavar="TEXT", help="Why; needed to vote against.")
@recording_options
def vote(
    *,
    recording: Recording,
    decision: int | None,
    votes_for: bool,
    against: bool,
    abstain: bool,
    reason: str | None,
) -> None:
    """Vote on a decision: for, against or abstained.

    DECISION is its entry; where it is not given, the one that is awaited. Each chair and member
    votes for themselves, once. A decision is carried when the votes reach the quorum, the chair is
    among them, and more than the majority of those for and against are for it; it is rejected when
    no vote still to come could carry it.

    Example: escalation trial vote --against --reason "TJ-007 is pending" --as "K. Sato"
    """
    if votes_for + against + abstain != 1:
        raise click.UsageError("say how you vote: --for, --against or --abstain")
    cast = Vote.FOR if votes_for else Vote.AGAINST if against else Vote.ABSTAINED
    recording.record(partial(cast_vote, decision=decision, vote=cast, reason=reason))


@click.command(cls=CarefulCommand)
@click.option("--decision", type=WholeNumber(), metavar="ENTRY", help="Which.  [default: the last]")
@click.option("--to", multiple=True, required=True, metavar="NAME", help="A person or a site.")
@recording_options
def circulate(recording: Recording, decision: int | None, to: tuple[str, ...]) -> None:
    """Record to whom an approved decision was sent, and when.

    Where the protocol says circulate_first, nobody is dosed at a new level before.

    Example: escalation trial circulate --to "Lin Mei" --to "Site 02" --as "E. Brandt"
    """
    recording.record(partial(circulate_decision, decision=decision, to=to))


@click.command(cls=CarefulCommand)
@click.option("--checked-by", multiple=True, required=True, metavar="NAME", help="Who checked it.")
@click.option("--statement", metavar="TEXT", help="In the investigator's words.")
@recording_options
def freeze(recording: Recording, checked_by: tuple[str, ...], statement: str | None) -> None:
    """Freeze the data for a decision: checked up to the last entry.

    The investigator who records it endorses the data; someone else has checked them. Where the
    protocol says freeze_first, nothing is decided on data that came after.

    Example: escalation trial freeze --checked-by "E. Brandt" --as "Lin Mei"
    """
    recording.record(partial(freeze_data, checked_by=checked_by, statement=statement))


@click.command(cls=CarefulCommand)
@click.argument(
    "meaning", metavar="MEANING", type=click.Choice([str(meaning) for meaning in Meaning])
)
@click.argument("entry", type=WholeNumber(), required=False)
@click.option(
    "--key",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Sign with this private key of OpenSSH, registered as yours.",
)
@click.option(
    "--signature",
    type=click.Path(path_type=Path),
    metavar="FILE.sig",
    help="Hand in what `ssh-keygen -Y sign` made of the statement.",
)
@recording_options
def sign(
    recording: Recording,
    meaning: str,
    entry: int | None,
    key: Path | None,
    signature: Path | None,
) -> None:
    """Sign a decision, or any entry as reviewed.

    MEANING is proposed, approved or reviewed. Without ENTRY: the last decision; of a review, the
    last entry. To approve is to carry the
    decision out: it opens the cohort, or stops the trial. With --key the signature can be checked
    by anyone, without this program; a passphrase is asked for, or read from
    ESCALATION_KEY_PASSPHRASE.

    Example: escalation trial sign approved --as "Zhao Lan"
    """
    if key is None and signature is None:
        recording.record(partial(sign_command, meaning=Meaning(meaning), entry=entry))
        return
    with recording.place.opened() as tracker:
        command = signing(tracker.trial, Meaning(meaning), entry, key, signature)
        recording.record_in(tracker, command)
