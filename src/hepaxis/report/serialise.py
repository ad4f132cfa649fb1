"""A plan as JSON and back, and the JSON Schema of ``plan.json``.

Held here: the only way a ``Plan`` leaves or enters memory as text.  The text is stable (field order of the
dataclasses, two spaces, one final newline), so equal plans give equal bytes.  Numbers that JSON cannot hold (NaN and
the infinities) are refused going out and coming in: an unknown number is ``null`` where the schema allows it and is
otherwise not part of a plan.  Reading is strict; every fault is listed with its place in the document.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import asdict
from functools import cache
from typing import TYPE_CHECKING, Any

from hepaxis.plan.schema import SCHEMA, Plan
from hepaxis.problems import InputError, Problem, error

if TYPE_CHECKING:
    from pydantic import TypeAdapter

EXACT = 2.0**53  # whole numbers below this are exact in double precision
SCHEMA_FILE = "plan.schema.json"
NEWER = "This plan may come from a newer hepaxis: read it with that version, or run `hepaxis plan` again."


@cache
def _adapter() -> TypeAdapter[Plan]:
    from pydantic import TypeAdapter

    return TypeAdapter(Plan)


def _place(path: tuple[str | int, ...]) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _walk(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    yield path, value
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _walk(item, (*path, key))
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from _walk(item, (*path, index))


def _plain(value: Any) -> Any:
    """Whole numbers without a decimal point, so that 365 and 365.0 give the same text; numpy scalars as Python's."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if hasattr(value, "item") and not isinstance(value, (str, bytes)):
        value = value.item()
    if isinstance(value, float) and value.is_integer() and abs(value) < EXACT:
        return int(value)
    return value


def _not_finite(document: Any) -> list[Problem]:
    return [
        error(
            "plan.not_finite",
            f"{_place(path)} is {value}",
            "A plan holds finite numbers only; an unknown value is null where the schema allows it.",
        )
        for path, value in _walk(document)
        if isinstance(value, float) and not math.isfinite(value)
    ]


def dump_plan(plan: Plan) -> str:
    """JSON text of ``plan``: the content of ``plan.json``.

    Raises InputError naming every field that holds NaN or an infinity.
    """
    document = _plain(asdict(plan))
    if problems := _not_finite(document):
        raise InputError(problems)
    return json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def load_plan(text: str, *, file: str = "plan.json") -> Plan:
    """``Plan`` from the text that :func:`dump_plan` wrote.

    Raises InputError listing every fault: not JSON, another schema version, missing or unknown fields, wrong types,
    numbers that are not finite.
    """
    from pydantic import ValidationError

    try:
        document = json.loads(text)
    except json.JSONDecodeError as fault:
        raise InputError(
            [
                error(
                    "plan.not_json",
                    f"{fault.msg} at column {fault.colno}",
                    "Give the plan.json of a run.",
                    file=file,
                    row=fault.lineno,
                )
            ]
        ) from None
    if not isinstance(document, dict):
        raise InputError([error("plan.not_a_plan", f"a JSON {type(document).__name__}", "Give one object.", file=file)])
    version = document.get("schema")
    if version != SCHEMA:
        raise InputError(
            [error("plan.schema_version", f"schema is {version!r}, expected {SCHEMA!r}", NEWER, file=file)]
        )
    if problems := _not_finite(document):
        raise InputError(problems)
    try:
        plan = _adapter().validate_json(json.dumps(document), strict=True)
    except ValidationError as fault:
        raise InputError(
            error("plan.field", f"{_place(e['loc'])}: {e['msg'].lower()}", "Compare with plan.schema.json.", file=file)
            for e in fault.errors(include_url=False, include_input=False)
        ) from None
    known = {path for path, _ in _walk(json.loads(dump_plan(plan)))}
    unknown = [path for path, _ in _walk(document) if path not in known]
    if unknown:
        raise InputError(error("plan.unknown_field", f"unknown field {_place(p)}", NEWER, file=file) for p in unknown)
    return plan


def plan_json_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of ``plan.json``, generated from the dataclasses; ``plan.schema.json`` is its copy."""
    schema = _adapter().json_schema()
    schema["properties"]["schema"] = {"const": SCHEMA, "title": "Schema", "type": "string"}
    schema["required"] = [*schema["required"], "schema"]
    for record in (schema, *schema["$defs"].values()):
        record["additionalProperties"] = False
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def plan_json_schema_text() -> str:
    """The text ``plan.schema.json`` must hold."""
    return json.dumps(plan_json_schema(), ensure_ascii=False, indent=2, sort_keys=True) + "\n"
