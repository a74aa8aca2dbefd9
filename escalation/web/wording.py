"""Sentences as the page says them: those of the trial name commands and options of a shell."""

from __future__ import annotations

import re

from escalation.text import with_powers

__all__ = ["FIELDS", "in_page_words", "without_commands"]

# an option of the command line, and the field that the page has for it
FIELDS = {
    "--date-format": '"Days are written as"',
    "--decimal": '"Before decimals stands"',
    "--map": '"Columns and words that are called otherwise"',
    "--extra ignore": '"Leave out columns that are not known"',
    "--sheet": '"Sheet"',
}
# so narrow that it is in no rationale: what a person wrote is shown as it was written
_COMMAND = re.compile(
    r" \((?:trial (?:adjudicate|ae|decide|sign)(?: (?:--[a-z-]+|FILE|N|[A-Z]*[-0-9]+))*"
    r"|--cohort|[a-z]+(?:_[a-z]+)+ is (?:true|false) in the protocol)\)"
)
_OPTION = re.compile("|".join(map(re.escape, FIELDS)))


def without_commands(text: str) -> str:
    """Return a sentence without the command to type.

    Examples
    --------
    >>> without_commands('It has to be adjudicated (trial adjudicate 22) before "no DLT".')
    'It has to be adjudicated before "no DLT".'
    """
    return _COMMAND.sub("", text) if "(" in text else text


def in_page_words(reason: str) -> str:
    """Return a reason for which nothing was recorded, its options named as the page's fields.

    Examples
    --------
    >>> in_page_words("Choose with --sheet.")
    'Choose with "Sheet".'
    """
    named = _OPTION.sub(lambda found: FIELDS[found[0]], without_commands(reason))
    return with_powers(named)
