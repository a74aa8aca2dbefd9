"""Pydantic models of the plan file, made from the dataclasses that its tables turn into."""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from typing import Any

from escalation.plan.plan import Plan
from escalation.plan.tables import (
    Biomarker,
    Criterion,
    Disease,
    Kinetics,
    PlannedTest,
    Response,
    Visit,
)
from escalation.protocol.modelling import TomlSchema, TomlTable, model_of, setting, tables_of

__all__ = ["plan_json_schema", "plan_models"]

_LISTS: dict[str, type] = {
    "tests": PlannedTest,
    "diseases": Disease,
    "criteria": Criterion,
    "visits": Visit,
    "biomarkers": Biomarker,
}
_TABLES: dict[str, type] = {"response": Response, "kinetics": Kinetics}


@cache
def plan_models() -> dict[tuple[str, ...], type[TomlTable]]:
    """Return the models by the place of their table, indices left out; the file's own is at ()."""
    models: dict[tuple[str, ...], type[TomlTable]] = {
        (name,): model_of(made) for name, made in (_LISTS | _TABLES).items()
    }
    said = {member.name: member.metadata.get("description", "") for member in fields(Plan)}
    tables: dict[str, Any] = {name: tables_of(models[name,], said[name]) for name in _LISTS} | {
        name: (models[name,], None) for name in _TABLES
    }
    models[()] = model_of(
        Plan,
        ("name", "title", "source", "creatinine_clearance", "notes"),
        schema_=(int, setting(..., alias="schema", ge=1, le=1, description="This format: 1.")),
        **tables,
    )
    return models


def plan_json_schema() -> dict[str, Any]:
    """Return the JSON Schema of plan files."""
    schema = plan_models()[()].model_json_schema(schema_generator=TomlSchema)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "description": "What a trial does beside escalating, written in TOML.",
        **schema,
    }
