"""One arm as a page shows it: responses, times, resistance with routes, severe events, biopsies, some patients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hepaxis.trial.estimates import Json, number, share
from hepaxis.trial.parts import read_parts, read_rows
from hepaxis.trial.recist import Response
from hepaxis.trial.resistance import Resistance
from hepaxis.trial.routes import LABELS, NONE_SEEN
from hepaxis.trial.time_summary import Times, time_summary
from hepaxis.trial.toxicity import EVENTS

ROUTE_NAMES = {**LABELS, NONE_SEEN: "none seen: growth or a new lesion"}
RESPONDS = (Response.CR, Response.PR)
CONTROLLED = (*RESPONDS, Response.SD)
COLUMNS = (
    *("weight", "draw", "best", "best_unconfirmed", "best_viable", "durable", "severe", "severe_immune"),
    *("decompensation_day", "resistance", "route", "cd8_biopsy", "response_day", "duration", "duration_event"),
    *("pfs_day", "pfs_event", "immune_pfs_day", "immune_pfs_event", "os_day", "os_event"),
    *(f"{event}_day" for event in EVENTS),
)
SHOWN = 60  # patients of an arm drawn one by one
SHOWN_COLUMNS = (
    *("patient", "best", "change", "scan_day", "scan_change", "response_day", "progression_day", "os_day", "os_event"),
    *("drug_end_day", "severe_immune"),
)


@dataclass(frozen=True)
class ArmRows:
    """Rows of an arm as they were read (``COLUMNS``), and patients of the arm in a trial of the design's size."""

    table: pd.DataFrame
    trial_n: int

    @property
    def weight(self) -> np.ndarray:
        return self.table["weight"].to_numpy(float)

    @property
    def draw(self) -> np.ndarray:
        return self.table["draw"].to_numpy()

    def share(self, happened: np.ndarray) -> Json:
        return share(np.asarray(happened, bool), self.weight, self.draw, self.trial_n)

    def times(self, day: str, event: str | None, rows: np.ndarray | None = None) -> Times:
        """Times of some patients (a mask); event None: all are events."""
        table = self.table if rows is None else self.table[rows]
        happened = np.ones(len(table), bool) if event is None else table[event].to_numpy(bool)
        return Times(table[day].to_numpy(float), happened, table["weight"].to_numpy(float), table["draw"].to_numpy())


def read_arm(folder: Path, arm: str, trial_n: int) -> ArmRows:
    return ArmRows(read_rows(folder, COLUMNS, arm), trial_n)


def rates_of(table: pd.DataFrame, *, not_evaluable_progresses: bool) -> Mapping[str, np.ndarray]:
    """Name -> (n,) whether it happened, as a trial would count it."""
    best = table["best"].to_numpy()
    progressed = best == Response.PD
    if not_evaluable_progresses:
        progressed = progressed | (best == Response.NE)
    return {
        "response": np.isin(best, RESPONDS),
        "response_unconfirmed": np.isin(table["best_unconfirmed"].to_numpy(), RESPONDS),
        "response_viable": np.isin(table["best_viable"].to_numpy(), RESPONDS),
        "complete_response": best == Response.CR,
        "disease_control": np.isin(best, CONTROLLED),
        "primary_progression": progressed,
        "not_evaluable": best == Response.NE,
        "durable_response": table["durable"].to_numpy(bool),
        "decompensation": np.isfinite(table["decompensation_day"].to_numpy(float)),
        "severe_events": table["severe"].to_numpy(bool),
        "severe_immune_events": table["severe_immune"].to_numpy(bool),
    }


