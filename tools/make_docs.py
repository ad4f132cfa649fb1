"""Writes the pages under docs/ that are generated from the program itself; a test keeps them equal.

`python tools/make_docs.py` after a change of the clinic sheet, of plan.json, of the claims or of the commands.
"""

from __future__ import annotations

import importlib.util
import inspect
import re
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

from hepaxis import axis, knowledge
from hepaxis.evidence.links import sources_of
from hepaxis.exchange.fields import choices, scenario_fields
from hepaxis.exchange.model_pages import folders, model_pages
from hepaxis.patient import fields, later_columns
from hepaxis.patient.yaml_fields import TableField
from hepaxis.population.baseline import marginals, population_names, table_rows
from hepaxis.population.communities import gut_conditions
from hepaxis.population.plausible import plausibility_rules
from hepaxis.report import plan_json_schema
from hepaxis.trial import built_in_designs, design_choices, design_fields, features, load_design, outcomes

DOCS = Path(__file__).resolve().parent.parent / "docs"
MOST_WORDS = 40  # choices of a field that are listed
HEAD = "Made by `tools/make_docs.py`; do not edit. Research use only, not for treatment decisions.\n"


def _cell(text: object) -> str:
    return str(text).replace("|", "\\|").replace("\n", " ")


def _table(head: list[str], rows: list[list[object]]) -> list[str]:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return lines + ["| " + " | ".join(_cell(cell) for cell in row) + " |" for row in rows]


def clinic_sheet() -> str:
    """Every field of patient.yaml."""
    rows: list[list[object]] = []
    for field in fields().values():
        if field.is_container:
            continue
        units = (
            ", ".join(dict.fromkeys([field.unit, *(name for name, _ in field.factors)])) if field.unit != "1" else ""
        )
        limits = "" if field.hard_min is None and field.hard_max is None else f"{field.hard_min} to {field.hard_max}"
        rows.append([f"`{field.path}`", field.label, units, limits, ", ".join(field.choice_ids), field.help])
    head = ["field", "meaning", "units", "possible", "choices", "note"]
    text = "A sheet is `patient.yaml`; `hepaxis template` prints one to fill in. Missing is unknown, at its prior."
    lines = ["# The clinic sheet", "", HEAD, text, "", *_table(head, rows), ""]
    text = (
        "`follow_up.csv` beside the sheet, one row an event after the first dose; `hepaxis plan` on the same folder "
        "then weighs the virtual patients by scans and later samples, runs new courses, and starts what is added on "
        "the last day that is known."
    )
    columns = [[f"`{row['column']}`", row["needed"], row["meaning"]] for row in later_columns()]
    return "\n".join([*lines, "## Follow-up", "", text, "", *_table(["column", "needed", "meaning"], columns), ""])


def plan_json() -> str:
    """Every field of plan.json."""
    schema = plan_json_schema()
    text = "The schema is `src/hepaxis/report/plan.schema.json`; `schema` is its version. Unknown fields are refused."
    lines = ["# plan.json", "", HEAD, text, ""]
    parts: dict[str, Any] = {"Plan": schema, **schema["$defs"]}
    for name, part in parts.items():
        lines += [f"## {name}", "", _cell(part.get("description", "")), ""]
        rows = [[f"`{key}`", _type(value)] for key, value in part["properties"].items()]
        lines += [*_table(["field", "type"], rows), ""]
    return "\n".join(lines)


def _type(value: dict[str, Any]) -> str:
    if "$ref" in value:
        return str(value["$ref"]).rsplit("/", 1)[-1]
    if "anyOf" in value:
        return " or ".join(_type(one) for one in value["anyOf"])
    if value.get("type") == "array":
        return f"list of {_type(value.get('items', {}))}"
    return str(value.get("type", "any"))


def claims() -> str:
    """Every claim about the gut that the model can switch."""
    rows: list[list[object]] = []
    for gate, row in axis.gate_table().iterrows():
        disputed = str(row["agreement"]).startswith("disputed")
        sign = "disputed" if disputed else "raises" if row["sign"] > 0 else "lowers"
        prior = f"{row['prior_mean']:g} (sd {row['prior_sd']:g})"
        told = [f"`{gate}`", row["claim"], f"{sign} {row['port']}", prior, row["grade"], row["sources"]]
        rows.append([*told, *(_record_ids(str(row[name] or "")) for name in ("sources", "against"))])
    text = (
        "Upstream biology reaches the immune and tumour core only through these gates. A strength of 0 switches a "
        "claim off; all off is an ordinary immuno-oncology model. In a population a claim also transfers to people or "
        "not, with the probability of its grade (`population/relevance.csv`). Records are shown by "
        "`hepaxis evidence show`; what the retraction of one would do, by `hepaxis evidence impact`."
    )
    counts = axis.describe().loc["total"]
    graded = ", ".join(f"{name} {int(counts[name])}" for name in counts.index if name != "total")
    lines = [f"Values in the model by grade: {graded}; total {int(counts['total'])}.", ""]
    head = ["gate", "claim", "effect", "strength", "grade", "sources", "records for", "records against"]
    return "\n".join(["# Claims of the model", "", HEAD, text, "", *lines, *_table(head, rows), ""])


