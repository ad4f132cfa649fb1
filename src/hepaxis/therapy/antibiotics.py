"""Which exposure of a patient the model can stand for, and antibiotic classes as killing of guilds.

Read from ``knowledge``: ``exposure_drugs`` (name and ATC code -> kind and class) and ``antibiotic_classes`` (killing by
guild, slot, share reaching the lumen, what commensals inactivate, what it clears in the small bowel).  Assumes that a
class kills at its maximal rate times the luminal effect, and that ten days after the last dose nothing is left.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from hepaxis import knowledge
from hepaxis.therapy.levers import GUILDS
from hepaxis.therapy.timeline import Course, Given

#: Days after the last dose until the kill vector is set back; luminal washout 1/day leaves 5e-5 of the drug.
WASHOUT_DAYS = 10.0
#: Class of a systemic antibiotic that is not in the table; the mean of three systemic classes.
UNSPECIFIED = "unspecified_systemic"
#: Slot of drugs that are swallowed and stay.
LUMINAL = "luminal"
#: Routes by which a drug that is not absorbed never reaches the lumen.
#: Kinds that hold one lever at a level while they are taken.
HELD = ("ppi", "steroid", "lactulose")
ANTIFUNGAL = "antifungal"
#: Why an antifungal cannot be simulated.
NO_FUNGI = "the model holds no fungi"
PARENTERAL = ("iv", "intravenous", "parenteral", "im", "intramuscular")


@dataclass(frozen=True)
class AntibioticClass:
    """``kill`` 1/day by guild at full effect; ``luminal_share`` vancomycin-equivalent mg in the lumen per mg given;
    ``slot`` luminal (swallowed and staying) or systemic (absorbed or infused, partly excreted into the lumen);
    ``absorbed`` share of the luminal dose that is absorbed; ``inactivation`` 1/day in a lumen of Bacteroidales alone;
    ``small_bowel`` 1/day there."""

    id: str
    label: str
    kill: Mapping[str, float]
    standard_mg: float
    luminal_share: float
    slot: str
    absorbed: float
    inactivation: float
    small_bowel: float
    oral_only: bool


@dataclass(frozen=True)
class ExposureKind:
    """What a drug is to the model.  ``kind``: antibiotic, ppi, steroid, lactulose, antifungal, not_represented or
    unknown."""

    kind: str
    drug: str
    antibiotic: AntibioticClass | None
    daily_mg: float | None
    note: str


@cache
def antibiotic_class(id: str) -> AntibioticClass:
    """A class by its id or by its name on the clinic sheet.  KeyError if there is none."""
    for row in knowledge.records("antibiotic_classes"):
        one: Mapping[str, Any] = row
        if id == one["id"] or id in one["other_names"]:
            return _class(one)
    raise KeyError(f"no antibiotic class {id!r}")


def exposure(
    kind: str | None = None, drug: str | None = None, drug_class: str | None = None, route: str | None = None
) -> ExposureKind:
    """What an exposure of the clinic sheet is to the model, by drug name or ATC code, then class, then kind.

    Never raises: what cannot be stood for comes back as ``not_represented`` or ``unknown``, with a note that says why.
    """
    row = _drug_row(drug)
    name = drug or drug_class or kind or "unnamed drug"
    found_kind = str(row["kind"]) if row else _kind(kind, drug_class)
    daily = None if row is None else float(row["ddd_mg"])
    if found_kind != "antibiotic":
        note = "" if found_kind in HELD else f"{name}: the model has no lever for it"
        if found_kind == ANTIFUNGAL:
            note = f"{name}: left out, {NO_FUNGI}"
        return ExposureKind(found_kind, name, None, daily, note)
    if row and not row["class"] and _word(row["id"]) == "vancomycin_iv":
        return ExposureKind("not_represented", name, None, daily, f"{name}: does not reach the lumen")
    wanted = str(row["class"]) if row and row["class"] else _word(drug_class)
    try:
        cls = antibiotic_class(wanted)
        note = ""
    except KeyError:
        cls = antibiotic_class(UNSPECIFIED)
        note = f"{name}: no kill vector for this class, the mean of three systemic classes stands for it"
    if cls.oral_only and _word(route) in PARENTERAL:
        return ExposureKind("not_represented", name, None, daily, f"{name} {route}: does not reach the lumen")
    if cls.oral_only and _word(route) == "" and not (row and row["class"]):
        note = f"{name}: route not given, taken as oral"
    return ExposureKind("antibiotic", name, cls, daily, note)


def is_antifungal(name: str) -> bool:
    """Whether a word names a drug against fungi, or fungi: the model holds none (``NO_FUNGI``)."""
    row = _drug_row(name)
    return "fung" in _word(name) or (row is not None and row["kind"] == ANTIFUNGAL)


def course(
    cls: AntibioticClass, daily_mg: float, start: float, end: float, component: str
) -> tuple[list[Given], list[Course]]:
    """Daily doses into the class's slot from ``start`` up to (not with) ``end``, its kill vector until washed out.

    daily_mg as prescribed.  A luminal drug is in the lumen at once, times its luminal share; a systemic drug goes to
    the body, and its luminal share is what the body passes on to the lumen.
    """
    days = range(max(round(end - start), 0))
    slot, off = f"antibiotic.{cls.slot}", end + WASHOUT_DAYS
    held = [Course(f"{slot}.kill.{g}", rate, start, off, component) for g, rate in cls.kill.items() if rate > 0]
    held.append(Course(f"{slot}.small_bowel", cls.small_bowel, start, off, component))
    if cls.slot == LUMINAL:
        given = [Given(f"{slot}.gut", daily_mg * cls.luminal_share, start + day, component) for day in days]
        return given, [*held, Course(f"{slot}.absorbed", cls.absorbed, start, off, component)]
    given = [Given(f"{slot}.blood", daily_mg, start + day, component) for day in days]
    held.append(Course(f"{slot}.excreted", cls.luminal_share, start, off, component))
    return given, [*held, Course(f"{slot}.inactivation", cls.inactivation, start, off, component)]


def _class(row: Mapping[str, Any]) -> AntibioticClass:
    return AntibioticClass(
        id=row["id"],
        label=row["label"],
        kill={guild: float(row[guild]) for guild in GUILDS},
        standard_mg=row["standard_mg"],
        luminal_share=row["luminal_share"],
        slot=row["slot"],
        absorbed=row["absorbed"],
        inactivation=row["inactivation"],
        small_bowel=row["small_bowel"],
        oral_only=row["route"] == "oral",
    )


def _drug_row(drug: str | None) -> Mapping[str, Any] | None:
    word = _word(drug)
    if not word:
        return None
    for row in knowledge.records("exposure_drugs"):
        if word == _word(str(row["id"])) or word == str(row["atc"]).lower():
            return row
    return None


def _kind(kind: str | None, drug_class: str | None) -> str:
    if kind in ("antibiotic", *HELD, ANTIFUNGAL):
        return kind
    if kind == "rifaximin" or _word(drug_class) == "rifaximin":
        return "antibiotic"
    return "not_represented" if kind else "unknown"


def _word(text: str | None) -> str:
    return re.sub(r"[\s\-/]+", "_", (text or "").strip().lower())
