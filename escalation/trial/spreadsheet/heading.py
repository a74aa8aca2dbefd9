"""What each column of a table means: by its name, or as it is mapped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from escalation.dataclass import dataclass
from escalation.errors import did_you_mean, legible
from escalation.trial.spreadsheet.columns import column_name
from escalation.trial.spreadsheet.forms import FORMS, PATIENTS, Form
from escalation.trial.spreadsheet.reading import Reading

__all__ = ["Heading", "match_heading"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """A heading, matched with our columns.

    Attributes
    ----------
    names : tuple of str
        As they stand in the table.
    columns : tuple of str or None
        What each column of the table is; None for one that is left out, or has no name.
    words : dict of str to str
        What words in cells mean, by the word in small letters.
    empty : frozenset of str
        Words, in small letters, that stand for an empty cell.
    left_out : tuple of str
        The names of the columns that are left out, as the file has them.
    faults : tuple of str
    """

    names: tuple[str, ...]
    columns: tuple[str | None, ...]
    words: dict[str, str]
    empty: frozenset[str]
    left_out: tuple[str, ...]
    faults: tuple[str, ...]
    form: Form = PATIENTS

    @property
    def places(self) -> list[tuple[int, str]]:
        """Where each column of ours stands."""
        return [(k, name) for k, name in enumerate(self.columns) if name is not None]

    @property
    def n_known(self) -> int:
        """How many columns are ours."""
        return sum(column is not None for column in self.columns)

    @property
    def is_ours(self) -> bool:
        """Whether it has what no such list does without."""
        return set(self.form.needed) <= set(self.columns)


def match_heading(
    names: Sequence[str], reading: Reading, row: int = 1, form: Form = PATIENTS
) -> Heading:
    """Match the heading of a table with our columns.

    Parameters
    ----------
    names : sequence of str
        As they stand in the table.
    reading : Reading
    row : int
        The heading's, for messages.
    form : Form
        Whose columns are ours.
    """
    there = {column_name(name) for name in names if name}
    renamed, words, empty, faults = _mapped(reading, there, names, form)
    columns: list[str | None] = []
    left_out: list[str] = []
    for name in names:
        known = column_name(name)
        column = renamed.get(known, known)
        if column in form.columns:
            columns.append(column)
            continue
        columns.append(None)
        if name:
            left_out.append(name)
    if reading.extra == "refuse" and left_out:
        faults += (f"row {row}: {text}" for text in _say_unknown(left_out, form))
    faults += (f"row {row}: {text}" for text in _clashes(names, columns))
    missing = [name for name in form.needed if name not in columns]
    if missing:
        faults.append(f"row {row}: the heading lacks {' and '.join(missing)}")
        for kind, other in FORMS.items():
            if other is not form and set(other.needed) <= there:
                faults.append(f"row {row}: it is that of a list of {other.what}: --kind {kind}")
    return Heading(
        names=tuple(names),
        columns=tuple(columns),
        words=words,
        empty=frozenset(empty),
        left_out=tuple(left_out),
        faults=tuple(faults),
        form=form,
    )


# a word that reads as its opposite overturns outcomes; codes such as 1 and 2 may mean anything
def _is_never_else(word: str, form: Form) -> bool:
    return word in form.words and word.replace(" ", "").isalpha() and len(word) > 1


# columns of which the record must never hold a cell
_IDENTIFYING = {
    *("name", "surname", "first_name", "last_name", "patient_name", "initials", "address", "mrn"),
    *("dob", "birth_date", "date_of_birth", "birthdate", "birthday", "phone", "email"),
}


def _say_unknown(names: Sequence[str], form: Form) -> Iterator[str]:
    for name in names:
        if column_name(name) in _IDENTIFYING:
            yield (
                f"no column is called {legible(name)}: what tells who somebody is must not come "
                "into the record"
            )
            continue
        near = did_you_mean(column_name(name), form.columns).partition("?")
        hint = f"; {near[0]}?" if near[1] else ""
        yield f"no column is called {legible(name)}{hint}"
    yield (
        f"the columns are {', '.join(form.columns)}; --map {legible(names[0])}=NAME reads "
        f"{legible(names[0])} as one of them, --extra ignore leaves the others out"
    )


def _mapped(
    reading: Reading, there: set[str], names: Sequence[str], form: Form
) -> tuple[dict[str, str], dict[str, str], set[str], list[str]]:
    """Return what is mapped: columns, words, words for nothing; and the faults in it."""
    columns: dict[str, str] = {}
    words: dict[str, str] = {}
    empty: set[str] = set()
    faults: list[str] = []
    for said, means in reading.mapped:
        column, word = column_name(means), means.casefold()
        if column in form.columns and column_name(said) in there:
            columns[column_name(said)] = column
        elif (
            word in form.words and _is_never_else(said.casefold(), form) and said.casefold() != word
        ):
            faults.append(
                f"--map {legible(said)}={legible(means)}: {legible(said)} is read as "
                f"{legible(said.casefold())} already, and as nothing else"
            )
        elif word in form.words:
            words[said.casefold()] = word
        elif not means:
            empty.add(said.casefold())
        elif column in form.columns:
            listed = did_you_mean(said, [name for name in names if name])
            faults.append(
                f"--map {legible(said)}={legible(means)}: no column of the file is called "
                f"{legible(said)}; {listed}"
            )
        else:
            known = did_you_mean(means, [*form.columns, *form.words])
            faults.append(
                f"--map {legible(said)}={legible(means)}: {legible(means)} is neither a "
                f"column nor a word that a cell may hold; {known}"
            )
    return columns, words, empty, faults


def _clashes(names: Sequence[str], columns: Sequence[str | None]) -> Iterator[str]:
    """Yield where two columns of the table say the same."""
    for column, n in Counter(column for column in columns if column is not None).items():
        if n > 1:
            called = [name for name, is_ in zip(names, columns, strict=True) if is_ == column]
            if {column_name(name) for name in called} == {column}:
                yield f"the column {column} is there {'twice' if n == 2 else f'{n} times'}"
            else:
                listed = " and ".join(legible(name) for name in called)
                yield f"{n} columns are read as {column}: {listed}; map one of them"
    if "dlt" in columns and "outcome" in columns:
        yield "outcome and dlt say the same: give one of them"
