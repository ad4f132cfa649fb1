"""Trials made for the tests: the example of the documentation, in the states a trial's page can be in.

All numbers are invented; ``document`` gives the JSON as plain data, so that a test can change one value of it.
"""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hepaxis.report.trial_reading import read_trial
from hepaxis.report.trial_records import Trial

EXAMPLE_FILE = Path(__file__).resolve().parents[2] / "docs" / "trial_example.json"
HORIZON = 730.0
FEATURES = (
    ("butyrate_producers", "butyrate producers"),
    ("akkermansia", "Akkermansia"),
    ("guild_diversity", "diversity"),
)
Document = dict[str, Any]


def document() -> Document:
    """The example, for a test to change."""
    found: Document = json.loads(EXAMPLE_FILE.read_text(encoding="utf-8"))
    return found


def trial(changed: Document) -> Trial:
    return read_trial(json.dumps(changed))


def estimate(value: float, low: float, high: float, n: int = 60, draws: tuple[float, float] | None = None) -> Document:
    moved = None if draws is None else {"sd": 0.05, "low": draws[0], "high": draws[1], "level": 0.9, "draws": 40}
    return {
        "estimate": value,
        "simulation_se": 0.01,
        "trial": {"n": n, "low": low, "high": high, "level": 0.95},
        "draws": moved,
    }


def contrast(outcome: str, label: str, kind: str, arm: str, value: Document, *, primary: bool = False) -> Document:
    names = {"outcome": outcome, "label": label, "primary": primary, "arm": arm, "control": "control", "kind": kind}
    return {**names, **value}


def patients(seed: int, n: int = 60, *, respond: float = 0.3) -> list[Document]:
    """Invented patients with a course each."""
    rng = random.Random(seed)
    out = []
    for k in range(n):
        best = "PR" if rng.random() < respond else rng.choice(["SD", "SD", "PD", "NE"])
        target = {"PR": -0.3 - 0.6 * rng.random(), "SD": rng.uniform(-0.25, 0.18), "PD": rng.uniform(0.2, 1.6)}
        scans = [] if best == "NE" else [42.0 * (i + 1) for i in range(rng.randint(1, 8))]
        size = target.get(best, 0.0)
        course = [size * min(1.0, (i + 1) / 3) + rng.uniform(-0.04, 0.04) for i in range(len(scans))]
        dies = rng.random() < 0.5
        end = max(scans[-1] if scans else 0.0, rng.uniform(60, HORIZON)) if dies else HORIZON
        out.append(
            {
                "patient": k,
                "best": best,
                "change": min(course) if course else None,
                "scan_day": scans,
                "scan_change": course,
                "response_day": scans[0] if best == "PR" else None,
                "progression_day": scans[-1] if best == "PD" and scans else None,
                "death_day": end if dies else None,
                "drug_end_day": scans[-1] if scans else 21.0,
                "end_day": end,
                "severe_immune": rng.random() < 0.1,
            }
        )
    return out


def curve(hazard: float, n: int, *, steps: int = 40) -> Document:
    """Survival of an exponential at scans, with a band."""
    days = [HORIZON * (i + 1) / steps for i in range(steps)]
    value = [2.718281828 ** (-hazard * d) for d in days]
    band = [0.12 * (v * (1 - v)) ** 0.5 * 2 for v in value]
    at = [91.3125 * i for i in range(9)]
    left = [round(n * 2.718281828 ** (-hazard * d)) for d in at]
    return {
        "curve": {
            "day": days,
            "value": value,
            "low": [max(v - b, 0.0) for v, b in zip(value, band, strict=True)],
            "high": [min(v + b, 1.0) for v, b in zip(value, band, strict=True)],
        },
        "risk": {"day": at, "at_risk": left, "events": [n - k for k in left]},
    }


def full() -> Document:
    """Two parallel arms with sixty patients each, every outcome compared."""
    d = document()
    d["design"]["statement"] = (
        "Does stool from healthy donors after oral vancomycin, beside atezolizumab and bevacizumab, raise response? No "
        "microbiota trial in liver cancer has reported; sizes rest on priors and are wide."
    )
    d["design"]["primary"] = ["response", "pfs"]
    d["design"]["secondary"] = ["os", "severe_immune_events"]
    d["enrolled"]["ess"] = 380.0
    d["population"] |= {
        "spread": 1.0,
        "communities": "drawn from 1,200 reference profiles",
        "weighting": {"method": "none"},
        "inclusion": ["tumour older than the liver disease", "CD8 to Treg outside what is seen"],
        "eligible": ["child_pugh in A", "region = west"],
    }
    for i, arm in enumerate(d["arms"]):
        arm["shown"] = patients(i + 1, respond=0.25 + 0.1 * i)
        for name, hazard in (("pfs", 0.0035), ("immune_pfs", 0.0033), ("os", 0.0015), ("duration_of_response", 0.001)):
            arm["times"][name] |= curve(hazard * (1 - 0.1 * i), 200)
    d["contrasts"] = [
        contrast(
            "response",
            "objective response (RECIST 1.1)",
            "difference",
            "fmt",
            estimate(0.03, -0.13, 0.19, 60, (-0.02, 0.08)),
            primary=True,
        ),
        contrast(
            "pfs",
            "progression-free survival",
            "hazard_ratio",
            "fmt",
            estimate(0.94, 0.62, 1.42, 120, (0.82, 1.07)),
            primary=True,
        ),
        contrast("os", "overall survival", "hazard_ratio", "fmt", estimate(0.96, 0.55, 1.66, 120, (0.84, 1.1))),
        contrast("severe_immune_events", "severe immune events", "difference", "fmt", estimate(0.01, -0.08, 0.1, 60)),
        contrast("time_to_response", "time to response", "difference", "fmt", estimate(-4.0, -30.0, 22.0, 16)),
        contrast("cd8_biopsy", "CD8 cells in a biopsy", "ratio", "fmt", estimate(1.1, 0.7, 1.7, 110, (0.95, 1.3))),
    ]
    base = d["features"][0]
    d["features"] = [
        {**copy.deepcopy(base), "feature": name, "label": label, "arm": arm["id"]}
        for arm in d["arms"]
        for name, label in FEATURES
    ]
    return d