def arm_summary(rows: ArmRows, horizon: float, *, not_evaluable_progresses: bool) -> Json:
    """Everything of an arm but its name and its shown patients."""
    table, n = rows.table, rows.trial_n
    rates = rates_of(table, not_evaluable_progresses=not_evaluable_progresses)
    responds = rates["response"]
    few = max(1, round(n * float(responds.mean()))) if len(table) else 0
    return {
        "n": len(table),
        "trial_n": n,
        "rates": {name: rows.share(happened) for name, happened in rates.items()},
        "best": {one.name: _portion(table["best"].to_numpy() == one, rows.weight) for one in Response},
        "times": {
            "pfs": time_summary(rows.times("pfs_day", "pfs_event"), horizon, n),
            "immune_pfs": time_summary(rows.times("immune_pfs_day", "immune_pfs_event"), horizon, n),
            "os": time_summary(rows.times("os_day", "os_event"), horizon, n),
            "duration_of_response": time_summary(rows.times("duration", "duration_event", responds), horizon, few),
            "time_to_response": time_summary(rows.times("response_day", None, responds), horizon, few),
        },
        "resistance": _resistance(rows),
        "events": [_event(rows, event) for event in EVENTS],
        "biopsy": _biopsy(table),
    }


def shown(folder: Path, arm: str, horizon: float) -> list[Json]:
    """The first patients of an arm, one by one."""
    parts: list[pd.DataFrame] = []
    for part in read_parts(folder, SHOWN_COLUMNS, arm):
        parts.append(part)
        if sum(map(len, parts)) >= SHOWN:
            break
    whole = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(SHOWN_COLUMNS))
    return [_one(row, horizon) for row in islice(whole.to_dict("records"), SHOWN)]


def _one(row: Mapping[Any, Any], horizon: float) -> Json:
    died = bool(row["os_event"])
    return {
        "patient": int(row["patient"]),
        "best": Response(int(row["best"])).name,
        "change": number(row["change"]),
        "scan_day": [number(day) for day in row["scan_day"]],
        "scan_change": [number(change) for change in row["scan_change"]],
        "response_day": number(row["response_day"]),
        "progression_day": number(row["progression_day"]),
        "death_day": number(row["os_day"]) if died else None,
        "drug_end_day": number(min(row["drug_end_day"], horizon)),
        "end_day": number(row["os_day"]),
        "severe_immune": bool(row["severe_immune"]),
    }


def _portion(happened: np.ndarray, weight: np.ndarray) -> float | None:
    return number(float(np.average(happened, weights=weight))) if len(weight) else None


def _resistance(rows: ArmRows) -> Json:
    kind, route = rows.table["resistance"].to_numpy(), rows.table["route"].to_numpy()
    routes = []
    for of in (Resistance.PRIMARY.value, Resistance.ACQUIRED.value):
        rest = kind == of
        mine, few = route[rest], max(1, round(rows.trial_n * float(rest.mean()))) if len(rest) else 0
        found = [(name, int((mine == name).sum())) for name in ROUTE_NAMES]
        for name, count in sorted((one for one in found if one[1]), key=lambda one: -one[1]):
            portion = share(mine == name, rows.weight[rest], rows.draw[rest], few)
            known = {"share": portion["estimate"], "trial": portion["trial"], "draws": portion["draws"]}
            routes.append({"of": of, "route": name, "label": ROUTE_NAMES[name], "count": count, **known})
    both = (Resistance.PRIMARY.value, Resistance.ACQUIRED.value)
    return {
        **{of: rows.share(kind == of) for of in both},
        "other": {one.value: _portion(kind == one.value, rows.weight) for one in Resistance if one.value not in both},
        "routes": routes,
    }


def _event(rows: ArmRows, event: str) -> Json:
    day = rows.table[f"{event}_day"].to_numpy(float)
    had = np.isfinite(day)
    middle = number(float(np.median(day[had]))) if had.any() else None
    return {"event": event, "label": event.replace("_", " "), "rate": rows.share(had), "median_day": middle}


def _biopsy(table: pd.DataFrame) -> Json | None:
    read = table["cd8_biopsy"].to_numpy(float)
    read = read[np.isfinite(read)]
    if not len(read):
        return None
    low, middle, high = np.quantile(read, (0.25, 0.5, 0.75))
    mean = float(np.exp(np.log(np.maximum(read, 1e-12)).mean()))
    quartiles = {"low": number(low), "median": number(middle), "high": number(high)}
    return {"n": len(read), "geometric_mean": number(mean), **quartiles}