def _record_ids(sources: str) -> str:
    return ", ".join(one.id for one in sources_of(sources).records)


def commands() -> str:
    """Every command and option."""
    import typer

    from hepaxis.cli.app import app

    lines = ["# Commands", "", HEAD]
    root = typer.main.get_command(app)

    def describe(name: str, command: Any) -> None:
        lines.extend([f"## `hepaxis {name}`".rstrip(), "", inspect.cleandoc(command.help or ""), ""])
        rows = []
        for parameter in command.params:
            if parameter.name == "help":
                continue
            flags = ", ".join(f"`{flag}`" for flag in parameter.opts) if parameter.opts else parameter.name
            rows.append([flags, getattr(parameter, "help", "") or ""])
        if rows:
            lines.extend([*_table(["argument or option", "meaning"], rows), ""])
        for child, part in getattr(command, "commands", {}).items():
            describe(f"{name} {child}".strip(), part)

    describe("", root)
    codes = "0 done, 1 the input has errors, 2 the command line is wrong, 3 the output cannot be written, 4 interrupted"
    return "\n".join([*lines, f"Exit codes: {codes}.", ""])


def scenario() -> str:
    """Every field of a scenario file."""
    titles = {"": "The file", "community": "community, where it is a profile", "people": "people, where they are drawn"}
    text = (
        "What `hepaxis simulate` runs and `hepaxis export` hands on; `hepaxis template scenario` prints one. "
        "Every field is checked before anything is run, and all faults are told at once. Days count from day 0."
    )
    lines = ["# Scenario files", "", HEAD, text, ""]
    return "\n".join([*lines, *_sections(scenario_fields(), titles, choices)])


def trial_design() -> str:
    """Every field of a design file, what conditions may name, and the designs that come with the program."""
    titles = {"": "The file", "arms": "arms: one entry a line", "components": "components: an id, or one entry a line"}
    text = (
        "What a virtual trial is to be; `hepaxis template trial` prints one. Every field is checked before anything is "
        "run, and all faults are told at once. Days count from the regimen's first dose."
    )
    lines = ["# Designs of virtual trials", "", HEAD, text, ""]
    lines += _sections(design_fields(), titles, design_choices, "section of fields")
    rows: list[list[object]] = [
        [f"`{one.name}`", one.label, " ".join(one.words) or one.kind, one.unit, one.meaning]
        for one in features().values()
    ]
    text = (
        "Conditions (`eligibility`, `biomarker`, `strata`) name these features: `afp >= 400`, `aetiology in hbv, hcv`, "
        "`mvi = yes`, `akkermansia below the median`, `above the 75th percentile`. Quantiles are those of the "
        "population before anybody is selected."
    )
    lines += ["## Features", "", text, "", *_table(["feature", "label", "values", "unit", "meaning"], rows), ""]
    rows = [[f"`{name}`", row["label"], row["contrast"], row["meaning"]] for name, row in outcomes().items()]
    lines += ["## Endpoints", "", *_table(["endpoint", "label", "contrast", "meaning"], rows), ""]
    made = [load_design(name) for name in built_in_designs()]
    rows = [
        [f"`{one.file.removesuffix('.yaml')}`", one.name, one.mode, one.n, len(one.arms), one.statement] for one in made
    ]
    lines += ["## Designs that come with the program", ""]
    return "\n".join([*lines, *_table(["id", "name", "mode", "n", "arms", "statement"], rows), ""])


def _sections(
    fields: tuple[TableField, ...],
    titles: dict[str, str],
    words: Callable[[str], tuple[str, ...]],
    otherwise: str = "one entry a line",
) -> list[str]:
    """One table a section of a file."""
    lines: list[str] = []
    for section in dict.fromkeys(field.section for field in fields):
        lines += [f"## {titles.get(section, f'{section}: {otherwise}')}", ""]
        rows: list[list[object]] = []
        for field in fields:
            if field.section == section:
                known = words(field.kind) or words(field.kind.removesuffix("s"))
                shown = ", ".join(known[:MOST_WORDS]) + (" ..." if len(known) > MOST_WORDS else "")
                needed = "yes" if field.required else field.default
                rows.append([f"`{field.name}`", field.meaning, needed, shown])
        lines += [*_table(["field", "meaning", "needed, or default", "choices"], rows), ""]
    return lines


