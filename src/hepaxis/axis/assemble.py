"""Joins the mechanism files and tables into one SBML L3V2 model.

Antimony lets a later file silently overwrite an earlier name, so names with two values, rules or rates are refused.
Literals in the equations are marked dimensionless, so that libSBML's unit check is complete; any finding of libSBML at
all is a fault.  The ``.ant`` files have three bits of shorthand: ``//@ each guild ... //@ end`` (one copy a guild,
gate, port, carrier or lesion), ``sum[expression in {guild}]`` (or ``{lesion}``), and
``links[kind guild-or-*: expression in {p}, {by}, {of}]`` (rows of links.csv).
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import antimony
import libsbml
import pandas as pd

from hepaxis.axis.tables import HOME, Repeats, Row, link_name, read_table, rows
from hepaxis.problems import InputError, Problem, error

MODEL_ID = "hepaxis"
_EACH = re.compile(r"//@ each (\w+)\n(.*?)//@ end\n", re.DOTALL)
_SUM = re.compile(r"sum\[([^\]]*)\]")
_LINKS = re.compile(r"links\[(\w+) ([^:\]]+): ([^\]]*)\]")
_DEFINED = re.compile(r"\s*(\w+)('?)\s*(:=|=)")
_UNIT_OF = re.compile(r"\b(\w+) has (\w+)\s*;")
_QUALIFIERS = {
    "is": libsbml.BQB_IS,
    "hasPart": libsbml.BQB_HAS_PART,
    "isVersionOf": libsbml.BQB_IS_VERSION_OF,
    "hasVersion": libsbml.BQB_HAS_VERSION,
}


def equations(home: Path, repeats: Repeats) -> dict[str, str]:
    """Antimony text of each mechanism with the shorthand opened: module name -> text."""
    return {path.stem: expand(path.read_text(), repeats) for path in sorted((home / "modules").glob("*.ant"))}


def expand(text: str, repeats: Repeats) -> str:
    """Opens ``each``, ``links`` and ``sum`` of one mechanism file."""
    text = _EACH.sub(lambda m: "".join(_copy(m[2], m[1], item, repeats) for item in repeats.of[m[1]]), text)
    text = _LINKS.sub(lambda m: _join_links(m, repeats.links), text)
    return _SUM.sub(lambda m: _join_items(m[1], repeats), text)


def _join_items(expression: str, repeats: Repeats) -> str:
    kind = "lesion" if "{lesion}" in expression else "guild"
    return " + ".join(expression.replace(f"{{{kind}}}", item[kind]) for item in repeats.of[kind])


def _copy(block: str, kind: str, item: Row, repeats: Repeats) -> str:
    values = dict(item)
    if kind == "port":
        gates = [gate for gate in repeats.gates if gate["port"] == item["port"]]
        values["terms"] = gate_terms(gates)
        values["direct_terms"] = gate_terms([gate for gate in gates if not gate["carrier"]])
    if kind == "carrier":
        values["terms"] = gate_terms([gate for gate in repeats.gates if gate["carrier"] == item["carrier"]])
    for column, value in values.items():
        block = block.replace(f"{{{column}}}", value)
    return block


def gate_terms(gates: list[Row]) -> str:
    """Sum of ``sign g context s`` over gates; ``0`` where there is none, so that the factor is exactly 1."""
    terms = []
    for gate in gates:
        context = f"{gate['context']}*" if gate["context"] else ""
        terms.append(f"{'-' if gate['sign'] == '-1' else '+'} {context}g_{gate['gate']}*s_{gate['gate']}")
    return " ".join(terms).removeprefix("+ ") or "0"


def _join_links(match: re.Match[str], links: list[Row]) -> str:
    kind, guild, expression = match.groups()
    terms = [
        expression.replace("{p}", link_name(link)).replace("{by}", link["by"]).replace("{of}", link["guild"])
        for link in links
        if link["link"] == kind and guild.strip() in ("*", link["guild"])
    ]
    return f"({' + '.join(terms)})" if terms else "0"


def check_names(modules: dict[str, str], parameters: pd.DataFrame) -> list[Problem]:
    """Names given twice, or both a value of a table and a rule."""
    problems: list[Problem] = []
    seen: Counter[str] = Counter()
    places: dict[str, list[str]] = {}
    states = set()
    for module, text in modules.items():
        for statement in re.split(r"[;\n]", re.sub(r"//[^\n]*", "", text)):
            found = _DEFINED.match(statement)
            if found and not statement.lstrip().startswith("unit "):
                seen[found[1]] += 1
                places.setdefault(found[1], []).append(module)
                if found[2]:
                    states.add(found[1])
    for name, count in seen.items():
        if count > 1:
            found_in = ", ".join(places[name])
            problems.append(
                error("axis.duplicate_name", f"{name} is defined {count} times in {found_in}", "rename one")
            )
        if name in parameters.index and name not in states:
            both = f"a rule in {places[name][0]} and a value in {parameters.at[name, 'module']}"
            problems.append(error("axis.duplicate_name", f"{name} has {both}", "keep one"))
    problems += [
        error("axis.no_initial_value", f"state {name} has no initial value", "add it to the table of its module")
        for name in sorted(states - set(parameters.index))
    ]
    return problems


def antimony_text(modules: dict[str, str], parameters: pd.DataFrame) -> str:
    """One Antimony model: equations of every module followed by the values of the tables."""
    parts = [f"model {MODEL_ID}()"]
    for module, text in modules.items():
        parts += [f"// ==== {module}", text]
    parts.append("// ==== values")
    parts += [f"{name} = {row.value!r} {row.unit};" for name, row in parameters[["value", "unit"]].iterrows()]
    return "\n".join([*parts, "end", ""])


def to_sbml(text: str, annotations: pd.DataFrame | None = None) -> str:
    """SBML L3V2 of an Antimony model.  Raises InputError with every finding of Antimony and libSBML, units included."""
    antimony.clearPreviousLoads()
    if antimony.loadAntimonyString(text) < 0:
        raise InputError([error("axis.antimony", antimony.getLastError().strip(), "mend the mechanism file")])
    document = libsbml.readSBMLFromString(antimony.getSBMLString(MODEL_ID))
    model = document.getModel()
    for rule in model.getListOfRules():
        tree = rule.getMath().deepCopy()
        _dimensionless_literals(tree)
        rule.setMath(tree)
    if annotations is not None:
        _annotate(model, annotations)
    problems = _findings(document)
    if problems:
        raise InputError(problems)
    return re.sub(r"<!--.*?-->\n?", "", libsbml.writeSBMLToString(document), flags=re.DOTALL)


def _dimensionless_literals(node: libsbml.ASTNode) -> None:
    if node.isNumber() and not node.isSetUnits():
        node.setUnits("dimensionless")
    for child in range(node.getNumChildren()):
        _dimensionless_literals(node.getChild(child))


def _annotate(model: libsbml.Model, annotations: pd.DataFrame) -> None:
    for row in rows(annotations):
        element = model.getElementBySId(row["name"])
        if element is None:
            raise InputError([error("axis.annotation", f"no {row['name']} in the model", "mend annotations.csv")])
        if not element.isSetMetaId():
            element.setMetaId(f"meta_{row['name']}")
        term = libsbml.CVTerm(libsbml.BIOLOGICAL_QUALIFIER)
        term.setBiologicalQualifierType(_QUALIFIERS[row["qualifier"]])
        term.addResource(f"https://identifiers.org/{row['identifier']}")
        element.addCVTerm(term)


def _findings(document: libsbml.SBMLDocument) -> list[Problem]:
    model = document.getModel()
    problems = [
        error("axis.undeclared", f"{p.getId()} is used but has neither a rule nor a value", "add it to a table")
        for p in model.getListOfParameters()
        if not p.isSetValue() and model.getRuleByVariable(p.getId()) is None
    ]
    problems += [
        error("axis.no_unit", f"{p.getId()} has no unit", "write 'name has unit' or give the unit in the table")
        for p in model.getListOfParameters()
        if not p.isSetUnits()
    ]
    document.setConsistencyChecks(libsbml.LIBSBML_CAT_UNITS_CONSISTENCY, True)
    for index in range(document.checkConsistency()):
        fault = document.getError(index)
        message = " ".join(fault.getMessage().split())
        problems.append(error("axis.sbml", f"{fault.getErrorId()} {message[-300:]}", "mend the equation or the unit"))
    return problems


def rule_units(modules: dict[str, str]) -> dict[str, str]:
    """Unit of each variable with an assignment rule, as written in the mechanism files."""
    return {name: unit for text in modules.values() for name, unit in _UNIT_OF.findall(text)}


def state_names(modules: dict[str, str]) -> tuple[str, ...]:
    """States in the order of the mechanism files."""
    found = (re.findall(r"^\s*(\w+)'\s*=", text, re.MULTILINE) for text in modules.values())
    return tuple(name for names in found for name in names)


def read_annotations(home: Path = HOME) -> pd.DataFrame:
    return read_table(home / "annotations.csv")
