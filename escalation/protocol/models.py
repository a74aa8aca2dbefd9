"""Pydantic models of the protocol file, generated from the dataclasses that its tables turn into.

Nothing is said twice: limits and descriptions are in the dataclasses' metadata, and a design's
options are its fields, so a new design needs nothing here.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Literal, Union

from escalation.designs import DESIGNS, design_options
from escalation.designs.base import MAX_LEVELS
from escalation.protocol.modelling import (
    LabelSetting,
    TomlSchema,
    TomlTable,
    list_of,
    model_of,
    setting,
    tables_of,
)
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

__all__ = ["protocol_json_schema", "protocol_models"]


@cache
def protocol_models() -> dict[tuple[str, ...], type[TomlTable]]:
    """Return the models by the place of their table, indices left out; the file's own is at ()."""
    models: dict[tuple[str, ...], type[TomlTable]] = {
        (name,): model_of(made) for name, made in TABLES.items() if made is not DltWindow
    }
    models["dlt", "rules", "exceptions"] = model_of(DltException)
    models["dlt", "rules"] = model_of(
        DltRule,
        leaving="exceptions",
        exceptions=tables_of(models["dlt", "rules", "exceptions"], "Events that it leaves out."),
    )
    models["dlt",] = model_of(
        DltWindow,
        leaving="rules",
        rules=tables_of(models["dlt", "rules"], "The definition of a DLT, rule by rule."),
    )
    models["pause",] = model_of(PauseRule)
    models["levels",] = model_of(DoseLevel)
    models["scenarios",] = model_of(ProtocolScenario)
    for name, design in DESIGNS.items():
        models["design", name] = model_of(design, design_options(design), name=(Literal[name], ...))
    tables: dict[str, Any] = {name: (models[name,], None) for name in TABLES}
    models[()] = model_of(
        Protocol,
        ("name", "title", "unit", "dose_cap"),
        schema_=(int, setting(..., alias="schema", ge=1, le=1, description="This format: 1.")),
        start=(LabelSetting, setting(..., description="Label of the starting level.")),
        levels=(
            list_of(models["levels",]),
            setting(
                ...,
                min_length=1,
                max_length=MAX_LEVELS,
                description="The ladder, lowest level first.",
            ),
        ),
        design=(
            Union[tuple(models["design", name] for name in DESIGNS)],  # noqa: UP007  # at run time
            setting(..., discriminator="name", description="The rule."),
        ),
        pause=tables_of(models["pause",], "What pauses enrolment by itself."),
        scenarios=tables_of(models["scenarios",], "Assumed toxicity curves."),
        sources=(
            dict[str, Source],
            setting({}, description="What a setting rests on, by dotted name such as levels.1."),
        ),
        **tables,
    )
    return models


def protocol_json_schema() -> dict[str, Any]:
    """Return the JSON Schema of protocol files."""
    schema = protocol_models()[()].model_json_schema(schema_generator=TomlSchema)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "description": "A dose-escalation protocol, written in TOML.",
        **schema,
    }
