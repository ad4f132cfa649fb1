"""Recomputes what the predictions rest on: docs/sensitivity.* and docs/tau.*, and the summary kept with the program.

`python tools/sensitivity.py` runs all; `... sensitivity` or `... tau` one of them.  Some minutes on two cores; a second
word `quick` makes a look with few runs, whose pages say STALE.  Both are stamped with the model and the knowledge; a
test fails when a stamp is stale and the page does not say STALE.
tau itself is solved by tools/solve_tau.py, before this.
"""

from __future__ import annotations

import datetime
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sensitivity_figures as figures
import sensitivity_pages as pages

from hepaxis.engine.simulate import available_cores
from hepaxis.sensitivity import ScanSizes, Sizes, analyse, scan, summarise

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
SUMMARY = ROOT / "src" / "hepaxis" / "sensitivity" / "summary.json"
QUICK = Sizes(trajectories=4, rows=32, strongest=12, guts=2)
QUICK_SCAN = ScanSizes(communities=8, hosts=32, draws=4, arm_draws=16, arm_hosts=8)


def made(run: Callable[[], dict[str, Any]], quick: bool) -> dict[str, Any]:
    start = time.time()
    record = run()
    return {
        **record,
        "made": datetime.date.today().isoformat(),
        "seconds": round(time.time() - start, 1),
        "quick": quick,
    }


def tell(words: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {words}", file=sys.stderr, flush=True)


def text(record: dict[str, Any]) -> str:
    """JSON with one line an entry of the two upper levels: readable, and small where numbers are many."""
    parts = []
    for key, value in record.items():
        if isinstance(value, dict) and value:
            inner = ",\n".join(f"  {json.dumps(k)}: {json.dumps(v, allow_nan=False)}" for k, v in value.items())
            parts.append(f" {json.dumps(key)}: {{\n{inner}\n }}")
        else:
            parts.append(f" {json.dumps(key)}: {json.dumps(value, allow_nan=False)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def write_sensitivity(sizes: Sizes, quick: bool) -> None:
    record = made(lambda: analyse(sizes, tell, workers=available_cores()), quick)
    (DOCS / "sensitivity.json").write_text(text(record), encoding="utf-8")
    SUMMARY.write_text(text(summarise(record)), encoding="utf-8")
    (DOCS / "sensitivity.md").write_text(pages.sensitivity_page(record), encoding="utf-8")
    outputs = list(record["outputs"])
    columns = [pages.short(output) for output in outputs]
    kinds, groups = pages.heat_rows(record, "kind"), pages.heat_rows(record, "group", 26)
    rows = [pages.told(name) for name in (*kinds[0], *groups[0])]
    drawn = figures.heatmap(
        rows,
        columns,
        [*kinds[1], *groups[1]],
        "Share of the variance (total index)",
        full=1.0,
        signed=False,
        percent=True,
    )
    (DOCS / "sensitivity.groups.svg").write_text(drawn, encoding="utf-8")
    local = record["local"]
    ranked = {
        name: max(abs(local["per_prior_sd"][o][k] or 0.0) / _largest(local["per_prior_sd"][o]) for o in outputs)
        for k, name in enumerate(local["factors"])
    }
    names = sorted(ranked, key=lambda name: -ranked[name])[:30]
    cells = [[local["per_prior_sd"][o][local["factors"].index(name)] for o in outputs] for name in names]
    drawn = figures.heatmap(
        names, columns, cells, "Change of ln output for one prior sd of a parameter, person closed anew",
        full=1.0, signed=True, percent=False,
    )  # fmt: skip
    (DOCS / "sensitivity.local.svg").write_text(drawn, encoding="utf-8")


def _largest(values: list[float | None]) -> float:
    return max(abs(value or 0.0) for value in values) or 1.0


def write_tau(sizes: ScanSizes, quick: bool) -> None:
    record = made(lambda: scan(sizes, tell, workers=available_cores()), quick)
    (DOCS / "tau.json").write_text(text(record), encoding="utf-8")
    (DOCS / "tau.md").write_text(pages.tau_page(record), encoding="utf-8")
    for name, up in (("sd", "sd of the log-odds of response"), ("auc", "AUC of the gut alone")):
        series = {
            key: [(row["tau"], row[name], row["errors"][name]) for row in rows]
            for key, rows in record["curves"].items()
        }
        drawn = figures.curves(series, f"{up[0].upper()}{up[1:]} by tau", "tau", "", marked=record["solved"]["tau"])
        (DOCS / f"tau.{name}.svg").write_text(drawn, encoding="utf-8")


def main(what: str = "all", how: str = "full") -> None:
    quick = how == "quick"
    if what in ("all", "sensitivity"):
        write_sensitivity(QUICK if quick else Sizes(), quick)
    if what in ("all", "tau"):
        write_tau(QUICK_SCAN if quick else ScanSizes(), quick)


if __name__ == "__main__":
    main(*sys.argv[1:])
