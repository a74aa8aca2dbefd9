"""Roles that exclude each other, by the protocol's committee: who holds two that do."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from escalation.protocol import Committee
from escalation.trial.events import Role

__all__ = ["excluded_by", "find_conflicts"]


def excluded_by(role: Role, rules: Committee) -> tuple[Role, ...]:
    """Return the roles that nobody may hold beside this one; none where one person decides."""
    pairs = [] if rules.solo else [tuple(map(Role, pair.split("+"))) for pair in rules.exclusive]
    others = {other for pair in pairs for other in pair if role in pair and other is not role}
    return tuple(other for other in Role if other in others)


def find_conflicts(
    roles: Mapping[str, Collection[Role]], rules: Committee
) -> Iterator[tuple[str, Role, Role]]:
    """Yield who holds two roles that exclude each other, and which."""
    order = list(Role)
    for person, held in roles.items():
        for role in order:
            for other in excluded_by(role, rules):
                if role in held and other in held and order.index(role) < order.index(other):
                    yield person, role, other
