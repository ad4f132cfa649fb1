"""From therapy's lever rows to the engine's protocol: names, donor feeding, and what lies before the simulated time.

Held: levers map to states and parameters by ``axis/levers.csv``.  A donor dose is a share of the reference biomass;
it is fed over a quarter of a day by the model's feeding rate, so that the same protocol serves every recipient whatever
the size of their niches.  A level set before the simulated time is part of the resting state.
"""

from __future__ import annotations

import pandas as pd

from hepaxis import axis

DONOR = "donor."
FEEDING_DAYS = 0.25  # a stool dose empties into the colon within hours
COLUMNS = ["time", "target", "action", "amount"]


def engine_protocol(rows: pd.DataFrame, start: float) -> tuple[pd.DataFrame, dict[str, float]]:
    """Lever rows (time, lever, action, amount) -> (engine rows from ``start`` on, parameters already set before).

    Raises KeyError for a lever the model does not have.
    """
    levers = axis.build().levers
    unknown = sorted(set(rows["lever"]) - set(levers.index))
    if unknown:
        raise KeyError(f"no lever {', '.join(unknown)}")
    found: list[tuple[float, str, str, float]] = []
    before: dict[str, float] = {}
    feeding: dict[str, list[tuple[float, float]]] = {}
    for time, lever, action, amount in rows[["time", "lever", "action", "amount"]].itertuples(index=False):
        target = str(levers.at[lever, "target"])
        if time < start:
            if action == "set":
                before[target] = float(amount)
            continue
        if lever.startswith(DONOR):
            feeding.setdefault(target, []).append((float(time), float(amount) / FEEDING_DAYS))
        else:
            found.append((float(time), target, action, float(amount)))
    for target, doses in feeding.items():
        found += _feeding(target, doses)
    found.sort(key=lambda row: (row[0], row[2] != "set"))
    return pd.DataFrame(found, columns=COLUMNS), before


def _feeding(target: str, doses: list[tuple[float, float]]) -> list[tuple[float, str, str, float]]:
    """Rates on and off; meals that overlap add up."""
    edges = sorted({t for day, _ in doses for t in (day, day + FEEDING_DAYS)})
    return [
        (edge, target, "set", sum(rate for day, rate in doses if day <= edge < day + FEEDING_DAYS)) for edge in edges
    ]
