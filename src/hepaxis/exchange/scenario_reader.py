"""From the raw tree of a scenario's YAML to checked values: every fault is noted, nothing is guessed."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from hepaxis import axis
from hepaxis.exchange.fields import Field, choices, default, of_section
from hepaxis.patient.yaml_tree import Mapping, Node, Scalar, Sequence
from hepaxis.population.arms import Token, variable_faults
from hepaxis.population.closure import engine_model
from hepaxis.population.diets import diets
from hepaxis.problems import Problem, error
from hepaxis.therapy.antibiotics import antibiotic_class

MOST_PEOPLE = 10_000  # more than any figure needs; guards against a slip of the key
MOST_DAYS = 3650.0  # ten years; the longest course the model is tested for
SHOWN = 12  # words named in a hint
LISTS = ("regimens", "arms", "antibiotics", "donors", "diets", "levers")


class Reader:
    """Reads one scenario.  ``problems`` holds every fault found so far."""

    def __init__(self, root: Mapping, file: str, folder: Path):
        self.root, self.file, self.folder = root, file, folder
        self.problems: list[Problem] = []

    def top(self) -> dict[str, Any]:
        """Every field of the file, with defaults; blank values where one could not be read."""
        special: dict[str, Callable[[Node], Any]] = {
            "community": self._community,
            "people": self._people,
            "host": self._host,
            "gates": self._gates,
            "parameters": self._parameters,
            "observe": self._observe,
        }
        found = self._section(self.root, "", special)
        found["community"] = found["community"] or default("community")
        found["people"] = found["people"] or {}
        found["observe"] = found["observe"] or default("observe").split()
        for name in ("host", "gates", "parameters"):
            found[name] = found[name] or {}
        horizon = found["days"] or math.inf
        if math.inf > horizon > MOST_DAYS:
            self._wrong(self.root.entries["days"], "days", f"{horizon:g}", f"at most {MOST_DAYS:g}")
        for name in LISTS:
            found[name] = found[name] or []
            for row in found[name]:
                self._days(name, row, horizon)
        self._held_once(found)
        return found

    def courses(self, top: dict[str, Any]) -> tuple[Token, ...]:
        """Antibiotics, donors, diets and levers as tokens of the population room."""
        end = float(top["days"])
        given: list[Token] = []
        for row in top["antibiotics"]:
            given.append(Token(f"antibiotic.{row['class']}", _dose(row), row["from"], row["to"]))
        for row in top["donors"]:
            given += [_once(f"donor.{row['profile']}", row["amount"], day) for day in row["days"]]
        for row in top["diets"]:
            for lever, amount in diets()[row["name"]].items():
                given.append(Token(lever, repr(amount), row["from"], row["to"] or end))
        for row in top["levers"]:
            if row["days"]:
                given += [_once(row["lever"], row["value"], day) for day in row["days"]]
            else:
                given.append(Token(row["lever"], repr(row["value"]), row["from"], row["to"] or end))
        return tuple(given)

    # -- sections

    def _section(
        self, node: Mapping, section: str, special: dict[str, Callable[[Node], Any]] | None = None
    ) -> dict[str, Any]:
        fields = of_section(section)
        for key in node.entries:
            if key not in fields:
                hint = (
                    f"known are {', '.join(fields)}" if not _near(key, fields) else f"did you mean {_near(key, fields)}"
                )
                self._note("unknown_field", node.lines[key], key, f"no field '{key}'", hint)
        found: dict[str, Any] = {}
        for name, field in fields.items():
            given = node.entries.get(name)
            if given is None or (isinstance(given, Scalar) and given.missing and not given.quoted):
                if field.required:
                    self._note("missing", node.line, name, f"no '{name}'", field.meaning)
                found[name] = self._default(field)
            elif special and name in special:
                found[name] = special[name](given)
            elif field.kind == "list":
                found[name] = self._rows(given, name)
            else:
                found[name] = self._value(given, field)
        return found

    def _default(self, field: Field) -> Any:
        if field.kind in ("positive", "day", "count", "whole") and field.default:
            return float(field.default) if field.kind in ("positive", "day") else int(field.default)
        if field.kind in ("growth", "text") and field.default:
            return field.default
        return None

    def _rows(self, node: Node, section: str) -> list[dict[str, Any]]:
        if not isinstance(node, Sequence):
            self._wrong(node, section, "not a list", "write one entry a line, each after '- '")
            return []
        rows = []
        for item in node.items:
            if not isinstance(item, Mapping):
                self._wrong(item, section, "not a list of fields", f"give {', '.join(of_section(section))}")
                continue
            before = len(self.problems)
            row = self._section(item, section) | {"line": item.line}
            if len(self.problems) == before:
                rows.append(row)
        return rows

    def _value(self, node: Node, field: Field) -> Any:
        if field.kind == "days":
            return self._list_of_days(node, field)
        if not isinstance(node, Scalar):
            self._wrong(node, field.name, "not one value", field.meaning)
            return None
        text = node.text.strip()
        if field.kind == "text":
            return text
        if field.kind == "file":
            path = self.folder / text
            if not path.is_file():
                self._wrong(node, field.name, f"no file {text}", "the path is taken from the scenario's folder")
            return path
        words = choices(field.kind)
        if words:
            return self._word(node, field.name, words)
        return self._number(node, field.name, field.kind)

    def _word(self, node: Scalar, name: str, words: Iterable[str]) -> str | None:
        text, known = node.text.strip(), tuple(words)
        if text in known:
            return text
        self._wrong(node, name, f"'{text}'", _hint(text, known))
        return None

    def _number(self, node: Node, name: str, kind: str = "number") -> Any:
        limits = {
            "number": ("a number", -math.inf, math.inf),
            "day": ("a day", -MOST_DAYS, MOST_DAYS),
            "positive": ("a number above 0", math.nextafter(0.0, 1.0), math.inf),
            "amount": ("a number, 0 or more", 0.0, math.inf),
            "count": ("a whole number from 1", 1, MOST_PEOPLE),
            "whole": ("a whole number, 0 or more", 0, 2**31),
        }
        what, low, high = limits[kind]
        whole = kind in ("count", "whole")
        try:
            value = float(node.text) if isinstance(node, Scalar) else math.nan
        except ValueError:
            value = math.nan
        if not math.isfinite(value) or not low <= value <= high or (whole and value != int(value)):
            shown = f"'{node.text}'" if isinstance(node, Scalar) else "not one value"
            self._wrong(node, name, shown, f"give {what}")
            return None
        return int(value) if whole else value

    def _list_of_days(self, node: Node, field: Field) -> list[float] | None:
        items = node.items if isinstance(node, Sequence) else (node,)
        days = [self._number(item, field.name, "day") for item in items]
        return None if None in days else sorted(days)

    # -- fields with a shape of their own

    def _community(self, node: Node) -> Any:
        if isinstance(node, Mapping):
            return self._section(node, "community")
        if isinstance(node, Scalar):
            return self._word(node, "community", choices("community"))
        self._wrong(node, "community", "a list", "give one word, or profile: and sample:")
        return None

    def _people(self, node: Node) -> Any:
        if isinstance(node, Mapping):
            return self._section(node, "people")
        if not isinstance(node, Scalar) or node.text.strip() != "typical":
            self._wrong(node, "people", "neither 'typical' nor n: and seed:", "typical, or {n: 50, seed: 1}")
        return {}

    def _host(self, node: Node) -> dict[str, Any]:
        def read(name: str, value: Node) -> Any:
            if name == "liver" and isinstance(value, Scalar):
                return self._word(value, "liver", choices("liver"))
            return self._number(value, name)

        return self._by_name(node, "host", ("liver", *map(str, axis.build().inputs.index)), read)

    def _parameters(self, node: Node) -> dict[str, Any]:
        return self._by_name(node, "parameters", tuple(engine_model().parameters), lambda n, v: self._number(v, n))

    def _gates(self, node: Node) -> dict[str, Any]:
        if isinstance(node, Scalar):
            # YAML would read on and off as truth values; here they are words.
            word = self._word(node, "gates", ("on", "off"))
            return {"*": 0.0} if word == "off" else {}
        gates = ("*", *map(str, axis.build().gates.index))
        return self._by_name(node, "gates", gates, lambda n, v: self._number(v, n))

    def _by_name(
        self, node: Node, field: str, known: tuple[str, ...], read: Callable[[str, Node], Any]
    ) -> dict[str, Any]:
        if not isinstance(node, Mapping):
            self._wrong(node, field, "not values by name", "write name: value, one a line")
            return {}
        found = {}
        for name, value in node.entries.items():
            if name in known:
                found[name] = read(name, value)
            else:
                self._note("unknown_name", node.lines[name], name, f"no '{name}' under {field}", _hint(name, known))
        return found

    def _observe(self, node: Node) -> list[str]:
        items = node.items if isinstance(node, Sequence) else (node,)
        found = []
        for item in items:
            text = item.text.strip() if isinstance(item, Scalar) else ""
            faults = variable_faults(text) if text else ["not an expression"]
            for fault in faults:
                _, unknown, name = fault.partition("no variable ")
                near = _near(name, (*engine_model().states, *engine_model().observables)) if unknown else ""
                hint = f"best matches are {near}" if near else "variables of the model, with + - * / and brackets"
                self._wrong(item, "observe", fault, hint)
            found.append(text)
        return found

    # -- days and levers

    def _days(self, section: str, row: dict[str, Any], horizon: float) -> None:
        line = row["line"]
        start, end, days = row.get("from"), row.get("to"), row.get("days")
        for name in ("day", "from"):
            if row.get(name) is not None and row[name] >= horizon:
                self._note("days", line, name, f"{name} {row[name]:g} is not before the end", "begin before days")
        if days and max(days) >= horizon:
            self._note("days", line, "days", f"day {max(days):g} is not before the end", "dose before days")
        if start is not None and end is not None and end <= start:
            self._note("days", line, "to", f"ends on day {end:g}, begins on day {start:g}", "end after the beginning")
        if section == "levers":
            dosed = str(axis.build().levers.at[row["lever"], "action"]) != "set"
            if dosed and not days:
                self._note("lever", line, "days", f"{row['lever']} is given in doses", "give the days of the doses")
            if not dosed and days:
                self._note("lever", line, "days", f"{row['lever']} is held", "give from and to instead of days")

    def _held_once(self, top: dict[str, Any]) -> None:
        """Two held values of one lever may not overlap: which one holds would hang on their order."""
        held: list[tuple[str, float, float, int]] = []
        for row in top["levers"]:
            if not row["days"]:
                held.append((row["lever"], row["from"], row["to"] or math.inf, row["line"]))
        for row in top["diets"]:
            held += [(lever, row["from"], row["to"] or math.inf, row["line"]) for lever in diets()[row["name"]]]
        for k, (lever, start, end, line) in enumerate(held):
            for other, from_, to, _ in held[:k]:
                if other == lever and start < to and from_ < end:
                    self._note("overlap", line, "from", f"{lever} is held twice at once", "let one end before the next")

    # -- notes

    def _wrong(self, node: Node, name: str, found: str, hint: str) -> None:
        self._note("value", node.line, name, found, hint)

    def _note(self, code: str, row: int, column: str, found: str, hint: str) -> None:
        self.problems.append(error(f"scenario.{code}", found, hint, file=self.file, row=row, column=column))


def _dose(row: dict[str, Any]) -> str:
    return repr(row["mg"] or antibiotic_class(row["class"]).standard_mg)


def _once(id: str, amount: float, day: float) -> Token:
    return Token(id, repr(amount), day, day + 1.0)


def _near(word: str, known: Iterable[str]) -> str:
    return ", ".join(difflib.get_close_matches(word, [str(one) for one in known], n=3, cutoff=0.5))


def _hint(word: str, known: tuple[str, ...]) -> str:
    near = _near(word, known)
    if near:
        return f"best matches are {near}"
    return f"one of {', '.join(known[:SHOWN])}" + ("" if len(known) <= SHOWN else f" and {len(known) - SHOWN} more")
