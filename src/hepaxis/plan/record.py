"""``run.json``: what is needed to tell or repeat a run: inputs by hash, versions, seed, options, warnings.

Held: a run is repeated from its inputs, which are not copied: their folders are named relative to the run, so that both
can be moved together, and their hashes say whether they are still what they were.
"""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict, dataclass, fields
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hepaxis.patient import PatientFolder
from hepaxis.plan.schema import Plan
from hepaxis.problems import InputError, Problem, error

if TYPE_CHECKING:
    from hepaxis.plan.make import Options

SCHEMA = "hepaxis.run/1"
RECORD = "run.json"
PACKAGES = ("numpy", "scipy", "pandas", "llvmlite", "python-libsbml", "antimony", "pydantic")
OURS = ("hepaxis", "model", "knowledge", "evidence")


@dataclass(frozen=True)
class Recorded:
    """A run as its record tells it.  ``patient`` and ``donors``: folders, None where the record names none."""

    run: Path
    patient: Path | None
    donors: Path | None
    files: dict[str, str]
    versions: dict[str, str]
    options: dict[str, Any]
    made: str


def run_record(folder: PatientFolder, plan: Plan, options: Options, out: Path | None = None) -> str:
    """JSON text, keys sorted.  out: the run's folder, from which the inputs' folders are named."""
    record = {
        "schema": SCHEMA,
        "statement": plan.statement,
        "made": plan.made,
        "inputs_sha256": folder.files | plan.donor_files,
        "folders": {} if out is None else _folders(folder, options, out),
        "versions": plan.versions | {name: version(name) for name in PACKAGES} | {"python": platform.python_version()},
        "seed": plan.seed,
        "options": _plain(options),
        "virtual_patients": plan.n_patients,
        "warnings": list(plan.warnings),
    }
    return json.dumps(record, indent=2, sort_keys=True) + "\n"


def _plain(options: Options) -> dict[str, Any]:
    return {name: value for name, value in asdict(options).items() if name != "donors"}


def _folders(folder: PatientFolder, options: Options, out: Path) -> dict[str, str]:
    there = {"patient": folder.path} | ({} if options.donors is None else {"donors": options.donors})
    return {name: os.path.relpath(path.resolve(), out.resolve()) for name, path in there.items()}


def read_record(run: Path) -> Recorded:
    """The record of a run's folder.  Raises InputError when there is none or it cannot be read."""
    path = run / RECORD
    if not path.is_file():
        hint = "give the folder that `hepaxis plan` wrote"
        raise InputError([error("run.none", f"there is no {RECORD}", hint, file=str(run))])
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as fault:
        raise InputError([error("run.unreadable", str(fault), "make the plan again", file=str(path))]) from None
    if not isinstance(found, dict) or found.get("schema") != SCHEMA:
        hint = f"read it with the version that wrote it; this one reads {SCHEMA}"
        version_found = found.get("schema") if isinstance(found, dict) else None
        raise InputError([error("run.schema", f"schema {version_found!r}", hint, file=str(path))])
    folders = {name: run / part for name, part in found.get("folders", {}).items()}
    return Recorded(
        run,
        folders.get("patient"),
        folders.get("donors"),
        found["inputs_sha256"],
        found["versions"],
        found["options"],
        found["made"],
    )


def options_of(recorded: Recorded, donors: Path | None) -> Options:
    """The options of a recorded run.  Raises InputError for options of another version."""
    from hepaxis.plan.make import Options

    known = {field.name for field in fields(Options)}
    unknown = sorted(set(recorded.options) - known)
    if unknown:
        hint = "repeat it with the version that wrote it"
        raise InputError([error("run.options", f"unknown options {', '.join(unknown)}", hint, file=str(recorded.run))])
    asked = tuple(tuple(parts) for parts in recorded.options.get("asked", ()))
    return Options(**(recorded.options | {"asked": asked, "donors": donors}))


def changes_since(recorded: Recorded, files: dict[str, str], versions: dict[str, str]) -> list[Problem]:
    """What stands in the way of repeating a run bit for bit: other inputs, another hepaxis, model or knowledge."""
    found = []
    for name in sorted(set(recorded.files) | set(files)):
        was, now = recorded.files.get(name), files.get(name)
        if was != now:
            what = "is new" if was is None else "is missing" if now is None else "has changed"
            found.append(error("run.input", f"{name} {what}", "give the folder as it was", file=str(recorded.run)))
    for name in OURS:
        if recorded.versions.get(name) != versions.get(name):
            text = f"{name} was {recorded.versions.get(name)}, is {versions.get(name)}"
            found.append(error("run.version", text, "install the version that made it", file=str(recorded.run)))
    return found
