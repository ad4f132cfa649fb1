"""Reading a YAML tree by a table of fields: every fault is noted with its line, nothing is guessed.

Held: one row a field (section, name, kind, whether it must be there, default, meaning).  What words a kind takes is the
caller's; the numbers, lists and texts that files of the program share are read here.
"""

from __future__ import annotations

import csv
import difflib
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, ClassVar

from hepaxis.patient.yaml_tree import Mapping, Node, Scalar, Sequence
from hepaxis.problems import Problem, error

SHOWN = 12  # words named in a hint
MOST_DAYS = 3650.0  # ten years; the longest course the model is tested for
YES, NO = ("yes", "true", "on"), ("no", "false", "off")
NUMBERS = ("number", "day", "positive", "amount", "share", "count", "whole")


@dataclass(frozen=True)
class TableField:
    """``section`` is empty for a field of the file itself."""

    section: str
    name: str
    kind: str
    required: bool
    default: str
    meaning: str


def field_table(package: str, file: str) -> tuple[TableField, ...]:
    """Every field of a table beside the code (columns section, field, kind, required, default, meaning)."""
    text = files(package).joinpath(file).read_text(encoding="utf-8")
    return tuple(
        TableField(row["section"], row["field"], row["kind"], row["required"] == "yes", row["default"], row["meaning"])
        for row in csv.DictReader(text.splitlines())
    )


