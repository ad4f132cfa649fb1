"""``follow_up.csv``: what came after the first dose, one row an event, folded into the record of the sheet.

Held: a scan of a lesion, a stool sample, a course of a drug, a laboratory value (columns in ``later_columns.csv``).
Rows are read by the same field table as the sheet, so units, ranges and drug names are judged alike.  Laboratory values
are recorded for what reads a course of them (liver values of an immune event); they never replace the baseline.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path

from hepaxis.patient import quantity
from hepaxis.patient.fields import fields
from hepaxis.patient.record import Exposure, Lesion, Patient, Scan
from hepaxis.patient.sheet import interpret
from hepaxis.patient.yaml_tree import Mapping, Node, Scalar, Sequence
from hepaxis.problems import Problem, error, has_errors

FILE = "follow_up.csv"
KINDS = ("scan", "stool", "exposure", "lab")
MAX_BYTES = 1_000_000
DAY = "exposures[].start_day"
DIAMETER = "tumour.lesions[].scans[].diameter"


@dataclass(frozen=True)
class LaterSample:
    """A stool sample after the first dose: its day, its file and its name in the file ('' where there is one)."""

    day: float
    path: Path
    sample: str


@dataclass(frozen=True)
class LaterValue:
    """A laboratory value after the first dose, in the unit of its field."""

    day: float
    field: str
    value: float


@dataclass(frozen=True)
class FollowUp:
    """Everything after the first dose that is not part of the record; ``last`` day of any row, 0 without one."""

    samples: tuple[LaterSample, ...] = ()
    values: tuple[LaterValue, ...] = ()
    last: float = 0.0


NOTHING_LATER = FollowUp()


@cache
def later_columns() -> tuple[dict[str, str], ...]:
    """Rows of ``later_columns.csv``: column, needed, meaning."""
    text = files("hepaxis.patient").joinpath("later_columns.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))


@dataclass
class _Reader:
    """One pass over the rows, gathering what they say and what is wrong with them."""

    record: Patient
    folder: Path
    name: str
    problems: list[Problem] = field(default_factory=list)
    scans: dict[str, list[Scan]] = field(default_factory=dict)
    samples: list[LaterSample] = field(default_factory=list)
    values: list[LaterValue] = field(default_factory=list)
    courses: list[Mapping] = field(default_factory=list)
    last: float = 0.0

    def fault(self, row: int, column: str, found: str, hint: str) -> None:
        self.problems.append(error(f"follow_up.{column}", found, hint, file=self.name, row=row, column=column))

    def read(self, number: int, row: dict[str, str]) -> None:
        what = row["what"].lower()
        if what not in KINDS:
            self.fault(number, "what", f"what is '{row['what']}'", f"write {', '.join(KINDS)}")
            return
        day = self.day(number, row["day"])
        if day is None:
            return
        self.last = max(self.last, day)
        getattr(self, what)(number, row, day)

    def day(self, number: int, text: str) -> float | None:
        first = self.record.first_dose
        try:
            when = float((date.fromisoformat(text) - first).days) if first and "-" in text[1:] else float(text)
        except ValueError:
            hint = "write the day after the first dose, or a date with first_dose on the sheet"
            self.fault(number, "day", f"day is '{text}'", hint)
            return None
        if when <= 0:
            self.fault(number, "day", f"day {when:g} is not after the first dose", "put what came before on the sheet")
            return None
        return when

    def amount(self, number: int, path: str, row: dict[str, str]) -> float | None:
        try:
            return quantity.convert(fields()[path], quantity.parse(f"{row['value']} {row['unit']}".strip()))
        except quantity.QuantityError as fault:
            self.fault(number, "value", fault.found, fault.hint)
            return None

    def scan(self, number: int, row: dict[str, str], day: float) -> None:
        known = [one.id for one in self.record.tumour.lesions if one.id]
        if row["name"] not in known:
            hint = f"known: {', '.join(known) or 'none'}"
            self.fault(number, "name", f"lesion '{row['name']}' is not on the sheet", hint)
            return
        diameter = self.amount(number, DIAMETER, row)
        if diameter is not None:
            own = self.scans.setdefault(row["name"], [])
            if any(scan.day == day for scan in own):
                self.fault(number, "day", f"lesion '{row['name']}' is measured twice on day {day:g}", "keep one")
            own.append(Scan(day=day, diameter=diameter))

    def stool(self, number: int, row: dict[str, str], day: float) -> None:
        path = self.folder / row["file"]
        inside = bool(row["file"]) and not Path(row["file"]).is_absolute() and ".." not in Path(row["file"]).parts
        if not inside or not path.is_file():
            self.fault(number, "file", f"the file '{row['file']}' is not in the folder", "give the profile's file name")
            return
        self.samples.append(LaterSample(day, path, row["name"]))

    def exposure(self, number: int, row: dict[str, str], day: float) -> None:
        if not row["name"]:
            self.fault(number, "name", "an exposure without a drug", "write the drug, as ceftriaxone")
            return
        cells = {"drug": row["name"], "start_day": f"{day:g}", "end_day": row["until"], "route": row["route"]}
        cells["dose"] = f"{row['value']} {row['unit']}".strip()
        entries: dict[str, Node] = {key: Scalar(text, False, number) for key, text in cells.items() if text}
        self.courses.append(Mapping(entries, dict.fromkeys(entries, number), number))

    def lab(self, number: int, row: dict[str, str], day: float) -> None:
        one = fields().get(row["name"])
        if one is None or one.kind != "quantity" or "[]" in row["name"]:
            found = f"'{row['name']}' is no value of the sheet"
            self.fault(number, "name", found, "write a field as liver.alt or blood.crp")
            return
        value = self.amount(number, row["name"], row)
        if value is not None:
            self.values.append(LaterValue(day, row["name"], value))

    def given(self) -> tuple[Exposure, ...]:
        """Courses, judged as those of a sheet."""
        if not self.courses:
            return ()
        entries: dict[str, Node] = {"exposures": Sequence(tuple(self.courses), self.courses[0].line)}
        if self.record.first_dose is not None:
            entries["first_dose"] = Scalar(self.record.first_dose.isoformat(), False, 1)
        found, noticed = interpret(Mapping(entries, dict.fromkeys(entries, 1), 1), self.name)
        self.problems += noticed
        return () if found is None else found.exposures


def read_follow_up(path: Path, record: Patient, name: str) -> tuple[Patient, FollowUp, list[Problem]]:
    """(record with the scans and courses of the file, what else it holds, problems).

    The record is the given one where a problem is an error.
    """
    rows, problems = _rows(path, name)
    reader = _Reader(record, path.parent, name, problems)
    for number, row in rows:
        reader.read(number, row)
    exposures = reader.given()
    if has_errors(reader.problems):
        return record, NOTHING_LATER, reader.problems
    lesions = tuple(_with_scans(one, reader.scans.get(one.id or "", ())) for one in record.tumour.lesions)
    whole = record.model_copy(
        update={
            "tumour": record.tumour.model_copy(update={"lesions": lesions}),
            "exposures": (*record.exposures, *exposures),
        }
    )
    return whole, FollowUp(tuple(reader.samples), tuple(reader.values), reader.last), reader.problems


def _with_scans(lesion: Lesion, scans: Iterable[Scan]) -> Lesion:
    more = tuple(scans)
    return lesion.model_copy(update={"scans": (*lesion.scans, *more)}) if more else lesion


def _rows(path: Path, name: str) -> tuple[list[tuple[int, dict[str, str]]], list[Problem]]:
    try:
        raw = path.read_bytes()
        text = raw.decode("utf-8-sig") if len(raw) <= MAX_BYTES else ""
    except (OSError, UnicodeDecodeError) as fault:
        return [], [error("follow_up.unreadable", f"cannot be read: {fault}", "save it as UTF-8 CSV", file=name)]
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines or "\0" in text:
        return [], [error("follow_up.empty", "the file holds no table", "see docs/clinic_sheet.md", file=name)]
    separator = max(("\t", ";", ","), key=lines[0].count)
    table = list(csv.reader(io.StringIO(text.replace("\r\n", "\n").replace("\r", "\n")), delimiter=separator))
    header = [cell.strip().lower() for cell in table[0]]
    known = [row["column"] for row in later_columns()]
    problems = [
        error("follow_up.column", f"column '{row['column']}' is missing", row["meaning"], file=name, row=1)
        for row in later_columns()
        if row["needed"] == "yes" and row["column"] not in header
    ]
    problems += [
        error("follow_up.column", f"no column '{column}'", f"known: {', '.join(known)}", file=name, row=1)
        for column in header
        if column and column not in known
    ]
    if problems:
        return [], problems
    rows = []
    for number, cells in enumerate(table[1:], start=2):
        if any(cell.strip() for cell in cells):
            row = dict.fromkeys(known, "") | dict(zip(header, (cell.strip() for cell in cells), strict=False))
            rows.append((number, row))
    return rows, problems
