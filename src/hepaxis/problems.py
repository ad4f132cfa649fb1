"""What is wrong with an input: one record a problem, collected first and shown together.

Every reader and check in the project returns or raises these, so that a user sees all faults of a
folder at once: file, row, column, what was found, and what to do.  Imports nothing of the project.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum


class Severity(StrEnum):
    """``error`` stops the run, ``warning`` is carried into the report, ``info`` says what was done."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True)
class Problem:
    """One fault of an input.

    code     dotted name, stable across versions, e.g. ``profile.duplicate_sample``
    found    what is there, with the value
    hint     what to do about it
    file     file name as the user gave it; row is 1-based and counts the header; column is its name
    """

    severity: Severity
    code: str
    found: str
    hint: str
    file: str = ""
    row: int | None = None
    column: str = ""

    def __str__(self) -> str:
        place = self.file
        if self.row is not None:
            place += f" row {self.row}"
        if self.column:
            place += f" column '{self.column}'"
        place = place.strip()
        return f"{self.severity.value}: {place + ': ' if place else ''}{self.found}. {self.hint} [{self.code}]"

    def as_dict(self) -> dict[str, object]:
        return asdict(self) | {"severity": self.severity.value}


def error(code: str, found: str, hint: str, *, file: str = "", row: int | None = None, column: str = "") -> Problem:
    return Problem(Severity.ERROR, code, found, hint, file, row, column)


def warning(code: str, found: str, hint: str, *, file: str = "", row: int | None = None, column: str = "") -> Problem:
    return Problem(Severity.WARNING, code, found, hint, file, row, column)


def info(code: str, found: str, hint: str, *, file: str = "", row: int | None = None, column: str = "") -> Problem:
    return Problem(Severity.INFO, code, found, hint, file, row, column)


def has_errors(problems: Iterable[Problem]) -> bool:
    return any(p.severity is Severity.ERROR for p in problems)


class InputError(ValueError):
    """The input cannot be used.  ``problems`` holds every fault found, not only the first."""

    def __init__(self, problems: Iterable[Problem]):
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__("\n".join(str(p) for p in self.problems))
