"""What a protocol's definition of a DLT and its pause rules say, in plain words.

Also what holds where a protocol is silent: the definition without rules, and the death that
always pauses.
"""

from __future__ import annotations

from escalation.protocol.tables import DltException, DltRule, DltWindow, PauseRule
from escalation.text import count

__all__ = [
    "DEATH_PAUSES",
    "describe_dlt_rule",
    "describe_exception",
    "describe_pause_rule",
    "dlt_rules",
]

_NO_RULES = DltRule(name="no rules in the protocol", min_grade=3)

DEATH_PAUSES = PauseRule(name="death", fatal=True)
"""A death pauses enrolment under every protocol, whatever it is related to."""


def dlt_rules(dlt: DltWindow) -> tuple[DltRule, ...]:
    """Return the rules of a protocol's definition; where it has none, grade 3 or more, related."""
    return dlt.rules or (_NO_RULES,)


def describe_dlt_rule(rule: DltRule) -> str:
    """Say what meets a rule of the definition.

    Examples
    --------
    >>> print(describe_dlt_rule(DltRule(name="CRS", category="crs", min_grade=3)))
    crs of grade 3 or more, at least possibly related
    """
    which = f"{_named(rule) or 'any event'} {_grade(rule.min_grade)}"
    if rule.except_categories:
        which += f" other than {' or '.join(rule.except_categories)}"
    said = [which]
    if rule.worse_than_baseline_by is not None:
        grades = count(rule.worse_than_baseline_by, "grade")
        said.append(f"at least {grades} worse than at baseline")
    if rule.lasts_days is not None:
        said.append(f"for more than {count(rule.lasts_days, 'day')}")
    if rule.provisional_until_day is not None:
        said.append(f"still so on day {rule.provisional_until_day}")
    if rule.related:
        said.append("at least possibly related")
    if rule.exceptions:
        said.append(f"except {'; '.join(map(describe_exception, rule.exceptions))}")
    return ", ".join(said)


def _grade(least: int) -> str:
    return "of grade 5" if least == 5 else f"of grade {least} or more"


def describe_exception(exception: DltException) -> str:
    """Say which events a rule leaves out."""
    said = _named(exception) or "any event"
    if exception.max_grade is not None:
        said += f" up to grade {exception.max_grade}"
    if exception.resolves_to is not None and exception.within_days is not None:
        returned = (
            "over" if exception.resolves_to == 0 else f"back to grade {exception.resolves_to}"
        )
        said += f" that is {returned} within {count(exception.within_days, 'day')}"
    return said


def _named(of: DltRule | DltException | PauseRule) -> str | None:
    """Say of which term and category an event is; None for any."""
    if of.term is not None and of.category is not None:
        return f"{of.term} ({of.category})"
    return of.term or of.category


def describe_pause_rule(rule: PauseRule) -> str:
    """Say what pauses enrolment.

    Examples
    --------
    >>> print(describe_pause_rule(PauseRule(name="two", at_least=2, among=6, min_grade=4)))
    at least 2 patients among any 6 dosed one after the other with an event of grade 4 or more
    """
    who = f"{'at least ' * (rule.at_least > 1)}{count(rule.at_least, 'patient')}"
    among = "" if rule.among is None else f" among any {rule.among} dosed one after the other"
    kind = "DLT" if rule.dlt else "event"
    kind = f"a fatal {kind}" if rule.fatal else f"a {kind}" if rule.dlt else f"an {kind}"
    named = _named(rule)
    what = kind if named is None else named if kind == "an event" else f"{kind} ({named})"
    if rule.min_grade > 1 and not rule.fatal:
        what += f" {_grade(rule.min_grade)}"
    return f"{who}{among} with {what}" + ", at least possibly related" * rule.related
