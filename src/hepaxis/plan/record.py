"""``run.json``: what is needed to tell or repeat a run: inputs by hash, versions, seed, options, warnings."""

from __future__ import annotations

import json
import platform
from dataclasses import asdict
from importlib.metadata import version
from typing import TYPE_CHECKING

from hepaxis.patient import PatientFolder
from hepaxis.plan.schema import Plan

if TYPE_CHECKING:
    from hepaxis.plan.make import Options

SCHEMA = "hepaxis.run/1"
PACKAGES = ("numpy", "scipy", "pandas", "llvmlite", "python-libsbml", "antimony", "pydantic")


def run_record(folder: PatientFolder, plan: Plan, options: Options) -> str:
    """JSON text, keys sorted."""
    record = {
        "schema": SCHEMA,
        "statement": plan.statement,
        "made": plan.made,
        "inputs_sha256": folder.files,
        "versions": plan.versions | {name: version(name) for name in PACKAGES} | {"python": platform.python_version()},
        "seed": plan.seed,
        "options": asdict(options),
        "virtual_patients": plan.n_patients,
        "warnings": list(plan.warnings),
    }
    return json.dumps(record, indent=2, sort_keys=True) + "\n"
