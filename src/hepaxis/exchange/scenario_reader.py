"""From the raw tree of a scenario's YAML to checked values: every fault is noted, nothing is guessed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

from hepaxis import axis
from hepaxis.exchange.fields import choices, default, of_section
from hepaxis.patient.yaml_fields import MOST_DAYS, FieldReader, TableField, best_matches, nearest
from hepaxis.patient.yaml_tree import Mapping, Node, Scalar, Sequence
from hepaxis.population.arms import Token, variable_faults
from hepaxis.population.closure import engine_model
from hepaxis.population.diets import diets
from hepaxis.therapy.antibiotics import NO_FUNGI, antibiotic_class, is_antifungal

LISTS = ("regimens", "arms", "antibiotics", "donors", "diets", "levers")


class Reader(FieldReader):
    """Reads one scenario."""

    what = "scenario"

    def fields_of(self, section: str) -> dict[str, TableField]:
        return of_section(section)

    def choices(self, kind: str) -> tuple[str, ...]:
        return choices(kind)

    def word(self, node: Scalar, name: str, words: Iterable[str]) -> str | None:
        known = tuple(words)
        if is_antifungal(node.text) and node.text.strip() not in known:
            self.wrong(node, name, f"'{node.text.strip()}'", f"{NO_FUNGI}: leave it out")
            return None
        return super().word(node, name, known)

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
        found = self.section(self.root, "", special)
        found["community"] = found["community"] or default("community")
        found["people"] = found["people"] or {}
        found["observe"] = found["observe"] or default("observe").split()
        for name in ("host", "gates", "parameters"):
            found[name] = found[name] or {}
        horizon = found["days"] or math.inf
        if math.inf > horizon > MOST_DAYS:
            self.wrong(self.root.entries["days"], "days", f"{horizon:g}", f"at most {MOST_DAYS:g}")
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

    # -- fields with a shape of their own

    def _community(self, node: Node) -> Any:
        if isinstance(node, Mapping):
            return self.section(node, "community")
        if isinstance(node, Scalar):
            return self.word(node, "community", choices("community"))
        self.wrong(node, "community", "a list", "give one word, or profile: and sample:")
        return None

    def _people(self, node: Node) -> Any:
        if isinstance(node, Mapping):
            return self.section(node, "people")
        if not isinstance(node, Scalar) or node.text.strip() != "typical":
            self.wrong(node, "people", "neither 'typical' nor n: and seed:", "typical, or {n: 50, seed: 1}")
        return {}

    def _host(self, node: Node) -> dict[str, Any]:
        def read(name: str, value: Node) -> Any:
            if name == "liver" and isinstance(value, Scalar):
                return self.word(value, "liver", choices("liver"))
            return self.number(value, name)

        return self._by_name(node, "host", ("liver", *map(str, axis.build().inputs.index)), read)

    def _parameters(self, node: Node) -> dict[str, Any]:
        return self._by_name(node, "parameters", tuple(engine_model().parameters), lambda n, v: self.number(v, n))

    def _gates(self, node: Node) -> dict[str, Any]:
        if isinstance(node, Scalar):
            # YAML would read on and off as truth values; here they are words.
            word = self.word(node, "gates", ("on", "off"))
            return {"*": 0.0} if word == "off" else {}
        gates = ("*", *map(str, axis.build().gates.index))
        return self._by_name(node, "gates", gates, lambda n, v: self.number(v, n))

    def _by_name(
        self, node: Node, field: str, known: tuple[str, ...], read: Callable[[str, Node], Any]
    ) -> dict[str, Any]:
        if not isinstance(node, Mapping):
            self.wrong(node, field, "not values by name", "write name: value, one a line")
            return {}
        found = {}
        for name, value in node.entries.items():
            if name in known:
                found[name] = read(name, value)
            else:
                self.note(
                    "unknown_name", node.lines[name], name, f"no '{name}' under {field}", best_matches(name, known)
                )
        return found

    def _observe(self, node: Node) -> list[str]:
        items = node.items if isinstance(node, Sequence) else (node,)
        found = []
        for item in items:
            text = item.text.strip() if isinstance(item, Scalar) else ""
            faults = variable_faults(text) if text else ["not an expression"]
            for fault in faults:
                _, unknown, name = fault.partition("no variable ")
                near = nearest(name, (*engine_model().states, *engine_model().observables)) if unknown else ""
                hint = f"best matches are {near}" if near else "variables of the model, with + - * / and brackets"
                self.wrong(item, "observe", fault, hint)
            found.append(text)
        return found

    # -- days and levers

    def _days(self, section: str, row: dict[str, Any], horizon: float) -> None:
        line = row["line"]
        start, end, days = row.get("from"), row.get("to"), row.get("days")
        for name in ("day", "from"):
            if row.get(name) is not None and row[name] >= horizon:
                self.note("days", line, name, f"{name} {row[name]:g} is not before the end", "begin before days")
        if days and max(days) >= horizon:
            self.note("days", line, "days", f"day {max(days):g} is not before the end", "dose before days")
        if start is not None and end is not None and end <= start:
            self.note("days", line, "to", f"ends on day {end:g}, begins on day {start:g}", "end after the beginning")
        if section == "levers":
            dosed = str(axis.build().levers.at[row["lever"], "action"]) != "set"
            if dosed and not days:
                self.note("lever", line, "days", f"{row['lever']} is given in doses", "give the days of the doses")
            if not dosed and days:
                self.note("lever", line, "days", f"{row['lever']} is held", "give from and to instead of days")

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
                    self.note("overlap", line, "from", f"{lever} is held twice at once", "let one end before the next")


def _dose(row: dict[str, Any]) -> str:
    return repr(row["mg"] or antibiotic_class(row["class"]).standard_mg)


def _once(id: str, amount: float, day: float) -> Token:
    return Token(id, repr(amount), day, day + 1.0)
