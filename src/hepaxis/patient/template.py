"""A commented ``patient.yaml`` made from the field table: every field, its unit, its choices, none filled in."""

from __future__ import annotations

from hepaxis.patient.fields import Field, children, fields

HEAD = (
    "# Clinic sheet for hepaxis. Research use only, not for treatment decisions.\n"
    "# Remove the '#' before a field to fill it. What is left out is unknown: it stays at its prior, and is said.\n"
    "# Days are relative to the first dose (day 0), negative before; dates need first_dose.\n"
    "# Write numbers with their unit, as 1.2 mg/dL, or {value: 1.2, unit: mg/dL}; '<10 IU/mL' for below a limit.\n"
)
EXAMPLES = {
    "flag": "yes",
    "date": "2026-12-01",
    "day": "-14",
    "text": "text",
    "genes": "{CTNNB1: wild_type, TP53: mutated}",
    "alleles": "[A*02:01, B*07:02]",
}
BY_PATH = {
    "exposures[].drug": "ceftriaxone",
    "exposures[].class": "cephalosporin_3",
    "exposures[].ongoing": "no",
    "exposures[].start_day": "-23",
    "therapy.prior[].start_day": "-400",
    "therapy.prior[].end_day": "-200",
    "therapy.planned[].start_day": "0",
    "liver.ascites": "mild",
    "blood.nlr": "3",
}


def template() -> str:
    """Text of the template; it reads as an empty sheet, and with every '#' of a field removed as a full one."""
    lines = [HEAD, "id: P001"]
    for field in children("").values():
        if field.key == "id":
            continue
        lines.append("")
        lines.extend(_lines(field, 0))
    return "\n".join(lines) + "\n"


def _lines(field: Field, depth: int) -> list[str]:
    pad = "#" + "  " * depth
    if not field.is_container:
        return [f"{pad}{field.key}: {example(field)}" + _comment(field)]
    title = f"{pad}{field.key}:  # {field.label}" + (f" ({field.help})" if field.help else "")
    if field.kind == "section":
        return [title, *(line for child in children(field.path).values() for line in _lines(child, depth + 1))]
    entries = [line for child in children(f"{field.path}[]").values() for line in _lines(child, depth + 2)]
    first = entries[0].replace("#" + "  " * (depth + 2), "#" + "  " * (depth + 1) + "- ", 1)
    return [title, first, *entries[1:]]


def example(field: Field) -> str:
    """A possible value of the field as it would be written."""
    if field.path in BY_PATH:
        return BY_PATH[field.path]
    if field.kind in ("choice", "choices"):
        return field.choice_ids[0] if field.kind == "choice" else f"[{field.choice_ids[0]}]"
    if field.kind in ("quantity", "integer"):
        low, high = field.plausible_min or 0.0, field.plausible_max or 1.0
        middle = (max(low, 0.01) * high) ** 0.5
        number = f"{round(middle)}" if middle >= 10 or field.kind == "integer" else f"{middle:.1g}"
        return number + ("" if field.unit == "1" else f" {field.unit}")
    return EXAMPLES[field.kind]


def _comment(field: Field) -> str:
    parts = [field.label]
    if field.choices:
        parts.append(" | ".join(field.choice_ids))
    units = [name for name, _ in field.factors]
    if units and field.kind == "quantity" and not field.bare:
        parts.append("or " + ", ".join(units[:4]))
    if field.help and field.kind != "day":
        parts.append(field.help)
    return "  # " + "; ".join(parts)


def field_count() -> int:
    """Number of fields that can be filled in."""
    return sum(not field.is_container for field in fields().values())
