"""The levers a treatment may pull: the names by which the model's states and parameters are reached.

``levers.csv`` gives each one's action, unit, value at rest and how two treatments that pull it together combine:
``sum``, ``largest``, ``smallest``, or ``complement`` (1 minus the product of what each leaves).  The axis maps levers
to its own states and parameters; nothing here knows them.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from hepaxis import knowledge

#: The guilds in the order of the house.
GUILDS: tuple[str, ...] = tuple(str(row["id"]) for row in knowledge.records("guilds"))
#: Fermentable carbohydrate reaching the colon on a habitual diet, mmol hexose/day: 35.7 g/day
#: (10.5281/zenodo.10445505).
HABITUAL_CARBOHYDRATE = 220.0
_PER_GUILD = ".*"


@dataclass(frozen=True)
class Lever:
    """``rest`` is the value without treatment, None where it is the patient's own (habitual diet)."""

    id: str
    action: str  # add, set or multiply
    unit: str
    rest: float | None
    combine: str  # add, sum, largest, smallest, complement or multiply
    meaning: str

    def together(self, amounts: Sequence[float], habitual: float) -> float:
        """Value of a set lever while ``amounts`` act at once; ``habitual`` stands for an own resting value."""
        rest = habitual if self.rest is None else self.rest
        if not amounts:
            return rest
        if self.combine == "sum":
            return rest + math.fsum(amounts)
        if self.combine == "complement":
            return 1.0 - math.prod(1.0 - amount for amount in amounts)
        return min(amounts) if self.combine == "smallest" else max(amounts)


@cache
def levers() -> dict[str, Lever]:
    """All levers by id, those of a guild spelled out (``donor.but``)."""
    with files("hepaxis.therapy").joinpath("levers.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    found = {}
    for row in rows:
        rest = None if row["rest"] == "habitual" else float(row["rest"])
        for id in _spelled_out(row["lever"]):
            found[id] = Lever(id, row["action"], row["unit"], rest, row["combine"], row["meaning"])
    return found


def _spelled_out(id: str) -> tuple[str, ...]:
    if not id.endswith(_PER_GUILD):
        return (id,)
    stem = id.removesuffix(_PER_GUILD)
    return tuple(f"{stem}.{guild}" for guild in GUILDS)
