"""Reads ``trial.json`` into the records of a trial's page.

Raises InputError with the place of the first fault: not JSON, another schema version, a key or type that is not there.
Nothing is estimated; a null becomes None and shows as such.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from hepaxis.problems import InputError, error

from .trial_records import (
    SCHEMA,
    Arm,
    Biopsy,
    Choice,
    Contrast,
    Curve,
    DesignArm,
    Estimate,
    Event,
    Feature,
    Range,
    Risk,
    Route,
    Shown,
    Tertile,
    Times,
    Trial,
    TrialDesign,
)

HINT = "Write it again with `hepaxis trial summary`."
PRIOR_WORDS = {  # keys of the population's statement that are told in words
    "population": "Population drawn from",
    "communities": "Gut communities",
    "gut_conditions": "Conditions on the gut",
    "spread": "Spread of the prior",
    "weighting": "Weighting",
}

Json = Mapping[str, Any]


def read_trial(text: str, *, file: str = "trial.json") -> Trial:
    """The trial of a ``trial.json``.  Raises InputError."""
    try:
        document = json.loads(text)
    except json.JSONDecodeError as fault:
        found = f"{fault.msg} at column {fault.colno}"
        raise InputError([error("trial.not_json", found, HINT, file=file, row=fault.lineno)]) from None
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        version = document.get("schema") if isinstance(document, dict) else None
        raise InputError([error("trial.schema", f"schema is {version!r}, expected {SCHEMA!r}", HINT, file=file)])
    try:
        trial = _trial(document)
    except KeyError as fault:
        raise InputError([error("trial.field", f"no key {fault.args[0]!r}", HINT, file=file)]) from None
    except (TypeError, ValueError, AttributeError) as fault:
        raise InputError([error("trial.field", f"a value of another kind: {fault}", HINT, file=file)]) from None
    if not trial.arms:
        raise InputError([error("trial.field", "no arm", HINT, file=file)])
    return trial


def _trial(found: Json) -> Trial:
    population, enrolled = found["population"], found["enrolled"]
    return Trial(
        design=_design(found["design"]),
        stamp={str(key): str(value) for key, value in found["stamp"].items()},
        sentence=str(population.get("sentence", "")),
        population={
            words: _words(population[key])
            for key, words in PRIOR_WORDS.items()
            if population.get(key) not in (None, [])
        },
        inclusion=_texts(population.get("inclusion", ())),
        eligible=_texts(population.get("eligible", ())),
        patients=int(enrolled["patients"]),
        candidates=int(enrolled["candidates"]),
        lost={str(k): int(v) for k, v in enrolled["lost"].items()},
        not_simulated={str(k): int(v) for k, v in enrolled["not_simulated"].items()},
        ess=_number(enrolled.get("ess")),
        arms=tuple(_arm(a) for a in found["arms"]),
        contrasts=tuple(made for c in found["contrasts"] if (made := _contrast(c)) is not None),
        not_compared=tuple(f"{c['label']} ({c['arm']})" for c in found["contrasts"] if _contrast(c) is None),
        features=tuple(_feature(f) for f in found["features"]),
        choices=tuple(_choice(c) for c in found["choices"]),
        notes=_texts(found["notes"]),
        example=str(found.get("example", "")),
    )


def _choice(c: Json) -> Choice:
    arms = {str(a["id"]): (float(a["response"]), _number(a["gain"])) for a in c["arms"] if a["response"] is not None}
    return Choice(str(c["choice"]), _number(c["ess"]), str(c["note"]), arms)


def _design(d: Json) -> TrialDesign:
    arms = tuple(DesignArm(str(a["id"]), _label(a), _texts(a["given"]), float(a["share"])) for a in d["arms"])
    return TrialDesign(
        name=str(d["name"]),
        statement=str(d["statement"]),
        note=str(d["note"] or ""),
        sources=_texts(d["sources"]),
        paired=d["mode"] == "paired",
        n=int(d["n"]),
        control=str(d["control"]),
        horizon_days=float(d["horizon_days"]),
        gates=str(d["gates"]),
        seed=int(d["seed"]),
        primary=_texts(d["primary"]),
        secondary=_texts(d["secondary"]),
        arms=arms,
    )


def _arm(a: Json) -> Arm:
    resistance = a["resistance"]
    return Arm(
        id=str(a["id"]),
        label=_label(a),
        control=bool(a["control"]),
        n=float(a["n"]),
        trial_n=float(a["trial_n"]),
        rates={str(k): e for k, v in a["rates"].items() if (e := _estimate(v)) is not None},
        best={str(k): float(v) for k, v in a["best"].items() if _number(v) is not None},
        times={str(k): _times(v) for k, v in a["times"].items() if v is not None},
        primary_resistance=_estimate(resistance["primary"]),
        acquired_resistance=_estimate(resistance["acquired"]),
        other_resistance={str(k): float(v) for k, v in resistance["other"].items() if _number(v) is not None},
        routes=tuple(made for r in resistance["routes"] if (made := _route(r)) is not None),
        events=tuple(Event(str(e["label"]), _estimate(e["rate"]), _number(e["median_day"])) for e in a["events"]),
        biopsy=_biopsy(a["biopsy"]),
        shown=tuple(_shown(s) for s in a["shown"]),
    )


def _label(a: Json) -> str:
    """An arm that was given no name is called by its id."""
    return str(a["label"]).replace("_", " ") if a["label"] == a["id"] else str(a["label"])


def _times(t: Json) -> Times:
    risk = t["risk"] or {"day": (), "at_risk": (), "events": ()}
    return Times(
        n=float(t["n"]),
        events=float(t["events"]),
        median=_estimate(t["median"]),
        landmarks=tuple(e for one in t["landmarks"] if (e := _estimate(one)) is not None),
        curve=_curve(t["curve"]),
        risk=Risk(_numbers(risk["day"]), _numbers(risk["at_risk"]), _numbers(risk["events"])),
    )


def _curve(c: Json | None) -> Curve:
    """Steps of which value and both limits are known; none where nobody has the outcome."""
    if c is None:
        return Curve((), (), (), ())
    columns = (c["day"], c["value"], c["low"], c["high"])
    known = [row for row in zip(*columns, strict=True) if all(_number(v) is not None for v in row)]
    day, value, low, high = (tuple(float(row[i]) for row in known) for i in range(4))
    return Curve(day, value, low, high)


def _route(r: Json) -> Route | None:
    share = r["share"]
    found = _estimate(share if isinstance(share, Mapping) else {"estimate": share, **_intervals(r)})
    return None if found is None else Route(str(r["of"]), str(r["route"]), str(r["label"]), float(r["count"]), found)


def _intervals(found: Json) -> dict[str, Any]:
    return {key: found.get(key) for key in ("trial", "draws")}


def _biopsy(b: Json | None) -> Biopsy | None:
    if b is None or any(_number(b[key]) is None for key in ("low", "median", "high")):
        return None
    return Biopsy(
        float(b["day"]),
        float(b["n"]),
        _number(b["geometric_mean"]),
        float(b["low"]),
        float(b["median"]),
        float(b["high"]),
    )


def _shown(s: Json) -> Shown:
    scans = [
        (float(d), float(c))
        for d, c in zip(s["scan_day"], s["scan_change"], strict=True)
        if _number(d) is not None and _number(c) is not None
    ]
    return Shown(
        patient=int(s["patient"]),
        best=str(s["best"]),
        change=_number(s["change"]),
        scan_day=tuple(d for d, _ in scans),
        scan_change=tuple(c for _, c in scans),
        response_day=_number(s["response_day"]),
        progression_day=_number(s["progression_day"]),
        death_day=_number(s["death_day"]),
        drug_end_day=_number(s["drug_end_day"]),
        end_day=float(s["end_day"]),
        severe_immune=bool(s["severe_immune"]),
    )


def _contrast(c: Json) -> Contrast | None:
    found = _estimate(c)
    if found is None:
        return None
    return Contrast(
        str(c["outcome"]),
        str(c["label"]),
        bool(c["primary"]),
        str(c["arm"]),
        str(c["control"]),
        str(c["kind"]),
        found,
    )


def _feature(f: Json) -> Feature:
    tertiles = tuple(
        Tertile(
            _number(t["low"]), _number(t["high"]), float(t["n"]), _estimate(t["response"]), str(t.get("label") or "")
        )
        for t in f["tertiles"]
    )
    return Feature(
        str(f["feature"]), str(f["label"]), str(f["unit"]), str(f["arm"]), tertiles, _estimate(f["odds_ratio"])
    )


def _estimate(found: Json | None) -> Estimate | None:
    if found is None or (value := _number(found["estimate"])) is None:
        return None
    return Estimate(
        value,
        _range(found.get("trial"), "n"),
        _range(found.get("draws"), "draws"),
        _number(found.get("day")),
        _number(found.get("count")),
        _number(found.get("n")),
    )


def _range(found: Json | None, n: str) -> Range | None:
    """None without a lower limit; an upper one that is not there was not reached."""
    if found is None:
        return None
    low, high = _number(found["low"]), _number(found["high"])
    if low is None:
        return None
    count = _number(found.get(n))
    level, sd_most = float(found["level"]), _number(found.get("sd_most"))
    return Range(low, math.inf if high is None else high, level, None if count is None else round(count), sd_most)


def _number(found: Any) -> float | None:
    """A finite number, else None.  Raises TypeError for what is no number."""
    if found is None:
        return None
    value = float(found)
    return value if math.isfinite(value) else None


def _numbers(found: Sequence[Any]) -> tuple[float, ...]:
    return tuple(float(v) for v in found)


def _texts(found: Sequence[Any]) -> tuple[str, ...]:
    return tuple(str(v) for v in found)


def _words(found: Any) -> str:
    """A statement's value in words: ``mean: 1, sd: 2`` for a mapping, a list with commas."""
    if isinstance(found, Mapping):
        return ", ".join(f"{k.replace('_', ' ')}: {_words(v)}" for k, v in found.items())
    if isinstance(found, list):
        return ", ".join(str(v).replace("_", " ") for v in found)
    return str(found).replace("_", " ")
