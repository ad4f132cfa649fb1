"""Population pharmacokinetics of the antibodies and strength of the kinase inhibitors, as parameters of the model.

Two compartments, clearance falling with exposure, for a man at ``REFERENCE_WEIGHT`` kg and ``REFERENCE_ALBUMIN`` g/L;
the model applies the patient's own weight and albumin through the exponents.  Published values stand at their own
reference (69-80 kg, 39-40 g/L) in the table ``drugs`` and are brought to one here.  Hill powers of the fall with time
are taken as 1.  Kinase inhibitors are one pool: labelled daily dose and elimination, with strengths at steady
state that are assumed or calibrated.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from hepaxis import knowledge
from hepaxis.problems import InputError, error
from hepaxis.therapy.component import Part, component
from hepaxis.therapy.regimens import REFERENCE_WEIGHT, regimen, regimen_ids

#: Albumin at which the clearances hold, g/L; the antibody papers use 39-40.
REFERENCE_ALBUMIN = 40.0
_ANTIBODY = ("v1", "q", "v2", "ec50", "albumin_exponent", "weight_exponent")
_FALL = ("time_max", "time_t50")
_TARGETS = ("lag3", "tim3", "tigit")
_TKI = ("antivegf", "growth", "kill", "daily_dose", "elimination")


@dataclass(frozen=True)
class DrugValue:
    """One population value with where it comes from."""

    value: float
    unit: str
    sources: tuple[str, ...]
    place: str
    checked: str
    note: str


@dataclass(frozen=True)
class Drug:
    """``slot`` pd1, ctla4, vegf, coinhibitory or tki; ``values`` by parameter of the table ``drugs``."""

    id: str
    label: str
    slot: str
    values: dict[str, DrugValue]

    def __getitem__(self, parameter: str) -> float:
        return self.values[parameter].value

    def get(self, parameter: str, default: float) -> float:
        return self.values[parameter].value if parameter in self.values else default

    def clearance(self, sex: str | None = None) -> float:
        """Clearance, L/day, at the reference weight and albumin; a woman's with ``sex`` 'female'."""
        weight = (REFERENCE_WEIGHT / self["weight_reference"]) ** self["weight_exponent"]
        albumin = (REFERENCE_ALBUMIN / self["albumin_reference"]) ** self["albumin_exponent"]
        return self["clearance"] * weight * albumin * (self.get("female_factor", 1.0) if sex == "female" else 1.0)


@cache
def drug(id: str) -> Drug:
    """A drug with its values.  KeyError if it is not in the table."""
    mine: list[dict[str, Any]] = [dict(row) for row in knowledge.records("drugs") if row["drug"] == id]
    if not mine:
        raise KeyError(f"no drug {id!r}")
    values = {
        row["parameter"]: DrugValue(row["value"], row["unit"], row["source"], row["place"], row["checked"], row["note"])
        for row in mine
    }
    return Drug(id, mine[0]["label"], mine[0]["slot"], values)


def parameters(components: Iterable[Part], *, sex: str | None = None) -> dict[str, float]:
    """Lever -> value for the drugs of a strategy: hold them from before the first dose to the end.

    components: ids of regimens and arms (arms have none), or with options.
    Raises InputError where two drugs want one slot.
    """
    drugs = strategy_drugs(components)
    found: dict[str, float] = {}
    for one in drugs:
        if one.slot == "tki":
            found |= {f"tki.{name}": one[name] for name in _TKI}
            continue
        stem = f"antibody.{one.slot}"
        factor = one.get("with_ipilimumab_factor", 1.0) if any(d.id == "ipilimumab" for d in drugs) else 1.0
        found[f"{stem}.clearance"] = one.clearance(sex) * factor
        found |= {f"{stem}.{name}": one[name] for name in _ANTIBODY}
        if one.slot == "pd1":
            found |= {f"{stem}.{name}": one[name] for name in _FALL}
        if one.slot == "coinhibitory":
            found |= {f"{stem}.{name}": one[name] for name in _TARGETS}
    return found


def strategy_drugs(components: Iterable[Part]) -> tuple[Drug, ...]:
    """The drugs of a strategy's regimens, each once.  InputError where two of them want one slot of the model."""
    ids = [component(one).id for one in components]
    drugs = tuple(
        drug(name) for name in dict.fromkeys(n for id in ids if id in regimen_ids() for n in regimen(id).drugs)
    )
    by_slot: dict[str, list[str]] = {}
    for one in drugs:
        by_slot.setdefault(one.slot, []).append(one.id)
    doubled = {slot: names for slot, names in by_slot.items() if len(names) > 1}
    if doubled:
        hint = "the model holds one drug a slot; leave one out"
        raise InputError(
            error("therapy.slot_taken", f"{' and '.join(names)} both act at {slot}", hint)
            for slot, names in doubled.items()
        )
    return drugs
