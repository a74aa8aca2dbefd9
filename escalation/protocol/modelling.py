"""Pydantic models of tables in TOML, made from the dataclasses that the tables turn into.

Limits and descriptions are in the metadata of the dataclasses' fields, and said there only.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import MISSING, Field, fields
from types import GenericAlias, NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import pydantic
from pydantic import BaseModel, ConfigDict, create_model
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import PydanticCustomError, core_schema

from escalation.designs.options import NOT_FOR_A_FILE
from escalation.labels import MAX_LENGTH, PATTERN, Label, find_label_fault
from escalation.text import LINE

__all__ = ["LabelSetting", "TomlSchema", "TomlTable", "list_of", "model_of", "setting", "tables_of"]

setting: Any = pydantic.Field  # its keywords come from metadata


class TomlTable(BaseModel):
    """What every table of the file has in common: nothing is guessed, nothing is ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


def _check_label(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise PydanticCustomError("label_type", "is not a label")
    fault = find_label_fault(value)
    if fault is not None:
        raise PydanticCustomError("label", "{said}", {"said": fault})
    return value


LabelSetting = Annotated[
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


def tables_of(model: type[TomlTable], description: str) -> tuple[Any, Any]:
    """Return annotation and pydantic field of a list of tables, which may be left out."""
    return list_of(model), setting((), description=description)


def model_of(
    made: type, names: Container[str] | None = None, leaving: str | None = None, **more: Any
) -> type[TomlTable]:
    """Generate the model of a table from fields of the dataclass that it turns into."""
    hints = get_type_hints(made)
    settings: dict[str, Any] = {
        field.name: _setting(field, hints[field.name])
        for field in fields(made)
        if (names is None or field.name in names) and field.name != leaving
    }
    return create_model(made.__name__, __base__=TomlTable, **more, **settings)


def _setting(field: Field[Any], hint: Any) -> tuple[Any, Any]:
    """Return annotation and pydantic field. TOML has no null: unset is left out, never None."""
    limits = {key: told for key, told in field.metadata.items() if key not in NOT_FOR_A_FILE}
    each = limits.pop("each", None)
    if hint in (Label, Label | None):
        hint = LabelSetting
    elif get_origin(hint) in (Union, UnionType):
        hint = Union[tuple(arg for arg in get_args(hint) if arg is not NoneType)]  # noqa: UP007
    if each is not None:
        hint = list_of(Annotated[get_args(hint)[0], setting(..., **each)])
    elif hint is str and "pattern" not in limits:
        hint = _Text
    elif hint == tuple[str, ...]:
        hint = list_of(_Text)
    return hint, setting(... if field.default is MISSING else field.default, **limits)


def list_of(item: Any) -> Any:
    """Return the annotation of a list, which is read as a tuple."""
    return GenericAlias(tuple, (item, ...))


class TomlSchema(GenerateJsonSchema):
    """Leaves out the default null, which TOML cannot write, and titles that repeat the key."""

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """Leave a default out that is null."""
        if schema.get("default") is None:
            return self.generate_inner(schema["schema"])
        return super().default_schema(schema)

    def field_title_should_be_set(self, schema: object) -> bool:
        """Leave titles out."""
        return False
