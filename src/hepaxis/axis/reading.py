"""The whole model as one Antimony text for people: mechanisms in reading order, comments kept, values beside them.

A block written once for all guilds (gates, ports, carriers) stands as a comment in that short form, then opened, so
that Antimony alone loads the file.  ``mathematics`` is what two SBML texts must share to be the same model.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import libsbml
import pandas as pd

from hepaxis.axis import assemble
from hepaxis.axis.model import read_sources
from hepaxis.axis.tables import HOME, Repeats, Row, rows

HEAD = """// hepaxis: the gut-microbiota-liver axis under immunotherapy of liver cancer, the whole model in one file.
// Made by `hepaxis model antimony`; the sources are one mechanism a file under src/hepaxis/axis/modules, each with a
// table of its values.  Research use only, not for treatment decisions.
//
// How to read it.  x' is the rate of a state, := a rule that always holds, = a value with its unit.  Time unit: day.
// Bare numbers are dimensionless.  Behind a value stand what it means, its spread where it has one, how it was
// obtained [human, animal, in_vitro or assumed] and where from.  States start at the rest of the reference patient.
// What is written once for every guild, gate, port or carrier stands first as a comment with {guild} in place of
// the name, then once for each.
"""
VALUE_WIDTH = 44  # characters of `name = value unit;` before its comment begins
_BLOCK = re.compile(r"//@ each (\w+)\n(.*?)//@ end\n?", re.DOTALL)
_COMMENT = re.compile(r"\s*//[^\n]*")
_RELATIONS = {"is": "identity", "hasPart": "hasPart", "isVersionOf": "hypernym", "hasVersion": "hasVersion"}


def reading_copy(home: Path = HOME) -> str:
    """The assembled model as one Antimony text that Antimony loads alone.  Raises InputError."""
    repeats, _, parameters = read_sources(home)
    parts = [HEAD, f"model {assemble.MODEL_ID}()", ""]
    for path in sorted((home / "modules").glob("*.ant")):
        parts += [_title(path.stem), _opened(path.read_text(), repeats)]
        parts += _values(parameters[parameters["module"] == path.stem])
    rest = parameters[~parameters["module"].isin([path.stem for path in (home / "modules").glob("*.ant")])]
    for module in dict.fromkeys(rest["module"]):
        parts += [_title(module), *_values(rest[rest["module"] == module])]
    parts += [_title("what the names are in ontologies"), *_annotations(rows(assemble.read_annotations(home)))]
    return "\n".join([*parts, "end", ""])


def mathematics(sbml: str, *, units_of_literals: bool = True) -> str:
    """Hash of units, values and rules of an SBML text: the same for two texts that are the same model.

    Order of elements, brackets in sums and products, annotations and the spelling of numbers do not enter.
    """
    document = libsbml.readSBMLFromString(sbml)
    model = document.getModel()
    lines = [f"time {model.getTimeUnits()}"]
    for definition in model.getListOfUnitDefinitions():
        lines.append(f"unit {definition.getId()} {libsbml.UnitDefinition.printUnits(definition)}")
    for one in model.getListOfParameters():
        value = one.getValue() if one.isSetValue() else None
        lines.append(f"value {one.getId()} {value!r} {one.getUnits()} {one.getConstant()}")
    for rule in model.getListOfRules():
        kind = "rate" if rule.isRate() else "rule"
        lines.append(f"{kind} {rule.getVariable()} {_spelled(rule.getMath(), units_of_literals)}")
    for start in model.getListOfInitialAssignments():
        lines.append(f"start {start.getSymbol()} {_spelled(start.getMath(), units_of_literals)}")
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


def _spelled(node: libsbml.ASTNode, units: bool) -> str:
    if node.isNumber():
        return f"{node.getValue()!r} {node.getUnits() if units else ''}"
    if not node.getNumChildren():
        return str(node.getName() or node.getType())
    parts = (_spelled(part, units) for part in _operands(node, node.getType()))
    return f"{node.getName() or node.getType()}({', '.join(parts)})"


def _operands(node: libsbml.ASTNode, kind: int) -> list[libsbml.ASTNode]:
    """Children, those of a sum in a sum or a product in a product among them."""
    children = [node.getChild(k) for k in range(node.getNumChildren())]
    if kind not in (libsbml.AST_PLUS, libsbml.AST_TIMES):
        return children
    return [part for child in children for part in (_operands(child, kind) if child.getType() == kind else [child])]


def _title(module: str) -> str:
    return f"\n// ==== {module} " + "=" * max(4, 100 - len(module))


def _opened(text: str, repeats: Repeats) -> str:
    """Text with the shorthand opened; each block first in its short form, as a comment that is left as it is."""
    parts = []
    end = 0
    for match in _BLOCK.finditer(text):
        kind, block = match.groups()
        names = " ".join(item[kind] for item in repeats.of[kind])
        short = "".join(f"//   {line}\n" for line in block.rstrip("\n").split("\n"))
        bare = "".join(f"{kept}\n" for line in block.split("\n") if (kept := _COMMENT.sub("", line).rstrip()))
        opened = assemble.expand(f"//@ each {kind}\n{bare}//@ end\n", repeats)
        parts += [
            assemble.expand(text[end : match.start()], repeats),
            f"// For each {kind} ({names}):\n{short}{opened}",
        ]
        end = match.end()
    return "".join([*parts, assemble.expand(text[end:], repeats)]).rstrip("\n") + "\n"


def _values(table: pd.DataFrame) -> list[str]:
    if table.empty:
        return []
    states = table["note"].str.startswith("state")
    lines = []
    for title, part in (("start of the states", table[states]), ("values", table[~states])):
        if len(part):
            lines += [f"// -- {title}", *(_value(str(name), row) for name, row in part.iterrows())]
    return lines


def _value(name: str, row: pd.Series) -> str:
    spread = f"{row['distribution']} {row['args']}".strip()
    said = [row["note"], spread, f"[{row['grade']}]", row["source"], row["system"]]
    assignment = f"{name} = {row['value']!r} {row['unit']};"
    comment = " | ".join(" ".join(str(part).split()) for part in said if part)
    return f"{assignment:<{VALUE_WIDTH}} // {comment}"


def _annotations(found: list[Row]) -> list[str]:
    lines = []
    for row in found:
        where = f'"https://identifiers.org/{row["identifier"]}"'
        lines.append(f"{row['name']} {_RELATIONS[row['qualifier']]} {where};  // {row['label']}")
    return lines
