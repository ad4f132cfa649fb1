"""``python -m benchmarks [surrogate] [own_model] [mimics] [--rounds N] [--patients N] [--out FILE]``."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from pathlib import Path

from hepaxis.engine.codegen.build import _host, natural_lanes

from . import mimics
from .startup import first_patient, population
from .throughput import ROUNDS, measure
from .workloads import own_model, surrogate

AMICI = "not installed: pip has to build it from source and did not finish within 4 minutes"


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("only", nargs="*", choices=[[], "surrogate", "own_model", "mimics"], help="default: all")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--patients", type=int, default=10_000)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("result.json"))
    chosen = parser.parse_args()
    wanted = chosen.only or ["surrogate", "own_model", "mimics"]
    report: dict[str, object] = {
        "machine.processor": _host()[0],
        "machine.cores": os.cpu_count(),
        "machine.python": platform.python_version(),
        "machine.load_before": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "engine.lanes": natural_lanes(),
    }
    for name, make in (("surrogate", surrogate), ("own_model", own_model)):
        if name not in wanted:
            continue
        work = make()
        if work is None:
            print(f"{name}: ../shared/data/engine_surrogate is absent, skipped", file=sys.stderr)
            continue
        print(f"{name}: throughput against LSODA and libRoadRunner", file=sys.stderr)
        result = measure(work, rounds=chosen.rounds)
        report[f"engine.ratio_libroadrunner.{name}"] = result["ratio_libroadrunner"]
        report[f"engine.ratio_lsoda.{name}"] = result["ratio_lsoda"]
        report[f"engine.oracle_difference.{name}"] = result["oracle"]["difference"]
        report[f"engine.ratio_amici.{name}"] = None
        report["engine.ratio_amici.reason"] = AMICI
        report[f"engine.throughput.{name}"] = result
        print(f"{name}: first patient of a fresh process", file=sys.stderr)
        report[f"engine.first_patient.{name}"] = first_patient(work)
        print(f"{name}: {chosen.patients} patients", file=sys.stderr)
        report[f"engine.population.{name}"] = population(work, chosen.patients)
    if "mimics" in wanted:
        print("mimics: a gut's proteomes, and recall beside peers", file=sys.stderr)
        report["mimics.throughput"] = mimics.throughput()
        report["mimics.recall"] = mimics.recall()
    text = json.dumps(report, indent=2)
    chosen.out.write_text(text + "\n")
    print(text)


if __name__ == "__main__":
    main()