def one_arm() -> Document:
    d = full()
    d["design"]["arms"] = d["design"]["arms"][:1]
    d["arms"] = d["arms"][:1]
    d["contrasts"] = []
    d["features"] = [f for f in d["features"] if f["arm"] == "control"]
    d["enrolled"]["not_simulated"] = {"control": 0}
    return d


def flora() -> Document:
    """As the built-in design asks: the biopsy first."""
    d = full()
    d["design"]["primary"] = ["cd8_biopsy", "severe_events"]
    d["contrasts"] = [{**c, "primary": c["outcome"] == "cd8_biopsy"} for c in d["contrasts"]]
    return d


def no_responders() -> Document:
    """Nobody responds on the second arm: no duration, no time to response."""
    d = full()
    arm = d["arms"][1]
    zero = estimate(0.0, 0.0, 0.06)
    for name in ("response", "response_unconfirmed", "response_viable", "complete_response", "durable_response"):
        arm["rates"][name] = {**zero, "count": 0, "n": 200}
    for name in ("duration_of_response", "time_to_response"):
        empty = {"day": [], "value": [], "low": [], "high": []}
        risk = {"day": [], "at_risk": [], "events": []}
        arm["times"][name] = {"n": 0, "events": 0, "median": None, "landmarks": [], "curve": empty, "risk": risk}
    arm["shown"] = patients(7, respond=0.0)
    arm["resistance"]["acquired"] = None
    arm["resistance"]["routes"] = []
    d["features"] = [f for f in d["features"] if f["arm"] == "control"]
    d["contrasts"] = [c for c in d["contrasts"] if c["outcome"] != "time_to_response"]
    return d


def paired() -> Document:
    d = full()
    d["design"]["mode"] = "paired"
    d["contrasts"] = [{**c, "kind": f"within_{c['kind']}"} for c in d["contrasts"]]
    d["notes"] = ["The same virtual patients stand on every arm."]
    return d


def both() -> Document:
    """Contrasts of both sorts in one file."""
    d = full()
    d["contrasts"] += [{**c, "kind": f"within_{c['kind']}"} for c in d["contrasts"][:2]]
    return d


def many() -> Document:
    """Eight arms, paired."""
    d = paired()
    second, design, pairs = d["arms"][1], d["design"]["arms"][1], d["contrasts"]
    d["arms"], d["design"]["arms"], d["contrasts"] = d["arms"][:1], d["design"]["arms"][:1], []
    for k in range(1, 8):
        d["arms"].append({**copy.deepcopy(second), "id": f"day_{k * 7}", "label": f"FMT on day {k * 7}"})
        d["design"]["arms"].append({**design, "id": f"day_{k * 7}", "label": f"FMT on day {k * 7}"})
        d["contrasts"] += [{**c, "arm": f"day_{k * 7}"} for c in pairs]
    d["features"] = [f for f in d["features"] if f["arm"] == "control"]
    d["enrolled"]["not_simulated"] = {a["id"]: 0 for a in d["arms"]}
    return d


def holes() -> Document:
    """No interval anywhere, no median, no biopsy, nobody shown, nothing compared."""
    d = without_intervals(full())
    for arm in d["arms"]:
        arm["biopsy"] = None
        arm["shown"] = []
        for t in arm["times"].values():
            t["median"] = None
    d["contrasts"], d["features"], d["notes"] = [], [], []
    d["enrolled"]["ess"] = None
    return d


def without_intervals(found: Any) -> Any:
    """The same with every interval null."""
    if isinstance(found, dict):
        return {
            key: None if key in ("trial", "draws") and not isinstance(value, int) else without_intervals(value)
            for key, value in found.items()
        }
    return [without_intervals(v) for v in found] if isinstance(found, list) else found


def hostile() -> Document:
    """Text that would run, or break the page, were it not escaped."""
    d = full()
    bad = "<script>alert('x')</script>\" onload=\"x"
    d["design"]["name"] = d["design"]["statement"] = d["design"]["note"] = bad
    d["notes"] = [bad]
    d["enrolled"]["lost"] = {bad: 3}
    for arm in (*d["arms"], *d["design"]["arms"]):
        arm["label"] = f"{arm['label']} {bad} " + "very_long_name_without_a_space_" * 4
    for row in (*d["contrasts"], *d["features"]):
        row["label"] = bad
    return d


MADE: dict[str, Callable[[], Document]] = {
    "example": document,
    "full": full,
    "flora": flora,
    "one_arm": one_arm,
    "no_responders": no_responders,
    "paired": paired,
    "both": both,
    "many": many,
    "holes": holes,
    "hostile": hostile,
}
EVERY: dict[str, Trial] = {name: trial(make()) for name, make in MADE.items()}
