"""Pydantic models of the protocol file, generated from the dataclasses that its tables turn into.

Nothing is said twice: limits and descriptions are in the dataclasses' metadata, and a design's
options are its fields, so a new design needs nothing here.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import MISSING, Field, fields
from functools import cache
from types import GenericAlias, NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import pydantic
from pydantic import BaseModel, ConfigDict, create_model
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import PydanticCustomError, core_schema

from escalation.designs import DESIGNS, design_options
from escalation.designs.base import MAX_LEVELS
from escalation.designs.options import NOT_FOR_A_FILE
from escalation.labels import MAX_LENGTH, PATTERN, Label, find_label_fault
from escalation.protocol.protocol import Protocol
from escalation.protocol.tables import (
    TABLES,
    DltException,
    DltRule,
    DltWindow,
    DoseLevel,
    PauseRule,
    ProtocolScenario,
    Source,
)
from escalation.text import LINE

__all__ = ["protocol_json_schema", "protocol_models"]

_field: Any = pydantic.Field  # its keywords come from metadata


class _Table(BaseModel):
    """What every table of the file has in common: nothing is guessed, nothing is ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


def _check_label(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise PydanticCustomError("label_type", "is not a label")
    fault = find_label_fault(value)
    if fault is not None:
        raise PydanticCustomError("label", "{said}", {"said": fault})
    return value


_Label = Annotated[
    Any,
    pydantic.BeforeValidator(_check_label),
    pydantic.WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": -999, "maximum": 999},
                {"type": "string", "maxLength": MAX_LENGTH, "pattern": PATTERN},
            ]
        }
    ),
]
_Text = Annotated[str, pydantic.Field(pattern=LINE, max_length=1000)]


@cache
def protocol_models() -> dict[tuple[str, ...], type[_Table]]:
    """Return the models by the place of their table, indices left out; the file's own is at ()."""
    models: dict[tuple[str, ...], type[_Table]] = {
        (name,): _model(made) for name, made in TABLES.items() if made is not DltWindow
    }
    models["dlt", "rules", "exceptions"] = _model(DltException)
    models["dlt", "rules"] = _model(
        DltRule,
        leaving="exceptions",
        exceptions=_tables(models["dlt", "rules", "exceptions"], "Events that it leaves out."),
    )
    models["dlt",] = _model(
        DltWindow,
        leaving="rules",
        rules=_tables(models["dlt", "rules"], "The definition of a DLT, rule by rule."),
    )
    models["pause",] = _model(PauseRule)
    models["levels",] = _model(DoseLevel)
    models["scenarios",] = _model(ProtocolScenario)
    for name, design in DESIGNS.items():
        models["design", name] = _model(design, design_options(design), name=(Literal[name], ...))
    tables: dict[str, Any] = {name: (models[name,], None) for name in TABLES}
    models[()] = _model(
        Protocol,
        ("name", "title", "unit", "dose_cap"),
        schema_=(int, _field(..., alias="schema", ge=1, le=1, description="This format: 1.")),
        start=(_Label, _field(..., description="Label of the starting level.")),
        levels=(
            _list_of(models["levels",]),
            _field(
                ...,
                min_length=1,
                max_length=MAX_LEVELS,
                description="The ladder, lowest level first.",
            ),
        ),
        design=(
            Union[tuple(models["design", name] for name in DESIGNS)],  # noqa: UP007  # at run time
            _field(..., discriminator="name", description="The rule."),
        ),
        pause=_tables(models["pause",], "What pauses enrolment by itself."),
        scenarios=_tables(models["scenarios",], "Assumed toxicity curves."),
        sources=(
            dict[str, Source],
            _field({}, description="What a setting rests on, by dotted name such as levels.1."),
        ),
        **tables,
    )
    return models


def _tables(model: type[_Table], description: str) -> tuple[Any, Any]:
    """Return annotation and pydantic field of a list of tables, which may be left out."""
    return _list_of(model), _field((), description=description)


def _model(
    made: type, names: Container[str] | None = None, leaving: str | None = None, **more: Any
) -> type[_Table]:
    """Generate the model of a table from fields of the dataclass that it turns into."""
    hints = get_type_hints(made)
    settings: dict[str, Any] = {
        field.name: _setting(field, hints[field.name])
        for field in fields(made)
        if (names is None or field.name in names) and field.name != leaving
    }
    return create_model(made.__name__, __base__=_Table, **more, **settings)


def _setting(field: Field[Any], hint: Any) -> tuple[Any, Any]:
    """Return annotation and pydantic field. TOML has no null: unset is left out, never None."""
    limits = {key: told for key, told in field.metadata.items() if key not in NOT_FOR_A_FILE}
    each = limits.pop("each", None)
    if hint in (Label, Label | None):
        hint = _Label
    elif get_origin(hint) in (Union, UnionType):
        hint = Union[tuple(arg for arg in get_args(hint) if arg is not NoneType)]  # noqa: UP007
    if each is not None:
        hint = _list_of(Annotated[get_args(hint)[0], _field(..., **each)])
    elif hint is str and "pattern" not in limits:
        hint = _Text
    elif hint == tuple[str, ...]:
        hint = _list_of(_Text)
    return hint, _field(... if field.default is MISSING else field.default, **limits)


def _list_of(item: Any) -> Any:
    return GenericAlias(tuple, (item, ...))


class _TomlSchema(GenerateJsonSchema):
    """Leaves out the default null, which TOML cannot write, and titles that repeat the key."""

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        if schema.get("default") is None:
            return self.generate_inner(schema["schema"])
        return super().default_schema(schema)

    def field_title_should_be_set(self, schema: object) -> bool:
        return False


def protocol_json_schema() -> dict[str, Any]:
    """Return the JSON Schema of protocol files."""
    schema = protocol_models()[()].model_json_schema(schema_generator=_TomlSchema)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "description": "A dose-escalation protocol, written in TOML.",
        **schema,
    }