def tables() -> str:
    """Every knowledge table with its columns."""
    text = (
        "tables under `src/hepaxis/knowledge/tables`; `checked` says how far a row was verified. What no simulation"
        " reads lies in `evidence/` there and has a hash of its own."
    )
    lines = ["# Knowledge tables", "", HEAD, f"{len(knowledge.names())} {text}", ""]
    for name in knowledge.names():
        columns = knowledge.columns(name)
        lines += [f"## {name}", "", f"{len(knowledge.records(name))} rows.", ""]
        rows = [[f"`{c.name}`", c.type, c.unit, c.description] for c in columns]
        lines += [*_table(["column", "type", "unit", "meaning"], rows), ""]
    return "\n".join(lines)


def palette() -> dict[str, str]:
    """Colours of the report, light theme."""
    css = (files("hepaxis.report") / "style" / "tokens.css").read_text(encoding="utf-8")
    return dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{3,6})\b", css[: css.index("}")]))


def of_model() -> dict[str, str]:
    """The reading copy, pictures and pages of the model, by path under docs/."""
    return model_pages(palette(), _table, HEAD)


def population() -> str:
    """What a virtual population is drawn from, who is let in, and what it can be weighted to."""
    head = ["characteristic", "given", "distribution", "parameters", "source", "grade", "note"]
    keys = ["variable", "given", "distribution", "args", "source", "grade", "note"]
    text = (
        "`draw_population(name, n, seed)` draws patients from these tables. A named population is the default with the"
        " rows below in place of its own. Normal scores are tied by a Gaussian copula. Assumed rows say so."
    )
    lines = ["# Virtual populations", "", HEAD, text, ""]
    rows = {name: marginals(name).rows[keys].to_numpy().tolist() for name in population_names()}
    default, *others = rows
    lines += [f"## {default}", "", *_table(head, rows[default]), ""]
    for name in others:
        lines += [f"## {name}", "", *_table(head, [row for row in rows[name] if row not in rows[default]]), ""]
    pairs = table_rows("baseline_correlation.csv").to_numpy().tolist()
    lines += ["## What goes with what", "", *_table(["first", "second", "correlation", "source", "grade"], pairs), ""]
    margins = table_rows("baseline_targets.csv").to_numpy().tolist()
    columns = ["population", "characteristic", "level", "share", "source", "checked"]
    lines += ["## Margins a population is weighted to", "", *_table(columns, margins), ""]
    rules = [list(row.values()) for row in plausibility_rules()]
    columns = ["rule", "when", "quantity", "low", "high", "source", "grade", "note"]
    lines += ["## Who is plausible", "", *_table(columns, rules), ""]
    moves = [list(row.values()) for row in gut_conditions()]
    columns = ["condition", "guild", "effect", "size", "in the reference", "source", "grade", "note"]
    told = "How drawn communities compare with real ones: [communities.md](communities.md)."
    return "\n".join([*lines, "## What moves a community", "", told, "", *_table(columns, moves), ""])


def evidence() -> str:
    """What the published evidence says together."""
    return _evidence_page().page(_table, HEAD)


def evidence_figure() -> str:
    """Forest plot of the page on the evidence."""
    return _evidence_page().figure()


def evidence_landscape() -> str:
    """Interventions of the page on the evidence."""
    return _evidence_page().landscape_figure()


def _evidence_page() -> Any:
    path = Path(__file__).with_name("evidence_page.py")
    spec = importlib.util.spec_from_file_location("evidence_page", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


PAGES: dict[str, Callable[[], str]] = {
    "clinic_sheet.md": clinic_sheet,
    "plan_json.md": plan_json,
    "claims.md": claims,
    "commands.md": commands,
    "knowledge_tables.md": tables,
    "scenario.md": scenario,
    "trial_design.md": trial_design,
    "population.md": population,
    "evidence.md": evidence,
    "evidence.antibiotics.svg": evidence_figure,
    "evidence.landscape.svg": evidence_landscape,
}


def main() -> None:
    DOCS.mkdir(exist_ok=True)
    for name, make in PAGES.items():
        (DOCS / name).write_text(make(), encoding="utf-8")
    for old in folders(DOCS):
        old.unlink()
    for name, text in of_model().items():
        (DOCS / name).parent.mkdir(exist_ok=True)
        (DOCS / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
