"""Fields for what a design declares of itself, so that a new design has a form at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from wtforms import Field, SelectField, StringField
from wtforms.validators import ValidationError

from escalation.designs import DESIGNS, design_settings, option_words
from escalation.designs.declared import Option, declared_options, summarise_design
from escalation.protocol import Protocol
from escalation.text import is_line

__all__ = ["PREFIX", "choice", "design_choices", "line", "option_fields", "option_lines"]

PREFIX = "set_"  # before an option's name in a form
MOST_LETTERS = 1000
_NUMERIC = ("whole number", "number")


def design_choices() -> list[tuple[str, str]]:
    """Return every design, by its name, with what it is."""
    return [(name, _lead(name, summarise_design(design))) for name, design in DESIGNS.items()]


def _lead(name: str, summary: str) -> str:
    lead = summary.partition(": ")[0]
    plain = lead.removeprefix("The ").rstrip(".")
    return name if plain.casefold() == name else f"{name}: {lead}"


def option_fields(name: str, own: Protocol | None) -> dict[str, Field]:
    """Return a field for each option of a design.

    Parameters
    ----------
    name : str
        In ``DESIGNS``.
    own : Protocol or None
        Whose settings stand where nothing is given; None for the design's defaults.
    """
    settings = None if own is None else design_settings(own.design)
    return {
        f"{PREFIX}{option.name}": _field(option, settings)
        for option in declared_options(DESIGNS[name])
    }


def _field(option: Option, settings: Mapping[str, Any] | None) -> Field:
    usual = option.default_words
    if settings is not None and settings.get(option.name) is not None:
        usual = option_words(settings[option.name])
    if option.choices:
        nothing = f"as usual: {usual}" if usual else "as usual"
        choices = [("", nothing), *((one, one) for one in option.choices)]
        return choice(option.name, choices, _sentence(option.meaning))
    hint = f"{_sentence(option.meaning)} {_capital(option.values)}."
    hint += f" Left empty: {usual}." if usual not in ("", "required") else ""
    return line(option.name, hint, is_number=option.kind in _NUMERIC)


def option_lines(name: str) -> Iterator[str]:
    """Yield what each option of a design is, a line each."""
    for option in declared_options(DESIGNS[name]):
        usual = option.default_words
        yield f"{option.name}: {option.meaning.rstrip('.')}; {option.values}" + (
            f"; {usual}" if usual == "required" else f"; {usual} if not given" if usual else ""
        )


def _sentence(text: str) -> str:
    return f"{_capital(text).rstrip('.')}."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


class Choice(SelectField):
    """A choice of a list; one that an address leaves out is the usual one."""

    def __init__(self, label: str, offered: list[tuple[str, str]], **options: Any) -> None:
        super().__init__(label, choices=[], **options)
        self.choices = offered

    def process(self, formdata: Any, *given: Any, **options: Any) -> None:
        """Take what is chosen, else what is usual."""
        has_one = formdata is not None and self.name in formdata
        super().process(formdata if has_one else None, *given, **options)

    def pre_validate(self, form: object) -> None:
        """Refuse what is not on the list."""
        if self.data not in {value for value, *_ in self.iter_choices()}:
            raise ValidationError("Choose one of the list")


def choice(label: str, choices: list[tuple[str, str]], hint: str = "", usual: str = "") -> Choice:
    """Return a field in which one of a list is chosen, by its value and what is said of it."""
    return Choice(label, choices, description=hint, default=usual)


def line(label: str, hint: str = "", *, is_number: bool = False) -> StringField:
    """Return a field of one line, which is passed on as it is typed."""
    return StringField(
        label,
        filters=[lambda value: " ".join((value or "").split())],
        validators=[_one_line],
        description=hint,
        render_kw={"autocomplete": "off", **({"inputmode": "decimal"} if is_number else {})},
    )


def _one_line(form: object, field: Field) -> None:
    if field.data and not is_line(field.data, MOST_LETTERS):
        raise ValidationError(f"One line of at most {MOST_LETTERS:,} letters that are seen")