class FieldReader:
    """Reads one file.  ``problems`` holds every fault found so far; codes begin with ``what``."""

    what: ClassVar[str] = "file"
    most: ClassVar[int] = 10_000  # largest count

    def __init__(self, root: Mapping, file: str, folder: Path):
        self.root, self.file, self.folder = root, file, folder
        self.problems: list[Problem] = []

    def fields_of(self, section: str) -> dict[str, TableField]:
        raise NotImplementedError

    def choices(self, kind: str) -> tuple[str, ...]:
        """Words that a field of this kind takes; empty where it takes no fixed words."""
        raise NotImplementedError

    def section(
        self, node: Mapping, section: str, special: dict[str, Callable[[Node], Any]] | None = None
    ) -> dict[str, Any]:
        """Every field of a section, with defaults; None where one could not be read."""
        known = self.fields_of(section)
        for key in node.entries:
            if key not in known:
                near = nearest(key, known)
                hint = f"did you mean {near}" if near else f"known are {', '.join(known)}"
                self.note("unknown_field", node.lines[key], key, f"no field '{key}'", hint)
        found: dict[str, Any] = {}
        for name, field in known.items():
            given = node.entries.get(name)
            if given is None or (isinstance(given, Scalar) and given.missing and not given.quoted):
                if field.required:
                    self.note("missing", node.line, name, f"no '{name}'", field.meaning)
                found[name] = self.default(field)
            elif special and name in special:
                found[name] = special[name](given)
            elif field.kind == "list":
                found[name] = self.rows(given, name)
            else:
                found[name] = self.value(given, field)
        return found

    def default(self, field: TableField) -> Any:
        if not field.default:
            return None
        if field.kind in NUMBERS:
            return int(field.default) if field.kind in ("count", "whole") else float(field.default)
        if field.kind == "switch":
            return field.default == "yes"
        if field.kind == "text" or self.choices(field.kind):
            return field.default
        return None

    def rows(
        self, node: Node, section: str, special: dict[str, Callable[[Node], Any]] | None = None
    ) -> list[dict[str, Any]]:
        """A list of sections; each row that was read without a fault, with its ``line``."""
        if not isinstance(node, Sequence):
            self.wrong(node, section, "not a list", "write one entry a line, each after '- '")
            return []
        rows = []
        for item in node.items:
            if not isinstance(item, Mapping):
                self.wrong(item, section, "not a list of fields", f"give {', '.join(self.fields_of(section))}")
                continue
            before = len(self.problems)
            row = self.section(item, section, special) | {"line": item.line}
            if len(self.problems) == before:
                rows.append(row)
        return rows

    def value(self, node: Node, field: TableField) -> Any:
        if field.kind == "days":
            return self.list_of_days(node, field)
        if field.kind.endswith("s") and (field.kind == "texts" or self.choices(field.kind.removesuffix("s"))):
            return self.list_of(node, field)
        if not isinstance(node, Scalar):
            self.wrong(node, field.name, "not one value", field.meaning)
            return None
        text = node.text.strip()
        if field.kind == "text":
            return text
        if field.kind == "file":
            path = self.folder / text
            if not path.is_file():
                self.wrong(node, field.name, f"no file {text}", f"the path is taken from the {self.what}'s folder")
            return path
        if field.kind == "switch":
            return self.switch(node, field.name)
        words = self.choices(field.kind)
        return self.word(node, field.name, words) if words else self.number(node, field.name, field.kind)

    def word(self, node: Scalar, name: str, words: Iterable[str]) -> str | None:
        text, known = node.text.strip(), tuple(words)
        if text in known:
            return text
        self.wrong(node, name, f"'{text}'", best_matches(text, known))
        return None

    def switch(self, node: Scalar, name: str) -> bool | None:
        text = node.text.strip().lower()
        if text not in (*YES, *NO):
            self.wrong(node, name, f"'{node.text}'", "yes or no")
            return None
        return text in YES

    def number(self, node: Node, name: str, kind: str = "number") -> Any:
        limits = {
            "number": ("a number", -math.inf, math.inf),
            "day": ("a day", -MOST_DAYS, MOST_DAYS),
            "positive": ("a number above 0", math.nextafter(0.0, 1.0), math.inf),
            "amount": ("a number, 0 or more", 0.0, math.inf),
            "share": ("a share, 0 to 1", 0.0, 1.0),
            "count": ("a whole number from 1", 1, self.most),
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
            self.wrong(node, name, shown, f"give {what}")
            return None
        return int(value) if whole else value

    def list_of_days(self, node: Node, field: TableField) -> list[float] | None:
        items = node.items if isinstance(node, Sequence) else (node,)
        days = [self.number(item, field.name, "day") for item in items]
        return None if None in days else sorted(days)

    def list_of(self, node: Node, field: TableField) -> list[str]:
        """Texts, or words of the kind without its plural s; one alone may stand without brackets."""
        words = self.choices(field.kind.removesuffix("s"))
        found = []
        for item in node.items if isinstance(node, Sequence) else (node,):
            if not isinstance(item, Scalar):
                self.wrong(item, field.name, "not one value", field.meaning)
                continue
            text = self.word(item, field.name, words) if words else item.text.strip()
            if text is not None:
                found.append(text)
        return found

    def wrong(self, node: Node, name: str, found: str, hint: str) -> None:
        self.note("value", node.line, name, found, hint)

    def note(self, code: str, row: int, column: str, found: str, hint: str) -> None:
        self.problems.append(error(f"{self.what}.{code}", found, hint, file=self.file, row=row, column=column))


def nearest(word: str, known: Iterable[str]) -> str:
    """Up to three names like the word, or ''."""
    return ", ".join(difflib.get_close_matches(word, [str(one) for one in known], n=3, cutoff=0.5))


def best_matches(word: str, known: tuple[str, ...]) -> str:
    """A hint: names like the word, or the first of those there are."""
    near = nearest(word, known)
    if near:
        return f"best matches are {near}"
    return f"one of {', '.join(known[:SHOWN])}" + ("" if len(known) <= SHOWN else f" and {len(known) - SHOWN} more")


def renamed(problem: Problem, what: str) -> Problem:
    """A fault of the YAML itself, told as one of this kind of file."""
    return Problem(
        problem.severity,
        problem.code.replace("patient.", f"{what}."),
        problem.found.replace("the sheet", f"the {what}"),
        problem.hint.replace("`hepaxis template`", f"`hepaxis template {what}`").replace("patient", what),
        problem.file,
        problem.row,
        problem.column,
    )
