"""Pages of the model for readers: one a mechanism, with its picture, equations, values with sources, and gates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd

from hepaxis import axis
from hepaxis.axis import assemble
from hepaxis.axis.reading import reading_copy
from hepaxis.axis.tables import HOME, Repeats
from hepaxis.exchange.diagram import PORTS, gates_svg, mechanism_svg, overview_svg
from hepaxis.exchange.run import spelled
from hepaxis.exchange.structure import INPUT, LEVER, PORT, RULE, STATE, Mechanism, mechanisms

Table = Callable[[list[str], list[list[object]]], list[str]]


def model_pages(palette: Mapping[str, str], table: Table, head: str) -> dict[str, str]:
    """Path under docs/ -> text: the reading copy, every picture, every page; ``table`` writes a Markdown table."""
    found = {"model.ant": reading_copy(), "diagrams/overview.svg": overview_svg(palette)}
    for name, one in mechanisms().items():
        found[f"diagrams/{name}.svg"] = gates_svg(palette) if name == PORTS else mechanism_svg(name, palette)
        found[f"model/{name}.md"] = _page(one, table, head)
    found["model.md"] = _index(table, head)
    return found


def _index(table: Table, head: str) -> str:
    model = axis.build()
    rows: list[list[object]] = []
    for name, one in mechanisms().items():
        states = sum(node.copies for node in one.nodes if node.kind == STATE)
        rules = sum(node.copies for node in one.nodes if node.kind in (RULE, PORT) and node.home == name)
        rows.append([f"[{name}](model/{name}.md)", states, rules, _gist(name)])
    text = (
        f"{len(model.states)} states in {len(mechanisms())} mechanisms. [model.ant](model.ant) is the whole model in "
        "one Antimony file in reading order, with every value and its source; [claims.md](claims.md) lists the gates."
    )
    lines = ["# The model", "", head, text, "", "![The mechanisms and what they hand on](diagrams/overview.svg)", ""]
    return "\n".join([*lines, *table(["mechanism", "states", "rules", "what it holds"], rows), ""])


def _gist(name: str) -> str:
    """The first sentence of a mechanism's own comment."""
    text = (HOME / "modules" / f"{name}.ant").read_text(encoding="utf-8")
    words = []
    for line in text.splitlines():
        if not line.startswith("//") or line.startswith("//@"):
            break
        words.append(line.removeprefix("//").strip())
    title, _, rest = " ".join(words).partition(".  ")
    return (rest or title).split(". ")[0].rstrip(".").replace("|", "/")


def _page(one: Mechanism, table: Table, head: str) -> str:
    model = axis.build()
    raw = (HOME / "modules" / f"{one.name}.ant").read_text(encoding="utf-8").rstrip()
    picture = f"![{one.name}](../diagrams/{one.name}.svg)"
    lines = [f"# {one.name}", "", head, "[All mechanisms](../model.md)", "", picture, ""]
    lines += ["## Equations", "", "What is between `//@ each` and `//@ end` stands once for each.", ""]
    lines += ["```", raw, "```", ""]
    lines += ["## Variables", "", *_variables(one, table), ""]
    values = model.parameters[model.parameters["module"] == one.name]
    if len(values):
        lines += ["## Values", "", *table(VALUE_HEAD, [_value(str(name), row) for name, row in values.iterrows()]), ""]
    lines += _gates(one, table)
    return "\n".join(lines)


VALUE_HEAD = ["name", "value", "unit", "spread", "grade", "source", "note"]


def _variables(one: Mechanism, table: Table) -> list[str]:
    units = dict(axis.build().parameters["unit"]) | _rule_units()
    rows: list[list[object]] = []
    for node in one.nodes:
        if node.home == one.name and node.kind in (STATE, RULE, PORT):
            feeds = sorted({link.source for link in one.links if link.target == node.id})
            unit = spelled(str(units.get(node.id.replace("{guild}", "but").replace("{gate}", _first_gate()), "")))
            rows.append([f"`{node.id}`", node.kind, unit or "1", ", ".join(f"`{name}`" for name in feeds)])
    entering = sorted(f"`{node.id}` ({node.home})" for node in one.nodes if node.kind == INPUT)
    pulled = sorted(f"`{node.id}`" for node in one.nodes if node.kind == LEVER)
    said = [f"From elsewhere: {', '.join(entering)}.", ""] if entering else []
    said += [f"Levers: {', '.join(pulled)}.", ""] if pulled else []
    return [*said, *table(["variable", "kind", "unit", "is driven by"], rows)]


def _rule_units() -> dict[str, str]:
    return assemble.rule_units(assemble.equations(HOME, Repeats(HOME)))


def _first_gate() -> str:
    return str(axis.build().gates.index[0])


def _value(name: str, row: pd.Series) -> list[object]:
    spread = f"{row['distribution']} {row['args']}".strip()
    unit = spelled(str(row["unit"])) or "1"
    return [f"`{name}`", f"{row['value']:.6g}", unit, spread, row["grade"], row["source"], row["note"]]


def _gates(one: Mechanism, table: Table) -> list[str]:
    """Gates whose exposure this mechanism makes, and gates on the ports it takes."""
    gates = axis.build().gates
    own = {node.id for node in one.nodes if node.home == one.name}
    ports = {node.id.partition("_")[2] for node in one.nodes if node.kind == PORT}
    chosen = gates if one.name == PORTS else gates[gates["exposure"].isin(own) | gates["port"].isin(ports)]
    if chosen.empty:
        return []
    rows: list[list[object]] = []
    for gate, row in chosen.iterrows():
        disputed = str(row["agreement"]).startswith("disputed")
        effect = "disputed on" if disputed else "raises" if row["sign"] > 0 else "lowers"
        rows.append([f"`{gate}`", f"`{row['exposure']}`", f"{effect} {row['port']}", row["claim"], row["sources"]])
    return ["## Gates", "", *table(["gate", "exposure", "effect", "claim", "sources"], rows), ""]


def folders(docs: Path) -> list[Path]:
    """Generated files that lie under docs/ in folders of their own."""
    return [*(docs / "diagrams").glob("*.svg"), *(docs / "model").glob("*.md")]
