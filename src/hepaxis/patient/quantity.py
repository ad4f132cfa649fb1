"""Reading a number with its unit, as a laboratory sheet writes it, into the unit of the field table.

Accepted: ``{value: 1.2, unit: mg/dL}`` and ``"1.2 mg/dL"``, with ``<`` or ``>`` for a value at a limit of the assay.
A number without its unit is refused wherever two units are in common use: guessing one is the classic error.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from hepaxis.patient.fields import Field

_WRITTEN = re.compile(r"^\s*(<=|>=|<|>|≤|≥|~)?\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(.*?)\s*$")
_RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹⁻"
_SUPERSCRIPT = str.maketrans(_RAISED, "0123456789-")
_BELOW = ("<", "<=", "≤")
_ABOVE = (">", ">=", "≥")


@dataclass(frozen=True)
class Written:
    """What stood on the sheet: ``limit`` is '<', '>' or ''."""

    value: float
    unit: str
    limit: str = ""


class QuantityError(ValueError):
    """``found`` and ``hint`` as a Problem wants them."""

    def __init__(self, found: str, hint: str):
        self.found = found
        self.hint = hint
        super().__init__(f"{found}. {hint}")


def plain_unit(unit: str) -> str:
    """One spelling for units that differ in case, micro sign, superscripts or spaces."""
    text = re.sub(f"[{_RAISED}]+", lambda run: "^" + run[0].translate(_SUPERSCRIPT), unit.strip())
    text = text.replace("μ", "u").replace("µ", "u").replace("×", "x").lower()
    text = re.sub(r"\s+", "", text).removeprefix("x").removeprefix("*").replace("mcg", "ug")
    text = re.sub(r"^(?:10\*\*?|10e|1e)(\d+)", r"10^\1", text)
    return re.sub(r"/d$", "/day", text)


def parse(text: str) -> Written:
    """``"<10 IU/mL"`` -> ``Written(10, 'IU/mL', '<')``.  Raises QuantityError."""
    match = _WRITTEN.match(text)
    if match is None:
        raise QuantityError(f"'{text}' is not a number", "write a number and its unit, for example '1.2 mg/dL'")
    sign, number, unit = match.groups()
    if unit.startswith(","):
        raise QuantityError(
            f"'{text}' has a comma in the number", "write decimals with a point and leave out thousands separators"
        )
    value = float(number)
    if not math.isfinite(value):
        raise QuantityError(f"'{text}' is not a finite number", "write the measured number")
    return Written(value, unit, "<" if sign in _BELOW else ">" if sign in _ABOVE else "")


def factor(field: Field, unit: str) -> float | None:
    """What a number in ``unit`` is multiplied by to be in ``field.unit``; None when the unit is not known."""
    known = {plain_unit(field.unit): 1.0} | {plain_unit(name): number for name, number in field.factors}
    return known.get(plain_unit(unit))


def unit_names(field: Field) -> str:
    return ", ".join([field.unit, *(name for name, _ in field.factors)])


def convert(field: Field, written: Written) -> float:
    """The number in ``field.unit``, within the hard limits.  Raises QuantityError with what was found and a hint."""
    unit = written.unit
    if not unit:
        if not field.bare:
            raise QuantityError(
                f"{field.label} {written.value:g} has no unit",
                f"write it with its unit, for example '{_example(field, written.value)}'; known: {unit_names(field)}",
            )
        unit = field.unit
    scale = factor(field, unit)
    if scale is None:
        raise QuantityError(f"{field.label} is in '{written.unit}'", f"use one of: {unit_names(field)}")
    value = written.value * scale
    low, high = field.hard_min, field.hard_max
    if (low is not None and value < low) or (high is not None and value > high):
        raise QuantityError(
            f"{field.label} {written.value:g} {unit if unit != '1' else ''}".rstrip() + " cannot be",
            f"possible values are {low:g} to {high:g} {_shown(field)}".rstrip()
            + _other_unit(field, written.value, unit),
        )
    return value


def is_plausible(field: Field, value: float) -> bool:
    low, high = field.plausible_min, field.plausible_max
    return (low is None or value >= low) and (high is None or value <= high)


def implausible_hint(field: Field, value: float, written: Written) -> str:
    span = f"usual values are {field.plausible_min:g} to {field.plausible_max:g} {_shown(field)}".rstrip()
    return f"{span}; check the number and its unit" + _other_unit(field, written.value, written.unit or field.unit)


def _example(field: Field, number: float) -> str:
    """The number under the first unit that makes it usual: an example must not suggest the wrong unit."""
    units = ((field.unit, 1.0), *field.factors)
    unit = next((name for name, scale in units if is_plausible(field, number * scale)), field.unit)
    return f"{number:g} {unit}"


def _shown(field: Field) -> str:
    return "" if field.unit == "1" else field.unit


def _other_unit(field: Field, number: float, unit: str) -> str:
    """A hint at the unit under which the number would be usual: most impossible values are a unit mistaken."""
    for name, scale in ((field.unit, 1.0), *field.factors):
        if plain_unit(name) != plain_unit(unit) and is_plausible(field, number * scale):
            return f". It would be usual as {number:g} {name}: is that the unit?"
    return ""
