"""From therapy's lever rows to the engine's protocol: names, donor feeding, and what lies before the simulated time.

Held: levers map to states and parameters by ``axis/levers.csv``.  A donor dose is a share of the reference biomass;
it is fed over a quarter of a day by the model's feeding rate, so that the same protocol serves every recipient whatever
the size of their niches.  A level set before the simulated time is part of the resting state.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from hepaxis import axis

DONOR = "donor."
FEEDING_DAYS = 0.25  # a stool dose empties into the colon within hours
COLUMNS = ["time", "target", "action", "amount"]
PATIENT = "patient"
Level = float | npt.NDArray[np.float64]
Row = tuple[float, str, str, float, float]


def engine_protocol(
    rows: pd.DataFrame, start: float, patients: int | None = None
) -> tuple[pd.DataFrame, dict[str, Level]]:
    """Lever rows (time, lever, action, amount) -> (engine rows from ``start`` on, parameters already set before).

    Rows with a column ``patient`` (NaN: all) are of a batch of ``patients``, which must be given; a level that one of
    them has before the start is an array (n,), NaN where it is not set.
    Raises KeyError for a lever the model does not have.
    """
    targets = axis.build().levers["target"].to_dict()
    unknown = sorted(set(rows["lever"]) - set(targets))
    if unknown:
        raise KeyError(f"no lever {', '.join(unknown)}")
    lanes = rows[PATIENT].to_numpy(float) if PATIENT in rows else np.full(len(rows), np.nan)
    found: list[Row] = []
    before: dict[str, Level] = {}
    feeding: dict[str, list[tuple[float, float, float]]] = {}
    given = rows[["time", "lever", "action", "amount"]].itertuples(index=False)
    for (time, lever, action, amount), lane in zip(given, lanes, strict=True):
        target = str(targets[lever])
        if time < start:
            if action == "set":
                before[target] = _level(before.get(target), float(amount), lane, patients)
            continue
        if lever.startswith(DONOR):
            feeding.setdefault(target, []).append((float(time), float(amount) / FEEDING_DAYS, lane))
        else:
            found.append((float(time), target, action, float(amount), lane))
    for target, doses in feeding.items():
        for lane, mine in _by_patient(doses, patients):
            found += _feeding(target, mine, lane)
    found.sort(key=lambda row: (row[0], row[2] != "set"))
    table = pd.DataFrame(found, columns=[*COLUMNS, PATIENT])
    return (table if PATIENT in rows else table.drop(columns=PATIENT)), before


def _level(now: Level | None, amount: float, lane: float, patients: int | None) -> Level:
    """The level after a row: everybody's, or one patient's beside what the others have."""
    if np.isnan(lane):
        return amount
    levels = (
        np.full(patients or int(lane) + 1, np.nan) if now is None else np.array(np.broadcast_to(now, patients or 1))
    )
    levels[int(lane)] = amount
    return levels


def _by_patient(
    doses: list[tuple[float, float, float]], patients: int | None
) -> list[tuple[float, list[tuple[float, float]]]]:
    """Doses of one target by whom they are for; a patient's own add to what everybody gets."""
    shared = [(day, rate) for day, rate, lane in doses if np.isnan(lane)]
    own: dict[float, list[tuple[float, float]]] = {}
    for day, rate, lane in doses:
        if not np.isnan(lane):
            own.setdefault(lane, []).append((day, rate))
    if not own:
        return [(np.nan, shared)]
    lanes = map(float, range(patients or 0)) if shared else sorted(own)
    return [(lane, [*shared, *own.get(lane, [])]) for lane in lanes]


def _feeding(target: str, doses: list[tuple[float, float]], lane: float) -> list[Row]:
    """Rates on and off; meals that overlap add up."""
    edges = sorted({t for day, _ in doses for t in (day, day + FEEDING_DAYS)})
    return [
        (edge, target, "set", sum(rate for day, rate in doses if day <= edge < day + FEEDING_DAYS), lane)
        for edge in edges
    ]


def with_levels(parameters: pd.DataFrame, before: Mapping[str, Level]) -> pd.DataFrame:
    """Parameters with the levels set before the simulated time; a patient without one keeps the own value."""
    kept = {
        name: level if np.ndim(level) == 0 else np.where(np.isnan(level), parameters[name], level)
        for name, level in before.items()
    }
    return parameters.assign(**kept)
