"""Words of the record in CDISC's controlled terms: only those that the datasets need."""

from __future__ import annotations

from collections.abc import Mapping

from escalation.trial.events import ActionTaken, EventOutcome, Leaving, Relation, Serious, Sex

__all__ = ["ACTIONS", "LEAVINGS", "OUTCOMES", "RELATIONS", "SERIOUS", "SEXES"]

SEXES: Mapping[Sex, str] = {Sex.FEMALE: "F", Sex.MALE: "M", Sex.UNKNOWN: "U"}

RELATIONS: Mapping[Relation, str] = {
    Relation.UNRELATED: "NOT RELATED",
    Relation.UNLIKELY: "UNLIKELY RELATED",
    Relation.POSSIBLE: "POSSIBLY RELATED",
    Relation.PROBABLE: "PROBABLY RELATED",
    Relation.DEFINITE: "RELATED",
}

ACTIONS: Mapping[ActionTaken, str] = {
    ActionTaken.NONE: "DOSE NOT CHANGED",
    ActionTaken.INTERRUPTED: "DRUG INTERRUPTED",
    ActionTaken.STOPPED: "DRUG WITHDRAWN",
    ActionTaken.REDUCED: "DOSE REDUCED",
    ActionTaken.WITHDRAWN: "DRUG WITHDRAWN",
    ActionTaken.NOT_APPLICABLE: "NOT APPLICABLE",
}

OUTCOMES: Mapping[EventOutcome, str] = {
    EventOutcome.RECOVERED: "RECOVERED/RESOLVED",
    EventOutcome.RECOVERING: "RECOVERING/RESOLVING",
    EventOutcome.NOT_RECOVERED: "NOT RECOVERED/NOT RESOLVED",
    EventOutcome.SEQUELAE: "RECOVERED/RESOLVED WITH SEQUELAE",
    EventOutcome.FATAL: "FATAL",
    EventOutcome.UNKNOWN: "UNKNOWN",
}

SERIOUS: Mapping[Serious, str] = {
    Serious.CONGENITAL: "AESCONG",
    Serious.DISABILITY: "AESDISAB",
    Serious.DEATH: "AESDTH",
    Serious.HOSPITALISATION: "AESHOSP",
    Serious.LIFE_THREATENING: "AESLIFE",
    Serious.IMPORTANT: "AESMIE",
}

LEAVINGS: Mapping[Leaving, str] = {
    Leaving.COMPLETED: "COMPLETED",
    Leaving.WITHDREW: "WITHDRAWAL BY SUBJECT",
    Leaving.LOST: "LOST TO FOLLOW-UP",
    Leaving.PHYSICIAN: "PHYSICIAN DECISION",
    Leaving.DEATH: "DEATH",
    Leaving.OTHER: "OTHER",
}
